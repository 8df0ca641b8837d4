// Permutations of axes, moved to where they cancel each other.
//
// A layer whose channels come first permutes its input and permutes its output back, so that two
// such layers have two permutations between them, and an activation keeps these apart.  Here two
// permutations in sequence become one, or none; and operations that work element by element run
// before a permutation instead of after it, if that brings it next to another one.  No value
// changes, but dropout draws its random numbers in the order of the elements in memory.
#include <algorithm>

#include "graph.h"

namespace lamina {

Shape Permutation::result() const {
  Shape result;
  for (const Index axis : order) result.push_back(shape[std::size_t(axis)]);
  return result;
}

bool Permutation::moves() const {
  Index last = -1;
  for (const Index axis : order) {
    if (shape[std::size_t(axis)] == 1) continue;
    if (axis < last) return true;
    last = axis;
  }
  return false;
}

Permutation Permutation::then(const Permutation& next) const {
  Permutation both{shape, {}};
  for (const Index axis : next.order) both.order.push_back(order[std::size_t(axis)]);
  return both;
}

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

  // The operations that lead to a permutation: moving others would only keep them apart from the
  // readers with which build() fuses them.
  void find_movable() {
    std::vector<bool> permuted(values_.size(), false);
    movable_.assign(operations_.size(), false);
    for (std::size_t j = operations_.size(); j-- > 0;) {
      const Operation& operation = *operations_[j];
      movable_[j] = operation.element_by_element() && permuted[std::size_t(operation.output())];
      if (movable_[j] || operation.permutation() != nullptr)
        for (const ValueId input : operation.inputs)
          if (input >= 0) permuted[std::size_t(input)] = true;
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

  bool is_full(const Operation& operation, ValueId input) const {
    return values_[std::size_t(input)].width == values_[std::size_t(operation.output())].width;
  }

  // The permutation of all full inputs of operation j, if moving the operation adds none: one of
  // these inputs, or the output, is then not needed in the permuted order.
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
    return found == nullptr || (needs_inputs && is_needed(operation.output(), *found, j)) ? nullptr
                                                                                          : found;
  }

  // Whether anything but operation j reads a value in the order of a permutation and will go on to
  // do so.
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
