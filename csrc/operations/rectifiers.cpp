// Rectifiers with bounds, or with trainable slopes.
#include <cmath>
#include <stdexcept>

#include "registry.h"
#include "sizes.h"

namespace lamina {
namespace {

class BoundedRelu final : public OperationOf<BoundedRelu> {
 public:
  BoundedRelu(ValueId x, ReluSpec spec, Index width)
      : OperationOf("bounded_relu", {x}), spec_(spec), width_(width) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.bounded_relu_forward(c.out(), c.in(0), width_ * c.rows, spec_);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.bounded_relu_backward(c.din(0), c.dout(), c.in(0), width_ * c.rows, spec_);
  }

  bool element_by_element() const override { return true; }
  bool row_by_row() const override { return true; }
  bool backward_reads_input(int) const override { return true; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    return {double(width_ * rows), 3.0 * double(width_ * rows)};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, width_); }

 private:
  const ReluSpec spec_;
  const Index width_;
};

class Prelu final : public OperationOf<Prelu> {
 public:
  Prelu(ValueId x, ValueId alpha, Index positions, Index cols)
      : OperationOf("prelu", {x, alpha}), positions_(positions), cols_(cols) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.prelu_forward(c.out(), c.in(0), c.in(1), dims(c.rows));
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.prelu_backward(c.din(0), c.din(1), c.dout(), c.in(0), c.in(1), dims(c.rows),
                             c.accumulate);
  }

  bool accumulates(int i) const override { return i == 1; }
  bool row_by_row() const override { return true; }
  bool backward_reads_input(int) const override { return true; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(dims(rows).rows * cols_);
    return {2.0 * size, 3.0 * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(dims(rows).rows) + "x" + std::to_string(cols_);
  }

 private:
  RowsCols dims(Index rows) const { return {rows * positions_, cols_}; }

  const Index positions_, cols_;
};

Tensor bounded_relu(Graph& graph, const Tensor& x, std::optional<double> max_value,
                    double negative_slope, double threshold, const std::string& name) {
  const ReluSpec spec{max_value.value_or(std::numeric_limits<double>::infinity()), negative_slope,
                      threshold};
  graph.check_float(x, "bounded_relu");
  if (!(spec.max_value >= 0.0) || !std::isfinite(spec.negative_slope) ||
      !std::isfinite(spec.threshold))
    throw std::invalid_argument(
        "bounded_relu: max_value must be at least 0, slope and threshold finite; got " +
        std::to_string(spec.max_value) + ", " + std::to_string(spec.negative_slope) + ", " +
        std::to_string(spec.threshold));
  return graph.record(std::make_unique<BoundedRelu>(x.value, spec, size_of(x.shape)), x.shape,
                      name);
}

Tensor prelu(Graph& graph, const Tensor& x, const Tensor& alpha, const std::string& name) {
  graph.check_float(x, "prelu");
  graph.check_whole(alpha, "prelu");
  const Index cols = size_of(alpha.shape);
  Index trailing = 1;
  for (std::size_t i = x.shape.size(); trailing < cols && i-- > 0;) trailing *= x.shape[i];
  if (trailing != cols)
    throw std::invalid_argument("prelu: alpha has shape " + to_string(alpha.shape) +
                                ", needs one number for each element of the last axes of " +
                                to_string(x.shape));
  return graph.record(std::make_unique<Prelu>(x.value, alpha.value, runs_in(x.shape, cols), cols),
                      x.shape, name);
}

const Registration rectifiers_registered[] = {
    {"bounded_relu",
     "min(x, max_value) where x >= threshold, else negative_slope (x - threshold).",
     bounded_relu,
     {{"x", "Any shape."},
      {"max_value", "The largest output, at least 0; None for no bound.", left_out},
      {"negative_slope", "Slope below the threshold.", 0.0},
      {"threshold", "The smallest x that is passed on.", 0.0}}},
    {"prelu",
     "x where it is positive, else alpha x.",
     prelu,
     {{"x", "Any shape."}, {"alpha", "One number per element of the last axes, a parameter."}}},
};

}  // namespace
}  // namespace lamina
