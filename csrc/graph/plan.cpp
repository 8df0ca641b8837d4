#include "plan.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace lamina {
namespace {

// Time: 0 gathers the inputs, 1 .. F are the forward operations, F + 1 computes losses, metrics,
// states and outputs; backward operations follow up to 2F + 2.
struct Interval {
  std::size_t bytes;
  int begin, end;
  std::size_t offset = 0;
};

// Places the largest first, each at the lowest offset that is free during its whole lifetime.
// Throws std::invalid_argument if they do not fit.
std::size_t place(std::vector<Interval>& intervals) {
  std::vector<std::size_t> order(intervals.size());
  std::iota(order.begin(), order.end(), std::size_t(0));
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return intervals[a].bytes > intervals[b].bytes;
  });
  std::vector<const Interval*> placed;  // by offset
  std::size_t total = 0;
  for (const std::size_t i : order) {
    Interval& mine = intervals[i];
    std::size_t offset = 0;
    for (const Interval* other : placed) {
      if (other->end < mine.begin || mine.end < other->begin) continue;
      if (offset + mine.bytes <= other->offset) break;
      offset = std::max(offset, other->offset + other->bytes);
    }
    mine.offset = offset;
    std::size_t end = 0;
    if (__builtin_add_overflow(offset, mine.bytes, &end) || Index(end) < 0)
      throw std::invalid_argument(
          "Execution: the values of a batch must fit into 2^63 bytes; take "
          "fewer rows");
    total = std::max(total, end);
    placed.insert(std::upper_bound(
                      placed.begin(), placed.end(), &mine,
                      [](const Interval* a, const Interval* b) { return a->offset < b->offset; }),
                  &mine);
  }
  return total;
}

class Planner {
 public:
  Planner(const Graph& graph, Index rows, bool training, bool input_gradients)
      : graph_(graph),
        rows_(rows),
        training_(training),
        input_gradients_(input_gradients),
        values_(graph.values().size()),
        losses_time_(int(graph.operations().size()) + 1),
        last_time_(2 * losses_time_) {}

  Plan make() {
    plan_.value_offset.assign(values_, Plan::nowhere);
    plan_.gradient_offset.assign(values_, Plan::nowhere);
    plan_.stands_for.resize(values_);
    std::iota(plan_.stands_for.begin(), plan_.stands_for.end(), ValueId(0));
    value_interval_.assign(values_, -1);
    gradient_interval_.assign(values_, -1);
    plan_.saved_offset.assign(graph_.operations().size(), Plan::nowhere);
    plan_.workspace_offset = plan_.saved_offset;
    schedule_forward();
    find_flows();
    if (training_) schedule_backward();
    plan_.bytes = place(intervals_);
    assign(value_interval_, plan_.value_offset);
    assign(gradient_interval_, plan_.gradient_offset);
    for (std::size_t& saved : plan_.saved_offset) resolve(saved);
    for (std::size_t& workspace : plan_.workspace_offset) resolve(workspace);
    for (Plan::Step& step : plan_.backward) {
      resolve(step.workspace_offset);
      for (std::size_t& offset : step.sum_offset) resolve(offset);
    }
    return std::move(plan_);
  }

 private:
  DType dtype() const { return graph_.dtype; }
  ValueId root(ValueId id) const { return plan_.stands_for[std::size_t(id)]; }

  std::size_t bytes(ValueId id) const {
    const Value& value = graph_.values()[std::size_t(id)];
    const Index size = checked_product(graph_.elements(id, rows_), 64);  // allows for rounding up
    return (std::size_t(size / 64) * bytes_of(value.dtype) + 63) / 64 * 64;
  }

  bool is_empty(ValueId id) const { return graph_.values()[std::size_t(id)].width == 0; }

  Index rows_of(const Operation& operation) const {
    return operation.whole ? operation.fold : checked_product(rows_, operation.fold);
  }

  // Returns the number of an interval, which stands for its offset until all are placed.
  std::size_t buffer(std::size_t size, int time) {
    if (size == 0) return Plan::nowhere;
    intervals_.push_back({(size + 63) / 64 * 64, time, time});
    return intervals_.size() - 1;
  }
  void resolve(std::size_t& interval) const {
    if (interval != Plan::nowhere) interval = intervals_[interval].offset;
  }

