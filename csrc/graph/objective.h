// A graph's loss as a function of its trainable weights: what an outside optimizer, such as BFGS,
// asks for.
//
// All rows count as one batch in training mode; noise is drawn alike each time, so that it is a
// function.  Any number of objectives of one graph may be asked side by side, each by one caller.
#pragma once

#include <memory>
#include <vector>

#include "execution.h"
#include "minimize/function.h"

namespace lamina {

class Objective final : public Function {
 public:
  // The variables, of which the trainable ones are written to, and the data are the caller's to
  // keep.  Throws std::invalid_argument where there are no rows or nothing to train.
  Objective(std::shared_ptr<const Graph> graph, Variables variables, std::vector<DataView> data,
            std::uint64_t seed = 0);
  // Of an execution that is the caller's, over a batch of its data.  Each evaluation starts the
  // sums of losses and metrics anew.
  Objective(Execution& execution, const Batch& all);

  // How many numbers theta has: the trainable weights that the loss depends on, one behind the
  // other in the order of their slots.
  Index size() const override { return size_; }
  const std::vector<GradientSlice>& slices() const { return execution_.slices(); }

  void point(double* theta) const override;  // the weights as they are
  double value(const double* theta) override;
  void gradient(double* gradient) override;
  double value_and_gradient(const double* theta, double* gradient) override;
  // Each row's alone, as a batch of its own: `values` (rows), `gradients` (rows, size).
  void of_rows(const double* theta, double* values, double* gradients);
  // Ends a step at the weights as they are: moving statistics and states go on, and the sums are of
  // this point; `here`: the last evaluation was.
  void leave(bool here);

 private:
  void measure();
  void set(const double* theta);
  void copy_gradient(double* into) const;

  const std::unique_ptr<Execution> own_;
  Execution& execution_;
  const Batch all_;
  const bool sums_;  // of losses and metrics are the caller's
  Index size_ = 0;
};

}  // namespace lamina
