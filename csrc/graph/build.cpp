// The passes of build(): values that nothing reads are dropped, equal operations merged, constants
// evaluated, permutations joined (join_permutations.cpp), and operations fused.
#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <typeinfo>

#include "graph.h"
#include "reports.h"
#include "runtime/isa.h"

namespace lamina {

// Values that are read by something other than an operation: losses, metrics, outputs, states.
std::vector<bool> Graph::read_directly() const {
  std::vector<bool> read(values_.size(), false);
  const auto mark = [&](ValueId id) {
    if (id >= 0) read[std::size_t(id)] = true;
  };
  for (const LossTerm& term : losses_) mark(term.loss), mark(term.weight), mark(term.mask);
  for (const MetricTerm& term : metrics_)
    mark(term.prediction), mark(term.target), mark(term.weight);
  for (const Tensor& output : outputs_) mark(output.value);
  for (const StateTerm& term : states_) mark(term.after);
  return read;
}

void Graph::drop_unused() {
  std::vector<bool> used = read_directly();
  std::vector<std::unique_ptr<Operation>> kept;
  for (std::size_t i = operations_.size(); i-- > 0;) {
    const std::vector<ValueId>& outputs = operations_[i]->outputs;
    if (!operations_[i]->settles() &&
        std::none_of(outputs.begin(), outputs.end(),
                     [&](ValueId output) { return used[std::size_t(output)]; }))
      continue;  // run for its side effects
    for (const ValueId id : operations_[i]->inputs)
      if (id >= 0) used[std::size_t(id)] = true;
    kept.push_back(std::move(operations_[i]));
  }
  operations_.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
}

// --- equal operations

std::vector<ValueId> Graph::each_itself() const {
  std::vector<ValueId> same(values_.size());
  std::iota(same.begin(), same.end(), ValueId(0));
  return same;
}

// Makes every reader of a value read `same[value]` instead.
void Graph::replace_values(const std::vector<ValueId>& same) {
  const auto replace = [&](ValueId& id) {
    if (id >= 0) id = same[std::size_t(id)];
  };
  for (const auto& operation : operations_)
    for (ValueId& input : operation->inputs) replace(input);
  for (LossTerm& term : losses_) replace(term.loss), replace(term.weight), replace(term.mask);
  for (MetricTerm& term : metrics_)
    replace(term.prediction), replace(term.target), replace(term.weight);
  for (Tensor& output : outputs_) replace(output.value);
  for (StateTerm& term : states_) replace(term.after);
}

void Graph::share_constants(std::vector<ValueId>& same) const {
  std::vector<ValueId> known;
  const auto bytes = [&](ValueId id) { return constant(values_[std::size_t(id)].slot).data(); };
  for (std::size_t id = 0; id < values_.size(); ++id) {
    const Value& value = values_[id];
    if (value.kind != ValueKind::constant) continue;
    const auto size = std::size_t(value.width) * bytes_of(value.dtype);
    const auto twin = std::find_if(known.begin(), known.end(), [&](ValueId other) {
      const Value& o = values_[std::size_t(other)];
      return o.dtype == value.dtype && o.width == value.width &&
             std::equal(bytes(other), bytes(other) + size, bytes(ValueId(id)));
    });
    if (twin == known.end())
      known.push_back(ValueId(id));
    else
      same[id] = *twin;
  }
}

// The first of several operations with the same results for the same inputs serves all their
// readers.
void Graph::share_equal() {
  std::vector<ValueId> same = each_itself();
  share_constants(same);
  const auto root = [&](ValueId id) { return id < 0 ? id : same[std::size_t(id)]; };
  const auto alike = [&](const Operation& a, const Operation& b) {
    const auto inputs = [&](ValueId x, ValueId y) { return root(x) == root(y); };
    const auto outputs = [&](ValueId x, ValueId y) {
      const Value &p = values_[std::size_t(x)], &q = values_[std::size_t(y)];
      return p.dtype == q.dtype && p.width == q.width && p.whole == q.whole;
    };
    return a.kind == b.kind && a.fold == b.fold && typeid(a) == typeid(b) &&
           std::equal(a.inputs.begin(), a.inputs.end(), b.inputs.begin(), b.inputs.end(), inputs) &&
           std::equal(a.outputs.begin(), a.outputs.end(), b.outputs.begin(), b.outputs.end(),
                      outputs) &&
           a.same_as(b);
  };
  std::vector<std::vector<const Operation*>> readers(values_.size());  // by first input
  for (const auto& operation : operations_) {
    if (operation->inputs.empty() || operation->inputs[0] < 0) continue;
    auto& others = readers[std::size_t(root(operation->inputs[0]))];
    const auto twin = std::find_if(others.begin(), others.end(), [&](const Operation* other) {
      return alike(*operation, *other);
    });
    if (twin == others.end())
      others.push_back(operation.get());
    else
      for (std::size_t k = 0; k < operation->outputs.size(); ++k)
        same[std::size_t(operation->outputs[k])] = (*twin)->outputs[k];
  }
  replace_values(same);
}

// --- constants

template <class T>
void Graph::calculate(const Operation& operation) {
  std::vector<std::byte*> places(values_.size(), nullptr);
  for (const ValueId input : operation.inputs)
    if (input >= 0) places[std::size_t(input)] = constant(values_[std::size_t(input)].slot).data();
  bool any = false;
  for (const ValueId output : operation.outputs) {
    Value& value = values_[std::size_t(output)];
    constants_.emplace_back(padded_bytes(value.width, value.dtype));
    value.kind = ValueKind::constant;
    value.slot = int(constants_.size()) - 1;
    places[std::size_t(output)] = constants_.back().data();
    any = any || value.width > 0;
  }
  if (!any) return;
  const Index rows = operation.rows_in(1);
  const Buffer workspace(operation.workspace_bytes(Pass::forward, rows, dtype));
  const std::vector<std::byte*> no_gradients(values_.size(), nullptr);
  operation.forward(Call<T>{kernels<T>(),
                            rows,
                            false,
                            {},
                            places.data(),
                            no_gradients.data(),
                            operation.inputs,
                            operation.outputs,
                            {},
                            Accumulate::no,
                            nullptr,
                            workspace.data()});
}

// Operations on constants alone become constants.
void Graph::calculate_known() {
  const auto is_known = [&](ValueId id) {
    return id < 0 || values_[std::size_t(id)].kind == ValueKind::constant;
  };
  std::vector<bool> calculated;
  for (const auto& operation : operations_) {
    const auto& inputs = operation->inputs;
    calculated.push_back(false);
    if (!operation->whole || inputs.empty() ||
        !std::all_of(inputs.begin(), inputs.end(), is_known) || !operation->same_as(*operation))
      continue;
    if (operation->passes_on(true) && operation->passes_on(false)) {
      std::vector<ValueId> same = each_itself();
      same[std::size_t(operation->output())] = inputs[0];
      replace_values(same);
      continue;
    }
    dtype == DType::float64 ? calculate<double>(*operation) : calculate<float>(*operation);
    calculated.back() = true;
  }
  std::vector<std::unique_ptr<Operation>> left;
  for (std::size_t i = 0; i < operations_.size(); ++i)
    if (!calculated[i]) left.push_back(std::move(operations_[i]));
  operations_ = std::move(left);
}

// --- fusion

// From the last operation to the first: an operation is then the only reader of a value even if
// other readers were absorbed before, and several readers that were fused count as one.
void Graph::fuse_producers() {
  const std::vector<bool> direct = read_directly();
  std::vector<int> readers(values_.size(), 0), producers(values_.size(), -1);
  const auto count = [&](const Operation& operation, int change) {
    for (const ValueId id : operation.inputs)
      if (id >= 0) readers[std::size_t(id)] += change;
  };
  for (std::size_t j = 0; j < operations_.size(); ++j) {
    count(*operations_[j], 1);
    for (const ValueId output : operations_[j]->outputs) producers[std::size_t(output)] = int(j);
  }
  // Lets an operation absorb a producer of one of its inputs; returns whether it did.
  const auto takes = [&](Operation& operation) {
    for (const ValueId id : std::vector<ValueId>(operation.inputs)) {
      const int made = id < 0 ? -1 : producers[std::size_t(id)];
      Operation* producer = made < 0 ? nullptr : operations_[std::size_t(made)].get();
      if (producer == nullptr || producer->outputs.size() != 1) continue;
      const bool alone = !direct[std::size_t(id)] &&
                         readers[std::size_t(id)] ==
                             std::count(operation.inputs.begin(), operation.inputs.end(), id);
      if (!alone && !producer->taken_by_each()) continue;
      count(operation, -1);
      const bool done =
          (inference_ && alone && operation.absorb_producer_in_inference(*producer)) ||
          operation.absorb_producer(*producer);
      count(operation, 1);
      if (!done) continue;
      if (alone) {
        count(*producer, -1);
        operations_[std::size_t(made)].reset();
      }
      return true;
    }
    return false;
  };
  for (std::size_t j = operations_.size(); j-- > 0;) {
    bool goes_on = operations_[j] != nullptr;
    while (goes_on) goes_on = takes(*operations_[j]);
  }
  operations_.erase(std::remove(operations_.begin(), operations_.end(), nullptr),
                    operations_.end());
}

void Graph::fuse_followers(bool in_inference) {
  const std::vector<bool> direct = read_directly();
  std::vector<int> readers(values_.size(), 0), places(values_.size(), -1);
  for (std::size_t j = 0; j < operations_.size(); ++j) {
    for (const ValueId output : operations_[j]->outputs) places[std::size_t(output)] = int(j);
    for (const ValueId id : operations_[j]->inputs)
      if (id >= 0) ++readers[std::size_t(id)];
  }
  const auto place = [&](ValueId id) { return id < 0 ? -1 : places[std::size_t(id)]; };
  // Whether the operation at `from` may run at `to`: operations that settle the same values must do
  // so in recording order.
  const auto may_wait = [&](int from, int to) {
    const std::vector<ValueId>& own = operations_[std::size_t(from)]->inputs;
    const auto shared = [&](ValueId id) {
      return id >= 0 && std::find(own.begin(), own.end(), id) != own.end();
    };
    if (!operations_[std::size_t(from)]->settles()) return true;
    for (int k = from + 1; k < to; ++k)
      if (const auto& other = operations_[std::size_t(k)];
          other != nullptr && other->settles() &&
          std::any_of(other->inputs.begin(), other->inputs.end(), shared))
        return false;
    return true;
  };
  const auto absorbed = [&](int j, ValueId input) {
    const Operation& operation = *operations_[std::size_t(j)];
    const int at = place(input);
    Operation* producer = at < 0 ? nullptr : operations_[std::size_t(at)].get();
    if (producer == nullptr || producer->outputs.size() != 1 || direct[std::size_t(input)] ||
        readers[std::size_t(input)] != 1 || producer->fold != operation.fold ||
        producer->whole != operation.whole)
      return false;
    // The follower's other inputs must exist when the producer runs.
    const bool waits =
        std::any_of(operation.inputs.begin(), operation.inputs.end(),
                    [&](ValueId other) { return other != input && place(other) >= at; });
    if (waits && !may_wait(at, j)) return false;
    if (!(in_inference && producer->absorb_in_inference(operation)) && !producer->absorb(operation))
      return false;
    const int stays = waits ? j : at;
    places[std::size_t(operation.output())] = stays;
    producer->outputs = operation.outputs;
    std::unique_ptr<Operation> fused = std::move(operations_[std::size_t(at)]);
    operations_[std::size_t(j)].reset();
    operations_[std::size_t(stays)] = std::move(fused);
    return true;
  };
  for (int j = 0; j < int(operations_.size()); ++j)
    for (const ValueId input : std::vector<ValueId>(operations_[std::size_t(j)]->inputs))
      if (absorbed(j, input)) break;
  operations_.erase(std::remove(operations_.begin(), operations_.end(), nullptr),
                    operations_.end());
}

// Numbers the operations, tells each the producer of its first input, and links those that report
// rows to each other.
void Graph::settle_producers() {
  const std::vector<bool> direct = read_directly();
  std::vector<int> readers(values_.size(), 0);
  std::vector<Operation*> producers(values_.size(), nullptr);
  for (const auto& operation : operations_) {
    for (const ValueId output : operation->outputs)
      producers[std::size_t(output)] = operation.get();
    for (const ValueId id : operation->inputs)
      if (id >= 0) ++readers[std::size_t(id)];
  }
  for (Value& value : values_) value.producer = -1;
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    Operation& operation = *operations_[i];
    for (const ValueId output : operation.outputs) values_[std::size_t(output)].producer = int(i);
    const ValueId first = operation.inputs.empty() ? -1 : operation.inputs[0];
    Operation* producer = first < 0 ? nullptr : producers[std::size_t(first)];
    if (producer == nullptr) continue;
    const bool alone = readers[std::size_t(first)] == 1 && !direct[std::size_t(first)] &&
                       producer->outputs.size() == 1;
    operation.meet_producer(*producer, alone);
    link_reports(*producer, operation, alone);
  }
}

