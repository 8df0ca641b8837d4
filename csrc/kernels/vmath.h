// Elementary functions on vectors: exp, expm1, log, log1p, tanh, sigmoid, the normal tail.
//
// One template serves float and double.  They cover the whole range: signed zeros, subnormal
// arguments and results (rounded once, never flushed), overflow to infinity, and NaN in gives NaN
// out.  Errors quoted are the largest observed over all instruction sets, in units in the last
// place (float, double), compared with 80-bit and (normal tail) 40-digit references: random
// mantissas at every binary exponent, and 700,000 arguments over the useful range.
//
// Sources: Cephes (Moshier; expf, logf, the split of ln 2), fdlibm (Sun; e_log.c), Muller et al.,
// "Handbook of Floating-Point Arithmetic", 2nd ed. (range reduction; products' errors), Shepherd
// and Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x", Math. Comp. 36, 1981.
// Polynomials without another source interpolate at Chebyshev nodes.
#pragma once

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

// --- formats, constants, bits

template <class V>
struct Format;
template <>
struct Format<vf> {
  using scalar = float;
  using uvec = vu32;
  using bits = std::uint32_t;
  static constexpr int mantissa = 23;
  static constexpr bits bias = 127;
  static constexpr bits sqrt_half = 0x3f3504f3u;
  static constexpr double shift = 12582912.0;  // 1.5 * 2^23: adding it rounds to integers
  static constexpr double implicit = 8388608.0;
  static constexpr double smallest_normal = 0x1p-126;
  static constexpr double ln2_high = 0.693359375, ln2_low = -2.12194440e-4;
  static constexpr double exp_least = -105.0, exp_most = 90.0;  // beyond: 0 and infinity
  static constexpr double expm1_least = -20.0, expm1_most = 89.0;
  static constexpr double log1p_linear = 0x1p-26;  // below, log1p(x) rounds to x
  static constexpr double tanh_one = 10.0;         // above, tanh rounds to 1
  static constexpr double vanishing = 150.0;       // above, x exp(-x) rounds to 0
  static constexpr int logistic_shift = 32;
  static constexpr double logistic_scale = 0x1p-32;
  static constexpr double logistic_most = 110.5;  // 2^n scaled is finite, x over it rounds to 0
  static constexpr double tail_zero = 15.0;       // above, x exp(-x^2 / 2) rounds to 0
  static constexpr double tail_center = 4.0;
};
template <>
struct Format<vd> {
  using scalar = double;
  using uvec = vu64;
  using bits = std::uint64_t;
  static constexpr int mantissa = 52;
  static constexpr bits bias = 1023;
  static constexpr bits sqrt_half = 0x3fe6a09e667f3bcdull;
  static constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr double implicit = 4503599627370496.0;
  static constexpr double smallest_normal = 0x1p-1022;
  static constexpr double ln2_high = 6.93145751953125e-1, ln2_low = 1.42860682030941723212e-6;
  static constexpr double exp_least = -746.0, exp_most = 710.0;
  static constexpr double expm1_least = -40.0, expm1_most = 709.9;
  static constexpr double log1p_linear = 0x1p-55;
  static constexpr double tanh_one = 20.0;
  static constexpr double vanishing = 800.0;
  static constexpr int logistic_shift = 64;
  static constexpr double logistic_scale = 0x1p-64;
  static constexpr double logistic_most = 753.0;
  static constexpr double tail_zero = 39.0;
  static constexpr double tail_center = 5.0;
};

template <class V>
LAMINA_INLINE V constant(double c) {
  return broadcast(typename Format<V>::scalar(c));
}
template <class V>
LAMINA_INLINE auto bits_of(V x) {
  return typename Format<V>::uvec(x);
}
template <class V>
LAMINA_INLINE V absolute(V x) {
  return V(bits_of(x) & ~bits_of(constant<V>(-0.0)));
}
template <class V>
LAMINA_INLINE V with_sign_of(V magnitude, V x) {
  return V(bits_of(magnitude) | (bits_of(x) & bits_of(constant<V>(-0.0))));
}
// Clamps x to [least, most]; NaN remains.
template <class V>
LAMINA_INLINE V within(double least, double most, V x) {
  return min(constant<V>(most), max(constant<V>(least), x));
}

// Horner's rule; coefficients from the highest power down.
template <class V>
LAMINA_INLINE V horner(V, V sum) {
  return sum;
}
template <class V, class... C>
LAMINA_INLINE V horner(V x, V sum, double next, C... rest) {
  return horner(x, fma(sum, x, constant<V>(next)), rest...);
}
template <class V, class... C>
LAMINA_INLINE V polynomial(V x, double highest, C... rest) {
  return horner(x, constant<V>(highest), rest...);
}

