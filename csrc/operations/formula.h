// A formula: element-wise operations on inputs and constants, each result named once.
//
// It knows no shapes and no memory: element_program.h makes programs of formulas.  Equal nodes are
// one node, and what needs no calculation (x * 1, x ** 2 by power) gets none.
#pragma once

#include <string>
#include <vector>

#include "element_ops.h"

namespace lamina {

int operands_of(ElementOp op);
const char* name_of(ElementOp op);
// Throws std::invalid_argument with the known names.
ElementOp element_op_from_name(const std::string& name);
// Whether the result is a truth value.
bool gives_truth(ElementOp op);
// Whether calculating it again costs more than keeping it.
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

  // Each returns a node.
  int input(int index);
  int constant(double value);
  int apply(ElementOp op, int a, int b = -1, int c = -1);
  // A copy of `node` of another formula, whose input i becomes the node inputs[i] of this one.
  int copy_of(const Formula& other, int node, const std::vector<int>& inputs);

  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(int id) const { return nodes_[std::size_t(id)]; }
  bool is_constant(int id, double value) const;
  bool operator==(const Formula& other) const;  // node by node
  // Which nodes `roots` depend on.
  std::vector<bool> reached(const std::vector<int>& roots) const;

 private:
  int find_or_add(const Node& node);
  std::vector<Node> nodes_;
};

// Appends the derivatives to `formula`: those of `result`, times the node `seed`, by each of the
// inputs `wanted`; -1 where none flows.
//
// At kinks: equal values of a maximum share its gradient half and half; abs, sign, relu at 0 have
// none; sqrt at 0 infinity; where gives all to the branch taken; x ** y has none towards y where
// x is 0.
std::vector<int> differentiate(Formula& formula, int result, int seed,
                               const std::vector<int>& wanted);

}  // namespace lamina