// Constants that were only used to evaluate others need no memory.
void Graph::drop_unused_constants() {
  std::vector<bool> used = read_directly();
  for (const auto& operation : operations_)
    for (const ValueId id : operation->inputs)
      if (id >= 0) used[std::size_t(id)] = true;
  for (std::size_t id = 0; id < values_.size(); ++id)
    if (values_[id].kind == ValueKind::constant && !used[id])
      constants_[std::size_t(values_[id].slot)] = Buffer();
}

void Graph::check_products() const {
  for (const auto& operation : operations_) {
    if (operation->products() != Products::bfloat16) continue;
    const std::string lacks = bfloat16_lacks();
    if (lacks.empty()) return;
    throw std::invalid_argument(operation->name +
                                ": mixed_bfloat16 needs products in bfloat16: " + lacks +
                                "; dtype_policy = 'float32' of the model computes everywhere");
  }
}

void Graph::build(bool inference) {
  check_products();
  if (closed_.exchange(true)) check_open("build");
  inference_ = inference;
  drop_unused();
  share_equal();
  calculate_known();
  join_permutations();
  drop_unused();
  drop_unused_constants();
  fuse_followers(false);
  if (inference_) fuse_followers(true);  // of operations that are now the only reader
  fuse_producers();
  settle_producers();
  built_ = true;
}

}  // namespace lamina