// x * x - square, exactly, where square is x * x rounded (with Dekker's split if there is no fused
// multiply-add).
template <class V>
LAMINA_INLINE V square_error(V x, V square) {
#if defined(__FMA__) || !defined(__x86_64__)
  return fma(x, x, -square);
#else
  constexpr int low_bits = (Format<V>::mantissa + 2) / 2;
  const V high = V((bits_of(x) >> low_bits) << low_bits);
  const V low = x - high;
  return ((high * high - square) + 2 * high * low) + low * low;
#endif
}

// --- exp

// 2^n for n within the normal exponents, n given as an integer modulo 2^bits.
template <class V, class U>
LAMINA_INLINE V power_of_two(U n) {
  return V((n + Format<V>::bias) << Format<V>::mantissa);
}

// x * 2^n, rounded once; n is an integer, |n| < 2 * bias.  (x itself is not subnormal.)
template <class V>
LAMINA_INLINE V scale_by_power(V x, V n) {
#if LAMINA_VECTOR_BYTES == 64
  if constexpr (sizeof(typename Format<V>::scalar) == 4)
    return V(_mm512_maskz_scalef_ps(__mmask16(-1), __m512(x), __m512(n)));
  else
    return V(_mm512_maskz_scalef_pd(__mmask8(-1), __m512d(x), __m512d(n)));
#else
  const V shift = constant<V>(Format<V>::shift);
  const auto whole = bits_of(n + shift) - bits_of(shift);
  const auto half = ((whole + 4096) >> 1) - 2048;  // no 64-bit arithmetic shift below AVX-512
  return x * power_of_two<V>(half) * power_of_two<V>(whole - half);
#endif
}

// x + low = n ln 2 + r, |r| <= 0.35.  The first step is exact: n ln2_high has few bits.
template <class V>
struct Reduced {
  V n, r;
};
template <class V>
LAMINA_INLINE Reduced<V> reduce(V x, V low = V{}) {
  const V shift = constant<V>(Format<V>::shift);
  const V n = fma(x, constant<V>(1.44269504088896340736), shift) - shift;
  const V r = fma(n, constant<V>(-Format<V>::ln2_high), x);
  return {n, r + fma(n, constant<V>(-Format<V>::ln2_low), low)};
}

// (exp(r) - 1 - r) / r^2 on |r| <= 0.35; relative error of exp 1e-8 and 1.5e-17.
LAMINA_INLINE vf exp_remainder(vf r) {
  return polynomial(r, 0.00139262503944, 0.00836323294789, 0.0416665524244, 0.166665762663, 0.5);
}
LAMINA_INLINE vd exp_remainder(vd r) {
  return polynomial(r, 2.5100472505694996e-08, 2.7620201591031547e-07, 2.7557268276905696e-06,
                    2.4801521057868204e-05, 0.00019841269863171557, 0.0013888888917367081,
                    0.008333333333330039, 0.041666666666623824, 0.16666666666666669, 0.5);
}
template <class V>
LAMINA_INLINE V expm1_reduced(V r) {
  return fma(r * r, exp_remainder(r), r);
}
template <class V>
LAMINA_INLINE V exp_reduced(V r) {
  return expm1_reduced(r) + 1;
}

// 1.05 and 1.1 ulp.
template <class V>
LAMINA_INLINE V exp(V x) {
  const auto [n, r] = reduce(within(Format<V>::exp_least, Format<V>::exp_most, x));
  return scale_by_power(exp_reduced(r), n);
}

// 2^n (exp(r) - 1) + (2^n - 1), scaled by one half so that n = 128 (1024) does not overflow early.
// 1.7 and 1.8 ulp.
template <class V>
LAMINA_INLINE V expm1(V x) {
  const auto [n, r] = reduce(within(Format<V>::expm1_least, Format<V>::expm1_most, x));
  const V shift = constant<V>(Format<V>::shift);
  const V half = power_of_two<V>(bits_of(n + (shift - 1)) - bits_of(shift));
  const V y = 2 * fma(half, expm1_reduced(r), half - constant<V>(0.5));
  return absolute(x) < constant<V>(1e-30) ? x : y;  // subnormals, -0
}

// --- log

