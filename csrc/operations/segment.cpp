// Sums and maxima over the positions that share an id.
#include <algorithm>
#include <stdexcept>

#include "moves/gather.h"
#include "registry.h"

namespace lamina {
namespace {

// x, with or without rows, has `positions` positions of `inner` elements, each with an id; the
// result has no rows.
class Segments final : public OperationOf<Segments> {
 public:
  Segments(std::vector<ValueId> inputs_, bool largest, Index segments, Index positions, Index inner,
           bool rows, DType dtype)
      : OperationOf(largest ? "segment_max" : "segment_sum", std::move(inputs_)),
        largest_(largest),
        segments_(segments),
        positions_(positions),
        inner_(inner),
        rows_(rows),
        dtype_(dtype) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    const GatherDims d = dims(c.rows);
    if (dtype_ == DType::int32)
      return Scatter<std::uint32_t>::add_rows(reinterpret_cast<std::uint32_t*>(c.out()),
                                              reinterpret_cast<const std::uint32_t*>(c.in(0)),
                                              c.labels(1), d, Accumulate::no);
    if (largest_)
      Scatter<T>::largest_rows(c.out(), c.in(0), c.labels(1), d);
    else
      Scatter<T>::add_rows(c.out(), c.in(0), c.labels(1), d, Accumulate::no);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    const GatherDims d = dims(c.rows);
    if (largest_)
      Scatter<T>::largest_backward(c.din(0), reinterpret_cast<T*>(c.workspace()), c.dout(), c.in(0),
                                   c.out(), c.labels(1), d);
    else
      Gather<Bits>::rows(reinterpret_cast<Bits*>(c.din(0)), reinterpret_cast<const Bits*>(c.dout()),
                         c.labels(1), d, Bits(0));
  }

  bool joins_rows() const override { return rows_; }
  bool differentiable(int i) const override { return i == 0 && is_floating(dtype_); }
  bool backward_reads_input(int i) const override { return i == 1 || largest_; }
  bool backward_reads_output() const override { return largest_; }
  bool takes_empty() const override { return true; }
  std::size_t workspace_bytes(Pass pass, Index, DType dtype) const override {
    if (!largest_ || pass == Pass::forward) return 0;
    return std::size_t(checked_product(segments_, inner_)) * bytes_of(dtype);
  }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(rows * positions_) * double(inner_);
    return {size, 2.0 * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(rows * positions_) + "x" + std::to_string(inner_) + "->" +
           std::to_string(segments_);
  }

 private:
  GatherDims dims(Index rows) const { return {1, segments_, rows * positions_, inner_, false}; }

  const bool largest_;
  const Index segments_, positions_, inner_;
  const bool rows_;
  const DType dtype_;
};

Tensor segments(Graph& graph, bool largest, const Tensor& x, const Tensor& ids, Index count,
                const std::string& name) {
  const std::string who = largest ? "segment_max" : "segment_sum";
  const DType dtype = graph.check(x, who.c_str()).dtype;
  if (!is_floating(dtype) && (largest || dtype != DType::int32))
    throw std::invalid_argument(who + ": needs " +
                                (largest ? "floating-point numbers" : "numbers") + "; got " +
                                name_of(dtype));
  if (const DType got = graph.check(ids, who.c_str()).dtype; got != DType::int32)
    throw std::invalid_argument(who + ": ids must be int32; got " + name_of(got));
  graph.check_alike({x, ids}, who.c_str());
  const bool rows = !graph.whole(x);
  if (rows && graph.fold(x) != 1)
    throw std::invalid_argument(who + ": needs a tensor that is not folded; got " +
                                std::to_string(graph.fold(x)) + " rows for each row of the batch");
  const std::size_t axes = ids.shape.size();
  if (axes > x.shape.size() || !std::equal(ids.shape.begin(), ids.shape.end(), x.shape.begin()))
    throw std::invalid_argument(who + ": ids must have the first axes of x; got " +
                                to_string(x.shape) + " and " + to_string(ids.shape));
  if (count < 0)
    throw std::invalid_argument(who + ": segments must be at least 0; got " +
                                std::to_string(count));
  const Shape inner(x.shape.begin() + Index(axes), x.shape.end());
  Shape shape = inner;
  shape.insert(shape.begin(), count);
  return graph.record(
      std::make_unique<Segments>(std::vector<ValueId>{x.value, ids.value}, largest, count,
                                 size_of(ids.shape), size_of(inner), rows, dtype),
      std::move(shape), name, dtype);
}

template <bool largest>
Tensor segments_of(Graph& graph, const Tensor& x, const Tensor& ids, Index count,
                   const std::string& name) {
  return segments(graph, largest, x, ids, count, name);
}

const Registration segments_registered[] = {
    {"segment_sum",
     "The sum over the positions that share an id, in order; 0 for an id that does not occur.",
     segments_of<false>,
     {{"x", "(..., more), floating-point or int32; the rows are positions too."},
      {"ids", "(...), int32; positions whose id is not in [0, segments) are ignored."},
      {"segments", "Number of ids: the first axis of the result, which has no rows."}}},
    {"segment_max",
     "The largest over the positions that share an id; minus infinity for an id that does not "
     "occur.",
     segments_of<true>,
     {{"x", "(..., more), floating-point; the rows are positions too."},
      {"ids", "(...), int32; positions whose id is not in [0, segments) are ignored."},
      {"segments", "Number of ids: the first axis of the result, which has no rows."}}},
};

}  // namespace
}  // namespace lamina
