#include <stdexcept>

#include "activation.h"
#include "graph/names.h"
#include "registry.h"

namespace lamina {
namespace {

class LossOperation final : public OperationOf<LossOperation> {
 public:
  LossOperation(ValueId prediction, ValueId target, LossSpec spec, Index positions, Index cols)
      : OperationOf(lamina::name_of(spec.kind), {prediction, target}),
        spec_(spec),
        positions_(positions),
        cols_(cols) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.loss_forward(c.out(), c.in(0), c.in(1), {positions_ * c.rows, cols_}, spec_);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.loss_backward(c.din(0), c.dout(), c.in(0), c.in(1), {positions_ * c.rows, cols_},
                            spec_);
  }

  bool differentiable(int i) const override { return i == 0; }
  bool backward_reads_input(int) const override { return true; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(positions_ * rows * cols_);
    return {4.0 * size, 2.0 * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(positions_ * rows) + "x" + std::to_string(cols_);
  }

 private:
  const LossSpec spec_;
  const Index positions_, cols_;
};

class SparseCrossentropy final : public OperationOf<SparseCrossentropy> {
 public:
  SparseCrossentropy(ValueId prediction, ValueId label, bool from_logits, Index positions,
                     Index cols)
      : OperationOf(from_logits ? "sparse_categorical_crossentropy_logits"
                                : "sparse_categorical_crossentropy",
                    {prediction, label}),
        from_logits_(from_logits),
        positions_(positions),
        cols_(cols) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.sparse_crossentropy_forward(c.out(), c.in(0), c.labels(1),
                                          {positions_ * c.rows, cols_}, from_logits_);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.sparse_crossentropy_backward(c.din(0), c.dout(), c.in(0), c.labels(1),
                                           {positions_ * c.rows, cols_}, from_logits_);
  }

  bool differentiable(int i) const override { return i == 0; }
  Index label_bound(int i) const override { return i == 1 ? cols_ : 0; }
  bool backward_reads_input(int) const override { return true; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(positions_ * rows * cols_);
    return {4.0 * size, size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(positions_ * rows) + "x" + std::to_string(cols_);
  }

 private:
  const bool from_logits_;
  const Index positions_, cols_;
};

// The tensor behind a softmax (`categorical`) or a sigmoid, if `prediction` came out of one.
bool take_logits(Graph& graph, Tensor& prediction, bool categorical, Index cols) {
  const Operation* producer = graph.producer(prediction);
  if (producer == nullptr) return false;
  const auto* activation = dynamic_cast<const ActivationOperation*>(producer);
  const bool fits = categorical
                        ? is_softmax(*producer, cols)
                        : activation != nullptr && activation->spec().kind == Activation::sigmoid;
  if (!fits) return false;
  const Tensor logits{producer->inputs[0], prediction.shape, prediction.graph};
  prediction = graph.folded(logits, prediction.shape, graph.fold(prediction));
  return true;
}

// One loss a position: the shape of the prediction without its last axis.  A prediction that came
// out of a softmax or a sigmoid is taken back to its logits and fused, which is exact where
// probabilities have rounded to 0 or 1.
Tensor loss(Graph& graph, const std::string& kind, const Tensor& prediction_, const Tensor& target,
            double parameter, bool from_logits, const std::string& name) {
  graph.check_float_rows(prediction_, "loss");
  graph.check_rows(target, "loss");
  Tensor prediction = prediction_;
  Shape shape = prediction.shape;
  const Index cols = shape.empty() ? 1 : shape.back();
  if (!shape.empty()) shape.pop_back();
  const Index positions = size_of(shape);
  const bool sparse = kind == "sparse_categorical_crossentropy";
  const DType got = graph.values()[std::size_t(target.value)].dtype;
  if (got != (sparse ? DType::int32 : graph.dtype) ||
      size_of(target.shape) != (sparse ? positions : positions * cols))
    throw std::invalid_argument("loss " + kind + ": predictions " + to_string(prediction.shape) +
                                " need " + (sparse ? "int32 labels " : "targets ") +
                                to_string(sparse ? shape : prediction.shape) + "; got " +
                                (is_floating(got) ? "" : std::string(name_of(got)) + " ") +
                                to_string(target.shape));
  const bool categorical = sparse || kind == "categorical_crossentropy";
  if (categorical || kind == "binary_crossentropy")
    from_logits = from_logits || take_logits(graph, prediction, categorical, cols);
  if (sparse)
    return graph.record(std::make_unique<SparseCrossentropy>(prediction.value, target.value,
                                                             from_logits, positions, cols),
                        shape, name);
  const LossSpec spec{from_name<Loss>(from_logits ? kind + "_logits" : kind), parameter};
  return graph.record(
      std::make_unique<LossOperation>(prediction.value, target.value, spec, positions, cols), shape,
      name);
}

const Registration loss_registered{
    "loss",
    "The loss of every position: the prediction's shape without its last axis.",
    loss,
    {{"kind", "Which one, or sparse_categorical_crossentropy."},
     {"prediction", "(..., columns)."},
     {"target", "As the prediction, or labels (...) for the sparse one."},
     {"parameter", "Huber's delta, the label smoothing of a crossentropy.", 0.0},
     {"from_logits", "Whether the prediction is taken before the sigmoid or softmax.", false}}};

}  // namespace
}  // namespace lamina
