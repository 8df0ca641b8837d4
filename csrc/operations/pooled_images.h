// The work after a convolution within its operation: a normalisation pass, and a pooling.
#pragma once

#include "folded_norm.h"

namespace lamina {

// A batch normalisation that is not folded into the weights, and the activation after it.
template <class T>
struct PassBehind {
  FoldedNorm<T> norm;
  ActivationSpec activation;

  void apply(const Kernels<T>& kernels, T* values, Index pixels) const {
    norm.apply(kernels, values, pixels, activation);
  }
};

// A pooling of a convolution's outputs, a few images at a time while they are in cache: the outputs
// are never stored as a whole.
template <class T>
struct PooledImages {
  const Kernels<T>& kernels;
  PoolDims window;  // images: 1
  T* y;             // pooled outputs, or their gradient
  std::byte* kept;  // each winner's place; for averages, which outputs are above 0; or null
  bool rectified;   // whether the derivative of a ReLU is included
  bool averages;    // average pooling rather than max pooling
  const PassBehind<T>* pass = nullptr;  // before the pooling

  static void take(void* self, T* values, Index image, Index images) {
    const auto& p = *static_cast<const PooledImages*>(self);
    if (p.pass != nullptr)
      p.pass->apply(p.kernels, values, images * p.window.height * p.window.width);
    if (p.averages)
      return p.kernels.average_pool2d_forward(p.y + image * p.size(), p.above_at(image), values,
                                              p.of(images));
    p.kernels.max_pool2d_forward(p.y + image * p.size(), p.index_at(image), values, p.of(images),
                                 p.rectified);
  }
  static void give(void* self, T* values, Index image, Index images) {
    const auto& p = *static_cast<const PooledImages*>(self);
    if (p.averages)
      return p.kernels.average_pool2d_backward(values, p.y + image * p.size(), p.above_at(image),
                                               p.of(images));
    p.kernels.max_pool2d_backward(values, p.y + image * p.size(), p.index_at(image), p.of(images));
  }

  Index size() const { return out_height(window) * out_width(window) * window.channels; }
  std::byte* index_at(Index image) const {
    return kept == nullptr ? nullptr : kept + image * size() * pool_index_bytes(window);
  }
  std::uint8_t* above_at(Index image) const {
    if (kept == nullptr) return nullptr;
    return reinterpret_cast<std::uint8_t*>(kept) + image * cells_of(window);
  }
  PoolDims of(Index images) const {
    PoolDims d = window;
    d.images = images;
    return d;
  }
};

}  // namespace lamina
