#include "execution.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "runtime/isa.h"
#include "terms.h"

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

namespace {

template <class T>
class ExecutionOf final : public Execution {
 public:
  ExecutionOf(std::shared_ptr<const Graph> graph, ExecutionSettings settings_)
      : Execution(std::move(graph), settings_),
        values_(graph_->values().size(), nullptr),
        gradients_(graph_->values().size(), nullptr) {
    for (std::size_t id = 0; id < values_.size(); ++id) {
      const Value& value = graph_->values()[id];
      if (value.kind == ValueKind::parameter) values_[id] = value.parameter->data();
      if (plan_.value_offset[id] != Plan::nowhere)
        values_[id] = arena_.data() + plan_.value_offset[id];
      if (plan_.gradient_offset[id] != Plan::nowhere)
        gradients_[id] = arena_.data() + plan_.gradient_offset[id];
    }
    for (std::size_t id = 0; id < values_.size(); ++id)
      values_[id] = values_[std::size_t(plan_.stands_for[id])];
    for (const Tensor& input : graph_->inputs())
      for (std::size_t id = 0; id < values_.size(); ++id)
        if (plan_.stands_for[id] == input.value && ValueId(id) != input.value)
          stand_ins_.push_back({ValueId(id), input.value});
    for (const GradientSlice& slice : slices_)
      for (std::size_t id = 0; id < values_.size(); ++id)
        if (graph_->values()[id].parameter == slice.parameter)
          gradients_[id] = reinterpret_cast<std::byte*>(flat() + slice.offset);
    for (const Plan::Step& step : plan_.backward) prepare(step);
  }

  void bind(std::vector<DataView> inputs) override;
  void set_update(UpdateSettings update) override {
    const Busy busy(*this);
    update_ = std::move(update);
  }

  double train(const Batch& batch, double learning_rate, std::int64_t step) override {
    const Busy busy(*this);
    const StateClaims states(graph_->states());
    const double loss = run_forward(batch, true);
    if (!std::isfinite(loss)) return loss;
    run_backward(batch);
    profiler_.timed(
        "update", "",
        [&] {
          settle(batch);
          apply_update<T>(update_, slices_, flat(), learning_rate, step);
        },
        [&](ProfileLine& line) {
          line.operation = "optimizer";
          line.sizes = std::to_string(gradient_size_);
          line.elements = double(gradient_size_) * double(3 + 2 * update_.slots.size());
        });
    return loss;
  }
  double gradients(const Batch& batch) override {
    const Busy busy(*this);
    const StateClaims states(graph_->states());
    const double loss = run_forward(batch, true);
    run_backward(batch);
    if (std::isfinite(loss)) settle(batch);
    return loss;
  }
  double test(const Batch& batch) override {
    const Busy busy(*this);
    const StateClaims states(graph_->states());
    return run_forward(batch, false);
  }
  std::vector<ProfileLine> profile(const Batch& batch, double learning_rate,
                                   std::int64_t step) override {
    std::vector<ProfileLine> lines;
    const Profiler::Recording recording(profiler_, lines);
    train(batch, learning_rate, step);
    return lines;
  }
  std::string first_nonfinite(const Batch& batch) override;

  const std::byte* output(std::size_t index) const override {
    return values_[std::size_t(graph_->outputs()[index].value)];
  }
  const std::byte* input_gradient(std::size_t index) const override {
    return gradients_[std::size_t(graph_->inputs()[index].value)];
  }

 private:
  // Where each input's gradient goes, fixed by the plan.
  struct Prepared {
    const Operation* operation;
    std::byte* saved;
    std::byte* workspace;
    std::vector<T*> input_gradients;
    std::vector<Accumulate> accumulate;
    struct Sum {
      T* into;
      const T* from;
      Index width;
    };
    std::vector<Sum> sums;
  };

  T* flat() const { return reinterpret_cast<T*>(gradient_.data()); }
  T* value(ValueId id) const { return id < 0 ? nullptr : reinterpret_cast<T*>(values_[id]); }

