#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "gradient_free.h"
#include "registry.h"
#include "sizes.h"

namespace lamina {
namespace {

// Inputs: a parameter, a value and, for a trainable parameter, its value before.  The output is the
// value, which each training step stores in the parameter at its end, plus the change that the step
// itself has made to the parameter.
class Assign final : public GradientFree<Assign> {
 public:
  Assign(std::vector<ValueId> inputs, Index size)
      : GradientFree("assign", std::move(inputs)), size_(size), learns_(this->inputs.size() == 3) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    std::copy_n(c.in(1), size_, c.out());
    if (c.kept() == nullptr) return;
    std::copy_n(c.in(1), size_, c.kept());
    if (learns_) std::copy_n(c.in(2), size_, c.kept() + size_);
  }

  bool settles() const override { return true; }
  void settle(const Call<float>& c) const override { settle_as(c); }
  void settle(const Call<double>& c) const override { settle_as(c); }
  bool can_settle(const Call<float>& c) const override { return finite(c); }
  bool can_settle(const Call<double>& c) const override { return finite(c); }

  std::size_t saved_bytes(Index, DType dtype) const override {
    return std::size_t(learns_ ? 2 * size_ : size_) * bytes_of(dtype);
  }
  Cost cost(Pass, Index, bool) const override { return {0.0, 2.0 * double(size_)}; }
  std::string sizes(Index) const override { return std::to_string(size_); }

 private:
  template <class T>
  void settle_as(const Call<T>& c) const {
    const T *value = c.kept(), *before = value + size_;
    T* parameter = c.parameter(0);
    if (!learns_) {
      std::copy_n(value, size_, parameter);
      return;
    }
    for (Index i = 0; i < size_; ++i) parameter[i] = value[i] + (parameter[i] - before[i]);
  }
  template <class T>
  bool finite(const Call<T>& c) const {
    return c.kernels.find_nonfinite(c.kept(), size_) < 0;
  }

  const Index size_;
  const bool learns_;
};

Tensor assign(Graph& graph, const Tensor& parameter, const Tensor& value, const Tensor* before,
              const std::string& name) {
  graph.check_parameter(parameter, "assign");
  graph.check_float(value, "assign");
  graph.check_whole(value, "assign");
  if (parameter.shape != value.shape)
    throw std::invalid_argument("assign: parameter has shape " + to_string(parameter.shape) +
                                "; got a value of shape " + to_string(value.shape));
  std::vector<ValueId> inputs{parameter.value, value.value};
  if (before != nullptr) {
    graph.check_float(*before, "assign");
    graph.check_whole(*before, "assign");
    if (before->shape != parameter.shape)
      throw std::invalid_argument("assign: parameter has shape " + to_string(parameter.shape) +
                                  "; got a value before of shape " + to_string(before->shape));
    inputs.push_back(before->value);
  }
  return graph.record(std::make_unique<Assign>(std::move(inputs), size_of(value.shape)),
                      value.shape, name);
}

const Registration assign_registered{
    "assign",
    "The value, which each training step stores in a parameter at its end.",
    assign,
    {{"parameter", "Any."},
     {"value", "The parameter's shape, without rows."},
     {"before", "The earlier value of a trainable parameter; None if it is not trainable.",
      left_out}}};

}  // namespace
}  // namespace lamina
