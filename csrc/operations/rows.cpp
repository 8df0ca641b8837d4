// Conversions of rows to a value without rows and back, and a value without rows for every row:
// copies.
#include <cstring>
#include <stdexcept>

#include "registry.h"
#include "runtime/isa.h"
#include "sizes.h"

namespace lamina {
namespace {

// Copies `size` elements of any type.
template <class T>
void copy_elements(const Call<T>& c, std::byte* to, const std::byte* from, Index size,
                   DType dtype) {
  if (dtype == DType::boolean)
    std::memcpy(to, from, std::size_t(size));
  else if (dtype == DType::int32)  // moved as float: same width, bits unchanged
    kernels<float>().gather_rows(reinterpret_cast<float*>(to), reinterpret_cast<const float*>(from),
                                 nullptr, {size, 1});
  else
    c.kernels.gather_rows(reinterpret_cast<T*>(to), reinterpret_cast<const T*>(from), nullptr,
                          {size, 1});
}

template <class T>
const std::byte* input_of(const Call<T>& c) {
  return c.values[std::size_t(c.inputs[0])];
}
template <class T>
std::byte* output_of(const Call<T>& c) {
  return c.values[std::size_t(c.outputs[0])];
}

// The elements keep their order; the value gains or loses its axis of rows.
class RowsAxis final : public OperationOf<RowsAxis> {
 public:
  RowsAxis(ValueId x, bool joins, Index size, DType dtype)
      : OperationOf(joins ? "all_rows" : "by_rows", {x}),
        joins_(joins),
        size_(size),
        dtype_(dtype) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    copy_elements(c, output_of(c), input_of(c), size_, dtype_);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.gather_rows(c.din(0), c.dout(), nullptr, {size_, 1});
  }

  bool joins_rows() const override { return joins_; }
  bool gives_rows() const override { return !joins_; }
  bool differentiable(int) const override { return is_floating(dtype_); }
  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return false; }
  bool same_as(const Operation&) const override { return true; }  // the same kind and input suffice
  Cost cost(Pass, Index, bool) const override { return {0.0, 2.0 * double(size_)}; }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, size_ / rows); }

 private:
  const bool joins_;
  const Index size_;  // of all rows
  const DType dtype_;
};

class EachRow final : public OperationOf<EachRow> {
 public:
  EachRow(ValueId x, Index width, DType dtype)
      : OperationOf("each_row", {x}), width_(width), dtype_(dtype) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    const std::byte* const x = input_of(c);
    if (dtype_ == DType::boolean)
      for (Index row = 0; row < c.rows; ++row)
        std::memcpy(output_of(c) + row * width_, x, std::size_t(width_));
    else if (dtype_ == DType::int32)
      repeat(kernels<float>(), reinterpret_cast<float*>(output_of(c)),
             reinterpret_cast<const float*>(x), c.rows);
    else
      repeat(c.kernels, c.out(), c.in(0), c.rows);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.column_sums(c.din(0), c.dout(), {c.rows, width_}, c.accumulate);
  }

  bool gives_rows() const override { return true; }
  bool accumulates(int) const override { return true; }
  bool differentiable(int) const override { return is_floating(dtype_); }
  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return false; }
  bool same_as(const Operation&) const override { return true; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(rows) * double(width_);
    return {size, size + double(width_)};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, width_); }

 private:
  template <class T>
  void repeat(const Kernels<T>& k, T* y, const T* x, Index rows) const {
    k.strided_copy(y, x, {2, {rows, width_}, {width_, 1}, {0, 1}});
  }

  const Index width_;
  const DType dtype_;
};

const Value& check_unfolded_rows(const Graph& graph, const Tensor& x, const char* who) {
  const Value& value = graph.check_rows(x, who);
  if (value.fold != 1 || value.own_rows != 0)
    throw std::invalid_argument(std::string(who) + ": needs a tensor that is not folded; got " +
                                std::to_string(value.fold) + " rows for each row of the batch");
  return value;
}

const Value& check_no_rows(const Graph& graph, const Tensor& x, const char* who) {
  const Value& value = graph.check(x, who);
  if (!graph.whole(x))
    throw std::invalid_argument(std::string(who) +
                                ": needs a tensor without rows; got values row by row, of shape " +
                                to_string(x.shape));
  return value;
}

Tensor all_rows(Graph& graph, const Tensor& x, Index rows, const std::string& name) {
  const Value& value = check_unfolded_rows(graph, x, "all_rows");
  const DType dtype = value.dtype;
  graph.require_rows(rows, "all_rows");
  Shape shape = x.shape;
  shape.insert(shape.begin(), rows);
  return graph.record(std::make_unique<RowsAxis>(x.value, true, size_of(shape), dtype), shape, name,
                      dtype);
}

Tensor by_rows(Graph& graph, const Tensor& x, const std::string& name) {
  const DType dtype = check_no_rows(graph, x, "by_rows").dtype;
  if (x.shape.empty())
    throw std::invalid_argument("by_rows: x has shape (), needs at least 1 axis, for the rows");
  const Shape shape(x.shape.begin() + 1, x.shape.end());
  if (size_of(shape) < 1)
    throw std::invalid_argument("by_rows: a row needs at least 1 element; got x of shape " +
                                to_string(x.shape));
  graph.require_rows(x.shape[0], "by_rows");
  return graph.record(std::make_unique<RowsAxis>(x.value, false, size_of(x.shape), dtype), shape,
                      name, dtype);
}

Tensor each_row(Graph& graph, const Tensor& x, const std::string& name) {
  const DType dtype = check_no_rows(graph, x, "each_row").dtype;
  return graph.record(std::make_unique<EachRow>(x.value, size_of(x.shape), dtype), x.shape, name,
                      dtype);
}

const Registration rows_registered[] = {
    {"all_rows",
     "All rows of the batch as one tensor without rows; the graph then only accepts batches of "
     "this size.",
     all_rows,
     {{"x", "Any shape, with rows; a mask or labels too."},
      {"rows", "Number of rows, which become the first axis."}}},
    {"by_rows",
     "The first axis of a tensor as rows; the graph then only accepts batches of this size.",
     by_rows,
     {{"x", "(rows, ...), without rows; a mask or labels too."}}},
    {"each_row",
     "A tensor without rows as a value that is the same in every row.",
     each_row,
     {{"x", "Any shape, without rows; a mask or labels too."}}},
};

}  // namespace
}  // namespace lamina
