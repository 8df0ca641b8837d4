// A batch normalisation folded into the weights before it, for inference:
//
//   ((x * w + b) - mean) s + beta = x * (w s) + ((b - mean) s + beta),
//   s = gamma / sqrt(variance + epsilon),
//
// with one factor per filter.  Folding is repeated in every batch, so that weights and statistics
// may change at any time and no copy outlives the call; if a weight is used for many pixels, that
// costs less than a pass over the outputs.
#pragma once

#include <optional>

#include "graph/operation.h"
#include "pooling.h"

namespace lamina {

// Its inputs, by value id; gamma and beta may be -1.
struct NormBehind {
  ValueId gamma, beta, mean, variance;
  double epsilon;
  // Absorbed by the normalisation.
  ActivationSpec activation;
  std::optional<PoolDims> averaged;
};

// The batch normalisation of `cols` columns that an operation is; nullopt for any other operation,
// and for one that absorbed a sum, which needs a pass of its own.
std::optional<NormBehind> batch_norm_of(const Operation& operation, Index cols);

template <class T>
struct FoldedNorm {
  const T *gamma, *beta, *mean, *variance;  // gamma and beta may be null
  double epsilon;
  Index cols;

  // The memory that `fold` needs for `rows` x cols weights: these, the bias, factors.
  static Index room(Index rows, Index cols) { return (rows + 3) * cols; }

  // Writes weights and bias (or null) to `to`, the new bias after the new weights.  Returns false
  // if the product would lose accuracy or overflow although the normalised values may not: if a
  // factor other than 0 is outside 2^-60 to 2^60, or a weight is not finite.
  bool fold(const Kernels<T>& kernels, T* to, const T* w, const T* bias, Index rows) const {
    T* const new_bias = to + rows * cols;
    T* const zeros = new_bias + cols;
    T* const factors = zeros + cols;
    for (Index j = 0; j < cols; ++j) zeros[j] = T(0), factors[j] = T(1);
    const BatchNormSpec spec{epsilon, false, {}};
    // (1 - 0) s, (w - 0) s, (b - mean) s + beta, with the roundings of the kernel.
    const auto normalise = [&](T* y, const T* x, const T* centre, const T* shift, Index count) {
      kernels.batch_norm_forward(y, x, nullptr, centre, variance, gamma, shift, nullptr,
                                 {count, cols}, spec);
    };
    normalise(factors, factors, zeros, nullptr, 1);
    for (Index j = 0; j < cols; ++j) {
      const T size = factors[j] < T(0) ? -factors[j] : factors[j];
      if (!(size == T(0) || (size >= T(0x1p-60) && size <= T(0x1p60)))) return false;
    }
    normalise(new_bias, bias == nullptr ? zeros : bias, mean, beta, 1);
    normalise(to, w, zeros, nullptr, rows);
    return kernels.find_nonfinite(to, (rows + 1) * cols) < 0;
  }
  // The normalisation as a pass of its own and an activation, in place.
  void apply(const Kernels<T>& kernels, T* y, Index rows, ActivationSpec activation) const {
    const bool taken = taken_by_batch_norm(activation.kind, false);
    kernels.batch_norm_forward(y, y, nullptr, mean, variance, gamma, beta, nullptr, {rows, cols},
                               {epsilon, false, taken ? activation : ActivationSpec{}});
    if (!taken && activation.kind != Activation::linear)
      kernels.activation_forward(y, y, rows * cols, activation);
  }
};

}  // namespace lamina
