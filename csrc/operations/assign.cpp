#include <algorithm>
#include <stdexcept>

#include "gradient_free.h"
#include "registry.h"
#include "sizes.h"

namespace lamina {
namespace {

// Inputs: a parameter and a value.  The output is the value; each training step leaves it in the
// parameter, once the step is done.
class Assign final : public GradientFree<Assign> {
 public:
  Assign(ValueId parameter, ValueId value, Index size)
      : GradientFree("assign", {parameter, value}), size_(size) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    std::copy_n(c.in(1), size_, c.out());
    if (c.kept() != nullptr) std::copy_n(c.in(1), size_, c.kept());
  }

  bool settles() const override { return true; }
  void settle(const Call<float>& c) const override { settle_as(c); }
  void settle(const Call<double>& c) const override { settle_as(c); }
  bool can_settle(const Call<float>& c) const override { return finite(c); }
  bool can_settle(const Call<double>& c) const override { return finite(c); }

  std::size_t saved_bytes(Index, DType dtype) const override {
    return std::size_t(size_) * bytes_of(dtype);
  }
  Cost cost(Pass, Index, bool) const override { return {0.0, 2.0 * double(size_)}; }
  std::string sizes(Index) const override { return std::to_string(size_); }

 private:
  template <class T>
  void settle_as(const Call<T>& c) const {
    std::copy_n(c.kept(), size_, c.parameter(0));
  }
  template <class T>
  bool finite(const Call<T>& c) const {
    return c.kernels.find_nonfinite(c.kept(), size_) < 0;
  }

  const Index size_;
};

Tensor assign(Graph& graph, const Tensor& parameter, const Tensor& value, const std::string& name) {
  graph.check_parameter(parameter, "assign");
  graph.check_float(value, "assign");
  graph.check_whole(value, "assign");
  if (parameter.shape != value.shape)
    throw std::invalid_argument("assign: parameter has shape " + to_string(parameter.shape) +
                                "; got a value of shape " + to_string(value.shape));
  return graph.record(std::make_unique<Assign>(parameter.value, value.value, size_of(value.shape)),
                      value.shape, name);
}

const Registration assign_registered{
    "assign",
    "The value, which each training step leaves in a parameter once it is done.",
    assign,
    {{"parameter", "One that no gradient changes."},
     {"value", "The parameter's shape, without rows."}}};

}  // namespace
}  // namespace lamina
