#include "execution.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "execution_of.h"

namespace lamina {

Execution::Execution(std::shared_ptr<const Graph> graph, Variables variables,
                     ExecutionSettings settings_)
    : settings(settings_),
      graph_(std::move(graph)),
      variables_(std::move(variables)),
      plan_(make_plan(*graph_, settings.rows, settings.training, settings.input_gradients)),
      arena_(plan_.bytes),
      label_bounds_(graph_->label_bounds()) {
  const std::size_t element = bytes_of(graph_->dtype);
  if (settings.training)
    for (std::size_t slot = 0; slot < graph_->parameters().size(); ++slot) {
      const ParameterSlot& p = graph_->parameters()[slot];
      if (!plan_.flows[std::size_t(p.value)]) continue;
      slices_.push_back(
          {p.path, int(slot), variables_.parameter(slot), gradient_size_, p.size, p.shape});
      gradient_size_ += Index(padded_bytes(p.size, graph_->dtype) / element);
    }
  gradient_ = Buffer(std::size_t(gradient_size_) * element);
  losses_.resize(graph_->losses().size());
  batch_losses_ = losses_;
  for (const MetricTerm& term : graph_->metrics())
    metric_states_.emplace_back(std::size_t(term.state), 0.0);
}

std::size_t Execution::held_bytes() const {
  std::size_t bytes = arena_bytes();
  for (const Buffer& prepared : prepared_) bytes += prepared.size();
  return bytes;
}

Execution::Busy::Busy(Execution& owner) : owner_(owner) {
  if (owner_.busy_.test_and_set(std::memory_order_acquire))
    throw std::runtime_error("another thread is using this execution of the model");
}

Execution::Busy::~Busy() { owner_.busy_.clear(std::memory_order_release); }

// Kernels index by label.  `labels` holds `rows` rows, which are those of `order`, or those from
// `first` on, of the data.
void Execution::check_labels(std::size_t input, const std::int32_t* labels, Index rows,
                             const std::int64_t* order, Index first) const {
  const Index bound = label_bounds_[input];
  if (bound == 0) return;
  const Value& value = graph_->values()[std::size_t(graph_->inputs()[input].value)];
  const auto fits = [&](Index j) { return std::uint32_t(labels[j]) < std::uint64_t(bound); };
  bool all = true;  // branch-free, so that it is vectorized
  for (Index j = 0; j < rows * value.width; ++j) all &= fits(j);
  if (all) return;
  Index at = 0;
  while (at + 1 < rows * value.width && fits(at)) ++at;
  const Index row = at / value.width;
  const ValueId read = graph_->inputs()[input].value;
  const char* what = "labels";
  for (const auto& operation : graph_->operations())
    for (std::size_t i = 0; i < operation->inputs.size(); ++i)
      if (operation->inputs[i] == read && operation->label_bound(int(i)) == bound)
        what = operation->label_name();
  throw std::invalid_argument("input '" + value.name + "': " + what + " must lie in [0, " +
                              std::to_string(bound) + "); got " + std::to_string(labels[at]) +
                              " in row " +
                              std::to_string(order != nullptr ? order[row] : first + row));
}

void Execution::reset() {
  const Busy busy(*this);
  losses_.assign(losses_.size(), Mean());
  penalties_ = Mean();
  for (auto& state : metric_states_) std::fill(state.begin(), state.end(), 0.0);
}

std::vector<std::vector<double>> Execution::sums() const {
  std::vector<double> means;
  for (const Mean& loss : losses_) means.insert(means.end(), {loss.sum, loss.count});
  means.insert(means.end(), {penalties_.sum, penalties_.count});
  std::vector<std::vector<double>> all = {std::move(means)};
  all.insert(all.end(), metric_states_.begin(), metric_states_.end());
  return all;
}

void Execution::resume(const std::vector<std::vector<double>>& sums) {
  const Busy busy(*this);
  bool fits = sums.size() == metric_states_.size() + 1 && sums[0].size() == 2 * losses_.size() + 2;
  for (std::size_t i = 0; fits && i < metric_states_.size(); ++i)
    fits = sums[i + 1].size() == metric_states_[i].size();
  if (!fits) throw std::invalid_argument("resume: the graphs have different losses or metrics");
  for (std::size_t i = 0; i < losses_.size(); ++i)
    losses_[i] = {sums[0][2 * i], sums[0][2 * i + 1]};
  penalties_ = {sums[0][2 * losses_.size()], sums[0][2 * losses_.size() + 1]};
  metric_states_.assign(sums.begin() + 1, sums.end());
}

std::vector<double> Execution::mean_losses() const {
  std::vector<double> means;
  for (std::size_t t = 0; t < losses_.size(); ++t)
    means.push_back(reduced(graph_->losses()[t], losses_[t]));
  return means;
}

namespace {

void check_variables(const Graph& graph, const Variables& variables) {
  if (variables.parameters() != graph.parameters().size() ||
      variables.states().size() != graph.states().size())
    throw std::invalid_argument("Execution: the graph has " +
                                std::to_string(graph.parameters().size()) + " parameters and " +
                                std::to_string(graph.states().size()) + " states; got " +
                                std::to_string(variables.parameters()) + " and " +
                                std::to_string(variables.states().size()));
}

}  // namespace

std::unique_ptr<Execution> Execution::create(std::shared_ptr<const Graph> graph,
                                             Variables variables, ExecutionSettings settings) {
  if (!graph->built()) throw std::runtime_error("Execution: the graph is not built; call build()");
  if (settings.rows < 1)
    throw std::invalid_argument("Execution: rows must be at least 1; got " +
                                std::to_string(settings.rows));
  if (settings.rows < graph->rows()) graph->check_batch(settings.rows);
  if (graph->for_inference() && (settings.training || settings.input_gradients))
    throw std::runtime_error("Execution: the graph was built for inference; it has no gradients");
  check_variables(*graph, variables);
  if (graph->dtype == DType::float64)
    return std::make_unique<ExecutionOf<double>>(std::move(graph), std::move(variables), settings);
  return std::make_unique<ExecutionOf<float>>(std::move(graph), std::move(variables), settings);
}

}  // namespace lamina
