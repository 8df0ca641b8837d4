// Cumulative sums and products along one axis.
#include "moves/scan.h"

#include "axis_of.h"
#include "registry.h"

namespace lamina {
namespace {

class RunningTotal final : public OperationOf<RunningTotal> {
 public:
  RunningTotal(ValueId x, bool product, bool reverse, RowAxis axis, DType dtype)
      : OperationOf(product ? "cumprod" : "cumsum", {x}),
        product_(product),
        reverse_(reverse),
        axis_(axis),
        dtype_(dtype) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    if (dtype_ == DType::int32)
      run(reinterpret_cast<std::int32_t*>(c.out()), c.labels(0), c.rows);
    else
      run(c.out(), c.in(0), c.rows);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    if (product_)
      running_product_backward(c.din(0), c.dout(), c.in(0), c.out(), dims(c.rows), reverse_);
    else
      running_sum<T>(c.din(0), c.dout(), dims(c.rows), !reverse_);
  }

  bool differentiable(int) const override { return is_floating(dtype_); }
  bool backward_reads_input(int) const override { return product_; }
  bool backward_reads_output() const override { return product_; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(rows * axis_.outer) * double(axis_.size) * double(axis_.inner);
    return {size, 2.0 * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(rows * axis_.outer) + "x" + std::to_string(axis_.size) + "x" +
           std::to_string(axis_.inner);
  }

 private:
  ReduceDims dims(Index rows) const { return {rows * axis_.outer, axis_.size, axis_.inner}; }
  template <class E>
  void run(E* y, const E* x, Index rows) const {
    (product_ ? running_product<E> : running_sum<E>)(y, x, dims(rows), reverse_);
  }

  const bool product_, reverse_;
  const RowAxis axis_;
  const DType dtype_;
};

template <bool product>
Tensor running_total(Graph& graph, const Tensor& x, Index axis, bool reverse,
                     const std::string& name) {
  const char* const who = product ? "cumprod" : "cumsum";
  const DType dtype = graph.check(x, who).dtype;
  if (dtype == DType::boolean)
    throw std::invalid_argument(std::string(who) + ": needs numbers; got bool");
  return graph.record(
      std::make_unique<RunningTotal>(x.value, product, reverse, axis_of(x.shape, axis, who), dtype),
      x.shape, name, dtype);
}

#define LAMINA_SCANNED                                                           \
  {                                                                              \
    {"x", "Any shape, floating-point or int32."}, {"axis", "Counted from 0."}, { \
      "reverse", "Whether to start from the last position.", false               \
    }                                                                            \
  }

const Registration totals_registered[] = {
    {"cumsum", "The sum of the elements up to and including each position.", running_total<false>,
     LAMINA_SCANNED},
    {"cumprod", "The product of the elements up to and including each position.",
     running_total<true>, LAMINA_SCANNED},
};
#undef LAMINA_SCANNED

}  // namespace
}  // namespace lamina
