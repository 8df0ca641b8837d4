#include "activation.h"

#include <stdexcept>

#include "graph/names.h"
#include "registry.h"
#include "sizes.h"

namespace lamina {

ActivationOperation::ActivationOperation(ValueId x, ActivationSpec spec, Index width)
    : OperationOf(lamina::name_of(spec.kind), {x}), spec_(spec), width_(width) {}

Cost ActivationOperation::cost(Pass pass, Index rows, bool) const {
  const double size = double(width_ * rows);
  return {size, pass == Pass::forward ? 2.0 * size : 3.0 * size};
}

std::string ActivationOperation::sizes(Index rows) const { return rows_by_cols(rows, width_); }

Tensor activation(Graph& graph, const Tensor& x, ActivationSpec spec, const std::string& name) {
  graph.check_float(x, "activation");
  if (spec.kind == Activation::linear) return x;
  // The derivative is determined from the output's sign, which a negative alpha would reverse.
  if (!(spec.alpha >= 0.0))
    throw std::invalid_argument(std::string(lamina::name_of(spec.kind)) +
                                ": alpha must be at least 0; got " + std::to_string(spec.alpha));
  return graph.record(std::make_unique<ActivationOperation>(x.value, spec, size_of(x.shape)),
                      x.shape, name);
}

namespace {

Tensor named_activation(Graph& graph, const Tensor& x, Activation kind, double alpha,
                        const std::string& name) {
  return activation(graph, x, {kind, alpha}, name);
}

const Registration activation_registered{
    "activation",
    "An element-wise activation.",
    named_activation,
    {{"x", "Values of any shape."},
     {"kind", "The activation."},
     {"alpha", "Slope of leaky_relu below 0, scale of elu; at least 0.", 0.0}}};

}  // namespace

}  // namespace lamina
