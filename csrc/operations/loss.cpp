#include <stdexcept>

#include "activation.h"
#include "expression.h"
#include "graph/names.h"
#include "registry.h"

namespace lamina {
namespace {

class LossOperation final : public OperationOf<LossOperation> {
 public:
  LossOperation(ValueId prediction, ValueId target, LossSpec spec, Index positions, Index cols)
      : OperationOf(lamina::name_of(spec.kind), {prediction, target}),
        spec_(spec),
        labels_(takes_labels(spec.kind)),
        positions_(positions),
        cols_(cols) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.loss_forward(c.out(), c.in(0), labels_ ? nullptr : c.in(1),
                           labels_ ? c.labels(1) : nullptr, {positions_ * c.rows, cols_}, spec_);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.loss_backward(c.din(0), c.dout(), c.in(0), labels_ ? nullptr : c.in(1),
                            labels_ ? c.labels(1) : nullptr, {positions_ * c.rows, cols_}, spec_);
  }

  bool differentiable(int i) const override { return i == 0; }
  Index label_bound(int i) const override { return labels_ && i == 1 ? cols_ : 0; }
  bool row_by_row() const override { return true; }
  bool backward_reads_input(int) const override { return true; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(positions_ * rows * cols_);
    return {4.0 * size, labels_ ? size : 2.0 * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(positions_ * rows) + "x" + std::to_string(cols_);
  }

 private:
  const LossSpec spec_;
  const bool labels_;
  const Index positions_, cols_;
};

// Replaces a prediction that is the output of `step`, a softmax or a sigmoid, by the input of that
// step; returns whether it did.
bool take_logits(Graph& graph, Tensor& prediction, LastStep step, Index cols) {
  const Operation* producer = graph.producer(prediction);
  if (producer == nullptr || step == LastStep::none) return false;
  const auto activation = activation_of(*producer);
  const bool fits = step == LastStep::softmax
                        ? is_softmax(*producer, cols)
                        : activation && activation->kind == Activation::sigmoid;
  if (!fits) return false;
  const Tensor logits{producer->inputs[0], prediction.shape, prediction.graph};
  prediction = graph.folded(logits, prediction.shape, graph.fold(prediction));
  return true;
}

// One loss per position: the shape is that of the prediction without its last axis.  If the
// prediction is the output of a softmax or a sigmoid, the loss is fused with that step and
// calculated from the logits, which is exact even if probabilities have been rounded to 0 or 1.
Tensor loss(Graph& graph, Loss kind, const Tensor& prediction_, const Tensor& target,
            double parameter, bool from_logits, const std::string& name) {
  graph.check_float_rows(prediction_, "loss");
  graph.check_rows(target, "loss");
  Tensor prediction = prediction_;
  Shape shape = prediction.shape;
  const Index cols = shape.empty() ? 1 : shape.back();
  if (!shape.empty()) shape.pop_back();
  const Index positions = size_of(shape);
  const bool labels = takes_labels(kind);
  const DType got = graph.values()[std::size_t(target.value)].dtype;
  if (got != (labels ? DType::int32 : graph.dtype) ||
      size_of(target.shape) != (labels ? positions : positions * cols))
    throw std::invalid_argument(
        std::string("loss ") + name_of(kind) + ": predictions " + to_string(prediction.shape) +
        " need " + (labels ? "int32 labels " : "targets ") +
        to_string(labels ? shape : prediction.shape) + "; got " +
        (is_floating(got) ? "" : std::string(name_of(got)) + " ") + to_string(target.shape));
  if (labels) graph.check_given(target, "loss");
  const bool fused = !from_logits && take_logits(graph, prediction, facts_of(kind).step, cols);
  if (from_logits || fused) kind = logits_form(kind);
  return graph.record(
      std::make_unique<LossOperation>(prediction.value, target.value,
                                      LossSpec{kind, parameter, fused}, positions, cols),
      shape, name);
}

const Registration loss_registered{
    "loss",
    "The loss of every position, with the prediction's shape without its last axis.",
    loss,
    {{"kind", "The loss."},
     {"prediction", "(..., columns)."},
     {"target", "As the prediction, or labels (...) if the loss takes labels."},
     {"parameter", "The delta of huber, or the label smoothing of a crossentropy.", 0.0},
     {"from_logits", "Whether the prediction is the input of a sigmoid or softmax.", false}}};

}  // namespace
}  // namespace lamina
