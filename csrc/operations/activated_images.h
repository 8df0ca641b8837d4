// The gradient before an activation, for a convolution's gradients.
#pragma once

#include "kernel.h"

namespace lamina {

// A few images at a time while they are in cache: the gradient is never stored as a whole.
template <class T>
struct ActivatedImages {
  const Kernels<T>& kernels;
  ActivationSpec activation;
  const T *dy, *y;
  Index size;  // of an image

  static void give(void* self, T* values, Index image, Index images) {
    const auto& p = *static_cast<const ActivatedImages*>(self);
    const Index at = image * p.size;
    p.kernels.activation_backward(values, p.dy + at, p.y + at, images * p.size, p.activation);
  }
};

}  // namespace lamina
