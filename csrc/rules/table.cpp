// The rules of this instruction set, ordered by name.
//
// CMake defines LAMINA_EACH_RULE from the files: X(adam)X(rmsprop)X(sgd).  Everything is constant,
// so that the list does not depend on the order of initialisation.
#include "rule.h"

namespace lamina {
namespace LAMINA_ISA {

#define X(name) extern const Rule rule_##name;
LAMINA_EACH_RULE
#undef X

extern const Rule* const rules[];

#define X(name) &rule_##name,
const Rule* const rules[] = {LAMINA_EACH_RULE nullptr};
#undef X

}  // namespace LAMINA_ISA
}  // namespace lamina
