// CMake defines LAMINA_EACH_FAMILY from the files: X(dense)X(gemm)X(softmax).
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {

#define X(family)    \
  template <class T> \
  void fill_##family(Kernels<T>&);
LAMINA_EACH_FAMILY
#undef X

void fill_tables(Kernels<float>& single, Kernels<double>& twice) {
#define X(family) fill_##family(single), fill_##family(twice);
  LAMINA_EACH_FAMILY
#undef X
}

}  // namespace LAMINA_ISA
}  // namespace lamina
