// A formula: element-wise operations on inputs and constants, each result a node.
//
// It knows neither shapes nor memory: element_program.h compiles formulas to programs.  Equal nodes
// are shared, and operations are simplified (x * 1 to x, x to the power 2 to a square).
#pragma once

#include <string>
#include <vector>

#include "element_ops.h"

namespace lamina {

int operands_of(ElementOp op);
const char* name_of(ElementOp op);
// Throws std::invalid_argument for an unknown name and lists the known ones.
ElementOp element_op_from_name(const std::string& name);
// Whether the result is a truth value.
bool gives_truth(ElementOp op);
// Whether recalculating the result costs more than storing it.
bool is_costly(ElementOp op);

class Formula {
 public:
  enum class Kind : std::uint8_t { input, constant, operation };
  struct Node {
    Kind kind;
    ElementOp op = ElementOp::copy;
    int operand[3] = {-1, -1, -1};  // nodes before this one
    int input = -1;
    double constant = 0.0;
  };

  // These return a node.
  int input(int index);
  int constant(double value);
  int apply(ElementOp op, int a, int b = -1, int c = -1);
  // A copy of `node` of another formula, whose input i is replaced by the node inputs[i] of this
  // one.
  int copy_of(const Formula& other, int node, const std::vector<int>& inputs);

  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(int id) const { return nodes_[std::size_t(id)]; }
  bool is_constant(int id, double value) const;
  bool operator==(const Formula& other) const;  // node by node
  // The nodes on which `roots` depend.
  std::vector<bool> reached(const std::vector<int>& roots) const;

 private:
  int find_or_add(const Node& node);
  std::vector<Node> nodes_;
};

// Appends to `formula` the derivatives of `result`, times the node `seed`, with respect to the
// inputs `wanted`; -1 where there is none.
//
// At kinks: equal operands of a maximum each get half the gradient; abs, sign and relu have
// gradient 0 at 0; sqrt has infinity at 0; where passes the gradient to the branch taken only; x **
// y has no gradient with respect to y where x is 0.
std::vector<int> differentiate(Formula& formula, int result, int seed,
                               const std::vector<int>& wanted);

}  // namespace lamina
