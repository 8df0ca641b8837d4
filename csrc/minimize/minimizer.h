// A quasi-Newton method, one iteration at a time.
#pragma once

#include <memory>
#include <vector>

#include "function.h"
#include "inverse_hessian.h"
#include "line_search.h"

namespace lamina {

// When a search is at its end.  Those that are below 0 never are.
struct Stopping {
  double gradient = 1e-7;  // its largest element is at most this
  double change = 1e-9;    // so little is to be won, or the value or the point changes by less
  // R's: the value is below it; it changes by at most relative * (|value| + relative).
  double absolute = -1.0, relative = -1.0;
};

enum class Progress {
  moved,
  converged,  // the gradient vanishes, or the value is small enough
  stalled,    // nothing more is to be won
  not_finite  // the value at the point is not
};

class Minimizer {
 public:
  // The function is the caller's to keep.
  Minimizer(Function& function, std::unique_ptr<InverseHessian> curvature, Stopping stopping,
            WolfeSettings wolfe);

  // One step from the point where the function stands, `rate` times the usual first trial.  The
  // function's last evaluation is at the new point.  Where another has moved the point the
  // curvature is forgotten.
  Progress iterate(double rate);

  double value() const { return value_; }
  const std::vector<double>& gradient() const { return gradient_; }
  std::int64_t evaluations() const { return evaluations_; }
  InverseHessian& curvature() { return *curvature_; }
  // It goes on where another stood: its curvature is of the point where the function stands.
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
  bool known_ = false;  // value and gradient are those of theta
  bool begun_ = false;  // a step has been done
  std::int64_t evaluations_ = 0;
};

}  // namespace lamina