// log(1 + f) + k ln 2 for 1 + f in [sqrt(1/2), sqrt(2)].
LAMINA_INLINE vf log_reduced(vf f, vf k) {  // Cephes logf
  const vf z = f * f;
  const vf p = polynomial(f, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1,
                          1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1,
                          3.3333331174e-1);
  vf y = fma(k, constant<vf>(Format<vf>::ln2_low), f * z * p);
  y = fma(z, constant<vf>(-0.5), y);
  return fma(k, constant<vf>(Format<vf>::ln2_high), f + y);
}
LAMINA_INLINE vd log_reduced(vd f, vd k) {  // fdlibm e_log.c
  const vd s = f / (f + 2);
  const vd z = s * s;
  const vd series =
      z * polynomial(z, 1.479819860511658591e-1, 1.531383769920937332e-1, 1.818357216161805012e-1,
                     2.222219843214978396e-1, 2.857142874366239149e-1, 3.999999999940941908e-1,
                     6.666666666666735130e-1);
  const vd half_square = f * f * 0.5;
  const vd low = fma(s, half_square + series, k * 1.90821492927058770002e-10);
  return k * 6.93147180369123816490e-1 - ((half_square - low) - f);
}

// x = 2^k m with m in [sqrt(1/2), sqrt(2)), for positive normal x.
template <class V>
struct Split {
  V m, k;
  typename Format<V>::uvec whole;  // k modulo 2^bits
};
template <class V>
LAMINA_INLINE Split<V> split(V x) {
  using F = Format<V>;
  constexpr typename F::bits offset = F::bias;  // keeps the shifted number positive
  const auto biased = (bits_of(x) - (F::sqrt_half - (offset << F::mantissa))) >> F::mantissa;
  const auto whole = biased - offset;
  const V k = V(biased | bits_of(constant<V>(F::implicit))) - constant<V>(F::implicit + offset);
  return {V(bits_of(x) - (whole << F::mantissa)), k, whole};
}

// `y` where x is positive and finite; log's special values elsewhere.
template <class V>
LAMINA_INLINE V log_range(V x, V y) {
  const V infinity = constant<V>(__builtin_inf());
  y = x == infinity ? infinity : y;
  const V outside = x == V{} ? -infinity : constant<V>(__builtin_nan(""));
  return x > V{} ? y : outside;
}

// 0.8 and 0.8 ulp.
template <class V>
LAMINA_INLINE V log(V x) {
  using F = Format<V>;
  const auto tiny = x < constant<V>(F::smallest_normal);
  const auto [m, k, whole] = split(tiny ? x * constant<V>(F::implicit) : x);
  const V y = log_reduced(m - 1, tiny ? k - F::mantissa : k);
  return log_range(x, y);
}

// log(u) with u = 1 + x rounded; the rounding error is added to the reduced argument. 1.4 and 1.4
// ulp.
template <class V>
LAMINA_INLINE V log1p(V x) {
  const V u = 1 + x;
  const auto [m, k, whole] = split(u);
  const V lost = (x - (u - 1)) * constant<V>(0.5);
  const V f = fma(lost, power_of_two<V>(1 - whole), m - 1);
  return log_range(u, log_reduced(f, k));
}

// --- tanh, sigmoid

// tanh(x) = x + x z * numerator / denominator, z = x^2, for |x| <= 0.625: Cephes tanhf and tanh.
template <class V>
struct Fraction {
  V above, below;
};
LAMINA_INLINE Fraction<vf> tanh_fraction(vf z) {
  return {polynomial(z, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1,
                     -3.33332819422e-1),
          constant<vf>(1)};
}
LAMINA_INLINE Fraction<vd> tanh_fraction(vd z) {
  return {polynomial(z, -9.64399179425052238628e-1, -9.92877231001918586564e1,
                     -1.61468768441708447952e3),
          polynomial(z, 1.0, 1.12811678491632931402e2, 2.23548839060100448583e3,
                     4.84406305325125486048e3)};
}

// Beyond 0.625: 1 - 2 / (exp(2 |x|) + 1).  1.2 and 1.2 ulp.
template <class V>
LAMINA_INLINE V tanh(V x) {
  const V t = min(constant<V>(Format<V>::tanh_one), absolute(x));
  const auto [n, r] = reduce(2 * t);
  const V shift = constant<V>(Format<V>::shift);
  const V power = power_of_two<V>(bits_of(n + shift) - bits_of(shift));
  const V z = t * t;
  const auto [above, below] = tanh_fraction(z);
  const auto small = t < constant<V>(0.625);
  const V quotient = (small ? t * z * above : constant<V>(-2)) /
                     (small ? below : fma(power, expm1_reduced(r), power + 1));
  return with_sign_of((small ? t : constant<V>(1)) + quotient, x);
}

