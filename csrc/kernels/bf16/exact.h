// The float32 kernels of AVX-512, for the parts of a layer that are not in bfloat16.
#pragma once

#include "../simd.h"

namespace lamina {
namespace LAMINA_ISA {

// Set by fill_products before any kernel of this instruction set runs.
extern Kernels<float> exact;

}  // namespace LAMINA_ISA
}  // namespace lamina
