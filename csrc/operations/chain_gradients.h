// The gradients of a chain of element-wise operations, and the programs that calculate them.
#pragma once

#include <atomic>
#include <vector>

#include "element_program.h"

namespace lamina {

// The node `result` of a formula of inputs of these shapes; `whole` is the shape to which they
// broadcast, and `rows` whether any of them has rows.
struct Chain {
  Formula formula;
  int result;
  std::vector<ElementShape> shapes;
  Shape whole;
  bool rows;
  DType dtype;

  const Formula::Node& last() const { return formula.node(result); }
  // The gradient of an input that is not broadcast is not a sum, and is overwritten.
  bool accumulates(int input) const {
    const ElementShape& shape = shapes[std::size_t(input)];
    return !shape.rows && is_broadcast(shape, whole, rows);
  }
};

class ChainGradients {
 public:
  // A program for gradients summed over the same axes; its outputs are the gradients of these
  // inputs.
  struct Part {
    CompiledProgram program;
    std::vector<int> inputs;
    bool accumulates;  // for parameters
  };

  explicit ChainGradients(const Chain& chain);  // must outlive this object
  ~ChainGradients();
  ChainGradients(const ChainGradients&) = delete;
  ChainGradients& operator=(const ChainGradients&) = delete;

  bool flows_to(int input) const { return gradient_[std::size_t(input)] >= 0; }
  // Whether the gradients need an input, or the chain's output.
  bool reads(int input) const { return reads_[std::size_t(input)]; }
  bool reads_output() const { return reads_.back(); }

  // The programs for the inputs with wants(input).  Their inputs are those of the chain, the
  // gradient of its output, and the output.  They are compiled once for each set of inputs and kept
  // in a list that only grows, because several threads may ask.
  template <class Wants>
  const std::vector<Part>& parts(const Wants& wants) const {
    const auto fits = [&](const Programs& programs) {
      for (std::size_t i = 0; i < gradient_.size(); ++i)
        if (programs.wanted[i] != wants(int(i))) return false;
      return true;
    };
    const Programs* const first = programs_.load(std::memory_order_acquire);
    for (const Programs* p = first; p != nullptr; p = p->next)
      if (fits(*p)) return p->parts;
    std::vector<bool> wanted;
    for (std::size_t i = 0; i < gradient_.size(); ++i) wanted.push_back(wants(int(i)));
    return add(wanted, first).parts;
  }

 private:
  struct Programs {
    std::vector<bool> wanted;
    std::vector<Part> parts;
    const Programs* next = nullptr;
  };

  void derive();
  const Programs& add(const std::vector<bool>& wanted, const Programs* first) const;
  std::vector<std::vector<int>> groups(const std::vector<bool>& wanted) const;
  void join_dense(std::vector<std::vector<int>>& groups) const;

  const Chain& chain_;
  Formula derivative_;
  std::vector<int> gradient_;  // nodes of derivative_, by input; -1 without gradient
  std::vector<bool> reads_;    // by input; then the output's gradient, the output
  mutable std::atomic<const Programs*> programs_{nullptr};
};

}  // namespace lamina
