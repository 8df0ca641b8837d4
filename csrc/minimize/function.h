// A function of a vector, with its gradient.
#pragma once

#include "../kernel.h"

namespace lamina {

class Function {
 public:
  virtual ~Function() = default;

  virtual Index size() const = 0;
  // Where the search begins, and where it stands after each evaluation: the point as the function
  // holds it, which may be rounded.
  virtual void point(double* theta) const = 0;
  // Infinity or NaN are returned as they come.
  virtual double value(const double* theta) = 0;
  // At the point of the last `value`, which was the last evaluation; it costs less than a new one.
  virtual void gradient(double* gradient) = 0;
  // Both at once, with whatever gradient where the value is not finite.
  virtual double value_and_gradient(const double* theta, double* gradient) = 0;
};

}  // namespace lamina
