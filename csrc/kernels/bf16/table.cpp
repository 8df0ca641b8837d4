#include "table.h"

#include "exact.h"

namespace lamina {
namespace LAMINA_ISA {

Kernels<float> exact;

[[gnu::cold]] void fill_products(Kernels<float>& k) {
  exact = k;
  fill_dense(k);
  fill_convolution(k);
}

}  // namespace LAMINA_ISA
}  // namespace lamina
