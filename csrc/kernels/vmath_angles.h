// Sine, cosine, tangent and their inverses.
//
// In double, after fdlibm (Sun; k_sin.c, k_cos.c, e_rem_pio2.c, e_asin.c, e_acos.c) and Cephes
// (Moshier; atan.c); floats are calculated in double and rounded.  Errors are quoted as in vmath.h:
// float, double.  Beyond 10^6 the C library calculates sine and cosine, lane by lane.
#pragma once

#include "vmath_round.h"

namespace lamina {
namespace LAMINA_ISA {

constexpr double half_pi_high = 1.57079632679489655800e+00,
                 half_pi_low = 6.12323399573676603587e-17;
constexpr double farthest_angle = 1e6;

// x = n pi / 2 + high + low with n an integer, |high| <= pi / 4, for |x| <= farthest_angle: pi / 2
// in pieces of 33 bits, whose products with n are exact.
struct Angle {
  vd high, low;
  vu64 quarter;  // n modulo 2^64
};
LAMINA_INLINE Angle reduce_angle(vd x) {
  const vd shift = constant<vd>(Format<vd>::shift);
  const vd shifted = x * constant<vd>(6.36619772367581382433e-01) + shift;
  const vd n = shifted - shift;
  const vd first = x - n * constant<vd>(1.57079632673412561417e+00);
  const vd second_part = n * constant<vd>(6.07710050630396597660e-11);
  const vd second = first - second_part;
  const vd second_lost = (first - second) - second_part;
  const vd third_part = n * constant<vd>(2.02226624871116645580e-21);
  const vd third = second - third_part;
  const vd third_lost = (second - third) - third_part;
  const vd low = (second_lost + third_lost) - n * constant<vd>(8.47842766036889956997e-32);
  const vd high = third + low;
  return {high, (third - high) + low, bits_of(shifted)};
}

LAMINA_INLINE vd sine_kernel(vd x, vd low) {
  const vd z = x * x, v = z * x;
  const vd r = polynomial(z, 1.58969099521155010221e-10, -2.50507602534068634195e-08,
                          2.75573137070700676789e-06, -1.98412698298579493134e-04,
                          8.33333333332248946124e-03);
  return x - ((z * (low * 0.5 - v * r) - low) - v * constant<vd>(-1.66666666666666324348e-01));
}
LAMINA_INLINE vd cosine_kernel(vd x, vd low) {
  const vd z = x * x, half = z * 0.5, w = 1 - half;
  const vd r = z * polynomial(z, -1.13596475577881948265e-11, 2.08757232129817482790e-09,
                              -2.75573143513906633035e-07, 2.48015872894767294178e-05,
                              -1.38888888888741095749e-03, 4.16666666666666019037e-02);
  return w + (((1 - w) - half) + (z * r - x * low));
}

struct SineCosine {
  vd sine, cosine;
};
// For angles in range; the caller handles larger ones.
LAMINA_INLINE SineCosine sine_cosine(vd x) {
  const Angle a = reduce_angle(x);
  const vd s = sine_kernel(a.high, a.low), c = cosine_kernel(a.high, a.low);
  const auto odd = (a.quarter & 1u) != vu64{};
  const vu64 sine_sign = (a.quarter & 2u) << 62, cosine_sign = ((a.quarter + 1u) & 2u) << 62;
  const vd sine = vd(bits_of(odd ? c : s) ^ sine_sign);
  return {absolute(x) < constant<vd>(1e-8) ? x : sine, vd(bits_of(odd ? s : c) ^ cosine_sign)};
}
template <class Function>
LAMINA_INLINE vd far_angles(vd y, vd x, Function f) {
  const auto far = !(absolute(x) <= constant<vd>(farthest_angle));
  if (__builtin_expect(any_lane(far), 0)) y = in_lanes(y, far, [=](Index i) { return f(x[i]); });
  return y;
}

// 0.5 and 0.8 ulp.
LAMINA_INLINE vd sin(vd x) {
  return far_angles(sine_cosine(x).sine, x, [](double a) { return __builtin_sin(a); });
}
LAMINA_INLINE vd cos(vd x) {
  return far_angles(sine_cosine(x).cosine, x, [](double a) { return __builtin_cos(a); });
}
// 0.5 and 1.9 ulp.
LAMINA_INLINE vd tan(vd x) {
  const auto [s, c] = sine_cosine(x);
  return far_angles(s / c, x, [](double a) { return __builtin_tan(a); });
}

// 0.5 and 0.9 ulp.
LAMINA_INLINE vd arctan(vd x) {
  const vd t = absolute(x);
  const auto large = t > constant<vd>(2.41421356237309504880);  // tan(3 pi / 8)
  const auto middle = t > constant<vd>(0.66);
  const vd above = large ? constant<vd>(-1) : (middle ? t - 1 : t);
  const vd below = large ? t : (middle ? t + 1 : constant<vd>(1));
  const vd base =
      large ? constant<vd>(half_pi_high) : (middle ? constant<vd>(half_pi_high / 2) : vd{});
  const vd low =
      large ? constant<vd>(half_pi_low) : (middle ? constant<vd>(half_pi_low / 2) : vd{});
  const vd a = above / below, z = a * a;
  const vd p = polynomial(z, -8.750608600031904122785e-1, -1.615753718733365076637e1,
                          -7.500855792314704667340e1, -1.228866684490136173410e2,
                          -6.485021904942025371773e1);
  const vd q =
      polynomial(z, 1.0, 2.485846490142306297962e1, 1.650270098316988542046e2,
                 4.328810604912902668951e2, 4.853903996359136964868e2, 1.945506571482613964425e2);
  return with_sign_of(base + ((a * (z * p / q) + low) + a), x);
}

// The angle of the point (x, y).  0.5 and 1.8 ulp.
LAMINA_INLINE vd arctan2(vd y, vd x) {
  const vd ay = absolute(y), ax = absolute(x);
  const auto steep = ay > ax;
  const vd least = steep ? ax : ay, most = steep ? ay : ax;
  const vd ratio = least == most ? constant<vd>(1) : least / most;  // also for infinities
  const vd flat = arctan(most == vd{} ? vd{} : ratio);
  const vd right = steep ? constant<vd>(half_pi_high) - (flat - constant<vd>(half_pi_low)) : flat;
  const auto left = (bits_of(x) & bits_of(constant<vd>(-0.0))) != vu64{};
  const vd all =
      left ? constant<vd>(2 * half_pi_high) - (right - constant<vd>(2 * half_pi_low)) : right;
  const auto unordered = (x != x) | (y != y);
  return unordered ? x + y : with_sign_of(all, y);
}

// (arcsin(s) - s) / s as a function of z = s^2 <= 1/4.
LAMINA_INLINE vd arcsine_fraction(vd z) {
  const vd p = polynomial(z, 3.47933107596021167570e-05, 7.91534994289814532176e-04,
                          -4.00555345006794114027e-02, 2.01212532134862925881e-01,
                          -3.25565818622400915405e-01, 1.66666666666666657415e-01);
  const vd q = polynomial(z, 7.70381505559019352791e-02, -6.88283971605453293030e-01,
                          2.02094576023350569471e+00, -2.40339491173441421878e+00, 1.0);
  return z * p / q;
}
// s = sqrt(z) = high + low.
struct Root {
  vd s, high, low;
};
LAMINA_INLINE Root exact_root(vd z) {
  const vd s = sqrt(z), high = vd((bits_of(s) >> 32) << 32);
  const vd below = s + high;
  return {s, high, below == vd{} ? vd{} : (z - high * high) / below};
}

// 0.5 and 0.9 ulp.
LAMINA_INLINE vd arcsin(vd x) {
  const vd t = absolute(x);
  const auto small = t < constant<vd>(0.5);
  const vd z = small ? t * t : (1 - t) * 0.5;
  const vd r = arcsine_fraction(z);
  const auto [s, high, low] = exact_root(z);
  const vd p = 2 * s * r - (constant<vd>(half_pi_low) - 2 * low);
  const vd q = constant<vd>(half_pi_high / 2) - 2 * high;
  return with_sign_of(small ? t + t * r : constant<vd>(half_pi_high / 2) - (p - q), x);
}
LAMINA_INLINE vd arccos(vd x) {
  const vd t = absolute(x);
  const auto small = t < constant<vd>(0.5);
  const vd z = small ? t * t : (1 - t) * 0.5;
  const vd r = arcsine_fraction(z);
  const auto [s, high, low] = exact_root(z);
  const vd centre = constant<vd>(half_pi_high) - (x - (constant<vd>(half_pi_low) - x * r));
  const vd right = 2 * (high + (r * s + low));
  const vd left = constant<vd>(2 * half_pi_high) - 2 * (s + (r * s - constant<vd>(half_pi_low)));
  return small ? centre : (x > vd{} ? right : left);
}

#define LAMINA_OF_FLOATS(name)                         \
  LAMINA_INLINE vf name(vf x) {                        \
    return in_double(x, [](vd a) { return name(a); }); \
  }
LAMINA_OF_FLOATS(sin)
LAMINA_OF_FLOATS(cos)
LAMINA_OF_FLOATS(tan)
LAMINA_OF_FLOATS(arctan)
LAMINA_OF_FLOATS(arcsin)
LAMINA_OF_FLOATS(arccos)
LAMINA_INLINE vf arctan2(vf y, vf x) {
  return in_double(y, x, [](vd a, vd b) { return arctan2(a, b); });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
