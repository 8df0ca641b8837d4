// The kernels that take an operation's products of matrices.
#pragma once

#include <type_traits>

#include "operation.h"
#include "runtime/isa.h"

namespace lamina {

// Everything else a call does with its own kernels.
template <class T>
const Kernels<T>& product_kernels(const Call<T>& call, Products products) {
  if constexpr (std::is_same_v<T, float>) {
    if (products == Products::bfloat16) return bfloat16_kernels();
  }
  return call.kernels;
}

}  // namespace lamina
