// A graph's loss as a function of its trainable weights, for an external optimizer such as BFGS.
//
// All rows form one batch in training mode; noise is drawn identically each time, so that the loss
// is a function.  Any number of objectives of one graph may be evaluated in parallel, each by one
// caller.
#pragma once

#include <memory>
#include <vector>

#include "execution.h"
#include "minimize/function.h"

namespace lamina {

class Objective final : public Function {
 public:
  // The caller owns the data and the variables, of which the trainable ones are written to.  Throws
  // std::invalid_argument if there are no rows or nothing to train.
  Objective(std::shared_ptr<const Graph> graph, Variables variables, std::vector<DataView> data,
            std::uint64_t seed = 0);
  // For an execution of the caller's, over a batch of its data.  Each evaluation resets the sums of
  // losses and metrics.
  Objective(Execution& execution, const Batch& all);

  // The length of theta: the trainable weights that the loss depends on, concatenated in the order
  // of their slots.
  Index size() const override { return size_; }
  const std::vector<GradientSlice>& slices() const { return execution_.slices(); }

  void point(double* theta) const override;  // the current weights
  double value(const double* theta) override;
  void gradient(double* gradient) override;
  double value_and_gradient(const double* theta, double* gradient) override;
  // The loss of each row as a batch of its own: `values` (rows), `gradients` (rows, size).
  void of_rows(const double* theta, double* values, double* gradients);
  // Ends a step at the current weights: moving statistics and states advance, and the sums are
  // those at this point.  `here`: the last evaluation was at this point.
  void leave(bool here);

 private:
  void measure();
  void set(const double* theta);
  void copy_gradient(double* into) const;

  const std::unique_ptr<Execution> own_;
  Execution& execution_;
  const Batch all_;
  const bool sums_;  // whether the sums of losses and metrics are reported to the caller
  Index size_ = 0;
};

}  // namespace lamina
