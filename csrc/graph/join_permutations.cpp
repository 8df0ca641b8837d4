// Permutations of axes, moved to where they cancel each other.
//
// A layer whose channels come first permutes its input and permutes its output back, so that two
// such layers have two permutations between them, and an activation keeps these apart.  Here two
// permutations in sequence become one, or none; and operations that work element by element run
// before a permutation instead of after it, if they lead to another one.  No value changes, but
// dropout and noise draw their random numbers in the order of the elements in memory.
#include <algorithm>

#include "graph.h"

namespace lamina {

namespace {

bool reads(const Operation& operation, ValueId id) {
  return std::find(operation.inputs.begin(), operation.inputs.end(), id) != operation.inputs.end();
}

// Whether `next`, which reads the output of `first`, can be joined with it.
bool follows(const Operation& first, const Operation& next) {
  return next.permutation() != nullptr && next.fold == first.fold && next.whole == first.whole &&
         next.permutation()->shape == first.permutation()->result();
}

class PermutationJoiner {
 public:
  PermutationJoiner(std::vector<Value>& values, std::vector<std::unique_ptr<Operation>> operations,
                    std::vector<bool> direct, std::vector<ValueId> same)
      : values_(values),
        operations_(std::move(operations)),
        direct_(std::move(direct)),
        same_(std::move(same)),
        made_by_(values.size(), nullptr) {}

  std::vector<std::unique_ptr<Operation>> join() {
    find_movable();
    for (std::size_t j = 0; j < operations_.size(); ++j) {
      for (ValueId& input : operations_[j]->inputs)
        if (input >= 0) input = same_[std::size_t(input)];
      if (operations_[j]->permutation() != nullptr)
        add_permutation(std::move(operations_[j]));
      else if (const Operation* before = movable_[j] ? permutation_before(j) : nullptr)
        move_before(std::move(operations_[j]), *before);
      else
        joined_.push_back(std::move(operations_[j]));
    }
    return std::move(joined_);
  }

  // By value: the one that replaces it.
  const std::vector<ValueId>& same() const { return same_; }

 private:
  std::vector<Value>& values_;
  std::vector<std::unique_ptr<Operation>> operations_, joined_;  // to be processed; done
  const std::vector<bool> direct_;
  std::vector<ValueId> same_;
  std::vector<const Operation*> made_by_;  // by value: the permutation that computes it
  std::vector<bool> movable_;

  // The operations between permutations.  Moving others would only keep them apart from the readers
  // with which build() fuses them.
  void find_movable() {
    movable_.assign(operations_.size(), true);
    std::size_t before = 0, now = operations_.size();
    do {
      before = now;
      keep_those_before_permutations();
      keep_those_behind_permutations();
      now = std::size_t(std::count(movable_.begin(), movable_.end(), true));
    } while (now != before);
  }
  void keep_those_before_permutations() {
    std::vector<bool> leads(values_.size(), false);
    for (std::size_t j = operations_.size(); j-- > 0;) {
      const Operation& operation = *operations_[j];
      movable_[j] =
          movable_[j] && operation.element_by_element() && leads[std::size_t(operation.output())];
      if (movable_[j] || operation.permutation() != nullptr)
        for (const ValueId input : operation.inputs)
          if (input >= 0) leads[std::size_t(input)] = true;
    }
  }
  void keep_those_behind_permutations() {
    std::vector<bool> permuted(values_.size(), false);
    for (std::size_t j = 0; j < operations_.size(); ++j) {
      const Operation& operation = *operations_[j];
      if (movable_[j])
        movable_[j] =
            std::all_of(operation.inputs.begin(), operation.inputs.end(), [&](ValueId input) {
              return input < 0 || !is_full(operation, input) || permuted[std::size_t(input)];
            });
      if (movable_[j] || operation.permutation() != nullptr)
        permuted[std::size_t(operation.output())] = true;
    }
  }

