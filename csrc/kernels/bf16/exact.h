// The float32 kernels of AVX-512: what products in bfloat16 leave to them.
#pragma once

#include "../simd.h"

namespace lamina {
namespace LAMINA_ISA {

// Set by fill_products before any kernel of this instruction set runs.
extern Kernels<float> exact;

inline bool is_fused(ActivationSpec activation) {
  return activation.kind == Activation::linear || activation.kind == Activation::relu;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
