// What comes behind a convolution in its own operation: a pass that normalises, and a pooling.
#pragma once

#include "folded_norm.h"

namespace lamina {

// A batch normalisation that is not folded into the weights, and the activation behind it.
template <class T>
struct PassBehind {
  FoldedNorm<T> norm;
  ActivationSpec activation;
  Index pixels;  // of an image

  void apply(const Kernels<T>& kernels, T* values, Index images) const {
    norm.apply(kernels, values, images * pixels, activation);
  }
};

// A pooling over a convolution's outputs, a few images at a time while they are near: the outputs
// are never stored as a whole.
template <class T>
struct PooledImages {
  const Kernels<T>& kernels;
  PoolDims window;  // images: 1
  T* y;             // pooled, or its gradient
  std::byte* index;
  bool rectified;                       // the outputs, where their maxima are taken
  bool averages;                        // or maxima
  const PassBehind<T>* pass = nullptr;  // before the pooling

  static void take(void* self, T* values, Index image, Index images) {
    const auto& p = *static_cast<const PooledImages*>(self);
    if (p.pass != nullptr) p.pass->apply(p.kernels, values, images);
    if (p.averages)
      return p.kernels.average_pool2d_forward(p.y + image * p.size(), values, p.of(images));
    p.kernels.max_pool2d_forward(p.y + image * p.size(), p.index_at(image), values, p.of(images),
                                 p.rectified);
  }
  static void give(void* self, T* values, Index image, Index images) {
    const auto& p = *static_cast<const PooledImages*>(self);
    p.kernels.max_pool2d_backward(values, p.y + image * p.size(), p.index_at(image), p.of(images));
  }

  Index size() const { return out_height(window) * out_width(window) * window.channels; }
  std::byte* index_at(Index image) const {
    return index == nullptr ? nullptr : index + image * size() * pool_index_bytes(window);
  }
  PoolDims of(Index images) const {
    PoolDims d = window;
    d.images = images;
    return d;
  }
};

}  // namespace lamina