  Buffers buffers() const { return {values_, gradients_}; }
  void prepare(const Plan::Step& step);
  void fetch(const Batch& batch);
  void leave_states(const Batch& batch);
  double run_forward(const Batch& batch, bool training);
  std::byte* place(std::size_t offset) const {
    return offset == Plan::nowhere ? nullptr : arena_.data() + offset;
  }
  void run_backward(const Batch& batch);
  void settle(const Batch& batch);
  struct Lent {
    std::byte* saved;
    std::byte* workspace;
  };
  Lent lent(int operation) const {
    return {place(plan_.saved_offset[std::size_t(operation)]),
            place(plan_.workspace_offset[std::size_t(operation)])};
  }
  Call<T> call(const Operation& operation, const Batch& batch, bool training,
               const std::vector<T*>& input_gradients, const std::vector<Accumulate>& accumulate,
               const Lent& lent) const {
    return {k_ == nullptr ? kernels<T>() : *k_,
            batch.rows() * operation.fold,
            training,
            {settings.seed, 0, batch.random_step},
            values_.data(),
            gradients_.data(),
            operation.inputs,
            operation.outputs,
            input_gradients,
            accumulate,
            lent.saved,
            lent.workspace};
  }

  struct StandIn {
    ValueId id, input;
  };

  std::vector<std::byte*> values_, gradients_;
  std::vector<StandIn> stand_ins_;  // values that are a graph input by another name
  std::vector<DataView> data_;
  std::vector<Prepared> backward_;
  UpdateSettings update_;
  const Kernels<T>* k_ = nullptr;
  Profiler profiler_;
};

template <class T>
void ExecutionOf<T>::prepare(const Plan::Step& step) {
  const Operation& operation = *graph_->operations()[std::size_t(step.operation)];
  Prepared prepared{&operation,
                    place(plan_.saved_offset[std::size_t(step.operation)]),
                    place(step.workspace_offset),
                    {},
                    {},
                    {}};
  for (std::size_t i = 0; i < operation.inputs.size(); ++i) {
    const ValueId id = operation.inputs[i];
    T* into = step.wants[i] ? reinterpret_cast<T*>(gradients_[std::size_t(id)]) : nullptr;
    if (into != nullptr && step.sum_offset[i] != Plan::nowhere) {
      T* apart = reinterpret_cast<T*>(arena_.data() + step.sum_offset[i]);
      prepared.sums.push_back({into, apart, graph_->values()[std::size_t(id)].width});
      into = apart;
    }
    prepared.input_gradients.push_back(into);
    prepared.accumulate.push_back(step.adds[i] ? Accumulate::yes : Accumulate::no);
  }
  backward_.push_back(std::move(prepared));
}

template <class T>
void ExecutionOf<T>::bind(std::vector<DataView> inputs) {
  const Busy busy(*this);
  if (!inputs.empty() && inputs.size() != graph_->inputs().size())
    throw std::invalid_argument("bind: the graph has " + std::to_string(graph_->inputs().size()) +
                                " inputs; got " + std::to_string(inputs.size()) + " arrays");
  for (const DataView& view : inputs)
    if (view.rows != inputs.front().rows)
      throw std::invalid_argument("bind: all arrays need as many rows as the first, " +
                                  std::to_string(inputs.front().rows) + "; got " +
                                  std::to_string(view.rows));
  if (!inputs.empty()) check_labels(inputs);
  data_ = std::move(inputs);
}

// The batch's rows: copied into the plan's buffers through `order`, or read where they are.
template <class T>
void ExecutionOf<T>::fetch(const Batch& batch) {
  if (data_.size() != graph_->inputs().size())
    throw std::runtime_error("no data is bound to this execution");
  const Index rows = batch.rows();
  for (const StateTerm& term : graph_->states()) term.state->check_rows(rows, term.name);
  if (rows < 0 || rows > settings.rows || batch.start < 0 ||
      (batch.order == nullptr && !data_.empty() && batch.stop > data_.front().rows))
    throw std::invalid_argument("batch: rows " + std::to_string(batch.start) + " to " +
                                std::to_string(batch.stop) + " are out of range");
  for (std::size_t i = 0; i < data_.size(); ++i) {
    const auto id = std::size_t(graph_->inputs()[i].value);
    const Value& input = graph_->values()[id];
    const Index width = input.width;
    if (batch.order == nullptr) {
      values_[id] = const_cast<std::byte*>(data_[i].data) +
                    std::size_t(batch.start * width) * bytes_of(input.dtype);
      continue;
    }
    values_[id] = arena_.data() + plan_.value_offset[id];
    if (input.dtype == DType::boolean)
      for (Index r = 0; r < rows; ++r)
        std::memcpy(values_[id] + r * width, data_[i].data + batch.order[batch.start + r] * width,
                    std::size_t(width));
    else if (input.dtype == DType::int32)  // moved as float: same width, bits untouched
      kernels<float>().gather_rows(reinterpret_cast<float*>(values_[id]),
                                   reinterpret_cast<const float*>(data_[i].data),
                                   batch.order + batch.start, {rows, width});
    else
      kernels<T>().gather_rows(reinterpret_cast<T*>(values_[id]),
                               reinterpret_cast<const T*>(data_[i].data), batch.order + batch.start,
                               {rows, width});
  }
  for (const StandIn& stand_in : stand_ins_) values_[stand_in.id] = values_[stand_in.input];
  for (const StateTerm& term : graph_->states())
    if (term.before >= 0) term.state->read(values_[std::size_t(term.before)], batch.rows());
}

// Last of the forward pass, once the loss is known to be finite.
template <class T>
void ExecutionOf<T>::leave_states(const Batch& batch) {
  for (const StateTerm& term : graph_->states())
    if (term.after >= 0) term.state->write(values_[std::size_t(term.after)], batch.rows());
}

template <class T>
double ExecutionOf<T>::run_forward(const Batch& batch, bool training) {
  static const std::vector<T*> no_gradients;
  static const std::vector<Accumulate> no_accumulate;
  k_ = &kernels<T>();
  last_rows_ = batch.rows();
  profiler_.timed("gather", "rows", [&] { fetch(batch); });
  for (const int index : plan_.forward) {
    const Operation& operation = *graph_->operations()[std::size_t(index)];
    profiler_.timed(
        "forward", "",
        [&] {
          operation.forward(call(operation, batch, training && settings.training, no_gradients,
                                 no_accumulate, lent(index)));
        },
        [&](ProfileLine& line) {
          describe(line, operation, Pass::forward, batch.rows() * operation.fold, false);
        });
  }
  double loss = 0.0;
  profiler_.timed("loss", "total", [&] {
    loss = total_loss<T>(*graph_, buffers(), batch.rows());
    if (training && settings.training) seed_gradients<T>(*graph_, plan_, buffers(), batch.rows());
  });
  if (std::isfinite(loss)) leave_states(batch);
  loss_sum_ += loss * double(batch.rows());
  loss_rows_ += double(batch.rows());
  if (!metric_states_.empty())
    profiler_.timed("metrics", "all",
                    [&] { update_metrics<T>(*graph_, buffers(), batch.rows(), metric_states_); });
  return loss;
}

template <class T>
void ExecutionOf<T>::run_backward(const Batch& batch) {
  if (!settings.training)
    throw std::runtime_error("this execution was planned for inference; it has no gradients");
  for (const Prepared& step : backward_)
    profiler_.timed(
        "backward", "",
        [&] {
          step.operation->backward(call(*step.operation, batch, true, step.input_gradients,
                                        step.accumulate, {step.saved, step.workspace}));
          for (const auto& sum : step.sums)
            k_->add_into(sum.into, sum.from, sum.width * batch.rows());
        },
        [&](ProfileLine& line) {
          describe(line, *step.operation, Pass::backward, batch.rows() * step.operation->fold,
                   !step.input_gradients.empty() && step.input_gradients[0] != nullptr);
        });
  add_penalty_gradients<T>(*graph_, buffers());
}

// Last of a training step, so that its backward pass reads what its forward pass did.
template <class T>
void ExecutionOf<T>::settle(const Batch& batch) {
  static const std::vector<T*> no_gradients;
  static const std::vector<Accumulate> no_accumulate;
  for (const int index : plan_.forward) {
    const Operation& operation = *graph_->operations()[std::size_t(index)];
    if (!operation.settles()) continue;
    const Lent saved{place(plan_.saved_offset[std::size_t(index)]), nullptr};
    operation.settle(call(operation, batch, true, no_gradients, no_accumulate, saved));
  }
}

template <class T>
std::string ExecutionOf<T>::first_nonfinite(const Batch& batch) {
  const Busy busy(*this);
  const StateClaims states(graph_->states());
  static const std::vector<T*> no_gradients;
  static const std::vector<Accumulate> no_accumulate;
  k_ = &kernels<T>();
  for (const Value& v : graph_->values())
    if (v.parameter != nullptr &&
        k_->find_nonfinite(reinterpret_cast<const T*>(v.parameter->data()), v.width) >= 0)
      return v.name;
  fetch(batch);
  for (const int index : plan_.forward) {
    const Operation& operation = *graph_->operations()[std::size_t(index)];
    operation.forward(
        call(operation, batch, settings.training, no_gradients, no_accumulate, lent(index)));
    for (const ValueId output : operation.outputs) {
      const Value& v = graph_->values()[std::size_t(output)];
      if (is_floating(v.dtype) && k_->find_nonfinite(value(output), v.width * batch.rows()) >= 0)
        return operation.name;
    }
  }
  return "";
}

}  // namespace

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
