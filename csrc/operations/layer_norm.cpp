// Layer normalisation as an operation.
#include "normalization.h"
#include "registry.h"

namespace lamina {
namespace {

// Inputs: x, gamma, beta.
class LayerNorm final : public OperationOf<LayerNorm> {
 public:
  LayerNorm(std::vector<ValueId> inputs_, Index positions, Index cols, double epsilon)
      : OperationOf("layer_norm", std::move(inputs_)),
        positions_(positions),
        cols_(cols),
        epsilon_(epsilon) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    const RowsCols d = dims(c.rows);
    T* mean = c.kept();
    c.kernels.layer_norm_forward(c.out(), mean, mean == nullptr ? nullptr : mean + d.rows, c.in(0),
                                 c.in(1), c.in(2), d, epsilon_);
  }

  template <class T>
  void backward_as(const Call<T>& c) const {
    const RowsCols d = dims(c.rows);
    c.kernels.layer_norm_backward(c.din(0), c.din(1), c.din(2), c.dout(), c.in(0), c.kept(),
                                  c.kept() + d.rows, c.in(1), d, c.accumulate);
  }

  bool accumulates(int i) const override { return i >= 1; }
  bool row_by_row() const override { return true; }
  bool backward_reads_input(int i) const override { return i <= 1; }
  bool backward_reads_output() const override { return false; }
  std::size_t saved_bytes(Index rows, DType dtype) const override {
    return 2 * std::size_t(dims(rows).rows) * bytes_of(dtype);
  }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(dims(rows).rows * cols_);
    return {8.0 * size, 3.0 * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(dims(rows).rows) + "x" + std::to_string(cols_);
  }

 private:
  RowsCols dims(Index rows) const { return {rows * positions_, cols_}; }

  const Index positions_, cols_;
  const double epsilon_;
};

Tensor layer_norm(Graph& graph, const Tensor& x, Index axes, const Tensor* gamma,
                  const Tensor* beta, double epsilon, const std::string& name) {
  graph.check_float(x, "layer_norm");
  if (axes < 1 || std::size_t(axes) > x.shape.size())
    throw std::invalid_argument("layer_norm: axes must be in [1, " +
                                std::to_string(x.shape.size()) + "] for inputs " +
                                to_string(x.shape) + "; got " + std::to_string(axes));
  const Index cols = size_of(Shape(x.shape.end() - axes, x.shape.end()));
  check_weight(graph, gamma, cols, x, "layer_norm", "gamma");
  check_weight(graph, beta, cols, x, "layer_norm", "beta");
  check_epsilon(epsilon, "layer_norm");
  return graph.record(
      std::make_unique<LayerNorm>(std::vector<ValueId>{x.value, id_of(gamma), id_of(beta)},
                                  runs_in(x.shape, cols), cols, epsilon),
      x.shape, name);
}

const Registration layer_norm_registered{
    "layer_norm",
    "(x - mean) / sqrt(variance + epsilon) gamma + beta, with statistics over a row's last axes.",
    layer_norm,
    {{"x", "At least `axes` axes."},
     {"axes", "Number of last axes.", 1},
     {"gamma", "One number per element of the axes, a parameter.", left_out},
     {"beta", "One number per element of the axes, a parameter.", left_out},
     {"epsilon", "Added to the variance.", 1e-3}}};

}  // namespace
}  // namespace lamina
