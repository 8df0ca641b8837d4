#include <stdexcept>

#include "activation.h"
#include "registry.h"

namespace lamina {
namespace {

class Softmax final : public OperationOf<Softmax> {
 public:
  Softmax(ValueId x, bool log, Index positions, Index cols)
      : OperationOf(log ? "log_softmax" : "softmax", {x}),
        log_(log),
        positions_(positions),
        cols_(cols) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    const auto kernel = log_ ? c.kernels.log_softmax_forward : c.kernels.softmax_forward;
    kernel(c.out(), c.in(0), {positions_ * c.rows, cols_});
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    const auto kernel = log_ ? c.kernels.log_softmax_backward : c.kernels.softmax_backward;
    kernel(c.din(0), c.dout(), c.out(), {positions_ * c.rows, cols_});
  }

  bool same_as(const Operation& other) const override {
    return cols_ == static_cast<const Softmax&>(other).cols_;
  }
  bool log() const { return log_; }
  Index cols() const { return cols_; }
  bool row_by_row() const override { return true; }
  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return true; }
  Cost cost(Pass pass, Index rows, bool) const override {
    const double size = double(positions_ * rows * cols_);
    return {3.0 * size, pass == Pass::forward ? 2.0 * size : 3.0 * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(positions_ * rows) + "x" + std::to_string(cols_);
  }

 private:
  const bool log_;
  const Index positions_, cols_;
};

Tensor record_softmax(Graph& graph, const Tensor& x, bool log, const std::string& name) {
  const char* who = log ? "log_softmax" : "softmax";
  graph.check_float(x, who);
  if (x.shape.empty())
    throw std::invalid_argument(std::string(who) + ": x has shape (), needs at least 1 axis");
  const Index cols = x.shape.back();
  return graph.record(std::make_unique<Softmax>(x.value, log, runs_in(x.shape, cols), cols),
                      x.shape, name);
}

Tensor softmax(Graph& graph, const Tensor& x, const std::string& name) {
  return record_softmax(graph, x, false, name);
}
Tensor log_softmax(Graph& graph, const Tensor& x, const std::string& name) {
  return record_softmax(graph, x, true, name);
}

const Registration softmax_registered[] = {
    {"softmax",
     "exp(x_k) / sum_j exp(x_j) over the last axis.",
     softmax,
     {{"x", "(..., classes)."}}},
    {"log_softmax",
     "The logarithm of the softmax over the last axis.",
     log_softmax,
     {{"x", "(..., classes)."}}},
};

}  // namespace

bool is_softmax(const Operation& operation, Index cols) {
  const auto* softmax = dynamic_cast<const Softmax*>(&operation);
  return softmax != nullptr && !softmax->log() && softmax->cols() == cols;
}

}  // namespace lamina
