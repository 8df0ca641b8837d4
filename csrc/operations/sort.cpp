// Sorting along an axis: values, positions, the largest few.
#include "moves/sort.h"

#include <limits>
#include <new>

#include "axis_of.h"
#include "registry.h"
#include "runtime/denormals.h"

namespace lamina {
namespace {

class Sort final : public OperationOf<Sort> {
 public:
  // Outputs: the values, the positions, or both.
  Sort(const char* kind_, ValueId x, RowAxis axis, Index kept, bool descending, bool gives_values,
       bool gives_places, DType dtype)
      : OperationOf(kind_, {x}),
        axis_(axis),
        kept_(kept),
        descending_(descending),
        gives_values_(gives_values),
        gives_places_(gives_places),
        dtype_(dtype) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    const CallersFloats whole;  // denormals must be ordered
    const bool enough =
        dtype_ == DType::int32
            ? sort_lines(gives_values_ ? reinterpret_cast<std::int32_t*>(c.out()) : nullptr,
                         places(c), c.labels(0), dims(c.rows), descending_)
            : sort_lines(gives_values_ ? c.out() : nullptr, places(c), c.in(0), dims(c.rows),
                         descending_);
    if (!enough) throw std::bad_alloc();
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    sort_backward(c.din(0), c.dout(), places(c), dims(c.rows));
  }

  bool differentiable(int) const override { return gives_values_ && is_floating(dtype_); }
  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return gives_places_; }
  std::size_t saved_bytes(Index rows, DType) const override {
    if (gives_places_ || !differentiable(0)) return 0;
    return sizeof(std::int32_t) * std::size_t(rows * axis_.outer * kept_ * axis_.inner);
  }
  Cost cost(Pass pass, Index rows, bool) const override {
    const double size = double(rows * axis_.outer) * double(axis_.size) * double(axis_.inner);
    return {pass == Pass::forward ? 20.0 * size : 0.0, 2.0 * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(kept_) + " of " + std::to_string(rows * axis_.outer) + "x" +
           std::to_string(axis_.size) + "x" + std::to_string(axis_.inner);
  }

 private:
  SortDims dims(Index rows) const { return {rows * axis_.outer, axis_.size, axis_.inner, kept_}; }
  // An output, or data for backward; null if no backward follows.
  template <class T>
  std::int32_t* places(const Call<T>& c) const {
    void* const given = gives_places_ ? c.out(gives_values_ ? 1 : 0) : c.kept();
    return static_cast<std::int32_t*>(given);
  }

  const RowAxis axis_;
  const Index kept_;
  const bool descending_, gives_values_, gives_places_;
  const DType dtype_;
};

RowAxis sorted_axis(const Graph& graph, const Tensor& x, Index axis, const char* who) {
  if (graph.check(x, who).dtype == DType::boolean)
    throw std::invalid_argument(std::string(who) + ": needs numbers; got bool");
  const RowAxis found = axis_of(x.shape, axis, who);
  if (found.size > std::numeric_limits<std::int32_t>::max())
    throw std::invalid_argument(std::string(who) +
                                ": positions must be below 2^31; got an axis of " +
                                std::to_string(found.size) + " elements");
  return found;
}

template <bool places>
Tensor sort(Graph& graph, const Tensor& x, Index axis, bool descending, const std::string& name) {
  const char* const who = places ? "argsort" : "sort";
  const RowAxis along = sorted_axis(graph, x, axis, who);
  const DType dtype = graph.check(x, who).dtype;
  return graph.record(
      std::make_unique<Sort>(who, x.value, along, along.size, descending, !places, places, dtype),
      x.shape, name, places ? DType::int32 : dtype);
}

std::vector<Tensor> top_k(Graph& graph, const Tensor& x, Index k, const std::string& name) {
  const RowAxis along = sorted_axis(graph, x, Index(x.shape.size()) - 1, "top_k");
  if (k < 1 || k > along.size)
    throw std::invalid_argument("top_k: k must be in [1, " + std::to_string(along.size) +
                                "] for inputs " + to_string(x.shape) + "; got " +
                                std::to_string(k));
  Shape shape = x.shape;
  shape.back() = k;
  const DType dtype = graph.check(x, "top_k").dtype;
  return graph.record(std::make_unique<Sort>("top_k", x.value, along, k, true, true, true, dtype),
                      {shape, shape}, name, {dtype, DType::int32});
}

#define LAMINA_SORTED                                                               \
  {                                                                                 \
    {"x", "Any shape, floating-point or int32."}, {"axis", "Counted from 0."}, {    \
      "descending", "Whether the largest come first; NaN counts as largest.", false \
    }                                                                               \
  }

const Registration sorts_registered[] = {
    {"sort", "The elements along one axis in ascending order, NaN last.", sort<false>,
     LAMINA_SORTED},
    {"argsort", "The positions of the sorted elements, int32; equal ones keep their order.",
     sort<true>, LAMINA_SORTED},
    {"top_k",
     "The largest along the last axis, equal ones in order, and their positions, int32.",
     top_k,
     {{"x", "Any shape, floating-point or int32."}, {"k", "Number of elements."}}},
};
#undef LAMINA_SORTED

}  // namespace
}  // namespace lamina
