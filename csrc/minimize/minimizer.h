// A quasi-Newton method, one iteration at a time.
#pragma once

#include <memory>
#include <vector>

#include "function.h"
#include "inverse_hessian.h"
#include "line_search.h"

namespace lamina {

// Conditions for the end of a search.  Those below 0 are disabled.
struct Stopping {
  double gradient = 1e-7;  // its largest element is at most this
  double change = 1e-9;    // the expected decrease, or the change of value or point, is less
  // As in R: the value is below `absolute`; it changes by at most relative * (|value| + relative).
  double absolute = -1.0, relative = -1.0;
};

enum class Progress {
  moved,
  converged,  // the gradient vanishes, or the value is small enough
  stalled,    // no further decrease is possible
  not_finite  // the value or gradient is not finite
};

class Minimizer {
 public:
  // The caller keeps the function alive.
  Minimizer(Function& function, std::unique_ptr<InverseHessian> curvature, Stopping stopping,
            WolfeSettings wolfe);

  // One step from the function's current point; the first trial is the usual one times `rate`.  The
  // function's last evaluation is then at the new point.  If the point was moved by others, the
  // curvature is forgotten.
  Progress iterate(double rate);

  double value() const { return value_; }
  const std::vector<double>& gradient() const { return gradient_; }
  std::int64_t evaluations() const { return evaluations_; }
  InverseHessian& curvature() { return *curvature_; }
  // Continues from another minimizer's curvature, which must be for the function's current point.
  void go_on(const std::vector<double>& memory);

 private:
  double evaluate(const std::vector<double>& theta, std::vector<double>& gradient);
  bool meet();
  Progress judge(double before, double largest_move) const;

  Function& function_;
  const std::unique_ptr<InverseHessian> curvature_;
  const Stopping stopping_;
  const WolfeSettings wolfe_;
  std::vector<double> theta_, gradient_, evaluated_;
  double value_ = 0.0;
  bool known_ = false;  // value and gradient are those at theta
  bool begun_ = false;  // at least one step has been done
  std::int64_t evaluations_ = 0;
};

}  // namespace lamina
