// Losses, one number per row, and their derivatives with respect to the prediction.
//
// They are Keras's definitions (keras.losses, version 3).  Laws of single elements are averaged
// over the columns; the crossentropies over classes are in crossentropy.h.  Each law's backward is
// the exact derivative of its forward, including clipping; at a kink the derivative is 0
// (mean_absolute_error) or that from inside (the clipped probabilities).
#include <cmath>

#include "crossentropy.h"
#include "loss_means.h"
#include "table.h"
#include "vmath.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

// d = x - t in all three, which return NaN if d is NaN.
template <class T>
struct SquaredError {
  static constexpr double work = 10;
  using V = Vec<T>;
  LAMINA_INLINE V value(V x, V t) const { return (x - t) * (x - t); }
  LAMINA_INLINE V part(V share, V x, V t) const { return (x - t) * share * (x - t); }
  LAMINA_INLINE V slope(V x, V t) const { return T(2) * (x - t); }
};

template <class T>
struct AbsoluteError {
  static constexpr double work = 10;
  using V = Vec<T>;
  LAMINA_INLINE V value(V x, V t) const { return max(x - t, t - x); }
  LAMINA_INLINE V part(V share, V x, V t) const { return value(x * share, t * share); }
  LAMINA_INLINE V slope(V x, V t) const {
    const V d = x - t, zero = {}, one = broadcast(T(1));
    return d > zero ? one : (d < zero ? -one : d);
  }
};

// d^2 / 2 where |d| <= delta, else delta |d| - delta^2 / 2.
template <class T>
struct Huber {
  static constexpr double work = 10;
  using V = Vec<T>;
  V delta;
  LAMINA_INLINE V value(V x, V t) const {
    const V d = x - t, a = max(d, -d);
    return a <= delta ? T(0.5) * d * d : delta * a - T(0.5) * delta * delta;
  }
  LAMINA_INLINE V part(V share, V x, V t) const {
    const V d = x - t, a = max(d, -d), half = T(0.5) * share;
    return a <= delta ? half * d * d : delta * share * (a - T(0.5) * delta);
  }
  LAMINA_INLINE V slope(V x, V t) const { return min(delta, max(-delta, x - t)); }
};

// p = clip(x, epsilon, 1 - epsilon): -(t log p + (1 - t) log(1 - p)).
template <class T>
struct BinaryCrossentropy {
  static constexpr double work = 100;
  using V = Vec<T>;
  V low = broadcast(T(probability_epsilon)), high = broadcast(T(1 - probability_epsilon));
  LAMINA_INLINE V value(V x, V t) const {
    const V p = min(high, max(low, x));
    return -(t * log(p) + (T(1) - t) * log(T(1) - p));
  }
  LAMINA_INLINE V part(V share, V x, V t) const { return share * value(x, t); }
  LAMINA_INLINE V slope(V x, V t) const {
    const V zero = {};
    return x < low ? zero : (x > high ? zero : (x - t) / (x * (T(1) - x)));
  }
};

// p = sigmoid(x): max(x, 0) - t x + log(1 + exp(-|x|)), in which nothing overflows.
template <class T>
struct SigmoidCrossentropy {
  static constexpr double work = 100;
  using V = Vec<T>;
  LAMINA_INLINE V value(V x, V t) const { return max(V{}, x) - t * x + log1p(exp(-max(x, -x))); }
  LAMINA_INLINE V part(V share, V x, V t) const { return share * value(x, t); }
  LAMINA_INLINE V slope(V x, V t) const { return sigmoid(x) - t; }
};

// The same, but for t outside [0, 1], where it has no lower bound, p is clipped like probabilities.
// t t > t for just these.
template <class T>
struct ClippedSigmoidCrossentropy : SigmoidCrossentropy<T> {
  using Free = SigmoidCrossentropy<T>;
  using V = Vec<T>;
  V limit = broadcast(T(std::log((1 - probability_epsilon) / probability_epsilon)));
  LAMINA_INLINE V value(V x, V t) const {
    return Free::value(t * t > t ? min(limit, max(-limit, x)) : x, t);
  }
  LAMINA_INLINE V part(V share, V x, V t) const { return share * value(x, t); }
  LAMINA_INLINE V slope(V x, V t) const {
    const V zero = {}, free = Free::slope(x, t);
    return t * t > t ? (max(x, -x) > limit ? zero : free) : free;
  }
};

// The mean of law.value over the columns; law.slope / columns.  If the sum overflows although the
// mean may not, the sum of law.part is used, which is the value times 1 / columns.
template <class T, template <class> class Law>
struct Mean {
  static constexpr double work = Law<T>::work;
  using V = Vec<T>;
  Law<T> law;

  template <class Rows>
  LAMINA_INLINE V forward(const Rows& rows) const {
    V sum[1];
    sum_units(rows, sum, [&](Index j, V* part) __attribute__((always_inline)) {
      part[0] += rows.only(j, law.value(rows.x(j, 0), rows.t(j)));
    });
    const V mean = rows.sum(sum[0]) / T(rows.cols);
    return rows.finite(mean) ? mean : nonfinite<T>(mean) ? mean_of_parts(rows) : mean;
  }
  template <class Rows>
  __attribute__((noinline)) V mean_of_parts(const Rows& rows) const {
    const V share = broadcast(T(1) / T(rows.cols));
    V sum[1];
    sum_units(rows, sum, [&](Index j, V* part) __attribute__((always_inline)) {
      part[0] += rows.only(j, law.part(share, rows.x(j, 0), rows.t(j)));
    });
    return rows.sum(sum[0]);
  }
  template <class Rows>
  LAMINA_INLINE void backward(Rows& rows) const {
    const V factor = rows.dloss / T(rows.cols);
    for (Index j = 0; j < rows.units(); ++j)
      rows.put(j, factor * law.slope(rows.x(j, 0), rows.t(j)));
  }
};

