// The choice of kernels for an operation's matrix products.
#pragma once

#include <type_traits>

#include "operation.h"
#include "runtime/isa.h"

namespace lamina {

// All other work of a call uses the kernels of the call.
template <class T>
const Kernels<T>& product_kernels(const Call<T>& call, Products products) {
  if constexpr (std::is_same_v<T, float>) {
    if (products == Products::bfloat16) return bfloat16_kernels();
  }
  return call.kernels;
}

}  // namespace lamina
