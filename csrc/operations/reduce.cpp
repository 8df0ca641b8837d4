// Reductions along one run of axes, with or without the axis of rows.
#include <limits>
#include <stdexcept>

#include "gradient_free.h"
#include "registry.h"
#include "sizes.h"

namespace lamina {
namespace {

// The axes to reduce, of a tensor whose shape is known except for its number of rows.
struct Axes {
  Index outer, size, inner;  // in one row
  bool rows;                 // the axis of rows is reduced too: outer is 1

  ReduceDims dims(Index rows_here) const {
    return rows ? ReduceDims{1, rows_here * size, inner}
                : ReduceDims{rows_here * outer, size, inner};
  }
  bool operator==(const Axes& o) const {
    return outer == o.outer && size == o.size && inner == o.inner && rows == o.rows;
  }
  std::string text(Index rows_here) const {
    const ReduceDims d = dims(rows_here);
    return std::to_string(d.outer) + "x" + std::to_string(d.size) + "x" + std::to_string(d.inner);
  }
};

class Reduce final : public OperationOf<Reduce> {
 public:
  Reduce(ValueId x, Reduction kind_, Axes axes, const char* name_)
      : OperationOf(name_, {x}), reduction_(kind_), axes_(axes) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.reduce_forward(c.out(), c.in(0), axes_.dims(c.rows), reduction_);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.reduce_backward(c.din(0), c.dout(), c.in(0), c.out(), axes_.dims(c.rows), reduction_);
  }

  bool joins_rows() const override { return axes_.rows; }
  bool same_as(const Operation& other) const override {  // the kind includes the reduction
    return axes_ == static_cast<const Reduce&>(other).axes_;
  }
  bool backward_reads_input(int) const override {
    return reduction_ != Reduction::sum && reduction_ != Reduction::mean;
  }
  bool takes_empty() const override { return true; }
  bool backward_reads_output() const override {
    return reduction_ == Reduction::maximum || reduction_ == Reduction::minimum;
  }
  Cost cost(Pass, Index rows, bool) const override {
    const ReduceDims d = axes_.dims(rows);
    const double read = double(d.outer) * double(d.size) * double(d.inner);
    return {read, read + double(d.outer) * double(d.inner)};
  }
  std::string sizes(Index rows) const override { return axes_.text(rows); }

 private:
  const Reduction reduction_;
  const Axes axes_;
};

// The position of the extreme: int32, without a gradient.
class Place final : public GradientFree<Place> {
 public:
  Place(ValueId x, bool largest, Axes axes)
      : GradientFree(largest ? "argmax" : "argmin", {x}), largest_(largest), axes_(axes) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    auto* place = reinterpret_cast<std::int32_t*>(c.out());
    c.kernels.reduce_place(place, c.in(0), axes_.dims(c.rows), largest_);
  }

  bool joins_rows() const override { return axes_.rows; }
  bool same_as(const Operation& other) const override {
    return axes_ == static_cast<const Place&>(other).axes_;
  }
  Cost cost(Pass, Index rows, bool) const override {
    const ReduceDims d = axes_.dims(rows);
    const double read = double(d.outer) * double(d.size) * double(d.inner);
    return {read, read};
  }
  std::string sizes(Index rows) const override { return axes_.text(rows); }

 private:
  const bool largest_;
  const Axes axes_;
};

// One run of a row's axes, [first, first + count), and the rows before it if `rows`.
struct AxisRun {
  Index first, count;
  bool rows;
};

// The runs that a list of axes forms, the last one first, so that reducing it does not shift the
// others.
std::vector<AxisRun> runs_of(const Graph& graph, const Tensor& x, const Shape& axes, bool rows,
                             const char* who) {
  const Index rank = Index(x.shape.size());
  if (rows && (graph.whole(x) || graph.fold(x) != 1))
    throw std::invalid_argument(std::string(who) + ": the tensor has no axis of rows to reduce");
  std::vector<bool> chosen(std::size_t(rank), false);
  for (const Index axis : axes) {
    if (axis < 0 || axis >= rank || chosen[std::size_t(axis)])
      throw std::invalid_argument(std::string(who) + ": axes must differ and lie in [0, " +
                                  std::to_string(rank) + ") of a row of shape " +
                                  to_string(x.shape) + "; got " + to_string(axes));
    chosen[std::size_t(axis)] = true;
  }
  std::vector<AxisRun> runs;
  for (Index end = rank; end > 0;) {
    Index first = end;
    while (first > 0 && chosen[std::size_t(first - 1)]) --first;
    if (first < end) runs.push_back({first, end - first, rows && first == 0});
    end = first == end ? end - 1 : first;
  }
  if (rows && (runs.empty() || !runs.back().rows)) runs.push_back({0, 0, true});
  return runs;
}