  void begin_value(ValueId id, int time) {
    value_interval_[std::size_t(id)] = int(intervals_.size());
    intervals_.push_back({bytes(id), time, time});
  }

  void read_value(ValueId id, int time) {
    if (id < 0) return;
    const int interval = value_interval_[std::size_t(root(id))];
    if (interval >= 0) extend(interval, time);
  }

  void extend(int interval, int time) {
    Interval& i = intervals_[std::size_t(interval)];
    i.end = std::max(i.end, time);
  }

  void assign(const std::vector<int>& interval, std::vector<std::size_t>& offset) const {
    for (std::size_t id = 0; id < values_; ++id)
      if (interval[id] >= 0) offset[id] = intervals_[std::size_t(interval[id])].offset;
  }

  // Whether two operations may run at the same time: each stays on one thread, and the one recorded
  // later reads nothing from the other.
  bool are_apart(const Operation& earlier, const Operation& later) const {
    return earlier.rows_alone() > 0 && later.rows_alone() > 0 &&
           std::none_of(later.inputs.begin(), later.inputs.end(), [&](ValueId input) {
             return input >= 0 &&
                    std::count(earlier.outputs.begin(), earlier.outputs.end(), root(input));
           });
  }
  // The last operation must not be the second of a pair already.
  bool may_run_beside(const Operation& operation) const {
    return !plan_.forward.empty() && !plan_.beside.back() &&
           are_apart(*graph_.operations()[std::size_t(plan_.forward.back())], operation);
  }
  // In backward only if the number of rows lets the pair run in parallel, because gradients to
  // which both add need a separate buffer.
  bool goes_back_beside(const Operation& operation) const {
    if (plan_.backward.empty() || plan_.backward.back().beside) return false;
    const Operation& last = *graph_.operations()[std::size_t(plan_.backward.back().operation)];
    return are_apart(operation, last) && rows_of(operation) <= operation.rows_alone() &&
           rows_of(last) <= last.rows_alone();
  }

  // When `saved` is first written to: an observer keeps what it is told before its own time.
  int first_use(const Operation& operation, int time) const {
    if (operation.reporter[std::size_t(Pass::forward)] == nullptr) return time;
    const int input = value_interval_[std::size_t(root(operation.inputs[0]))];
    return intervals_[std::size_t(input)].begin;
  }

  void schedule_forward() {
    for (const Tensor& input : graph_.inputs()) begin_value(input.value, 0);
    for (const StateTerm& t : graph_.states())
      if (t.before >= 0) begin_value(t.before, 0);
    const auto& operations = graph_.operations();
    for (std::size_t j = 0; j < operations.size(); ++j) {
      const Operation& operation = *operations[j];
      if (operation.passes_on(training_)) {
        plan_.stands_for[std::size_t(operation.output())] = root(operation.inputs[0]);
        continue;
      }
      // Operations that run in parallel have the same time, so that their buffers do not overlap.
      const bool beside = may_run_beside(operation);
      const int time = 1 + (beside ? plan_.forward.back() : int(j));
      if (std::all_of(operation.outputs.begin(), operation.outputs.end(),
                      [&](ValueId output) { return is_empty(output); })) {
        for (const ValueId output : operation.outputs) begin_value(output, time);
        continue;  // nothing to calculate
      }
      plan_.forward.push_back(int(j));
      plan_.beside.push_back(beside);
      for (const ValueId output : operation.outputs) begin_value(output, time);
      const Index rows = rows_of(operation);
      if (training_) {
        const std::size_t saved = buffer(operation.saved_bytes(rows, dtype()), time);
        plan_.saved_offset[j] = saved;
        if (saved != Plan::nowhere) intervals_[saved].begin = first_use(operation, time);
      }
      if (operation.settles() && plan_.saved_offset[j] != Plan::nowhere)
        extend(int(plan_.saved_offset[j]), last_time_ + 1);
      plan_.workspace_offset[j] =
          buffer(operation.workspace_bytes(Pass::forward, rows, dtype()), time);
      for (const ValueId id : operation.inputs) read_value(id, time);
    }
    for (const LossTerm& t : graph_.losses())
      read_value(t.loss, losses_time_), read_value(t.weight, losses_time_),
          read_value(t.mask, losses_time_);
    for (const MetricTerm& t : graph_.metrics())
      read_value(t.prediction, losses_time_), read_value(t.target, losses_time_),
          read_value(t.weight, losses_time_);
    // A training step stores its states at its very end.
    for (const StateTerm& t : graph_.states())
      read_value(t.after, training_ ? last_time_ + 1 : losses_time_);
    for (const Tensor& output : graph_.outputs()) read_value(output.value, last_time_ + 1);
  }

