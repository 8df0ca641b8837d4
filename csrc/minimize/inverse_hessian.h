// What quasi-Newton methods know of the curvature: from steps s and changes y of the gradient.
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
  // Takes in a step; one along which the slope does not grow is left out.
  virtual void update(const std::vector<double>& s, const std::vector<double>& y) = 0;
  virtual void forget() = 0;

  // All that it knows, as one vector, to go on elsewhere; std::invalid_argument for another's.
  virtual std::vector<double> memory() const = 0;
  virtual void set_memory(const std::vector<double>& memory) = 0;
};

// The last `pairs` steps (Nocedal 1980): H begins as (s y) / (y y) of the last one.
std::unique_ptr<InverseHessian> limited_memory(Index size, int pairs);
// The matrix (Broyden, Fletcher, Goldfarb, Shanno 1970), which begins as (s y) / (y y) of the
// first step: size^2 numbers.
std::unique_ptr<InverseHessian> dense_memory(Index size);

}  // namespace lamina
