#include <stdexcept>

#include "activation.h"
#include "dropout.h"
#include "expression.h"
#include "graph/names.h"
#include "graph/products.h"
#include "registry.h"

namespace lamina {
namespace {

class Dense final : public OperationOf<Dense> {
 public:
  Dense(std::vector<ValueId> inputs_, Index inputs_count, Index units, Index positions,
        Products products)
      : OperationOf("dense", std::move(inputs_)),
        features_(inputs_count),
        units_(units),
        positions_(positions),
        products_(products) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    product_kernels(c, products_)
        .dense_forward(c.out(), c.in(0), c.in(1), c.in(2), dims(c.rows), activation_,
                       dropout_.in_call(c.random, c.training));
  }

  template <class T>
  void backward_as(const Call<T>& c) const {
    const DenseDims d = dims(c.rows);
    T* to_bias = c.din(2);
    const RowsCols size{d.rows, d.units};
    const DropoutSpec dropout = dropout_.in_call(c.random, c.training);
    // dz replaces dy, whose last reader this is.
    if (dropout.rate > 0 && rectified()) {
      c.kernels.dropped_relu_backward_sums(c.dout(), to_bias, c.dout(), c.out(), size, dropout.rate,
                                           c.accumulate);
      to_bias = nullptr;
    } else if (dropout.rate > 0) {
      c.kernels.dropout_backward(c.dout(), c.dout(), nullptr, size.rows * size.cols, dropout.rate,
                                 dropout.key);
    } else if (!dy_is_dz()) {
      c.kernels.activation_backward_sums(c.dout(), to_bias, c.dout(), c.out(), size, activation_,
                                         c.accumulate);
      to_bias = nullptr;
    }
    product_kernels(c, products_)
        .dense_backward(c.din(0), c.din(1), to_bias, c.dout(), c.in(0), c.in(1), d, rectified_,
                        c.accumulate);
  }

  bool same_as(const Operation& operation) const override {
    const auto& other = static_cast<const Dense&>(operation);
    return features_ == other.features_ && units_ == other.units_ &&
           positions_ == other.positions_ && products_ == other.products_;
  }
  bool absorb(const Operation& follower) override {
    if (dropout_.rate > 0) return false;
    if (const auto dropout = dropout_of(follower); dropout && is_fused(activation_)) {
      dropout_ = *dropout;
      dropout_name_ = follower.name;
      kind += "+dropout";
      return true;
    }
    if (absorb_activation(*this, activation_, follower, false)) return true;
    if (activation_.kind != Activation::linear) return false;
    if (const ValueId vector = inputs[2] < 0 ? added_vector(follower, output(), units_) : -1;
        vector >= 0) {
      inputs[2] = vector;
      return true;
    }
    return false;
  }
  bool absorb_in_inference(const Operation& follower) override {
    return dropout_.rate == 0 && absorb_activation(*this, activation_, follower, true);
  }
  std::string origin() const override {
    if (dropout_.always) return "dropout";
    return activation_.kind == Activation::linear ? "dense" : lamina::name_of(activation_.kind);
  }
  std::string name_of_nonfinite(const Call<float>& c) const override { return part_of(c); }
  std::string name_of_nonfinite(const Call<double>& c) const override { return part_of(c); }
  Products products() const override { return products_; }
  bool rectified() const override { return activation_.kind == Activation::relu; }
  bool leave_relu() override { return relu_left_ = rectified() && dropout_.rate == 0; }
  bool sees_batches() const override { return dropout_.rate > 0 && dropout_.always; }
  // The input gradient of a single unit is element-wise, so the derivative costs nothing extra.
  void meet_producer(Operation& producer, bool alone) override {
    rectified_ = units_ == 1 && products_ == Products::of_graph && alone && producer.leave_relu();
  }

  // The weights are read for dx, the inputs for dw, the output for the activation's derivative.
  bool accumulates(int i) const override { return i >= 1; }
  bool row_by_row() const override { return true; }
  bool backward_reads_input(int i) const override { return i <= 1; }
  bool backward_reads_output() const override { return !dy_is_dz(); }

  Cost cost(Pass pass, Index rows, bool to_input) const override {
    const double products = 2.0 * double(dims(rows).rows) * double(features_) * double(units_);
    const double n = double(dims(rows).rows);
    const double arrays =
        n * double(features_) + double(features_) * double(units_) + n * double(units_);
    const double times = pass == Pass::forward || !to_input ? 1.0 : 2.0;
    return {times * products, times * arrays};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(dims(rows).rows) + "x" + std::to_string(features_) + " @ " +
           std::to_string(features_) + "x" + std::to_string(units_) +
           (products_ == Products::bfloat16 ? " in bfloat16" : "");
  }

 private:
  // The dropout is to blame if the values before it are finite.
  template <class T>
  std::string part_of(const Call<T>& c) const {
    const DenseDims d = dims(c.rows);
    if (!dropout_.drops(c.training)) return name;
    product_kernels(c, products_)
        .dense_forward(c.out(), c.in(0), c.in(1), c.in(2), d, activation_, {});
    return c.kernels.find_nonfinite(c.out(), d.rows * d.units) < 0 ? dropout_name_ : name;
  }
  DenseDims dims(Index rows) const { return {rows * positions_, features_, units_}; }
  bool dy_is_dz() const { return activation_.kind == Activation::linear || relu_left_; }

  const Index features_, units_;
  const Index positions_;  // rows of the product per row of the batch
  const Products products_;
  ActivationSpec activation_;
  DropoutSettings dropout_;
  std::string dropout_name_;
  bool relu_left_ = false;  // the next layer applies the derivative
  bool rectified_ = false;  // this layer applies the derivative of its input's ReLU
};

Tensor dense(Graph& graph, const Tensor& x, const Tensor& kernel, const Tensor* bias,
             Activation kind, double alpha, const std::string& name) {
  graph.check_float(x, "dense");
  graph.check_whole(kernel, "dense");
  if (x.shape.empty())
    throw std::invalid_argument("dense: x has shape (), needs at least 1 axis of features");
  const Index features = x.shape.back();
  if (kernel.shape.size() != 2 || kernel.shape[0] != features)
    throw std::invalid_argument("dense: kernel has shape " + to_string(kernel.shape) + ", needs (" +
                                std::to_string(features) + ", units) for inputs " +
                                to_string(x.shape));
  const Index units = kernel.shape[1];
  if (bias != nullptr) {
    graph.check_whole(*bias, "dense");
    if (bias->shape != Shape{units})
      throw std::invalid_argument("dense: bias has shape " + to_string(bias->shape) + ", needs (" +
                                  std::to_string(units) + ",)");
  }
  Shape shape = x.shape;
  shape.back() = units;
  const Tensor z = graph.record(
      std::make_unique<Dense>(
          std::vector<ValueId>{x.value, kernel.value, bias == nullptr ? -1 : bias->value}, features,
          units, runs_in(x.shape, features), graph.products()),
      shape, name);
  return activation(graph, z, {kind, alpha}, name);
}

const Registration dense_registered{
    "dense",
    "x kernel + bias over the last axis, then an element-wise activation.",
    dense,
    {{"x", "(..., inputs)."},
     {"kernel", "(inputs, units), a parameter."},
     {"bias", "(units,), a parameter.", left_out},
     {"activation", "Activation of the result.", "linear"},
     {"alpha", "Slope of leaky_relu below 0, scale of elu, bound of clipped_relu.", 0.0}}};

}  // namespace
}  // namespace lamina
