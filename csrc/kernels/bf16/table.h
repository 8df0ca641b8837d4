// The kernels whose products are in bfloat16.
#pragma once

#include "../../kernel.h"

namespace lamina {
namespace LAMINA_ISA {

void fill_dense(Kernels<float>&);
void fill_convolution(Kernels<float>&);

// Puts products in bfloat16 in the place of those of a table of float32 kernels for AVX-512, on
// which they rely for everything else; the runtime calls it once.
void fill_products(Kernels<float>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