struct Reduced {
  Axes axes;
  Shape shape;
};

Reduced reduced(const Shape& shape, const AxisRun& run) {
  Reduced result{{1, 1, 1, run.rows}, {}};
  for (Index axis = 0; axis < Index(shape.size()); ++axis) {
    const Index size = shape[std::size_t(axis)], end = run.first + run.count;
    Index& part = axis < run.first ? result.axes.outer
                  : axis < end     ? result.axes.size
                                   : result.axes.inner;
    part = checked_product(part, size);
    if (axis < run.first || axis >= end) result.shape.push_back(size);
  }
  return result;
}

// An empty axis has no largest element.
void check_some(const Reduced& r, const char* who) {
  if (r.axes.size == 0 && size_of(r.shape) > 0)
    throw std::invalid_argument(std::string(who) +
                                ": needs at least 1 element along the reduced axes; got none");
}

template <Reduction kind>
Tensor reduce(Graph& graph, const Tensor& x, const Shape& axes, bool rows,
              const std::string& name) {
  constexpr const char* names[] = {"sum", "mean", "prod", "max", "min"};
  const char* who = names[int(kind)];
  graph.check_float(x, who);
  Tensor y = x;
  for (const AxisRun& run : runs_of(graph, x, axes, rows, who)) {
    Reduced r = reduced(y.shape, run);
    if constexpr (kind == Reduction::maximum || kind == Reduction::minimum) check_some(r, who);
    if (r.axes.size == 1 && !r.axes.rows) {  // its own sum, mean, extreme
      y.shape = std::move(r.shape);
      continue;
    }
    y = graph.record(std::make_unique<Reduce>(y.value, kind, r.axes, who), std::move(r.shape),
                     name);
  }
  return y;
}

template <bool largest>
Tensor place(Graph& graph, const Tensor& x, const Shape& axes, bool rows, const std::string& name) {
  const char* who = largest ? "argmax" : "argmin";
  graph.check_float(x, who);
  const std::vector<AxisRun> runs = runs_of(graph, x, axes, rows, who);
  if (runs.size() != 1)
    throw std::invalid_argument(std::string(who) + ": needs adjacent axes; got " + to_string(axes) +
                                (rows ? " and the rows" : ""));
  Reduced r = reduced(x.shape, runs[0]);
  check_some(r, who);
  if (r.axes.size > std::numeric_limits<std::int32_t>::max())
    throw std::invalid_argument(std::string(who) + ": positions must be below 2^31; got axes of " +
                                std::to_string(r.axes.size) + " elements");
  return graph.record(std::make_unique<Place>(x.value, largest, r.axes), std::move(r.shape), name,
                      DType::int32);
}

#define LAMINA_REDUCED                                                                      \
  {                                                                                         \
    {"x", "Any shape."}, {"axes", "Axes of a row to reduce."}, {                            \
      "rows", "Whether to reduce the axis of rows too, so that the result has none.", false \
    }                                                                                       \
  }

const Registration reductions_registered[] = {
    {"sum", "The sum.", reduce<Reduction::sum>, LAMINA_REDUCED},
    {"mean", "The mean.", reduce<Reduction::mean>, LAMINA_REDUCED},
    {"prod", "The product.", reduce<Reduction::product>, LAMINA_REDUCED},
    {"max", "The largest, or NaN if there is any.", reduce<Reduction::maximum>, LAMINA_REDUCED},
    {"min", "The smallest, or NaN if there is any.", reduce<Reduction::minimum>, LAMINA_REDUCED},
    {"argmax", "The position of the first largest, int32.", place<true>, LAMINA_REDUCED},
    {"argmin", "The position of the first smallest, int32.", place<false>, LAMINA_REDUCED},
};
#undef LAMINA_REDUCED

}  // namespace
}  // namespace lamina
