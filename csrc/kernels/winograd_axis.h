// Winograd's transforms along one axis of an image, on vectors of channels or filters.
//
// A window of R weights over N inputs has N - R + 1 outputs, y = A' ((G g) . (B' d)): inputs d and
// weights g are transformed to N positions and multiplied there, and the products are transformed
// back (Lavin and Gray, 2015, https://arxiv.org/abs/1509.09308).  A position is a point at which
// polynomials are evaluated: 0 if N is even, pairs +-p, and infinity, where the value is the
// highest coefficient.  G and A map coefficients to their values; G divides by the product of a
// point's distances from the others.  A row of B' has the coefficients of the polynomial that is
// zero at all points but the row's.
//
// With the pairs in use, the largest error of a layer of 64 channels in float32 was 0.6e-6 of the
// largest output with 6 positions in both directions, 1.8e-6 with 8 along one axis, and 0.2e-6 with
// plain sums.  With 8 positions it was 2.1e-6 with the pairs sqrt(1/2), 1 and sqrt(2), and 1.7e-6
// with 3/5, 1 and 5/3; with 10 positions, the best pairs found (1/2, 4/5, 5/4, 2) gave 3.8e-6, and
// 6.2e-6 for the weights' gradient, too close to the 1e-5 allowed.  With 7 in both directions it is
// twice that with 6; with 0 in place of infinity (3/5, 1, 8/5) it was 1.5 times as much again, with
// 0 and a point in place of a pair 1.9 times.
#pragma once

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

// The pairs +-p: the values of p, and their squares.
template <int Positions>
struct WinogradPairs;
template <>
struct WinogradPairs<6> {
  static constexpr double at[2] = {0.70710678118654752440, 1.41421356237309504880};
  static constexpr double square[2] = {0.5, 2.0};
};
template <>
struct WinogradPairs<7> {
  static constexpr double at[3] = {0.35, 0.9, 1.5};
  static constexpr double square[3] = {0.1225, 0.81, 2.25};
};
template <>
struct WinogradPairs<8> {
  static constexpr double at[3] = {0.5, 1.0, 2.0};
  static constexpr double square[3] = {0.25, 1.0, 4.0};
};

// The factors of the transforms.
template <int Positions>
struct WinogradFactors {
  static constexpr bool zero = Positions % 2 == 0;
  static constexpr int pairs = (Positions - 1) / 2;
  double ends[pairs + 1] = {};       // coefficients, in x^2: zero at all pairs
  double others[pairs][pairs] = {};  // and at all pairs but this one
  double scale_zero = 1.0, scale[pairs] = {};

  constexpr WinogradFactors() {
    using Pairs = WinogradPairs<Positions>;
    multiply_out(ends, pairs);
    scale_zero = 1.0 / ends[0];
    for (int i = 0; i < pairs; ++i) {
      multiply_out(others[i], i);
      double distances = 2.0 * (zero ? Pairs::square[i] : Pairs::at[i]);
      for (int j = 0; j < pairs; ++j)
        if (j != i) distances *= Pairs::square[i] - Pairs::square[j];
      scale[i] = 1.0 / distances;
    }
  }

 private:
  // The product of x^2 - p^2 over the pairs except `without`.
  static constexpr void multiply_out(double* to, int without) {
    to[0] = 1.0;
    int degree = 0;
    for (int j = 0; j < pairs; ++j) {
      if (j == without) continue;
      const double square = WinogradPairs<Positions>::square[j];
      to[degree + 1] = to[degree];
      for (int k = degree; k > 0; --k) to[k] = to[k - 1] - square * to[k];
      to[0] *= -square;
      ++degree;
    }
  }
};

// The transforms of one axis; each maps `from` vectors to `to`.
template <int Taps, int Positions>
struct WinogradAxis {
  static constexpr int taps = Taps, positions = Positions;
  static constexpr int side = Positions - Taps + 1;  // outputs per tile

 private:
  using Pairs = WinogradPairs<Positions>;
  static constexpr WinogradFactors<Positions> factors{};
  static constexpr int zero = factors.zero, pairs = factors.pairs;  // positions of pairs follow

  // The sum of c[k] x[2k], k < Terms, whose highest c is 1.
  template <int Terms, class T>
  static LAMINA_INLINE Vec<T> every_other(const double* c, const Vec<T>* x) {
    Vec<T> sum = x[2 * (Terms - 1)];
    LAMINA_UNROLL
    for (int k = Terms - 2; k >= 0; --k) sum = fma(broadcast(T(c[k])), x[2 * k], sum);
    return sum;
  }

  // From coefficients to positions.
  template <int Terms, bool Scaled, class T>
  static LAMINA_INLINE void evaluate(Vec<T> (&at)[Positions], const Vec<T> (&c)[Terms]) {
    if (zero) at[0] = Scaled ? broadcast(T(factors.scale_zero)) * c[0] : c[0];
    LAMINA_UNROLL
    for (int i = 0; i < pairs; ++i) {
      const Vec<T> square = broadcast(T(Pairs::square[i]));
      constexpr int even_top = (Terms - 1) / 2 * 2, odd_top = Terms / 2 * 2 - 1;
      Vec<T> even = c[even_top], odd = c[odd_top];
      LAMINA_UNROLL
      for (int k = even_top - 2; k >= 0; k -= 2) even = fma(square, even, c[k]);
      LAMINA_UNROLL
      for (int k = odd_top - 2; k >= 0; k -= 2) odd = fma(square, odd, c[k]);
      odd = broadcast(T(Pairs::at[i])) * odd;
      const Vec<T> scale = broadcast(T(factors.scale[i]));
      at[zero + 2 * i] = Scaled ? scale * (even + odd) : even + odd;
      at[zero + 2 * i + 1] = Scaled ? scale * (even - odd) : even - odd;
    }
    at[Positions - 1] = c[Terms - 1];
  }

