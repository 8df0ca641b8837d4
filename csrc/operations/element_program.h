// From a formula and shapes to a program of the expression kernel: axes merged, steps ordered,
// registers shared.
#pragma once

#include <memory>
#include <vector>

#include "formula.h"
#include "graph/shape.h"

namespace lamina {

ElementType element_type(DType dtype);

// The shape that all of these broadcast to, by NumPy's rules; throws std::invalid_argument.
Shape broadcast_shape(const std::vector<Shape>& shapes, const char* who);

// The elements of one array: its shape, and whether the leading axis, which is no part of the
// shape, is one of rows.
struct ElementShape {
  Shape shape;
  bool rows;
  ElementType type = ElementType::number;
};

// A program with its storage.
class CompiledProgram {
 public:
  // What an output is: a node, dense over all axes, or summed to the elements of an input.
  struct Output {
    int node;
    ElementType type = ElementType::number;
    int sum_to = -1;  // an input, or -1
  };

  // Inputs are those of the formula; the whole is what they broadcast to.  Outputs that are summed
  // must sum the same axes.
  CompiledProgram(const Formula& formula, const std::vector<ElementShape>& inputs,
                  const Shape& whole, bool rows, const std::vector<Output>& outputs);

  // False where there is no memory.
  template <class T>
  bool run(const Kernels<T>& kernels, void* const* outputs, const void* const* inputs, Index rows,
           Accumulate accumulate) const;

  bool reads(int input) const;  // of the formula
  int registers() const { return registers_; }
  int steps() const { return int(step_.size()); }

 private:
  void take_axes(const std::vector<ElementShape>& inputs, const Shape& whole, bool rows,
                 const std::vector<Output>& outputs);

  std::vector<int> inputs_;  // of the formula, those that are read
  std::vector<ElementArray> input_, output_;
  std::vector<double> constant_;
  std::vector<ElementStep> step_;
  std::unique_ptr<ElementCode> code_;
  std::unique_ptr<char[]> code_memory_;
  int axes_ = 0, registers_ = 0;
  Index size_[ElementArray::most_axes] = {};
};

// Elements from one index to the next along the axes of the whole; the rows first, if it has any.
std::vector<Index> element_strides(const ElementShape& array, const Shape& whole, bool rows);
// Whether an array's gradient is a sum: an axis of the whole is not its own.
bool is_broadcast(const ElementShape& array, const Shape& whole, bool rows);

// The steps of a formula's outputs; slots as element_ops.h numbers them.
struct LoweredFormula {
  std::vector<int> inputs;  // that are read, in the order of their slots
  std::vector<double> constants;
  std::vector<ElementStep> steps;
  int registers;
};
LoweredFormula lower(const Formula& formula, const std::vector<int>& outputs);

}  // namespace lamina
