// The kernels with products in bfloat16.
#pragma once

#include "../../kernel.h"

namespace lamina {
namespace LAMINA_ISA {

void fill_dense(Kernels<float>&);
void fill_convolution(Kernels<float>&);

// Replaces kernels in a table of float32 kernels for AVX-512 by those with products in bfloat16,
// which use the original ones for everything else; the runtime calls it once.
void fill_products(Kernels<float>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