  void add_permutation(std::unique_ptr<Operation> operation) {
    const Operation* before = made_by_[std::size_t(operation->inputs[0])];
    if (before != nullptr && follows(*before, *operation)) {
      const Permutation both = before->permutation()->then(*operation->permutation());
      if (!both.moves()) {
        same_[std::size_t(operation->output())] = before->inputs[0];
        return;
      }
      operation = permuting(*operation, before->inputs[0], operation->output(), both);
    }
    made_by_[std::size_t(operation->output())] = operation.get();
    joined_.push_back(std::move(operation));
  }

  // Another permutation between two values, in the place of `old`.
  std::unique_ptr<Operation> permuting(const Operation& old, ValueId from, ValueId to,
                                       Permutation permutation) const {
    auto made = old.permuting(from, std::move(permutation), values_[std::size_t(to)].dtype);
    made->name = old.name;
    made->outputs = {to};
    made->fold = old.fold;
    made->whole = old.whole;
    made->own_rows = old.own_rows;
    return made;
  }

  // Whether an input has the size of the output of an operation that works element by element; the
  // others have one element.
  bool is_full(const Operation& operation, ValueId input) const {
    return values_[std::size_t(input)].width == values_[std::size_t(operation.output())].width;
  }

  // The permutation of all full inputs of operation j, or null if the operation should stay: the
  // inputs are permuted differently, or its move would add a permutation, because others read both
  // an input and the output in the permuted order.
  const Operation* permutation_before(std::size_t j) const {
    const Operation& operation = *operations_[j];
    const Operation* found = nullptr;
    bool needs_inputs = true;
    for (const ValueId input : operation.inputs) {
      if (input < 0 || !is_full(operation, input)) continue;
      const Operation* made = made_by_[std::size_t(input)];
      if (made == nullptr || made->fold != operation.fold || made->whole != operation.whole)
        return nullptr;
      if (found != nullptr && !(*found->permutation() == *made->permutation())) return nullptr;
      found = made;
      needs_inputs = needs_inputs && is_needed(input, *made, j);
    }
    if (found != nullptr && needs_inputs && is_needed(operation.output(), *found, j))
      return nullptr;
    return found;
  }

  // Whether operations other than j read the output of a permutation, or would read it if j moved;
  // permutations that can be joined with it do not, and neither do movable operations.
  bool is_needed(ValueId value, const Operation& permutation, std::size_t j) const {
    const auto stays = [&](const Operation& other) {
      return reads(other, value) && !follows(permutation, other);
    };
    if (direct_[std::size_t(value)]) return true;
    for (const auto& done : joined_)
      if (stays(*done)) return true;
    for (std::size_t k = j + 1; k < operations_.size(); ++k)
      if (!movable_[k] && stays(*operations_[k])) return true;
    return false;
  }

  void move_before(std::unique_ptr<Operation> operation, const Operation& permutation) {
    const ValueId after = operation->output(), now = ValueId(values_.size());
    Value value = values_[std::size_t(after)];
    value.view_of = -1;
    values_.push_back(std::move(value));
    made_by_.push_back(nullptr);
    same_.push_back(now);
    for (ValueId& input : operation->inputs)
      if (input >= 0 && is_full(*operation, input)) input = made_by_[std::size_t(input)]->inputs[0];
    operation->outputs = {now};
    operation->reorder(permutation.permutation()->shape);
    joined_.push_back(std::move(operation));
    add_permutation(permuting(permutation, now, after, *permutation.permutation()));
  }
};

}  // namespace

void Graph::join_permutations() {
  const auto is_permutation = [](const auto& operation) { return operation->permutation(); };
  if (std::none_of(operations_.begin(), operations_.end(), is_permutation)) return;
  PermutationJoiner joiner(values_, std::move(operations_), read_directly(), each_itself());
  operations_ = joiner.join();
  replace_values(joiner.same());
}

}  // namespace lamina