  // A value has a gradient if it leads to a loss and depends on something trainable.
  void find_flows() {
    std::vector<bool> learns(values_, false);
    plan_.flows.assign(values_, false);
    for (std::size_t id = 0; id < values_; ++id) {
      const Value& value = graph_.values()[id];
      learns[id] = (value.kind == ValueKind::parameter &&
                    graph_.parameters()[std::size_t(value.slot)].trainable) ||
                   (value.kind == ValueKind::input && is_floating(value.dtype) && input_gradients_);
    }
    const auto& operations = graph_.operations();
    for (const auto& operation : operations)
      for (std::size_t i = 0; i < operation->inputs.size(); ++i)
        if (operation->inputs[i] >= 0 && operation->differentiable(int(i)) &&
            learns[std::size_t(operation->inputs[i])])
          for (const ValueId output : operation->outputs)
            learns[std::size_t(output)] = !is_empty(output);
    for (const LossTerm& term : graph_.losses())
      plan_.flows[std::size_t(term.loss)] = learns[std::size_t(term.loss)];
    for (auto it = operations.rbegin(); it != operations.rend(); ++it)
      if (flows_out(**it))
        for (std::size_t i = 0; i < (*it)->inputs.size(); ++i)
          if (const ValueId id = (*it)->inputs[i];
              id >= 0 && (*it)->differentiable(int(i)) && learns[std::size_t(id)])
            plan_.flows[std::size_t(id)] = true;
    for (const Penalty& penalty : graph_.penalties())
      if (const auto id = std::size_t(penalty.parameter); learns[id] && !plan_.flows[id]) {
        plan_.flows[id] = true;
        plan_.only_penalized.push_back(penalty.parameter);
      }
  }

  bool flows_out(const Operation& operation) const {
    return std::any_of(operation.outputs.begin(), operation.outputs.end(),
                       [&](ValueId output) { return plan_.flows[std::size_t(output)]; });
  }

  void begin_gradient(ValueId id, int time) {
    gradient_interval_[std::size_t(id)] = int(intervals_.size());
    intervals_.push_back({bytes(id), time, time});
  }

  void schedule_backward() {
    std::vector<bool> begun(values_, false);
    for (const LossTerm& term : graph_.losses())
      if (plan_.flows[std::size_t(term.loss)] && !begun[std::size_t(term.loss)]) {
        begin_gradient(term.loss, losses_time_);
        begun[std::size_t(term.loss)] = true;
      }
    const auto& operations = graph_.operations();
    for (std::size_t j = operations.size(); j-- > 0;) {
      const Operation& operation = *operations[j];
      if (!flows_out(operation)) continue;
      const bool beside = goes_back_beside(operation);
      const int time = last_time_ - (beside ? plan_.backward.back().operation : int(j));
      for (const ValueId output : operation.outputs) {
        if (plan_.flows[std::size_t(output)]) extend(gradient_interval_[std::size_t(output)], time);
        if (operation.backward_reads_output()) read_value(output, time);
      }
      if (plan_.saved_offset[j] != Plan::nowhere) extend(int(plan_.saved_offset[j]), time);
      plan_.backward.push_back(backward_step(int(j), time, beside, begun));
    }
    if (input_gradients_)
      for (const Tensor& input : graph_.inputs())
        if (const int interval = gradient_interval_[std::size_t(input.value)]; interval >= 0)
          extend(interval, last_time_ + 1);
  }

  // Whether the gradient of input i may overwrite that of the output, which nothing reads later.
  bool in_place(const Operation& operation, std::size_t i) const {
    const auto& inputs = operation.inputs;
    return operation.overwrites() == int(i) && operation.outputs.size() == 1 &&
           std::count(inputs.begin(), inputs.end(), inputs[i]) == 1 &&
           bytes(inputs[i]) == bytes(operation.output());
  }

