// Gradient clipping by value, norm and global norm.
#pragma once

#include <vector>

#include "gradient_slice.h"

namespace lamina {

// Bounds apply if they are above 0: elements are clipped to [-value, value], each slice to the
// norm, and all of them together to the global norm.  The gradient is finite, `largest` its largest
// magnitude.
struct Clipping {
  double value, norm, global_norm;
  bool any() const { return value > 0.0 || norm > 0.0 || global_norm > 0.0; }
};

template <class T>
void clip(const Clipping& clipping, const std::vector<GradientSlice>& slices, T* gradient,
          double largest);

// With magnitudes below this, no square overflows, nor does a step with a reasonable learning rate.
template <class T>
constexpr T calm = sizeof(T) == 4 ? T(1e15) : T(1e150);

}  // namespace lamina
