// The operations of a replay, forward and backward, one after another or two in parallel.
#include <algorithm>

#include "execution_of.h"
#include "side_by_side.h"

namespace lamina {

constexpr Index in_a_pair = 2;

template <class T>
bool ExecutionOf<T>::next_runs_beside(std::size_t place, const Batch& batch) const {
  return place + 1 < plan_.forward.size() && plan_.beside[place + 1] && !profiler_.records() &&
         runs_alone(operation(plan_.forward[place]), batch) &&
         runs_alone(operation(plan_.forward[place + 1]), batch);
}

// Runs the operation at a place and the next one, each on its own thread.
template <class T>
void ExecutionOf<T>::run_with_next(std::size_t place, const Batch& batch, bool learns) {
  const int pair[in_a_pair] = {plan_.forward[place], plan_.forward[place + 1]};
  double flop = 0.0;
  for (const int index : pair)
    flop += operation(index).cost(Pass::forward, rows_of(operation(index), batch), false).flop;
  side_by_side(in_a_pair, flop, [&](Index part) {
    const int index = pair[part];
    operation(index).forward(call(operation(index), batch, learns, lent(index)));
  });
}

// The call of the operation's observer in training; none if it has no observer.
template <class T>
std::optional<Reports<T>> ExecutionOf<T>::reports_of(const Operation& operation, Pass pass,
                                                     const Batch& batch) const {
  const Operation* observer = operation.observer[std::size_t(pass)];
  if (observer == nullptr) return std::nullopt;
  const int index = graph_->values()[std::size_t(observer->output())].producer;
  const Lent saved{place(plan_.saved_offset[std::size_t(index)]), nullptr};
  return Reports<T>{*observer, pass, call(*observer, batch, true, saved)};
}

template <class T>
void ExecutionOf<T>::run(const Operation& operation, Pass pass, Call<T> call,
                         const Batch& batch) const {
  const auto reports = call.training ? reports_of(operation, pass, batch) : std::nullopt;
  if (reports) call.reports = &*reports;
  pass == Pass::forward ? operation.forward(call) : operation.backward(call);
}

template <class T>
void ExecutionOf<T>::run_operations(const Batch& batch, bool training) {
  k_ = &kernels<T>();
  const bool learns = training && settings.training;
  profiler_.timed("gather", "rows", [&] { fetch(batch); });
  for (std::size_t i = 0; i < plan_.forward.size(); ++i) {
    const int index = plan_.forward[i];
    const Operation& operation = this->operation(index);
    if (next_runs_beside(i, batch)) {
      run_with_next(i++, batch, learns);
      continue;
    }
    profiler_.timed(
        "forward", "",
        [&] { run(operation, Pass::forward, call(operation, batch, learns, lent(index)), batch); },
        [&](ProfileLine& line) {
          describe(line, operation, Pass::forward, rows_of(operation, batch), false);
        });
  }
}

// --- backward

template <class T>
void ExecutionOf<T>::run_back(const Prepared& step, const Batch& batch) const {
  for (const auto& begin : step.zeroed) std::fill_n(begin.gradient, begin.size, T(0));
  run(*step.operation, Pass::backward,
      call(*step.operation, batch, true, {step.saved, step.workspace}, step.input_gradients,
           step.accumulate),
      batch);
}

template <class T>
void ExecutionOf<T>::add_sums(const Prepared& step, const Batch& batch) const {
  for (const auto& sum : step.sums)
    k_->add_into(sum.into, sum.from, graph_->elements(sum.value, batch.rows()));
}

template <class T>
void ExecutionOf<T>::run_back_with_next(std::size_t place, const Batch& batch) const {
  const Prepared* const pair = &backward_[place];
  double flop = 0.0;
  for (Index part = 0; part < in_a_pair; ++part) {
    const Operation& operation = *pair[part].operation;
    flop += operation.cost(Pass::backward, rows_of(operation, batch), false).flop;
  }
  side_by_side(in_a_pair, flop, [&](Index part) { run_back(pair[part], batch); });
  for (Index part = 0; part < in_a_pair; ++part) add_sums(pair[part], batch);
}

template <class T>
void ExecutionOf<T>::run_operations_back(const Batch& batch, const BucketDone* done) {
  for (const ValueId id : plan_.only_penalized)
    std::fill_n(reinterpret_cast<T*>(gradients_[std::size_t(id)]),
                graph_->values()[std::size_t(id)].width, T(0));
  std::size_t bucket = 0;
  const auto tell = [&](int step) {
    if (done == nullptr) return;
    for (; bucket < buckets_.size() && buckets_[bucket].step <= step; ++bucket) (*done)(bucket);
  };
  tell(-1);
  for (std::size_t i = 0; i < backward_.size(); ++i) {
    const Prepared& step = backward_[i];
    if (i + 1 < backward_.size() && backward_[i + 1].beside && !profiler_.records() &&
        runs_alone(*step.operation, batch) && runs_alone(*backward_[i + 1].operation, batch)) {
      run_back_with_next(i++, batch);
      tell(int(i));
      continue;
    }
    profiler_.timed(
        "backward", "",
        [&] {
          run_back(step, batch);
          add_sums(step, batch);
        },
        [&](ProfileLine& line) {
          describe(line, *step.operation, Pass::backward, rows_of(*step.operation, batch),
                   !step.input_gradients.empty() && step.input_gradients[0] != nullptr);
        });
    tell(int(i));
  }
}

#define LAMINA_INSTANTIATE(T)                                                             \
  template bool ExecutionOf<T>::next_runs_beside(std::size_t, const Batch&) const;        \
  template void ExecutionOf<T>::run_with_next(std::size_t, const Batch&, bool);           \
  template std::optional<Reports<T>> ExecutionOf<T>::reports_of(const Operation&, Pass,   \
                                                                const Batch&) const;      \
  template void ExecutionOf<T>::run(const Operation&, Pass, Call<T>, const Batch&) const; \
  template void ExecutionOf<T>::run_operations(const Batch&, bool);                       \
  template void ExecutionOf<T>::run_back(const Prepared&, const Batch&) const;            \
  template void ExecutionOf<T>::add_sums(const Prepared&, const Batch&) const;            \
  template void ExecutionOf<T>::run_back_with_next(std::size_t, const Batch&) const;      \
  template void ExecutionOf<T>::run_operations_back(const Batch&, const BucketDone*);
LAMINA_INSTANTIATE(float)
LAMINA_INSTANTIATE(double)
#undef LAMINA_INSTANTIATE

}  // namespace lamina
