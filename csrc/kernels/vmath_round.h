// Rounding to integers, and remainders; calculations of floats in double.
//
// All results here are exact (or correctly rounded), including signed zeros, infinities and NaN.
#pragma once

#include "vmath.h"

namespace lamina {
namespace LAMINA_ISA {

// --- floats in double: for functions that are rare or need the precision

typedef float half_vf __attribute__((vector_size(LAMINA_VECTOR_BYTES / 2)));

struct Doubles {
  vd low, high;
};
LAMINA_INLINE Doubles widen(vf x) {
  half_vf part[2];
  __builtin_memcpy(part, &x, sizeof x);
  return {__builtin_convertvector(part[0], vd), __builtin_convertvector(part[1], vd)};
}
LAMINA_INLINE vf narrow(vd low, vd high) {
  const half_vf part[2] = {__builtin_convertvector(low, half_vf),
                           __builtin_convertvector(high, half_vf)};
  vf x;
  __builtin_memcpy(&x, part, sizeof x);
  return x;
}
template <class Function>
LAMINA_INLINE vf in_double(vf x, Function f) {
  const Doubles a = widen(x);
  return narrow(f(a.low), f(a.high));
}
template <class Function>
LAMINA_INLINE vf in_double(vf x, vf y, Function f) {
  const Doubles a = widen(x), b = widen(y);
  return narrow(f(a.low, b.low), f(a.high, b.high));
}

// y = function(x[, z]) of the C library in the lanes where `wanted` is not 0: for cases too rare
// for a vector version.
template <class V, class Wanted, class Function>
LAMINA_INLINE V in_lanes(V y, Wanted wanted, Function function) {
  for (Index i = 0; i < Index(sizeof(V) / sizeof y[0]); ++i)
    if (wanted[i] != 0) y[i] = function(i);
  return y;
}

// --- integers

// Half to even: adding 2^mantissa leaves no bits for a fraction.
template <class V>
LAMINA_INLINE V round_even(V x) {
  const V t = absolute(x), whole = constant<V>(Format<V>::implicit);
  const V rounded = (t + whole) - whole;
  return t < whole ? with_sign_of(rounded, x) : x;
}
template <class V>
LAMINA_INLINE V floor(V x) {
  const V near = round_even(x);
  return near > x ? near - 1 : near;
}
template <class V>
LAMINA_INLINE V ceil(V x) {
  const V near = round_even(x);
  return near < x ? with_sign_of(absolute(near + 1), x) : near;  // -0.4 gives -0
}
template <class V>
LAMINA_INLINE V trunc(V x) {
  return with_sign_of(floor(absolute(x)), x);
}

// --- remainders

// a * b - product exactly, where product is a * b rounded and nothing overflows.
LAMINA_INLINE vd product_error(vd a, vd b, vd product) {
#if defined(__FMA__) || !defined(__x86_64__)
  return fma(a, b, -product);
#else
  const vd ah = vd((bits_of(a) >> 27) << 27), bh = vd((bits_of(b) >> 27) << 27);
  const vd al = a - ah, bl = b - bh;
  return ((ah * bh - product) + (ah * bl + al * bh)) + al * bl;
#endif
}

// a - b trunc(a / b) for a, b >= 0.  The quotient may be too large or too small by one; beyond 2^52
// it has no exact last digit.
LAMINA_INLINE vd positive_remainder(vd a, vd b) {
  const vd whole = constant<vd>(0x1p52), large = constant<vd>(0x1p990);
  const vd quotient = floor(a / b);
  const vd product = quotient * b;
  vd r = (a - product) - product_error(quotient, b, product);
  r = r < vd{} ? r + b : r;
  r = r >= b ? r - b : r;
  r = a < b ? a : r;
  const vd infinity = constant<vd>(__builtin_inf());
  const auto far = (a >= b) & ((quotient >= whole) | (a > large)) & (a < infinity) & (b > vd{});
  if (__builtin_expect(any_lane(far), 0))
    r = in_lanes(r, far, [=](Index i) { return __builtin_fmod(a[i], b[i]); });
  return (b > vd{}) & (a < infinity) ? r : a + b + constant<vd>(__builtin_nan(""));
}

// As in Python, with the sign of the divisor: x - y floor(x / y) without rounding.
LAMINA_INLINE vd mod(vd x, vd y) {
  const vd r = positive_remainder(absolute(x), absolute(y));
  const vd signed_r = with_sign_of(r, x);
  const vd turned = (x < vd{}) == (y < vd{}) ? signed_r : signed_r + y;
  return r == vd{} ? with_sign_of(r, y) : turned;
}
// floor(x / y), calculated as in NumPy.
LAMINA_INLINE vd floor_divide(vd x, vd y) {
  const vd r = with_sign_of(positive_remainder(absolute(x), absolute(y)), x);
  const vd quotient = (x - r) / y;
  const auto turned = ((x < vd{}) != (y < vd{})) & (r != vd{});
  const vd down = turned ? quotient - 1 : quotient;
  const vd result = down == vd{} ? with_sign_of(vd{}, x / y) : round_even(down);
  return y == vd{} ? x / y : result;
}
LAMINA_INLINE vf mod(vf x, vf y) {
  return in_double(x, y, [](vd a, vd b) { return mod(a, b); });
}
LAMINA_INLINE vf floor_divide(vf x, vf y) {
  return in_double(x, y, [](vd a, vd b) { return floor_divide(a, b); });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
