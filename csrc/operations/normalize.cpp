#include <stdexcept>

#include "registry.h"

namespace lamina {
namespace {

class Normalize final : public OperationOf<Normalize> {
 public:
  Normalize(std::vector<ValueId> inputs_, Index positions, Index cols)
      : OperationOf("normalize", std::move(inputs_)), positions_(positions), cols_(cols) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.normalize_forward(c.out(), c.in(0), c.in(1), c.in(2), {positions_ * c.rows, cols_});
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.normalize_backward(c.din(0), c.dout(), c.in(2), {positions_ * c.rows, cols_});
  }

  bool differentiable(int i) const override { return i == 0; }
  bool row_by_row() const override { return true; }
  bool backward_reads_input(int i) const override { return i == 2; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(positions_ * rows * cols_);
    return {2.0 * size, 2.0 * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(positions_ * rows) + "x" + std::to_string(cols_);
  }

 private:
  const Index positions_, cols_;
};

Tensor normalize(Graph& graph, const Tensor& x, const Tensor& mean, const Tensor& std,
                 const std::string& name) {
  graph.check_float(x, "normalize");
  if (x.shape.empty())
    throw std::invalid_argument("normalize: x has shape (), needs at least 1 axis of features");
  const Index cols = x.shape.back();
  for (const Tensor* statistic : {&mean, &std}) {
    graph.check_whole(*statistic, "normalize");
    if (statistic->shape != Shape{cols})
      throw std::invalid_argument("normalize: mean and std need shape (" + std::to_string(cols) +
                                  ",); got " + to_string(statistic->shape));
  }
  return graph.record(
      std::make_unique<Normalize>(std::vector<ValueId>{x.value, mean.value, std.value},
                                  runs_in(x.shape, cols), cols),
      x.shape, name);
}

const Registration normalize_registered{"normalize",
                                        "(x - mean) / std over the last axis.",
                                        normalize,
                                        {{"x", "(..., features)."},
                                         {"mean", "(features,), a parameter."},
                                         {"std", "(features,), a parameter."}}};

}  // namespace
}  // namespace lamina
