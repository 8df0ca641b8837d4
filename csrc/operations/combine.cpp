// Operations of several inputs: sum, difference, product, extremes, and products of matrices; and
// the steps that layers make of them, a constant factor and rows of length 1.
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

  bool backward_reads_input(int) const override {
    return combine_ != Combine::add && combine_ != Combine::subtract;
  }
  bool backward_reads_output() const override { return false; }
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

// c = op(a) op(b), a pair of matrices a row.
class MatrixProduct final : public OperationOf<MatrixProduct> {
 public:
  MatrixProduct(ValueId a, ValueId b, BatchedProductDims dims)
      : OperationOf("dot", {a, b}), d_(dims) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.batched_product(c.out(), c.in(0), c.in(1),
                              {c.rows, d_.m, d_.n, d_.k, d_.transpose_a, d_.transpose_b});
  }
  // op(a)' = dc op(b)^T and op(b)' = op(a)^T dc, transposed where a and b are.
  template <class T>
  void backward_as(const Call<T>& c) const {
    const T *a = c.in(0), *b = c.in(1), *dc = c.dout();
    const auto [batch, m, n, k, ta, tb] = d_;
    if (T* da = c.din(0); da != nullptr) {
      if (ta)
        c.kernels.batched_product(da, b, dc, {c.rows, k, m, n, tb, true});
      else
        c.kernels.batched_product(da, dc, b, {c.rows, m, k, n, false, !tb});
    }
    if (T* db = c.din(1); db != nullptr) {
      if (tb)
        c.kernels.batched_product(db, dc, a, {c.rows, n, k, m, true, ta});
      else
        c.kernels.batched_product(db, a, dc, {c.rows, k, n, m, !ta, false});
    }
  }

  bool backward_reads_input(int) const override { return true; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass pass, Index rows, bool) const override {
    const double flop = 2.0 * double(rows) * double(d_.m) * double(d_.n) * double(d_.k);
    return {pass == Pass::forward ? flop : 2.0 * flop,
            double(rows) * double(d_.m * d_.k + d_.k * d_.n + d_.m * d_.n)};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(rows) + " x " + std::to_string(d_.m) + "x" + std::to_string(d_.k) +
           " @ " + std::to_string(d_.k) + "x" + std::to_string(d_.n);
  }

 private:
  const BatchedProductDims d_;
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

Tensor dot(Graph& graph, const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b,
           const std::string& name) {
  graph.check_float(a, "dot");
  graph.check_float(b, "dot");
  graph.check_alike({a, b}, "dot");
  if (a.shape.size() != 2 || b.shape.size() != 2)
    throw std::invalid_argument("dot: needs a matrix a row of each input; got " +
                                to_string(a.shape) + " and " + to_string(b.shape));
  const Index m = a.shape[transpose_a ? 1 : 0], k = a.shape[transpose_a ? 0 : 1];
  const Index n = b.shape[transpose_b ? 0 : 1];
  if (b.shape[transpose_b ? 1 : 0] != k)
    throw std::invalid_argument("dot: the axes that are summed must have one size; got inputs " +
                                to_string(a.shape) + " and " + to_string(b.shape));
  return graph.record(
      std::make_unique<MatrixProduct>(a.value, b.value,
                                      BatchedProductDims{0, m, n, k, transpose_a, transpose_b}),
      Shape{m, n}, name);
}

Tensor unit_rows(Graph& graph, const Tensor& x, const std::string& name) {
  graph.check_float(x, "unit_rows");
  if (x.shape.empty())
    throw std::invalid_argument("unit_rows: x has shape (), needs at least 1 axis");
  const Index cols = x.shape.back();
  return graph.record(std::make_unique<UnitRows>(x.value, runs_in(x.shape, cols), cols), x.shape,
                      name);
}

// The inputs one after the other.
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
    {"dot",
     "The product of two matrices a row, each as it is or transposed.",
     dot,
     {{"a", "(m, k)."},
      {"b", "(k, n)."},
      {"transpose_a", "Whether a is (k, m).", false},
      {"transpose_b", "Whether b is (n, k).", false}}},
    {"unit_rows", "The last axis scaled to length 1.", unit_rows, {{"x", "(..., columns)."}}},
};

}  // namespace
}  // namespace lamina
