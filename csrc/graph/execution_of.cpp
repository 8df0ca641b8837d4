#include "execution_of.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "proximal.h"
#include "runtime/isa.h"
#include "runtime/round_trip.h"
#include "runtime/threads.h"

namespace lamina {

template <class T>
ExecutionOf<T>::ExecutionOf(std::shared_ptr<const Graph> graph, Variables variables,
                            ExecutionSettings settings_)
    : Execution(std::move(graph), std::move(variables), settings_),
      values_(graph_->values().size(), nullptr),
      gradients_(graph_->values().size(), nullptr) {
  order_.reserve(std::size_t(settings.rows));
  for (std::size_t id = 0; id < values_.size(); ++id) {
    const Value& value = graph_->values()[id];
    values_[id] = value.kind == ValueKind::parameter ? variables_.parameter(std::size_t(value.slot))
                  : value.kind == ValueKind::constant ? graph_->constant(value.slot).data()
                                                      : place(plan_.value_offset[id]);
    gradients_[id] = place(plan_.gradient_offset[id]);
  }
  for (std::size_t id = 0; id < values_.size(); ++id)
    values_[id] = values_[std::size_t(plan_.stands_for[id])];
  for (const Tensor& input : graph_->inputs())
    for (std::size_t id = 0; id < values_.size(); ++id)
      if (plan_.stands_for[id] == input.value && ValueId(id) != input.value)
        stand_ins_.push_back({ValueId(id), input.value});
  for (const GradientSlice& slice : slices_)
    gradients_[std::size_t(graph_->parameters()[std::size_t(slice.slot)].value)] =
        reinterpret_cast<std::byte*>(flat() + slice.offset);
  for (const Plan::Step& step : plan_.backward) prepare(step);
  if (!settings.training) lend_prepared();
  for (const int index : plan_.forward)
    if (operation(index).settles()) settling_.push_back(index);
  for (const int index : settling_)
    for (std::size_t i = 0; i < operation(index).inputs.size(); ++i) {
      const ValueId id = operation(index).inputs[i];
      if (id < 0 || operation(index).differentiable(int(i))) continue;
      const Value& value = graph_->values()[std::size_t(id)];
      const auto slot = std::size_t(value.slot);
      if (value.kind == ValueKind::parameter &&
          std::find(left_.begin(), left_.end(), slot) == left_.end())
        left_.push_back(slot);
    }
}

template <class T>
Call<T> ExecutionOf<T>::call(const Operation& operation, const Batch& batch, bool training,
                             const Lent& lent, const std::vector<T*>& input_gradients,
                             Accumulate accumulate) const {
  return {k_ == nullptr ? kernels<T>() : *k_,
          rows_of(operation, batch),
          training,
          {settings.seed + batch.seed, 0, batch.random_step},
          values_.data(),
          gradients_.data(),
          operation.inputs,
          operation.outputs,
          input_gradients,
          accumulate,
          lent.saved,
          lent.workspace,
          lent.prepared};
}

template <class T>
void ExecutionOf<T>::prepare(const Plan::Step& step) {
  const Operation& operation = this->operation(step.operation);
  Prepared prepared{};
  prepared.operation = &operation;
  prepared.saved = place(plan_.saved_offset[std::size_t(step.operation)]);
  prepared.workspace = place(step.workspace_offset);
  prepared.beside = step.beside;
  for (std::size_t i = 0; i < operation.inputs.size(); ++i) {
    const ValueId id = operation.inputs[i];
    T* into = step.wants[i] ? reinterpret_cast<T*>(gradients_[std::size_t(id)]) : nullptr;
    if (into != nullptr && step.sum_offset[i] != Plan::nowhere) {
      T* apart = reinterpret_cast<T*>(arena_.data() + step.sum_offset[i]);
      prepared.sums.push_back({into, apart, id});
      into = apart;
    }
    prepared.input_gradients.push_back(into);
    if (into == nullptr || !operation.accumulates(int(i))) continue;
    if (step.adds[i])
      prepared.accumulate = Accumulate::yes;
    else
      prepared.zeroed.push_back({into, graph_->values()[std::size_t(id)].width});
  }
  // One flag applies to all gradients that are added to: if none has begun, the kernel overwrites
  // them.
  if (prepared.accumulate == Accumulate::no) prepared.zeroed.clear();
  backward_.push_back(std::move(prepared));
}

// Lends prepared memory from the first operation on, as far as it lasts; the remaining operations
// recalculate in each call.
template <class T>
void ExecutionOf<T>::lend_prepared() {
  constexpr std::size_t room = std::size_t(16) << 20;
  std::size_t used = 0;
  for (const auto& operation : graph_->operations()) {
    const std::size_t bytes = operation->prepared_bytes(dtype_of<T>);
    const bool lends = bytes > 0 && bytes <= room - used;
    prepared_.push_back(lends ? Buffer(bytes) : Buffer());
    if (lends) used += bytes;
  }
}

template <class T>
void ExecutionOf<T>::check_trains() const {
  if (!settings.training)
    throw std::runtime_error("this execution was planned for inference; it has no gradients");
}

// Adds the batch's losses to the sums of the execution; returns the batch's loss.
template <class T>
double ExecutionOf<T>::add_losses(Index rows) {
  const double penalty = total_penalty<T>(*graph_, buffers());
  for (std::size_t t = 0; t < losses_.size(); ++t) losses_[t].add(batch_losses_[t]);
  penalties_.add({penalty * double(rows), double(rows)});
  return total_loss(*graph_, batch_losses_) + penalty;
}

template <class T>
double ExecutionOf<T>::run_forward(const Batch& batch, bool training, double loss_scale) {
  const bool learns = training && settings.training;
  run_operations(batch, training);
  double loss = 0.0;
  profiler_.timed("loss", "total", [&] {
    sum_losses<T>(*graph_, buffers(), batch.rows(), batch_losses_);
    loss = add_losses(batch.rows());
    if (learns)
      seed_gradients<T>(*graph_, plan_, buffers(), batch.rows(), batch.rows(), batch_losses_,
                        loss_scale);
  });
  if (learns && std::isfinite(loss) && !can_settle(batch))
    loss = std::numeric_limits<double>::quiet_NaN();
  if (!metric_states_.empty())
    profiler_.timed("metrics", "all",
                    [&] { update_metrics<T>(*graph_, buffers(), batch.rows(), metric_states_); });
  return loss;
}

template <class T>
void ExecutionOf<T>::run_backward(const Batch& batch, double loss_scale) {
  run_operations_back(batch);
  add_penalty_gradients<T>(*graph_, buffers(), loss_scale);
}

// Whether moving weights between the threads' caches would cost more than threads gain.
template <class T>
bool ExecutionOf<T>::stays_on_one_thread(Index rows) {
  if (get_num_threads() == 1) return false;  // there is only one thread
  if (rows != counted_rows_) {
    const double bytes = double(gradient_size_) * sizeof(T);
    work_ = {step_flop(*graph_, plan_, rows), gradient_size_, bytes};
    counted_rows_ = rows;
  }
  return !work_.pays_on_threads(farthest_ns) && !work_.pays_on_threads(round_trip_ns());
}

template <class T>
template <class Update>
double ExecutionOf<T>::run_step(const Batch& batch, double loss_scale, const Update& update) {
  check_trains();
  failed_step_ = {};
  const StateClaims states(variables_.states(), graph_->states());
  const SerialScope alone(stays_on_one_thread(batch.rows()));
  const bool in_shares = cut(batch.rows());
  const double loss = step_loss_ =
      in_shares ? run_forward_in_shares(batch) : run_forward(batch, true, loss_scale);
  if (!std::isfinite(loss)) return loss;
  in_shares ? run_backward_in_shares(batch, loss_scale) : run_backward(batch, loss_scale);
  reserve_states(batch);
  return move(loss, update, [&] {
    settle(batch);
    leave_states(batch);
  });
}

template <class T>
double ExecutionOf<T>::run_rule(const Batch& batch, double learning_rate, std::int64_t step) {
  return run_step(batch, updater_.loss_scale(), [&] {
    return updater_.apply(slices_, flat(), gradient_size_, learning_rate, step);
  });
}

template <class T>
Call<T> ExecutionOf<T>::settling_call(int index, const Batch& batch) const {
  const Lent saved{place(plan_.saved_offset[std::size_t(index)]), nullptr};
  return call(operation(index), batch, true, saved);
}

template <class T>
bool ExecutionOf<T>::can_settle(const Batch& batch) const {
  return std::all_of(settling_.begin(), settling_.end(), [&](int index) {
    return operation(index).can_settle(settling_call(index, batch));
  });
}

// The last part of a training step, so that backward reads the same values as forward did.
template <class T>
void ExecutionOf<T>::settle(const Batch& batch) {
  for (const int index : settling_) operation(index).settle(settling_call(index, batch));
}

// --- public functions

template <class T>
void ExecutionOf<T>::set_updates(std::vector<UpdateSettings> updates, double loss_scale) {
  const Busy busy(*this);
  updater_.set(std::move(updates), loss_scale, slices_);
}

template <class T>
void ExecutionOf<T>::set_rates(std::vector<double> rates) {
  const Busy busy(*this);
  updater_.set_rates(std::move(rates));
}

template <class T>
double ExecutionOf<T>::train(const Batch& batch, double learning_rate, std::int64_t step) {
  const Busy busy(*this);
  return run_rule(batch, learning_rate, step);
}

template <class T>
double ExecutionOf<T>::train(const Batch& batch, const OwnUpdate& update) {
  const Busy busy(*this);
  return run_step(batch, 1.0, [&] {
    const NotFinite found = nonfinite_gradient(slices_, flat());
    return found.kind.empty() ? update() : found;
  });
}

template <class T>
double ExecutionOf<T>::gradients(const Batch& batch, bool leaves) {
  const Busy busy(*this);
  check_trains();
  const StateClaims states(variables_.states(), graph_->states());
  const SerialScope alone(stays_on_one_thread(batch.rows()));
  const bool in_shares = leaves && cut(batch.rows());
  const double loss = in_shares ? run_forward_in_shares(batch) : run_forward(batch, true);
  in_shares ? run_backward_in_shares(batch, 1.0) : run_backward(batch);
  if (!leaves || !std::isfinite(loss)) return loss;
  reserve_states(batch);
  settle(batch);
  leave_states(batch);
  return loss;
}

template <class T>
double ExecutionOf<T>::loss(const Batch& batch) {
  const Busy busy(*this);
  check_trains();
  const StateClaims states(variables_.states(), graph_->states());
  return run_forward(batch, true);
}

template <class T>
void ExecutionOf<T>::backward(const Batch& batch) {
  const Busy busy(*this);
  check_trains();
  run_backward(batch);
}

template <class T>
double ExecutionOf<T>::test(const Batch& batch) {
  const Busy busy(*this);
  const StateClaims states(variables_.states(), graph_->states());
  const double loss = run_forward(batch, false);
  if (!std::isfinite(loss)) return loss;
  reserve_states(batch);
  leave_states(batch);
  return loss;
}

template <class T>
std::vector<ProfileLine> ExecutionOf<T>::profile(const Batch& batch, double learning_rate,
                                                 std::int64_t step) {
  const Busy busy(*this);  // first: another caller's step must not write lines
  std::vector<ProfileLine> lines;
  const Profiler::Recording recording(profiler_, lines);
  run_rule(batch, learning_rate, step);
  return lines;
}

template <class T>
bool ExecutionOf<T>::is_finite(const Operation& operation, Index rows) const {
  return std::all_of(operation.outputs.begin(), operation.outputs.end(), [&](ValueId output) {
    return !is_floating(graph_->values()[std::size_t(output)].dtype) ||
           k_->find_nonfinite(value(output), graph_->elements(output, rows)) < 0;
  });
}

// The first operation that produces or would leave behind NaN or infinity in the batch; after the
// last one if there is none.
template <class T>
NonfinitePlace ExecutionOf<T>::place_of_nonfinite(const Batch& batch) {
  k_ = &kernels<T>();
  fetch(batch);
  for (std::size_t place = 0; place < plan_.forward.size(); ++place) {
    const int index = plan_.forward[place];
    const Operation& operation = this->operation(index);
    const Call<T> called = call(operation, batch, settings.training, lent(index));
    run(operation, Pass::forward, called, batch);
    if (!is_finite(operation, batch.rows())) return {place, operation.name_of_nonfinite(called)};
    if (settings.training && operation.settles() &&
        !operation.can_settle(settling_call(index, batch)))
      return {place, operation.name};
  }
  return {plan_.forward.size(), ""};
}

// Runs in the same shares as the step, because each share draws its own random numbers.
template <class T>
std::string ExecutionOf<T>::first_nonfinite(const Batch& batch) {
  const Busy busy(*this);
  const StateClaims states(variables_.states(), graph_->states());
  for (std::size_t slot = 0; slot < graph_->parameters().size(); ++slot) {
    const ParameterSlot& p = graph_->parameters()[slot];
    if (kernels<T>().find_nonfinite(variables_.parameter_as<T>(slot), p.size) >= 0) return p.path;
  }
  if (!cut(batch.rows())) return place_of_nonfinite(batch).name;
  NonfinitePlace first{plan_.forward.size(), ""};
  for (Index s = 0; s < shares_.count; ++s) {
    const NonfinitePlace found = sharer(s).place_of_nonfinite(share_of(batch, s));
    if (found.place < first.place) first = found;
  }
  join_outputs(batch);
  return first.name;
}

template class ExecutionOf<float>;
template class ExecutionOf<double>;

}  // namespace lamina