// scale * (1 + exp(-x)), rounded once: exp(-x) = 2^n (1 + q) is never rounded by itself.  `scale`
// keeps the sum finite where its reciprocal is subnormal; x <= 40 is unaffected.
template <class V>
LAMINA_INLINE V logistic_sum(V x) {
  using F = Format<V>;
  const auto [n, r] = reduce(within(-40.0, F::logistic_most, -x));
  const V q = expm1_reduced(r);
  const V shift = constant<V>(F::shift);
  const V most = constant<V>(F::mantissa * 4);  // larger 2^-n would add nothing
  const auto whole = bits_of(n + shift) - bits_of(shift);
  const V power = power_of_two<V>(whole - F::logistic_shift);
  const V inverse = power_of_two<V>(bits_of(shift) - bits_of(min(most, n) + shift));
  const auto large = n > V{};  // here 1 is added as 2^-n to q, because 2^n + 1 is not exact
  return fma(power, large ? q + inverse : q,
             large ? power : power + constant<V>(F::logistic_scale));
}

// 1 / (1 + exp(-x)).  1.8 and 1.8 ulp.
template <class V>
LAMINA_INLINE V sigmoid(V x) {
  return constant<V>(Format<V>::logistic_scale) / logistic_sum(x);
}

// x sigmoid(x).  1.8 and 1.8 ulp.
template <class V>
LAMINA_INLINE V silu(V x) {
  const V bounded = max(constant<V>(-Format<V>::vanishing), x);  // -infinity gives -0
  const V y = bounded * constant<V>(Format<V>::logistic_scale) / logistic_sum(x);
  return absolute(x) < constant<V>(1e-20) ? x * constant<V>(0.5) : y;
}

// exp(-|x|) = value = (1 + q) 2^n: a product with it is scaled last, and rounded once even if the
// exponential alone is subnormal.
template <class V>
struct Decay {
  V value, q, n;
};
template <class V>
LAMINA_INLINE Decay<V> decay(V x) {
  const V limit = constant<V>(Format<V>::vanishing);
  const auto [n, r] = reduce(-min(limit, absolute(x)));
  const V q = expm1_reduced(r);
  return {scale_by_power(1 + q, n), q, n};
}

// max(x, 0) + log(1 + exp(-|x|)).  A small exponential is its own log1p, whose squares and cubes
// would underflow (taking three times as long).  1.7 and 1.7 ulp.
template <class V>
LAMINA_INLINE V softplus(V x) {
  const V least = constant<V>(Format<V>::log1p_linear);
  const V e = decay(x).value;
  const V y = log1p(max(least, e));
  return max(V{}, x) + (e < least ? e : y);
}

// --- the normal distribution's tail

// (t + K) Q(t) exp(t^2 / 2) as a function of v = (t - K) / (t + K), Q the upper tail: Shepherd and
// Laframboise's form at K = 4 (float, 2.8e-9, t <= 15) and K = 5 (double, 1.2e-17, t <= 39).
LAMINA_INLINE vf tail_polynomial(vf v) {
  return polynomial(v, -5.155659164302051e-05, -0.00023179868003353477, 0.0001710546057438478,
                    0.0016452192794531584, -0.003489317372441292, -0.007545268163084984,
                    0.06039753183722496, -0.1865212768316269, 0.38713735342025757,
                    -0.6078966856002808, 0.7552851438522339);
}
LAMINA_INLINE vd tail_polynomial(vd v) {
  return polynomial(
      v, -1.5877468827473365e-10, 1.753048401408232e-09, 7.66307180076004e-09,
      -9.31356099432606e-09, -6.594221662477223e-08, 4.2274993740065346e-08, 4.331410356862585e-07,
      -3.366153681012471e-07, -2.76926709599743e-06, 3.9809021578680414e-06, 1.6681213742042063e-05,
      -4.97628142705858e-05, -5.937572800991586e-05, 0.0005448990647731298, -0.0007978693984660701,
      -0.0029933767705085422, 0.020795066799883178, -0.06911863870631016, 0.1650203661703847,
      -0.31353315667130455, 0.4953056159699764, -0.6653825028900567, 0.769193049750063);
}

// With t = min(|x|, limit): u = t / (t + K), exp(-t^2 / 2) = (1 + q) 2^n, and Q(t) = 0.5 erfc(t /
// sqrt(2)) = p / (t + K) * (1 + q) 2^n.  The rounding error of the square is added in the exponent.
// t Q(t) = u p (1 + q) 2^n is insensitive to errors of u where u is small.
template <class V>
struct NormalTail {
  V t, u, p, q, n;
};
template <class V>
LAMINA_INLINE NormalTail<V> normal_tail(V x) {
  using F = Format<V>;
  const V t = min(constant<V>(F::tail_zero), absolute(x));
  const V square = t * t;
  const V half = constant<V>(-0.5);
  const auto [n, r] = reduce(half * square, half * square_error(t, square));
  const V u = t / (t + constant<V>(F::tail_center));
  return {t, u, tail_polynomial(2 * u - 1), expm1_reduced(r), n};
}

}  // namespace LAMINA_ISA
}  // namespace lamina
