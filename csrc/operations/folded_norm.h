// A batch normalisation folded into the weights before it, outside training:
//
//   ((x * w + b) - mean) s + beta = x * (w s) + ((b - mean) s + beta),
//   s = gamma / sqrt(variance + epsilon),
//
// one factor for each filter.  It is done anew in every batch, so that weights and statistics may
// change at any time and no copy outlives the call; where a weight serves many pixels that costs
// less than a pass over the outputs.
#pragma once

#include <optional>

#include "graph/operation.h"
#include "pooling.h"

namespace lamina {

// What it reads, by value; gamma and beta may be -1.
struct NormBehind {
  ValueId gamma, beta, mean, variance;
  double epsilon;
  // Taken over with it.
  ActivationSpec activation;
  std::optional<PoolDims> averaged;
};

// The batch normalisation that an operation is, of `cols` columns; none for any other operation,
// and for one that took over a sum: its pass is needed.
std::optional<NormBehind> batch_norm_of(const Operation& operation, Index cols);

template <class T>
struct FoldedNorm {
  const T *gamma, *beta, *mean, *variance;  // gamma and beta: or null
  double epsilon;
  Index cols;

  // Numbers that `fold` needs for `rows` x cols weights: these, the bias, factors.
  static Index room(Index rows, Index cols) { return (rows + 3) * cols; }

  // Weights and bias (or null) into `to`, the new bias behind the new weights.  False where the
  // product would lose accuracy or overflow although the normalised values may not: a factor
  // outside 2^-60 to 2^60 that is not 0, or a weight that is not finite.
  bool fold(const Kernels<T>& kernels, T* to, const T* w, const T* bias, Index rows) const {
    T* const new_bias = to + rows * cols;
    T* const zeros = new_bias + cols;
    T* const factors = zeros + cols;
    for (Index j = 0; j < cols; ++j) zeros[j] = T(0), factors[j] = T(1);
    const BatchNormSpec spec{epsilon, false, {}};
    // (1 - 0) s, (w - 0) s, (b - mean) s + beta: roundings are the kernel's.
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
  // The pass itself and an activation, over values in place.
  void apply(const Kernels<T>& kernels, T* y, Index rows, ActivationSpec activation) const {
    const bool taken = taken_by_batch_norm(activation.kind);
    kernels.batch_norm_forward(y, y, nullptr, mean, variance, gamma, beta, nullptr, {rows, cols},
                               {epsilon, false, taken ? activation : ActivationSpec{}});
    if (!taken && activation.kind != Activation::linear)
      kernels.activation_forward(y, y, rows * cols, activation);
  }
};

}  // namespace lamina