  // The transpose: from positions to coefficients.
  template <int Terms, bool Scaled, class T>
  static LAMINA_INLINE void collect(Vec<T> (&c)[Terms], const Vec<T> (&at)[Positions]) {
    LAMINA_UNROLL
    for (int k = 0; k < Terms; ++k) c[k] = Vec<T>{};
    if (zero) c[0] = Scaled ? broadcast(T(factors.scale_zero)) * at[0] : at[0];
    c[Terms - 1] = at[Positions - 1];
    LAMINA_UNROLL
    for (int i = 0; i < pairs; ++i) {
      const Vec<T>&plus = at[zero + 2 * i], &minus = at[zero + 2 * i + 1];
      Vec<T> even = plus + minus, odd = plus - minus;
      if (Scaled) even = broadcast(T(factors.scale[i])) * even;
      odd = broadcast(T(Pairs::at[i] * (Scaled ? factors.scale[i] : 1.0))) * odd;
      double power = 1.0;
      LAMINA_UNROLL
      for (int k = 0; k < Terms; k += 2) {
        c[k] = fma(broadcast(T(power)), even, c[k]);
        if (k + 1 < Terms) c[k + 1] = fma(broadcast(T(power)), odd, c[k + 1]);
        power *= Pairs::square[i];
      }
    }
  }

 public:
  struct OfInputs {  // B' d
    static constexpr int from = Positions, to = Positions;
    template <class T>
    static LAMINA_INLINE void run(Vec<T> (&v)[to], const Vec<T> (&d)[from]) {
      if (zero) v[0] = every_other<pairs + 1, T>(factors.ends, d);
      LAMINA_UNROLL
      for (int i = 0; i < pairs; ++i) {
        const Vec<T> low =
            broadcast(T(Pairs::at[i])) * every_other<pairs, T>(factors.others[i], d + zero);
        const Vec<T> high = every_other<pairs, T>(factors.others[i], d + zero + 1);
        v[zero + 2 * i] = high + low;
        v[zero + 2 * i + 1] = zero ? high - low : low - high;
      }
      v[to - 1] = every_other<pairs + 1, T>(factors.ends, d + zero);
    }
  };
  struct OfWeights {  // G g
    static constexpr int from = Taps, to = Positions;
    template <class T>
    static LAMINA_INLINE void run(Vec<T> (&u)[to], const Vec<T> (&g)[from]) {
      evaluate<from, true, T>(u, g);
    }
  };
  struct ToOutputs {  // A' m
    static constexpr int from = Positions, to = side;
    template <class T>
    static LAMINA_INLINE void run(Vec<T> (&y)[to], const Vec<T> (&m)[from]) {
      collect<to, false, T>(y, m);
    }
  };
  struct OfGradients {  // A dy
    static constexpr int from = side, to = Positions;
    template <class T>
    static LAMINA_INLINE void run(Vec<T> (&e)[to], const Vec<T> (&dy)[from]) {
      evaluate<from, false, T>(e, dy);
    }
  };
  struct ToWeights {  // G' s
    static constexpr int from = Positions, to = Taps;
    template <class T>
    static LAMINA_INLINE void run(Vec<T> (&g)[to], const Vec<T> (&s)[from]) {
      collect<to, true, T>(g, s);
    }
  };
};

// An axis along which the window has one cell.
template <>
struct WinogradAxis<1, 1> {
  static constexpr int taps = 1, positions = 1, side = 1;
  struct Same {
    static constexpr int from = 1, to = 1;
    template <class T>
    static LAMINA_INLINE void run(Vec<T> (&y)[1], const Vec<T> (&x)[1]) {
      y[0] = x[0];
    }
  };
  using OfInputs = Same;
  using OfWeights = Same;
  using ToOutputs = Same;
  using OfGradients = Same;
  using ToWeights = Same;
};

// Both axes, columns first: element (r, s) of the tile is load(r, s), and store(r, s, value)
// receives each of the results.
template <class T, class Down, class Across, class Load, class Store>
LAMINA_INLINE void winograd_both_ways(const Load& load, const Store& store) {
  if constexpr (Down::from == 1 && Down::to == 1) {
    winograd_both_ways<T, Across, Down>(
        [&](int s, int r) __attribute__((always_inline)) { return load(r, s); },
        [&](int s, int r, Vec<T> value) __attribute__((always_inline)) { store(r, s, value); });
  } else {
    constexpr bool alone = Across::from == 1 && Across::to == 1;
    Vec<T> part[Down::to][Across::from];
    for (int s = 0; s < Across::from; ++s) {
      Vec<T> from[Down::from], to[Down::to];
      LAMINA_UNROLL
      for (int r = 0; r < Down::from; ++r) from[r] = load(r, s);
      Down::template run<T>(to, from);
      LAMINA_UNROLL
      for (int r = 0; r < Down::to; ++r) {
        if constexpr (alone)
          store(r, 0, to[r]);
        else
          part[r][s] = to[r];
      }
    }
    if constexpr (alone) return;
    for (int r = 0; r < Down::to; ++r) {
      Vec<T> to[Across::to];
      Across::template run<T>(to, part[r]);
      LAMINA_UNROLL
      for (int s = 0; s < Across::to; ++s) store(r, s, to[s]);
    }
  }
}

}  // namespace LAMINA_ISA
}  // namespace lamina
