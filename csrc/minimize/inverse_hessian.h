// The curvature estimates of quasi-Newton methods, from steps s and changes y of the gradient.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "../kernel.h"

namespace lamina {

class InverseHessian {
 public:
  virtual ~InverseHessian() = default;

  // d = -H g
  virtual void direction(const std::vector<double>& gradient, std::vector<double>& d) const = 0;
  // Takes a step into account; steps along which the slope does not increase are skipped.
  virtual void update(const std::vector<double>& s, const std::vector<double>& y) = 0;
  virtual void forget() = 0;

  // The complete state as one vector, to continue elsewhere; setting one of another size or kind
  // throws std::invalid_argument.
  virtual std::vector<double> memory() const = 0;
  virtual void set_memory(const std::vector<double>& memory) = 0;
};

// Keeps the last `pairs` steps (Nocedal 1980); H starts as (s y) / (y y) of the last step.
std::unique_ptr<InverseHessian> limited_memory(Index size, int pairs);
// Keeps the matrix (Broyden, Fletcher, Goldfarb, Shanno 1970), size^2 numbers, which starts as (s
// y) / (y y) of the first step.
std::unique_ptr<InverseHessian> dense_memory(Index size);

}  // namespace lamina
