// Indexing: take and take_along_axis.
#include <cstring>
#include <limits>
#include <stdexcept>

#include "axis_of.h"
#include "moves/gather.h"
#include "registry.h"

namespace lamina {
namespace {

// Sizes for a row, if x has rows; `count` and `outer` are multiplied by the rows of the arrays that
// have them.
struct Taken {
  Index outer, size, count, inner;
  bool rows_of_x, rows_of_indices;
  bool elementwise;  // one index per element of the output

  GatherDims dims(Index rows) const {
    const bool more = rows_of_indices && !rows_of_x;
    return {more ? outer : rows * outer, size, more ? rows * count : count, inner, true};
  }
};

class Take final : public OperationOf<Take> {
 public:
  Take(const char* kind_, std::vector<ValueId> inputs_, Taken taken, DType dtype)
      : OperationOf(kind_, std::move(inputs_)), taken_(taken), dtype_(dtype) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    if (dtype_ == DType::boolean) return gather<std::uint8_t>(c, 0);
    if (dtype_ == DType::int32) return gather<std::uint32_t>(c, 0);
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    const T nan = std::numeric_limits<T>::quiet_NaN();
    Bits bits;
    std::memcpy(&bits, &nan, sizeof bits);
    gather<Bits>(c, bits);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    const Accumulate accumulate = taken_.rows_of_x ? Accumulate::no : c.accumulate;
    (taken_.elementwise ? Scatter<T>::add_elements : Scatter<T>::add_rows)(
        c.din(0), c.dout(), c.labels(1), taken_.dims(c.rows), accumulate);
  }

  bool differentiable(int i) const override { return i == 0 && is_floating(dtype_); }
  bool accumulates(int i) const override { return i == 0 && !taken_.rows_of_x; }
  bool backward_reads_input(int i) const override { return i == 1; }
  bool takes_empty() const override { return true; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    const GatherDims d = taken_.dims(rows);
    const double size = double(d.outer) * double(d.count) * double(d.inner);
    return {size, 2.0 * size};
  }
  std::string sizes(Index rows) const override {
    const GatherDims d = taken_.dims(rows);
    return std::to_string(d.outer) + "x" + std::to_string(d.count) + " of " +
           std::to_string(d.size) + "x" + std::to_string(d.inner);
  }

 private:
  template <class E, class T>
  void gather(const Call<T>& c, E fill) const {
    (taken_.elementwise ? Gather<E>::elements : Gather<E>::rows)(
        reinterpret_cast<E*>(c.out()), reinterpret_cast<const E*>(c.in(0)), c.labels(1),
        taken_.dims(c.rows), fill);
  }

  const Taken taken_;
  const DType dtype_;
};

// The checks that both need, and the division of the shape of x at the axis.
Taken taken_along(const Graph& graph, const Tensor& x, const Tensor& indices, Index axis,
                  const char* who) {
  graph.check(x, who);
  if (const DType got = graph.check(indices, who).dtype; got != DType::int32)
    throw std::invalid_argument(std::string(who) + ": indices must be int32; got " + name_of(got));
  const RowAxis along = axis_of(x.shape, axis, who);
  return {along.outer, along.size, 0, along.inner, !graph.whole(x), !graph.whole(indices), false};
}

Tensor recorded(Graph& graph, const char* kind, const Tensor& x, const Tensor& indices,
                const Taken& taken, Shape shape, const std::string& name) {
  const DType dtype = graph.check(x, kind).dtype;
  return graph.record(
      std::make_unique<Take>(kind, std::vector<ValueId>{x.value, indices.value}, taken, dtype),
      std::move(shape), name, dtype);
}

Tensor take(Graph& graph, const Tensor& x, const Tensor& indices, Index axis,
            const std::string& name) {
  Taken taken = taken_along(graph, x, indices, axis, "take");
  if (taken.rows_of_indices && (taken.rows_of_x || axis != 0))
    throw std::invalid_argument(
        taken.rows_of_x ? "take: x and the indices both have rows; take_along_axis takes row by row"
                        : "take: indices with rows are taken along axis 0 of x; got axis " +
                              std::to_string(axis));
  taken.count = size_of(indices.shape);
  Shape shape = x.shape;
  const auto at = shape.erase(shape.begin() + axis);
  shape.insert(at, indices.shape.begin(), indices.shape.end());
  return recorded(graph, "take", x, indices, taken, std::move(shape), name);
}

Tensor take_along_axis(Graph& graph, const Tensor& x, const Tensor& indices, Index axis,
                       const std::string& name) {
  Taken taken = taken_along(graph, x, indices, axis, "take_along_axis");
  graph.check_alike({x, indices}, "take_along_axis");
  Shape alike = indices.shape;
  if (alike.size() == x.shape.size()) alike[std::size_t(axis)] = taken.size;
  if (alike != x.shape)
    throw std::invalid_argument(
        "take_along_axis: indices must have the axes of x, and their sizes "
        "but along axis " +
        std::to_string(axis) + "; got " + to_string(x.shape) + " and " + to_string(indices.shape));
  taken.count = indices.shape[std::size_t(axis)];
  taken.elementwise = true;
  return recorded(graph, "take_along_axis", x, indices, taken, indices.shape, name);
}

const Registration takes_registered[] = {
    {"take",
     "The elements along one axis at the given indices; NaN, 0 or False if an index is out of "
     "range.",
     take,
     {{"x", "Any shape and type."},
      {"indices", "int32 of any shape; negative ones count from the end."},
      {"axis", "The axis of x, counted from 0; 0 if only the indices have rows."}}},
    {"take_along_axis",
     "For each index, the element along one axis; NaN, 0 or False if it is out of range.",
     take_along_axis,
     {{"x", "Any shape and type."},
      {"indices",
       "int32, with the sizes of x along all other axes; negative ones count from the "
       "end."},
      {"axis", "The axis, counted from 0."}}},
};

}  // namespace
}  // namespace lamina
