#include "execution.h"

#include <algorithm>
#include <stdexcept>

#include "execution_of.h"

namespace lamina {

Execution::Execution(std::shared_ptr<const Graph> graph, ExecutionSettings settings_)
    : settings(settings_),
      graph_(std::move(graph)),
      plan_(make_plan(*graph_, settings.rows, settings.training, settings.input_gradients)),
      arena_(plan_.bytes),
      label_bounds_(graph_->label_bounds()) {
  const std::size_t element = bytes_of(graph_->dtype);
  if (settings.training)
    for (std::size_t id = 0; id < graph_->values().size(); ++id) {
      const Value& value = graph_->values()[id];
      if (value.kind != ValueKind::parameter || !plan_.flows[id]) continue;
      slices_.push_back({value.parameter, gradient_size_});
      gradient_size_ += Index(padded_bytes(*value.parameter) / element);
    }
  gradient_ = Buffer(std::size_t(gradient_size_) * element);
  for (const MetricTerm& term : graph_->metrics())
    metric_states_.emplace_back(std::size_t(metric_state_size(term.spec.kind, term.cols)), 0.0);
}

Execution::Busy::Busy(Execution& owner) : owner_(owner) {
  if (owner_.busy_.test_and_set(std::memory_order_acquire))
    throw std::runtime_error("another thread is using this execution of the model");
}

Execution::Busy::~Busy() { owner_.busy_.clear(std::memory_order_release); }

// The kernels index by label, so this is the last gate: whatever a caller checked before.
void Execution::check_labels(const std::vector<DataView>& inputs) const {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Value& value = graph_->values()[std::size_t(graph_->inputs()[i].value)];
    if (label_bounds_[i] == 0) continue;
    const auto* labels = reinterpret_cast<const std::int32_t*>(inputs[i].data);
    for (Index j = 0; j < inputs[i].rows * value.width; ++j)
      if (labels[j] < 0 || labels[j] >= label_bounds_[i])
        throw std::invalid_argument("input '" + value.name + "': labels must lie in [0, " +
                                    std::to_string(label_bounds_[i]) + "); got " +
                                    std::to_string(labels[j]) + " in row " +
                                    std::to_string(j / value.width));
  }
}

void Execution::reset() {
  const Busy busy(*this);
  loss_sum_ = loss_rows_ = 0.0;
  for (auto& state : metric_states_) std::fill(state.begin(), state.end(), 0.0);
}

std::unique_ptr<Execution> Execution::create(std::shared_ptr<const Graph> graph,
                                             ExecutionSettings settings) {
  if (!graph->built()) throw std::runtime_error("Execution: the graph is not built; call build()");
  if (settings.rows < 1)
    throw std::invalid_argument("Execution: rows must be at least 1; got " +
                                std::to_string(settings.rows));
  if (graph->dtype == DType::float64)
    return std::make_unique<ExecutionOf<double>>(std::move(graph), settings);
  return std::make_unique<ExecutionOf<float>>(std::move(graph), settings);
}

}  // namespace lamina
