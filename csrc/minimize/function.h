// A function of a vector, with its gradient.
#pragma once

#include "../kernel.h"

namespace lamina {

class Function {
 public:
  virtual ~Function() = default;

  virtual Index size() const = 0;
  // Where the search begins, and where it stands after each call of value_and_gradient: the point
  // as the function holds it, which may be rounded.
  virtual void point(double* theta) const = 0;
  // Infinity or NaN are returned as they come, with whatever gradient.
  virtual double value_and_gradient(const double* theta, double* gradient) = 0;
};

}  // namespace lamina
