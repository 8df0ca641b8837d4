// Powers, logarithms of other bases, hyperbolic functions and their inverses.
//
// Sources: fdlibm (Sun; e_pow.c, e_log10.c, e_sinh.c, s_asinh.c).  Errors are quoted as in vmath.h.
#pragma once

#include "vmath_angles.h"

namespace lamina {
namespace LAMINA_ISA {

// --- logarithms

// Powers of two give integers.  2.0 and 2.0 ulp.
template <class V>
LAMINA_INLINE V log2(V x) {
  using F = Format<V>;
  const auto tiny = x < constant<V>(F::smallest_normal);
  const auto [m, k, whole] = split(tiny ? x * constant<V>(F::implicit) : x);
  const V y = log_reduced(m - 1, V{});
  return log_range(x, fma(y, constant<V>(1.44269504088896340736), tiny ? k - F::mantissa : k));
}
// Powers of ten give integers.  0.5 and 1.7 ulp.
LAMINA_INLINE vd log10(vd x) {
  using F = Format<vd>;
  const auto tiny = x < constant<vd>(F::smallest_normal);
  const vd normal = tiny ? x * constant<vd>(F::implicit) : x;
  const vu64 exponent = bits_of(normal) >> F::mantissa;
  const vd k = vd(exponent | bits_of(constant<vd>(F::implicit))) -
               (constant<vd>(F::implicit + 1023) + (tiny ? constant<vd>(52) : vd{}));
  const auto below = k < vd{};  // x = 2^k m with m in [1, 2), or 2^(k + 1) m with m in [1/2, 1)
  const vu64 bias = below ? vu64{} + 1022u : vu64{} + 1023u;
  const vd m =
      vd((bits_of(normal) & ((std::uint64_t(1) << F::mantissa) - 1)) | (bias << F::mantissa));
  const vd y = below ? k + 1 : k;
  const vd low = y * constant<vd>(3.69423907715893078616e-13) +
                 constant<vd>(4.34294481903251816668e-01) * log(m);
  return log_range(x, low + y * constant<vd>(3.01029995663611771306e-01));
}

// --- hyperbolic functions

// exp(|x|) / 2, which overflows only where sinh and cosh do.
template <class V>
LAMINA_INLINE V half_exp(V x) {
  const auto [n, r] = reduce(min(constant<V>(Format<V>::exp_most + 10), absolute(x)));
  return scale_by_power(exp_reduced(r), n - 1);
}
// 2.0 and 2.0 ulp.
template <class V>
LAMINA_INLINE V cosh(V x) {
  const V half = half_exp(x);
  return half + constant<V>(0.25) / half;
}
// 2.5 and 2.5 ulp.
template <class V>
LAMINA_INLINE V sinh(V x) {
  const V half = half_exp(x), e = expm1(min(constant<V>(1), absolute(x)));
  const V small = constant<V>(0.5) * (e + e / (e + 1));
  const V large = half - constant<V>(0.25) / half;
  return with_sign_of(absolute(x) < constant<V>(1) ? small : large, x);
}

// Floats are calculated in double.  0.5 and 3 ulp.
LAMINA_INLINE vd arcsinh(vd x) {
  const vd t = absolute(x), square = t * t;
  const vd near = log1p(t + square / (1 + sqrt(1 + square)));
  const vd far = log(t) + constant<vd>(0.693147180559945309417);
  return with_sign_of(t < constant<vd>(0x1p28) ? near : far, x);
}
LAMINA_INLINE vd arccosh(vd x) {
  const vd t = x - 1;
  const vd near = log1p(t + sqrt(2 * t + t * t));
  const vd far = log(x) + constant<vd>(0.693147180559945309417);
  const vd y = x < constant<vd>(0x1p28) ? near : far;
  return x < constant<vd>(1) ? constant<vd>(__builtin_nan("")) : y;
}
LAMINA_INLINE vd arctanh(vd x) {
  const vd t = absolute(x);
  const vd y = constant<vd>(0.5) * log1p(2 * t / (1 - t));
  return with_sign_of(t < constant<vd>(1e-150) ? t : y, x);
}

// --- powers

// Signs and limits as in the C library; `magnitude` is |x|^y for x neither 0 nor infinite, y
// finite.
template <class V>
LAMINA_INLINE V power_range(V x, V y, V magnitude) {
  const V infinity = constant<V>(__builtin_inf()), one = constant<V>(1);
  const V t = absolute(x);
  const auto beyond = (t == V{}) | (t == infinity) | (absolute(y) == infinity);
  const V limit = (t > one) == (y > V{}) ? infinity : V{};
  V result = beyond ? limit : magnitude;
  result = (t == one) & (y == y) ? one : result;
  const V half = y * constant<V>(0.5);
  const auto whole = trunc(y) == y, odd = whole & (trunc(half) != half);
  const auto negative = (bits_of(x) & bits_of(constant<V>(-0.0))) != typename Format<V>::uvec{};
  result = negative & odd ? -result : result;
  result = (x < V{}) & (x > -infinity) & !whole ? constant<V>(__builtin_nan("")) : result;
  result = (x != x) | (y != y) ? x + y : result;
  return (x == one) | (y == V{}) ? one : result;
}

// log2(m) = high + low for m in [0.86, 1.74), to about 68 bits.
struct LogTwo {
  vd high, low;
};
LAMINA_INLINE vd upper_bits(vd x) { return vd((bits_of(x) >> 32) << 32); }
LAMINA_INLINE LogTwo log2_of(vd m, vd k) {
  const auto upper = m >= constant<vd>(1.2247448713915890);  // sqrt(3/2)
  const vd base = upper ? constant<vd>(1.5) : constant<vd>(1);
  const vd u = m - base, v = 1 / (m + base);
  const vd ss = u * v, s_high = upper_bits(ss);
  const vd t_sum = upper_bits(m + base), t_rest = m - (t_sum - base);
  const vd s_low = v * ((u - s_high * t_sum) - s_high * t_rest);
  const vd s2 = ss * ss;
  const vd series = s2 * s2 *
                        polynomial(s2, 2.06975017800338417784e-01, 2.30660745775561754067e-01,
                                   2.72728123808534006489e-01, 3.33333329818377432918e-01,
                                   4.28571428578550184252e-01, 5.99999999999994648725e-01) +
                    s_low * (s_high + ss);
  const vd s2_high = s_high * s_high;
  const vd t_high = upper_bits(3 + s2_high + series);
  const vd t_low = series - ((t_high - 3) - s2_high);
  const vd a = s_high * t_high, b = s_low * t_high + t_low * ss;
  const vd p_high = upper_bits(a + b), p_low = b - (p_high - a);
  const vd z_high = constant<vd>(9.61796700954437255859e-01) * p_high;
  const vd z_low = constant<vd>(-7.02846165095275826516e-09) * p_high +
                   p_low * constant<vd>(9.61796693925975554329e-01) +
                   (upper ? constant<vd>(1.35003920212974897128e-08) : vd{});
  const vd d_high = upper ? constant<vd>(5.84962487220764160156e-01) : vd{};
  const vd high = upper_bits(((z_high + z_low) + d_high) + k);
  return {high, z_low - (((high - k) - d_high) - z_high)};
}

// 1 ulp in double.
LAMINA_INLINE vd power(vd x, vd y) {
  using F = Format<vd>;
  const vd t = absolute(x);
  const auto tiny = t < constant<vd>(F::smallest_normal);
  const auto [m_half, k_half, whole] = split(tiny ? t * constant<vd>(F::implicit) : t);
  const auto low_half = m_half < constant<vd>(0.8660254037844386);  // sqrt(3/4)
  const vd m = low_half ? m_half + m_half : m_half;
  const vd k = (low_half ? k_half - 1 : k_half) - (tiny ? constant<vd>(52) : vd{});
  const auto [high, low] = log2_of(m, k);
  // |y| beyond 2^70 only overflows or underflows, but its products must remain finite.
  const vd bounded = within(-0x1p70, 0x1p70, y), y_high = upper_bits(bounded);
  const vd p_low = (bounded - y_high) * high + bounded * low, p_high = y_high * high;
  const vd z = p_low + p_high;
  const vd n = round_even(within(-1100.0, 1100.0, z));
  const vd rest_high = p_high - n;
  const vd f = upper_bits(p_low + rest_high);
  const vd u = f * constant<vd>(6.93147182464599609375e-01);
  const vd v = (p_low - (f - rest_high)) * constant<vd>(6.93147180559945286227e-01) +
               f * constant<vd>(-1.90465429995776804525e-09);
  const vd a = u + v, w = v - (a - u);
  const vd square = a * a;
  const vd c = a - square * polynomial(square, 4.13813679705723846039e-08,
                                       -1.65339022054652515390e-06, 6.61375632143793436117e-05,
                                       -2.77777777770155933842e-03, 1.66666666666666019037e-01);
  const vd exponential = 1 - ((a * c / (c - 2) - (w + a * w)) - a);
  const vd inside = scale_by_power(exponential, n);
  const vd infinity = constant<vd>(__builtin_inf());
  const vd magnitude =
      z > constant<vd>(1030) ? infinity : (z < constant<vd>(-1080) ? vd{} : inside);
  return power_range(x, y, magnitude);
}
// 0.5 ulp in float: y log|x| has an error of 2^-53 of at most 104, far below a float's last bit.
LAMINA_INLINE vf power(vf x, vf y) {
  const vf magnitude = in_double(absolute(x), y, [](vd a, vd b) { return exp(b * log(a)); });
  return power_range(x, y, magnitude);
}

LAMINA_OF_FLOATS(log10)
LAMINA_OF_FLOATS(arcsinh)
LAMINA_OF_FLOATS(arccosh)
LAMINA_OF_FLOATS(arctanh)

}  // namespace LAMINA_ISA
}  // namespace lamina