// loss_n = law.forward(rows), and dpred_nc = dloss_n times the law's derivative.
template <class T, bool sparse, class Law>
void rows_forward(T* loss_n, const T* pred_nc, TargetRows<T> targets, RowsCols dims, Law law) {
  for_rows_forward<T, sparse>(loss_n, pred_nc, targets, dims, law);
}
template <class T, bool sparse, class Law>
void rows_backward(T* dpred_nc, const T* dloss_n, const T* pred_nc, TargetRows<T> targets,
                   RowsCols dims, Law law) {
  for_rows_backward<T, sparse>(dpred_nc, dloss_n, pred_nc, targets, dims, law);
}

template <class T, bool sparse, template <class> class Law>
void rows_forward(T* loss_n, const T* pred_nc, TargetRows<T> targets, RowsCols dims,
                  Mean<T, Law> mean) {
  if (dims.cols < 1 || dims.cols > mean_columns)
    return for_rows_forward<T, sparse>(loss_n, pred_nc, targets, dims, mean);
  const NarrowMeans<T, Law<T>> narrow{
      mean.law, pred_nc, targets.true_nc, broadcast(targets.keep), broadcast(targets.add),
      dims.cols};
  for_mean_blocks(dims, Law<T>::work,
                  [=](Index row, Index rows) { narrow.forward(loss_n, row, rows); });
}
template <class T, bool sparse, template <class> class Law>
void rows_backward(T* dpred_nc, const T* dloss_n, const T* pred_nc, TargetRows<T> targets,
                   RowsCols dims, Mean<T, Law> mean) {
  if (dims.cols < 1 || dims.cols > mean_columns)
    return for_rows_backward<T, sparse>(dpred_nc, dloss_n, pred_nc, targets, dims, mean);
  const NarrowMeans<T, Law<T>> narrow{
      mean.law, pred_nc, targets.true_nc, broadcast(targets.keep), broadcast(targets.add),
      dims.cols};
  for_mean_blocks(dims, Law<T>::work,
                  [=](Index row, Index rows) { narrow.backward(dpred_nc, dloss_n, row, rows); });
}

// Whether a law's targets are labels.
template <bool labels>
struct Of {
  static constexpr bool value = labels;
};

// Calls use(law, Of<labels>) with the law of `spec`.
template <class T, class Use>
void with_law(LossSpec spec, Use use) {
  constexpr Of<false> values;
  constexpr Of<true> labels;
  switch (spec.kind) {
    case Loss::mean_squared_error:
      return use(Mean<T, SquaredError>{}, values);
    case Loss::mean_absolute_error:
      return use(Mean<T, AbsoluteError>{}, values);
    case Loss::huber:
      return use(Mean<T, Huber>{{broadcast(T(spec.parameter))}}, values);
    case Loss::binary_crossentropy:
      return use(Mean<T, BinaryCrossentropy>{}, values);
    case Loss::binary_crossentropy_logits:
      if (spec.fused) return use(Mean<T, ClippedSigmoidCrossentropy>{}, values);
      return use(Mean<T, SigmoidCrossentropy>{}, values);
    case Loss::categorical_crossentropy:
      return use(ProbabilityCrossentropy<T, false>{}, values);
    case Loss::categorical_crossentropy_logits:
      return use(SoftmaxCrossentropy<T>{}, values);
    case Loss::sparse_categorical_crossentropy:
      return use(ProbabilityCrossentropy<T, true>{}, labels);
    case Loss::sparse_categorical_crossentropy_logits:
      return use(SoftmaxCrossentropy<T>{}, labels);
  }
}

// Label smoothing: binary t (1 - s) + s / 2, categorical t (1 - s) + s / classes.
template <class T>
TargetRows<T> smoothed(const T* true_nc, const std::int32_t* label_n, Index cols, LossSpec spec) {
  const LossFacts facts = facts_of(spec.kind);
  const double s = facts.parameter == LossParameter::smoothing ? spec.parameter : 0.0;
  const double shares = facts.step == LastStep::sigmoid ? 2.0 : double(cols);
  return {true_nc, label_n, T(1 - s), T(s / shares)};
}

template <class T>
void loss_forward(T* loss_n, const T* pred_nc, const T* true_nc, const std::int32_t* label_n,
                  RowsCols dims, LossSpec spec) {
  const TargetRows<T> targets = smoothed(true_nc, label_n, dims.cols, spec);
  with_law<T>(spec, [&](auto law, auto labels) {
    rows_forward<T, decltype(labels)::value>(loss_n, pred_nc, targets, dims, law);
  });
}

template <class T>
void loss_backward(T* dpred_nc, const T* dloss_n, const T* pred_nc, const T* true_nc,
                   const std::int32_t* label_n, RowsCols dims, LossSpec spec) {
  const TargetRows<T> targets = smoothed(true_nc, label_n, dims.cols, spec);
  with_law<T>(spec, [&](auto law, auto labels) {
    rows_backward<T, decltype(labels)::value>(dpred_nc, dloss_n, pred_nc, targets, dims, law);
  });
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_losses(Kernels<T>& k) {
  k.loss_forward = loss_forward<T>;
  k.loss_backward = loss_backward<T>;
}
template void fill_losses(Kernels<float>&);
template void fill_losses(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
