// A function of a vector, with its gradient.
#pragma once

#include "../kernel.h"

namespace lamina {

class Function {
 public:
  virtual ~Function() = default;

  virtual Index size() const = 0;
  // The starting point, and the current point after each evaluation, as the function stores it,
  // which may involve rounding.
  virtual void point(double* theta) const = 0;
  // Infinity and NaN are returned unchanged.
  virtual double value(const double* theta) = 0;
  // At the point of the last `value`, which must be the last evaluation; cheaper than a new
  // evaluation.
  virtual void gradient(double* gradient) = 0;
  // Both at once; if the value is not finite, the gradient is unspecified.
  virtual double value_and_gradient(const double* theta, double* gradient) = 0;
};

}  // namespace lamina
