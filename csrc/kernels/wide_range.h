// Sums of squares of numbers whose squares do not fit their type.
//
// The ordinary passes sum squares in the type of the data (or in double): in float they overflow
// from 1e19 on and vanish below 1e-19.  If a result shows that this has happened, its row or column
// is recalculated here: scaled by a power of two to be in [-1, 1], in double.
#pragma once

#include <math.h>

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

// Whether a variance is far enough from both ends of the type that it, its reciprocal and the
// products with them were correct to rounding; NaN is not.
template <class T>
LAMINA_INLINE bool ordinary_variance(double variance) {
  constexpr double most = sizeof(T) == 4 ? 1e30 : 1e290;
  return variance >= 1 / most && variance <= most;
}

// The power of two that scales the largest of `count` numbers, `step` apart, to [1/2, 1); 1 if they
// are all 0 or not all finite.
template <class T>
double power_to_one(const T* x, Index count, Index step) {
  double largest = 0;
  for (Index i = 0; i < count; ++i) {
    const double size = ::fabs(double(x[i * step]));
    if (!(size <= __DBL_MAX__)) return 1;
    largest = size > largest ? size : largest;
  }
  if (largest == 0) return 1;
  int exponent = 0;
  (void)::frexp(largest, &exponent);
  return ::ldexp(1.0, exponent < -1022 ? 1022 : -exponent);
}

// Mean and variance of x * scale.
struct WideMoments {
  double scale, mean, variance;

  // 1 / std of x * scale, with epsilon added to the variance of x.
  double inverse(double epsilon) const {
    return 1 / ::hypot(::sqrt(variance), ::sqrt(epsilon) * scale);
  }
  double centred(double x) const { return x * scale - mean; }
};

// For the numbers whose mask is not 0 (all if it is null); 0 and 0 if there are none.
template <class T>
WideMoments wide_moments(const T* x, Index count, Index step, const std::uint8_t* mask) {
  WideMoments m = {power_to_one(x, count, step), 0, 0};
  Index kept = 0;
  for (Index i = 0; i < count; ++i) {
    if (mask != nullptr && mask[i] == 0) continue;
    ++kept;
    m.mean += double(x[i * step]) * m.scale;
  }
  if (kept == 0) return m;
  m.mean /= double(kept);
  for (Index i = 0; i < count; ++i) {
    if (mask != nullptr && mask[i] == 0) continue;
    const double d = m.centred(double(x[i * step]));
    m.variance += d * d;
  }
  m.variance /= double(kept);
  return m;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
