#include "gradient_free.h"
#include "registry.h"

namespace lamina {
namespace {

// Its output is an alias of the input, without a gradient: it never runs.
class StopGradient final : public GradientFree<StopGradient> {
 public:
  explicit StopGradient(ValueId x) : GradientFree("stop_gradient", {x}) {}

  template <class T>
  void forward_as(const Call<T>&) const {}

  bool passes_on(bool) const override { return true; }
  bool takes_empty() const override { return true; }
  bool same_as(const Operation&) const override { return true; }
  Cost cost(Pass, Index, bool) const override { return {}; }
  std::string sizes(Index) const override { return ""; }
};

Tensor stop_gradient(Graph& graph, const Tensor& x, const std::string& name) {
  const DType dtype = graph.check(x, "stop_gradient").dtype;
  return graph.record(std::make_unique<StopGradient>(x.value), x.shape, name, dtype);
}

const Registration stop_gradient_registered{"stop_gradient",
                                            "The same values as constants: x gets no gradient.",
                                            stop_gradient,
                                            {{"x", "Any shape and type, with rows or without."}}};

}  // namespace
}  // namespace lamina
