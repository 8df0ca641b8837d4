// The rules of this instruction set, in the order of their names.
//
// CMake defines LAMINA_EACH_RULE from the files: X(adam)X(rmsprop)X(sgd).  All is constant, so that
// the list is there whatever starts first.
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
