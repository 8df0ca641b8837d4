// In what type the matrix products of an operation are taken.
#pragma once

#include <type_traits>

#include "operation.h"
#include "runtime/isa.h"

namespace lamina {

// bfloat16: both operands are rounded to it, forward and backward, and the sums are float32.
enum class Products { of_graph, bfloat16 };

// The kernels for them; everything else a call does with its own.
template <class T>
const Kernels<T>& product_kernels(const Call<T>& call, Products products) {
  if constexpr (std::is_same_v<T, float>) {
    if (products == Products::bfloat16) return bfloat16_kernels();
  }
  return call.kernels;
}

}  // namespace lamina
