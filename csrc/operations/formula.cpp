#include "formula.h"

#include <cmath>
#include <cstring>
#include <stdexcept>

namespace lamina {
namespace {

struct ElementOpInfo {
  const char* name;
  int operands;
  double work;
};
constexpr ElementOpInfo element_ops[] = {
#define LAMINA_INFO(name, operands, work) {#name, operands, work},
    LAMINA_EACH_ELEMENT_OP(LAMINA_INFO)
#undef LAMINA_INFO
};
constexpr int element_op_count = int(sizeof element_ops / sizeof element_ops[0]);

const ElementOpInfo& info_of(ElementOp op) { return element_ops[std::size_t(op)]; }

bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

bool same_node(const Formula::Node& a, const Formula::Node& b) {
  return a.kind == b.kind && a.op == b.op && a.input == b.input &&
         same_bits(a.constant, b.constant) &&
         std::memcmp(a.operand, b.operand, sizeof a.operand) == 0;
}

}  // namespace

int operands_of(ElementOp op) { return info_of(op).operands; }
const char* name_of(ElementOp op) { return info_of(op).name; }
bool is_costly(ElementOp op) { return info_of(op).work >= 20; }

ElementOp element_op_from_name(const std::string& name) {
  std::string known;
  for (int i = 0; i < element_op_count; ++i) {
    if (name == element_ops[i].name) return ElementOp(i);
    known += (i > 0 ? ", " : "") + std::string(element_ops[i].name);
  }
  throw std::invalid_argument("expression: unknown operation '" + name + "'; known are " + known);
}

bool gives_truth(ElementOp op) {
  switch (op) {
    case ElementOp::logical_not:
    case ElementOp::isnan:
    case ElementOp::isinf:
    case ElementOp::isfinite:
    case ElementOp::equal:
    case ElementOp::not_equal:
    case ElementOp::less:
    case ElementOp::less_equal:
    case ElementOp::greater:
    case ElementOp::greater_equal:
    case ElementOp::logical_and:
    case ElementOp::logical_or:
    case ElementOp::logical_xor:
      return true;
    default:
      return false;
  }
}

bool Formula::is_constant(int id, double value) const {
  const Node& n = node(id);
  return n.kind == Kind::constant && same_bits(n.constant, value);
}

bool Formula::operator==(const Formula& other) const {
  return std::equal(nodes_.begin(), nodes_.end(), other.nodes_.begin(), other.nodes_.end(),
                    same_node);
}

int Formula::find_or_add(const Node& node) {
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (same_node(nodes_[i], node)) return int(i);
  nodes_.push_back(node);
  return int(nodes_.size()) - 1;
}

int Formula::input(int index) {
  Node n{Kind::input};
  n.input = index;
  return find_or_add(n);
}

int Formula::constant(double value) {
  Node n{Kind::constant};
  n.constant = value;
  return find_or_add(n);
}

// Only simplifications that keep every bit, including signed zeros and NaN.
int Formula::apply(ElementOp op, int a, int b, int c) {
  const auto undoes = [&](ElementOp twice) {
    return node(a).kind == Kind::operation && node(a).op == twice;
  };
  switch (op) {
    case ElementOp::copy:
      return a;
    case ElementOp::negative:
      if (undoes(ElementOp::negative)) return node(a).operand[0];
      break;
    case ElementOp::add:
    case ElementOp::multiply:
    case ElementOp::maximum:
    case ElementOp::minimum:
      if (node(a).kind == Kind::constant && node(b).kind != Kind::constant) std::swap(a, b);
      if (op == ElementOp::multiply && is_constant(b, 1.0)) return a;
      if (op == ElementOp::multiply && is_constant(b, -1.0)) return apply(ElementOp::negative, a);
      if (op == ElementOp::multiply && a == b) return apply(ElementOp::square, a);
      break;
    case ElementOp::subtract:
      if (is_constant(b, 0.0)) return a;
      break;
    case ElementOp::divide:
      if (is_constant(b, 1.0)) return a;
      if (is_constant(a, 1.0)) return apply(ElementOp::reciprocal, b);
      break;
    case ElementOp::power:
      if (is_constant(b, 1.0)) return a;
      if (is_constant(b, 2.0)) return apply(ElementOp::square, a);
      if (is_constant(b, -1.0)) return apply(ElementOp::reciprocal, a);
      break;
    default:
      break;
  }
  Node n{Kind::operation, op, {a, b, c}};
  return find_or_add(n);
}

int Formula::copy_of(const Formula& other, int node, const std::vector<int>& inputs) {
  const std::vector<bool> needed = other.reached({node});
  std::vector<int> own(other.nodes_.size(), -1);
  const auto at = [&](int id) { return id < 0 ? -1 : own[std::size_t(id)]; };
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (!needed[i]) continue;
    const Node& n = other.nodes_[i];
    own[i] = n.kind == Kind::input ? inputs[std::size_t(n.input)]
             : n.kind == Kind::constant
                 ? constant(n.constant)
                 : apply(n.op, at(n.operand[0]), at(n.operand[1]), at(n.operand[2]));
  }
  return own[std::size_t(node)];
}

std::vector<bool> Formula::reached(const std::vector<int>& roots) const {
  std::vector<bool> found(nodes_.size(), false);
  for (const int root : roots)
    if (root >= 0) found[std::size_t(root)] = true;
  for (std::size_t i = nodes_.size(); i-- > 0;)
    if (found[i])
      for (const int operand : nodes_[i].operand)
        if (operand >= 0) found[std::size_t(operand)] = true;
  return found;
}

}  // namespace lamina
