#include "chain_gradients.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace lamina {

ChainGradients::ChainGradients(const Chain& chain) : chain_(chain) {
  derive();
  reads_.assign(gradient_.size() + 2, false);
  const std::vector<bool> reached = derivative_.reached(gradient_);
  for (std::size_t i = 0; i < reached.size(); ++i)
    if (const Formula::Node& n = derivative_.node(int(i));
        reached[i] && n.kind == Formula::Kind::input)
      reads_[std::size_t(n.input)] = true;
}

ChainGradients::~ChainGradients() {
  for (const Programs* p = programs_.load(); p != nullptr;) delete std::exchange(p, p->next);
}

// Derivatives with respect to all inputs that have one, as functions of the inputs, the output's
// gradient (the next input) and, if recalculating the output costs more than reading it, the output
// (the input after that).
void ChainGradients::derive() {
  const int count = int(chain_.shapes.size());
  std::vector<int> wanted;
  gradient_.assign(chain_.shapes.size(), -1);
  for (int i = 0; i < count; ++i)
    if (chain_.shapes[std::size_t(i)].type == ElementType::number) wanted.push_back(i);
  Formula whole = chain_.formula;
  const int seed = whole.input(count);
  std::vector<int> found(wanted.size(), -1);
  if (is_floating(chain_.dtype)) found = differentiate(whole, chain_.result, seed, wanted);
  const Formula::Node& last = whole.node(chain_.result);
  const bool keeps = last.kind == Formula::Kind::operation && is_costly(last.op);
  std::vector<int> same(whole.nodes().size(), -1);
  for (std::size_t i = 0; i < same.size(); ++i) {
    const Formula::Node& n = whole.node(int(i));
    const auto at = [&](int operand) { return operand < 0 ? -1 : same[std::size_t(operand)]; };
    same[i] = keeps && int(i) == chain_.result ? derivative_.input(count + 1)
              : n.kind == Formula::Kind::input ? derivative_.input(n.input)
              : n.kind == Formula::Kind::constant
                  ? derivative_.constant(n.constant)
                  : derivative_.apply(n.op, at(n.operand[0]), at(n.operand[1]), at(n.operand[2]));
  }
  for (std::size_t k = 0; k < wanted.size(); ++k)
    gradient_[std::size_t(wanted[k])] = found[k] < 0 ? -1 : same[std::size_t(found[k])];
}

const ChainGradients::Programs& ChainGradients::add(const std::vector<bool>& wanted,
                                                    const Programs* first) const {
  auto made = std::make_unique<Programs>();
  made->wanted = wanted;
  std::vector<ElementShape> shapes = chain_.shapes;
  shapes.push_back({chain_.whole, chain_.rows});  // the output's gradient, and the output
  shapes.push_back({chain_.whole, chain_.rows});
  for (const std::vector<int>& group : groups(wanted)) {
    std::vector<CompiledProgram::Output> outputs;
    bool accumulates = false;
    for (const int i : group) {
      outputs.push_back({gradient_[std::size_t(i)], ElementType::number, i});
      accumulates = accumulates || chain_.accumulates(i);
    }
    made->parts.push_back({CompiledProgram(derivative_, shapes, chain_.whole, chain_.rows, outputs),
                           group, accumulates});
  }
  made->next = first;
  while (!programs_.compare_exchange_weak(made->next, made.get(), std::memory_order_acq_rel)) {
  }
  return *made.release();
}

// Inputs whose gradients are sums over the same axes, in groups.
std::vector<std::vector<int>> ChainGradients::groups(const std::vector<bool>& wanted) const {
  std::vector<std::vector<Index>> patterns;
  std::vector<std::vector<int>> groups;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i]) continue;
    const std::vector<Index> pattern = element_strides(chain_.shapes[i], chain_.whole, chain_.rows);
    const auto at = std::find(patterns.begin(), patterns.end(), pattern) - patterns.begin();
    if (at == Index(patterns.size())) {
      patterns.push_back(pattern);
      groups.emplace_back();
    }
    groups[std::size_t(at)].push_back(int(i));
  }
  join_dense(groups);
  return groups;
}

// Gradients that are not sums join the first group of gradients that are.
void ChainGradients::join_dense(std::vector<std::vector<int>>& groups) const {
  const auto dense = [&](const std::vector<int>& group) {
    return !is_broadcast(chain_.shapes[std::size_t(group[0])], chain_.whole, chain_.rows);
  };
  const auto first = std::find_if(groups.begin(), groups.end(), dense);
  if (first == groups.end() || groups.size() < 2) return;
  const std::vector<int> own = *first;
  groups.erase(first);
  groups[0].insert(groups[0].end(), own.begin(), own.end());
}

}  // namespace lamina
