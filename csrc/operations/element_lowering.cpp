// The steps of formulas: an order in which most results stay in the accumulator, and registers for
// the others.
#include <algorithm>

#include "element_program.h"

namespace lamina {
namespace {

// One form of an operation: which operand is in the accumulator, and which ones are in slots.
struct StepForm {
  ElementOp op;
  int accumulator, slot, other;
};

// The preferred form first.
std::vector<StepForm> forms_of(ElementOp op) {
  switch (op) {
    case ElementOp::add:
    case ElementOp::multiply:
    case ElementOp::equal:
    case ElementOp::not_equal:
    case ElementOp::logical_and:
    case ElementOp::logical_or:
    case ElementOp::logical_xor:
      return {{op, 0, 1, -1}, {op, 1, 0, -1}};
    case ElementOp::subtract:
      return {{op, 0, 1, -1}, {ElementOp::subtract_from, 1, 0, -1}};
    case ElementOp::divide:
      return {{op, 0, 1, -1}, {ElementOp::divide_into, 1, 0, -1}};
    case ElementOp::less:
      return {{op, 0, 1, -1}, {ElementOp::greater, 1, 0, -1}};
    case ElementOp::less_equal:
      return {{op, 0, 1, -1}, {ElementOp::greater_equal, 1, 0, -1}};
    case ElementOp::greater:
      return {{op, 0, 1, -1}, {ElementOp::less, 1, 0, -1}};
    case ElementOp::greater_equal:
      return {{op, 0, 1, -1}, {ElementOp::less_equal, 1, 0, -1}};
    case ElementOp::where:
      return {
          {op, 0, 1, 2}, {ElementOp::select_first, 1, 0, 2}, {ElementOp::select_second, 2, 0, 1}};
    default:  // maximum and minimum of equal zeros return the second operand, so only one order
      return {{op, 0, operands_of(op) > 1 ? 1 : -1, operands_of(op) > 2 ? 2 : -1}};
  }
}

class Lowering {
 public:
  Lowering(const Formula& formula, const std::vector<int>& outputs)
      : f_(formula),
        outputs_(outputs),
        slot_(formula.nodes().size(), -1),
        uses_(formula.nodes().size(), 0),
        done_(formula.nodes().size(), false) {}

  LoweredFormula run() {
    number_leaves();
    measure();
    for (const int output : outputs_) arrange(output);
    for (std::size_t t = 0; t < order_.size(); ++t)
      emit(order_[t], t + 1 < order_.size() ? order_[t + 1] : -1);
    for (std::size_t i = 0; i < outputs_.size(); ++i)
      if (is_leaf(outputs_[i])) {
        step(ElementOp::load, slot(outputs_[i]));
        step(ElementOp::store, first_output() + int(i));
      }
    out_.registers = registers_;
    return std::move(out_);
  }

 private:
  bool is_leaf(int id) const { return f_.node(id).kind != Formula::Kind::operation; }
  int first_output() const { return int(out_.inputs.size() + out_.constants.size()); }
  int first_register() const { return first_output() + int(outputs_.size()); }
  int& slot(int id) { return slot_[std::size_t(id)]; }
  void step(ElementOp op, int slot = -1, int other = -1) {
    out_.steps.push_back({op, std::int16_t(slot), std::int16_t(other)});
  }

  void number_leaves() {
    const std::vector<bool> needed = f_.reached(outputs_);
    for (std::size_t i = 0; i < needed.size(); ++i) {
      const Formula::Node& n = f_.node(int(i));
      if (!needed[i]) continue;
      if (n.kind == Formula::Kind::input) {
        slot_[i] = int(out_.inputs.size());
        out_.inputs.push_back(n.input);
      }
      for (const int operand : n.operand)
        if (operand >= 0) ++uses_[std::size_t(operand)];
    }
    for (std::size_t i = 0; i < needed.size(); ++i)
      if (needed[i] && f_.node(int(i)).kind == Formula::Kind::constant) {
        slot_[i] = int(out_.inputs.size() + out_.constants.size());
        out_.constants.push_back(f_.node(int(i)).constant);
      }
  }

  // The number of registers that the tree of a node needs (Sethi and Ullman 1970).
  void measure() {
    for (std::size_t i = 0; i < f_.nodes().size(); ++i) {
      std::vector<int> needs;
      for (const int operand : f_.node(int(i)).operand)
        if (operand >= 0) needs.push_back(need_[std::size_t(operand)]);
      std::sort(needs.rbegin(), needs.rend());
      int most = is_leaf(int(i)) ? 0 : 1;
      for (std::size_t k = 0; k < needs.size(); ++k)
        most = std::max(most, needs[k] > 0 ? needs[k] + int(k) : 0);
      need_.push_back(most);
    }
  }

  // Operands before their operation, the one that needs most registers first; without recursion,
  // because formulas may be deep.
  void arrange(int root) {
    std::vector<int> pending = {root};
    while (!pending.empty()) {
      const int id = pending.back();
      if (is_leaf(id) || done_[std::size_t(id)]) {
        pending.pop_back();
        continue;
      }
      int first = -1;
      for (const int operand : f_.node(id).operand)
        if (operand >= 0 && !is_leaf(operand) && !done_[std::size_t(operand)] &&
            (first < 0 || need_[std::size_t(operand)] > need_[std::size_t(first)]))
          first = operand;
      if (first >= 0) {
        pending.push_back(first);
        continue;
      }
      done_[std::size_t(id)] = true;
      order_.push_back(id);
      pending.pop_back();
    }
  }

  // The form whose accumulator operand is there already, or null.
  const StepForm* fitting(const std::vector<StepForm>& forms, const Formula::Node& n, int held) {
    for (const StepForm& form : forms)
      if (n.operand[form.accumulator] == held) return &form;
    return nullptr;
  }

  void emit(int id, int next) {
    const Formula::Node& n = f_.node(id);
    const std::vector<StepForm> forms = forms_of(n.op);
    const StepForm* form = held_ < 0 ? nullptr : fitting(forms, n, held_);
    if (form == nullptr) {
      form = &forms.front();
      step(ElementOp::load, slot(n.operand[form->accumulator]));
    }
    const auto slot_of = [&](int k) { return k < 0 ? -1 : slot(n.operand[k]); };
    step(form->op, slot_of(form->slot), slot_of(form->other));
    for (const int operand : n.operand) release(operand);
    held_ = id;
    const bool goes_on = next >= 0 && uses_[std::size_t(id)] == 1 &&
                         fitting(forms_of(f_.node(next).op), f_.node(next), id) != nullptr;
    if (uses_[std::size_t(id)] > 0 && !goes_on) {
      slot(id) = take_register();
      step(ElementOp::store, slot(id));
    }
    for (std::size_t i = 0; i < outputs_.size(); ++i)
      if (outputs_[i] == id) step(ElementOp::store, first_output() + int(i));
  }

  int take_register() {
    if (free_.empty()) return first_register() + registers_++;
    const int taken = free_.back();
    free_.pop_back();
    return taken;
  }
  void release(int id) {
    if (id < 0 || --uses_[std::size_t(id)] > 0 || is_leaf(id) || slot(id) < 0) return;
    free_.push_back(slot(id));
  }

  const Formula& f_;
  const std::vector<int>& outputs_;
  std::vector<int> slot_, uses_, need_, order_, free_;
  std::vector<bool> done_;
  int held_ = -1, registers_ = 0;
  LoweredFormula out_{};
};

}  // namespace

LoweredFormula lower(const Formula& formula, const std::vector<int>& outputs) {
  return Lowering(formula, outputs).run();
}

}  // namespace lamina
