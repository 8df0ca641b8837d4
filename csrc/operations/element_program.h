// Compilation of a formula and shapes to a program of the expression kernel: axes are merged, steps
// ordered, and registers shared.
#pragma once

#include <memory>
#include <vector>

#include "formula.h"
#include "graph/shape.h"

namespace lamina {

ElementType element_type(DType dtype);

// The shape to which all of these broadcast, by NumPy's rules; throws std::invalid_argument.
Shape broadcast_shape(const std::vector<Shape>& shapes, const char* who);

// The elements of one array: its shape, and whether it has a leading axis of rows, which is not
// part of the shape.
struct ElementShape {
  Shape shape;
  bool rows;
  ElementType type = ElementType::number;
};

// A program with its storage.
class CompiledProgram {
 public:
  // An output: a node, dense over all axes, or summed to the elements of an input.
  struct Output {
    int node;
    ElementType type = ElementType::number;
    int sum_to = -1;  // an input, or -1
  };

  // Inputs are those of the formula; `whole` is the shape to which they broadcast.  Summed outputs
  // must all sum the same axes.
  CompiledProgram(const Formula& formula, const std::vector<ElementShape>& inputs,
                  const Shape& whole, bool rows, const std::vector<Output>& outputs);

  // Returns false if memory is short.
  template <class T>
  bool run(const Kernels<T>& kernels, void* const* outputs, const void* const* inputs, Index rows,
           Accumulate accumulate) const;

  bool reads(int input) const;  // an input of the formula
  int registers() const { return registers_; }
  int steps() const { return int(step_.size()); }

 private:
  void take_axes(const std::vector<ElementShape>& inputs, const Shape& whole, bool rows,
                 const std::vector<Output>& outputs);

  std::vector<int> inputs_;  // the inputs of the formula that are read
  std::vector<ElementArray> input_, output_;
  std::vector<double> constant_;
  std::vector<ElementStep> step_;
  std::unique_ptr<ElementCode> code_;
  std::unique_ptr<char[]> code_memory_;
  int axes_ = 0, registers_ = 0;
  Index size_[ElementArray::most_axes] = {};
};

// The strides of an array along the axes of `whole`, beginning with that of the rows if there are
// any.
std::vector<Index> element_strides(const ElementShape& array, const Shape& whole, bool rows);
// Whether an array's gradient is a sum, because it lacks an axis of `whole`.
bool is_broadcast(const ElementShape& array, const Shape& whole, bool rows);

// The steps for a formula's outputs; slots are numbered as in element_ops.h.
struct LoweredFormula {
  std::vector<int> inputs;  // those that are read, in the order of their slots
  std::vector<double> constants;
  std::vector<ElementStep> steps;
  int registers;
};
LoweredFormula lower(const Formula& formula, const std::vector<int>& outputs);

}  // namespace lamina