  // Determines where the gradient of input i is written.
  void plan_input(const Operation& operation, std::size_t i, int time, Plan::Step& step,
                  std::vector<bool>& begun) {
    const ValueId id = operation.inputs[i];
    if (id < 0) return;
    if (operation.backward_reads_input(int(i))) read_value(id, time);
    if (!operation.differentiable(int(i)) || !plan_.flows[std::size_t(id)]) return;
    step.wants[i] = true;
    step.adds[i] = begun[std::size_t(id)];
    begun[std::size_t(id)] = true;
    const bool parameter = graph_.values()[std::size_t(id)].kind == ValueKind::parameter;
    if (!parameter && step.adds[i]) extend(gradient_interval_[std::size_t(id)], time);
    if (!parameter && !step.adds[i]) {
      if (in_place(operation, i))
        gradient_interval_[std::size_t(id)] = gradient_interval_[std::size_t(operation.output())];
      else
        begin_gradient(id, time);
    }
    if (!step.adds[i] || (operation.accumulates(int(i)) && !(step.beside && last_adds_to(id))))
      return;
    // A separate buffer starts from zero.
    if (operation.accumulates(int(i))) step.adds[i] = false;
    step.sum_offset[i] = intervals_.size();  // an interval until it is placed
    intervals_.push_back({bytes(id), time, time});
  }

  // Whether the last operation of the backward pass also contributes to the gradient of the value.
  bool last_adds_to(ValueId id) const {
    const Plan::Step& last = plan_.backward.back();
    const auto& inputs = graph_.operations()[std::size_t(last.operation)]->inputs;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i] == id && last.wants[i]) return true;
    return false;
  }

  Plan::Step backward_step(int j, int time, bool beside, std::vector<bool>& begun) {
    const Operation& operation = *graph_.operations()[std::size_t(j)];
    const std::size_t inputs = operation.inputs.size();
    Plan::Step step{
        j,
        std::vector<bool>(inputs, false),
        std::vector<bool>(inputs, false),
        std::vector<std::size_t>(inputs, Plan::nowhere),
        buffer(operation.workspace_bytes(Pass::backward, rows_of(operation), dtype()), time),
        beside};
    // Accumulating inputs first: if a value is an input twice, the gradient that is written goes to
    // a separate buffer.
    for (const bool adding : {true, false})
      for (std::size_t i = 0; i < inputs; ++i)
        if (operation.accumulates(int(i)) == adding) plan_input(operation, i, time, step, begun);
    return step;
  }

  const Graph& graph_;
  const Index rows_;
  const bool training_, input_gradients_;
  const std::size_t values_;
  const int losses_time_, last_time_;
  Plan plan_;
  std::vector<Interval> intervals_;
  std::vector<int> value_interval_, gradient_interval_;
};

}  // namespace

Plan make_plan(const Graph& graph, Index rows, bool training, bool input_gradients) {
  return Planner(graph, rows, training, input_gradients).make();
}

namespace {

constexpr std::size_t overflow = std::numeric_limits<std::size_t>::max();

std::size_t inference_bytes(const Graph& graph, Index rows) {
  try {
    return make_plan(graph, rows, false, false).bytes;
  } catch (const std::invalid_argument&) {
    return overflow;
  }
}

}  // namespace

std::size_t fixed_bytes(const Graph& graph) {
  const std::size_t one = inference_bytes(graph, 1), two = inference_bytes(graph, 2);
  return two == overflow ? 0 : 2 * one - std::min(2 * one, two);
}

Index rows_within(const Graph& graph, Index rows, std::size_t bytes) {
  if (rows <= 1) return 1;
  const std::size_t fixed = fixed_bytes(graph);
  const auto fits = [&](Index count) {
    const std::size_t all = inference_bytes(graph, count);
    return all - std::min(all, fixed) <= bytes;
  };
  if (fits(rows)) return rows;
  Index enough = 1, too_many = rows;
  while (too_many - enough > 1) {
    const Index middle = enough + (too_many - enough) / 2;
    (fits(middle) ? enough : too_many) = middle;
  }
  return enough;
}

}  // namespace lamina
