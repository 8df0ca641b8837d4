// Masks made from tokens and values, selection by a mask, and the mean over the positions a mask
// keeps.
#include <algorithm>
#include <stdexcept>

#include "gradient_free.h"
#include "registry.h"
#include "sizes.h"

namespace lamina {
namespace {

class TokenMask final : public GradientFree<TokenMask> {
 public:
  TokenMask(ValueId ids, Index width) : GradientFree("token_mask", {ids}), width_(width) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.token_mask(reinterpret_cast<std::uint8_t*>(c.out()), c.labels(0), width_ * c.rows);
  }

  Cost cost(Pass, Index rows, bool) const override {
    return {double(width_ * rows), double(width_ * rows)};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, width_); }

 private:
  const Index width_;
};

class ValueMask final : public GradientFree<ValueMask> {
 public:
  ValueMask(ValueId x, Index positions, Index cols, double value)
      : GradientFree("value_mask", {x}), positions_(positions), cols_(cols), value_(value) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.value_mask(reinterpret_cast<std::uint8_t*>(c.out()), c.in(0),
                         {c.rows * positions_, cols_}, value_);
  }

  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(rows * positions_ * cols_);
    return {size, size};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows * positions_, cols_); }

 private:
  const Index positions_, cols_;
  const double value_;
};

// Inputs: mask, x, other.
class Where final : public OperationOf<Where> {
 public:
  Where(std::vector<ValueId> inputs_, Index positions, Index cols, double fill)
      : OperationOf("where", std::move(inputs_)), positions_(positions), cols_(cols), fill_(fill) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.select(c.out(), c.in(1), c.in(2), c.mask(0), dims(c.rows), fill_);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    const T* dy = c.dout();
    if (T* dx = c.din(1); dx != nullptr)
      c.kernels.select(dx, dy, nullptr, c.mask(0), dims(c.rows), 0.0);
    if (T* dother = inputs[2] < 0 ? nullptr : c.din(2); dother != nullptr)
      c.kernels.select(dother, nullptr, dy, c.mask(0), dims(c.rows), 0.0);
  }

  bool differentiable(int i) const override { return i > 0; }
  bool backward_reads_input(int i) const override { return i == 0; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(rows * positions_ * cols_);
    return {size, 2.0 * size};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows * positions_, cols_); }

 private:
  RowsCols dims(Index rows) const { return {rows * positions_, cols_}; }

  const Index positions_, cols_;
  const double fill_;
};

// Inputs: x, mask.
class MaskedMean final : public OperationOf<MaskedMean> {
 public:
  MaskedMean(ValueId x, ValueId mask, Index positions, Index cols)
      : OperationOf("masked_mean", {x, mask}), positions_(positions), cols_(cols) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.masked_mean_forward(c.out(), c.in(0), c.mask(1), positions_, {c.rows, cols_});
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.masked_mean_backward(c.din(0), c.dout(), c.mask(1), positions_, {c.rows, cols_});
  }

  bool differentiable(int i) const override { return i == 0; }
  bool backward_reads_input(int i) const override { return i == 1; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(rows * positions_ * cols_);
    return {size, size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(rows) + "x" + rows_by_cols(positions_, cols_);
  }

 private:
  const Index positions_, cols_;
};

Tensor token_mask(Graph& graph, const Tensor& ids, const std::string& name) {
  graph.check_tokens(ids, "token_mask");
  return graph.record(std::make_unique<TokenMask>(ids.value, size_of(ids.shape)), ids.shape, name,
                      DType::boolean);
}

Tensor value_mask(Graph& graph, const Tensor& x, double value, const std::string& name) {
  graph.check_float_rows(x, "value_mask");
  if (x.shape.empty())
    throw std::invalid_argument("value_mask: x has shape (), needs at least 1 axis");
  const Shape positions(x.shape.begin(), x.shape.end() - 1);
  return graph.record(
      std::make_unique<ValueMask>(x.value, size_of(positions), x.shape.back(), value), positions,
      name, DType::boolean);
}

Tensor where(Graph& graph, const Tensor& mask, const Tensor& x, const Tensor* other, double fill,
             const std::string& name) {
  graph.check_float_rows(x, "where");
  if (other != nullptr) {
    graph.check_float_rows(*other, "where");
    if (other->shape != x.shape)
      throw std::invalid_argument("where: x and other must have one shape; got " +
                                  to_string(x.shape) + " and " + to_string(other->shape));
  }
  const auto axes = std::ptrdiff_t(std::min(mask.shape.size(), x.shape.size()));
  graph.check_mask(mask, Shape(x.shape.begin(), x.shape.begin() + axes), "where");
  const Shape cols(x.shape.begin() + axes, x.shape.end());
  return graph.record(
      std::make_unique<Where>(
          std::vector<ValueId>{mask.value, x.value, other == nullptr ? -1 : other->value},
          size_of(mask.shape), size_of(cols), fill),
      x.shape, name);
}

Tensor masked_mean(Graph& graph, const Tensor& x, const Tensor& mask, const std::string& name) {
  graph.check_float_rows(x, "masked_mean");
  if (x.shape.size() != 2)
    throw std::invalid_argument("masked_mean: x has shape " + to_string(x.shape) +
                                ", needs (positions, columns)");
  graph.check_mask(mask, {x.shape[0]}, "masked_mean");
  return graph.record(std::make_unique<MaskedMean>(x.value, mask.value, x.shape[0], x.shape[1]),
                      Shape{x.shape[1]}, name);
}

const Registration masks_registered[] = {
    {"token_mask",
     "Whether a token is not 0.",
     token_mask,
     {{"ids", "int32 tokens of any shape."}}},
    {"value_mask",
     "Whether any number along the last axis is not `value`.",
     value_mask,
     {{"x", "(..., columns)."}, {"value", "The value of padding.", 0.0}}},
    {"where",
     "x where the mask is true, else `other` or `fill`.",
     where,
     {{"mask", "Over the leading axes of x."},
      {"x", "Any shape."},
      {"other", "The shape of x.", left_out},
      {"fill", "The value to use without `other`.", 0.0}}},
    {"masked_mean",
     "The mean over the positions that the mask keeps; 0 if it keeps none.",
     masked_mean,
     {{"x", "(positions, columns)."}, {"mask", "(positions,)."}}},
};

}  // namespace
}  // namespace lamina
