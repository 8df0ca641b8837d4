// Operations of several inputs: sum, difference, product, extremes; and the building blocks of
// layers, multiplication by a constant and scaling of rows to length 1.
#include "combine.h"

#include <cmath>
#include <stdexcept>

#include "graph/names.h"
#include "registry.h"
#include "sizes.h"

namespace lamina {
namespace {

class CombineOperation final : public OperationOf<CombineOperation> {
 public:
  CombineOperation(ValueId a, ValueId b, Combine combine, Index width)
      : OperationOf(lamina::name_of(combine), {a, b}), combine_(combine), width_(width) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.combine_forward(c.out(), c.in(0), c.in(1), width_ * c.rows, combine_);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.combine_backward(c.din(0), c.din(1), c.dout(), c.in(0), c.in(1), width_ * c.rows,
                               combine_);
  }

  bool same_as(const Operation&) const override { return true; }  // the same kind suffices
  bool element_by_element() const override { return true; }
  bool row_by_row() const override { return true; }
  bool backward_reads_input(int) const override {
    return combine_ != Combine::add && combine_ != Combine::subtract;
  }
  bool backward_reads_output() const override { return false; }
  bool sums() const { return combine_ == Combine::add; }
  Cost cost(Pass, Index rows, bool) const override {
    return {double(width_ * rows), 3.0 * double(width_ * rows)};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, width_); }

 private:
  const Combine combine_;
  const Index width_;
};

class Scale final : public OperationOf<Scale> {
 public:
  Scale(ValueId x, double factor, Index width)
      : OperationOf("scale", {x}), factor_(factor), width_(width) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.scale(c.out(), c.in(0), factor_, width_ * c.rows);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.scale(c.din(0), c.dout(), factor_, width_ * c.rows);
  }

  bool same_as(const Operation& other) const override {
    return factor_ == static_cast<const Scale&>(other).factor_;
  }
  bool element_by_element() const override { return true; }
  bool row_by_row() const override { return true; }
  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    return {double(width_ * rows), 2.0 * double(width_ * rows)};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, width_); }

 private:
  const double factor_;
  const Index width_;
};

class UnitRows final : public OperationOf<UnitRows> {
 public:
  UnitRows(ValueId x, Index positions, Index cols)
      : OperationOf("unit_rows", {x}), positions_(positions), cols_(cols) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.unit_rows_forward(c.out(), c.in(0), {c.rows * positions_, cols_});
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.unit_rows_backward(c.din(0), c.dout(), c.in(0), {c.rows * positions_, cols_});
  }

  bool backward_reads_input(int) const override { return true; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(rows * positions_ * cols_);
    return {4.0 * size, 3.0 * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(rows * positions_) + "x" + std::to_string(cols_);
  }

 private:
  const Index positions_, cols_;
};

Tensor combine(Graph& graph, Combine kind, const Tensor& a, const Tensor& b,
               const std::string& name) {
  const char* who = name_of(kind);
  graph.check_float(a, who);
  graph.check_float(b, who);
  graph.check_alike({a, b}, who);
  if (a.shape != b.shape)
    throw std::invalid_argument(std::string(who) + ": inputs must have one shape; got " +
                                to_string(a.shape) + " and " + to_string(b.shape));
  return graph.record(std::make_unique<CombineOperation>(a.value, b.value, kind, size_of(a.shape)),
                      a.shape, name);
}

Tensor scale(Graph& graph, const Tensor& x, double factor, const std::string& name) {
  graph.check_float(x, "scale");
  if (!std::isfinite(factor))
    throw std::invalid_argument("scale: factor must be finite; got " + std::to_string(factor));
  return graph.record(std::make_unique<Scale>(x.value, factor, size_of(x.shape)), x.shape, name);
}

Tensor unit_rows(Graph& graph, const Tensor& x, const std::string& name) {
  graph.check_float(x, "unit_rows");
  if (x.shape.empty())
    throw std::invalid_argument("unit_rows: x has shape (), needs at least 1 axis");
  const Index cols = x.shape.back();
  return graph.record(std::make_unique<UnitRows>(x.value, runs_in(x.shape, cols), cols), x.shape,
                      name);
}

// Combines the inputs one after another.
Tensor chain(Graph& graph, Combine kind, const std::vector<Tensor>& inputs,
             const std::string& name) {
  if (inputs.empty()) throw std::invalid_argument(name + ": needs at least 1 input; got none");
  Tensor y = inputs[0];
  for (std::size_t i = 1; i < inputs.size(); ++i) y = combine(graph, kind, y, inputs[i], name);
  return y;
}

template <Combine kind>
Tensor merge(Graph& graph, const std::vector<Tensor>& inputs, const std::string& name) {
  return chain(graph, kind, inputs, name);
}

Tensor subtract(Graph& graph, const Tensor& a, const Tensor& b, const std::string& name) {
  return combine(graph, Combine::subtract, a, b, name);
}

Tensor average(Graph& graph, const std::vector<Tensor>& inputs, const std::string& name) {
  return scale(graph, chain(graph, Combine::add, inputs, name), 1.0 / double(inputs.size()), name);
}

const Registration merges_registered[] = {
    {"add", "The sum.", merge<Combine::add>, {{"inputs", "Of one shape."}}},
    {"multiply", "The product.", merge<Combine::multiply>, {{"inputs", "Of one shape."}}},
    {"maximum", "The largest.", merge<Combine::maximum>, {{"inputs", "Of one shape."}}},
    {"minimum", "The smallest.", merge<Combine::minimum>, {{"inputs", "Of one shape."}}},
    {"average", "The mean.", average, {{"inputs", "Of one shape."}}},
    {"subtract", "a - b.", subtract, {{"a", "Any shape."}, {"b", "The shape of a."}}},
    {"scale", "factor x.", scale, {{"x", "Any shape."}, {"factor", "A constant."}}},
    {"unit_rows", "The last axis scaled to length 1.", unit_rows, {{"x", "(..., columns)."}}},
};

}  // namespace

bool is_sum(const Operation& operation) {
  const auto* merge = dynamic_cast<const CombineOperation*>(&operation);
  return merge != nullptr && merge->sums();
}

}  // namespace lamina
