// Crossentropy over the classes of a row, -sum_c t_c log p_c, from probabilities and from logits.
//
// The targets are used unchanged: if they do not sum to one, w = sum_c t_c appears in both the loss
// and its derivative.
#pragma once

#include "loss_rows.h"
#include "vmath.h"

namespace lamina {
namespace LAMINA_ISA {

// Keras's backend.epsilon(): probabilities are kept in [epsilon, 1 - epsilon].
constexpr double probability_epsilon = 1e-7;

// p = softmax(x), log p_c = (x_c - m) - log(s) with m = max x and s = sum exp(x - m).  Nothing
// overflows, and the differences are exact for large logits: L = sum t (m - x) + w log(s).
template <class T>
struct SoftmaxCrossentropy {
  static constexpr double work = 100;
  using V = Vec<T>;

  template <class Rows>
  LAMINA_INLINE V largest(const Rows& rows) const {
    constexpr T lowest = -T(__builtin_inf());
    V m = rows.x(0, lowest);
    for (Index j = 1; j < rows.units(); ++j) m = max(m, rows.x(j, lowest));
    return rows.largest(m);
  }

  template <class Rows>
  LAMINA_INLINE V forward(const Rows& rows) const {
    constexpr T lowest = -T(__builtin_inf());
    const V m = largest(rows), zero = {};
    V sums[3];  // of exp(x - m), t (m - x) and t
    sum_units(rows, sums, [&](Index j, V* part) __attribute__((always_inline)) {
      const V x = rows.x(j, lowest), t = rows.t(j);
      part[0] += exp(x - m);
      part[1] += t == zero ? zero : t * (m - x);  // a class masked by -inf adds nothing at t = 0
      part[2] += t;
    });
    return rows.sum(sums[1]) + rows.sum(sums[2]) * log(rows.sum(sums[0]));
  }

  // dL/dx_c = w p_c - t_c.
  template <class Rows>
  LAMINA_INLINE void backward(Rows& rows) const {
    constexpr T lowest = -T(__builtin_inf());
    const V m = largest(rows);
    V sums[2];  // of exp(x - m) and t
    sum_units(rows, sums, [&](Index j, V* part) __attribute__((always_inline)) {
      const V e = exp(rows.x(j, lowest) - m);
      rows.put(j, e);
      part[0] += e;
      part[1] += rows.t(j);
    });
    const V factor = rows.sum(sums[1]) / rows.sum(sums[0]);
    for (Index j = 0; j < rows.units(); ++j)
      rows.put(j, rows.dloss * (rows.put_back(j) * factor - rows.t(j)));
  }
};

// From probabilities, as in Keras: q_c = x_c / sum(x), p_c = clip(q_c), L = -sum t_c log p_c.
template <class T, bool sparse>
struct ProbabilityCrossentropy {
  static constexpr double work = sparse ? 30 : 100;
  using V = Vec<T>;
  V low = broadcast(T(probability_epsilon)), high = broadcast(T(1 - probability_epsilon));

  template <class Rows>
  LAMINA_INLINE V total(const Rows& rows) const {
    V sum[1];
    sum_units(rows, sum,
              [&](Index j, V* part) __attribute__((always_inline)) { part[0] += rows.x(j, 0); });
    return rows.sum(sum[0]);
  }

  template <class Rows>
  LAMINA_INLINE V forward(const Rows& rows) const {
    const V sum = total(rows);
    V a[1];
    sum_units(rows, a, [&](Index j, V* part) __attribute__((always_inline)) {
      const V p = min(high, max(low, rows.x(j, 0) / sum));
      part[0] += rows.t(j) * (sparse ? p : log(p));
    });
    return sparse ? -log(rows.sum(a[0])) : -rows.sum(a[0]);  // one-hot: a single logarithm
  }

  // dL/dx_c = (u - t_c / q_c [c inside]) / sum(x), where u is the sum of t over the classes inside,
  // and "inside" means not clipped.
  template <class Rows>
  LAMINA_INLINE void backward(Rows& rows) const {
    const V sum = total(rows), zero = {};
    V inside[1];
    sum_units(rows, inside, [&](Index j, V* part) __attribute__((always_inline)) {
      const V q = rows.x(j, 0) / sum, t = rows.t(j);
      part[0] += q < low ? zero : (q > high ? zero : t);
    });
    const V u = rows.sum(inside[0]);
    const V factor = rows.dloss / sum;
    for (Index j = 0; j < rows.units(); ++j) {
      const V q = rows.x(j, 0) / sum, t = rows.t(j);
      rows.put(j, factor * (u - (q < low ? zero : (q > high ? zero : t / q))));
    }
  }
};

}  // namespace LAMINA_ISA
}  // namespace lamina
