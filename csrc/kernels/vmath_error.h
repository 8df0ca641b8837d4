// The error function and its inverse.
//
// Sources: fdlibm (Sun; s_erf.c) below 0.84; the normal tail of vmath.h beyond; Wichura, "Algorithm
// AS 241: the percentage points of the normal distribution", Applied Statistics 37, 1988.
#pragma once

#include "vmath_round.h"

namespace lamina {
namespace LAMINA_ISA {

// 1 - 2 Q(sqrt(2) |x|) beyond 0.84375.  1.5 and 1.5 ulp.
template <class V>
LAMINA_INLINE V erf(V x) {
  const V t = absolute(x), z = min(constant<V>(1), t * t);
  const V p = polynomial(z, -2.37630166566501626084e-05, -5.77027029648944159157e-03,
                         -2.84817495755985104766e-02, -3.25042107247001499370e-01,
                         1.28379167095512558561e-01);
  const V q = polynomial(z, -3.96022827877536812320e-06, 1.32494738004321644526e-04,
                         5.08130628187576562776e-03, 6.50222499887672944485e-02,
                         3.97917223959155352819e-01, 1.0);
  const NormalTail<V> tail = normal_tail(t * constant<V>(1.41421356237309504880));
  const V ratio = tail.p * (1 - tail.u) * constant<V>(2 / Format<V>::tail_center);
  const V large = 1 - scale_by_power(fma(ratio, tail.q, ratio), tail.n);
  return with_sign_of(t < constant<V>(0.84375) ? t + t * (p / q) : large, x);
}

// The quantile of (1 + x) / 2 divided by sqrt(2); the distance to 1 is exact in the tails.  0.5 and
// 4 ulp.
LAMINA_INLINE vd erfinv(vd x) {
  const vd t = absolute(x), q = t * 0.5;
  const vd central = constant<vd>(0.180625) - q * q;
  const vd a =
      polynomial(central, 2.5090809287301226727e+3, 3.3430575583588128105e+4,
                 6.7265770927008700853e+4, 4.5921953931549871457e+4, 1.3731693765509461125e+4,
                 1.9715909503065514427e+3, 1.3314166789178437745e+2, 3.3871328727963666080e+0);
  const vd b =
      polynomial(central, 5.2264952788528545610e+3, 2.8729085735721942674e+4,
                 3.9307895800092710610e+4, 2.1213794301586595867e+4, 5.3941960214247511077e+3,
                 6.8718700749205790830e+2, 4.2313330701600911252e+1, 1.0);
  const vd r = sqrt(-log((1 - t) * 0.5));
  const auto middle = r <= constant<vd>(5);
  const vd s = r - constant<vd>(1.6), f = r - 5;
  const vd c =
      polynomial(s, 7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
                 1.27045825245236838258e+0, 3.64784832476320460504e+0, 5.76949722146069140550e+0,
                 4.63033784615654529590e+0, 1.42343711074968357734e+0);
  const vd d =
      polynomial(s, 1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
                 1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940e+0,
                 2.05319162663775882187e+0, 1.0);
  const vd e =
      polynomial(f, 2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
                 2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e+0,
                 5.46378491116411436990e+0, 6.65790464350110377720e+0);
  const vd g =
      polynomial(f, 2.04426310338993978564e-15, 1.42151175831644588870e-7,
                 1.84631831751005468180e-5, 7.86869131145613259100e-4, 1.48753612908506148525e-2,
                 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0);
  const vd inner = q * a / b, outer = middle ? c / d : e / g;
  const vd y = (q <= constant<vd>(0.425) ? inner : outer) * constant<vd>(0.70710678118654752440);
  const vd infinity = constant<vd>(__builtin_inf());
  return with_sign_of(t == constant<vd>(1) ? infinity : y, x);  // beyond 1 the logarithm is NaN
}
LAMINA_INLINE vf erfinv(vf x) {
  return in_double(x, [](vd a) { return erfinv(a); });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
