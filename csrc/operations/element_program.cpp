#include "element_program.h"

#include <algorithm>
#include <stdexcept>

namespace lamina {

ElementType element_type(DType dtype) {
  return is_floating(dtype)      ? ElementType::number
         : dtype == DType::int32 ? ElementType::int32
                                 : ElementType::boolean;
}

Shape broadcast_shape(const std::vector<Shape>& shapes, const char* who) {
  Shape whole;
  for (const Shape& shape : shapes) {
    if (shape.size() > whole.size()) whole.insert(whole.begin(), shape.size() - whole.size(), 1);
    for (std::size_t k = 1; k <= shape.size(); ++k) {
      Index& size = whole[whole.size() - k];
      const Index own = shape[shape.size() - k];
      if (size == 1) size = own;
      if (own == size || own == 1) continue;
      std::string all;
      for (const Shape& each : shapes) all += (all.empty() ? "" : ", ") + to_string(each);
      throw std::invalid_argument(
          std::string(who) +
          ": shapes must broadcast: counted from the last, axes must be equal or "
          "1; got " +
          all);
    }
  }
  return whole;
}

std::vector<Index> element_strides(const ElementShape& array, const Shape& whole, bool rows) {
  if (array.shape.size() > whole.size())
    throw std::logic_error("element_strides: " + to_string(array.shape) + " has more axes than " +
                           to_string(whole));
  std::vector<Index> strides(whole.size(), 0);
  Index dense = 1;
  for (std::size_t k = 1; k <= array.shape.size(); ++k) {
    const Index size = array.shape[array.shape.size() - k];
    if (size > 1 || whole[whole.size() - k] == size)
      strides[whole.size() - k] = size > 1 ? dense : 0;
    dense *= size;
  }
  if (rows) strides.insert(strides.begin(), array.rows ? dense : 0);
  return strides;
}

bool is_broadcast(const ElementShape& array, const Shape& whole, bool rows) {
  if (rows && !array.rows) return true;
  const std::size_t missing = whole.size() - array.shape.size();
  for (std::size_t k = 0; k < whole.size(); ++k)
    if (whole[k] != 1 && (k < missing || array.shape[k - missing] == 1)) return true;
  return false;
}

CompiledProgram::CompiledProgram(const Formula& formula, const std::vector<ElementShape>& inputs,
                                 const Shape& whole, bool rows,
                                 const std::vector<Output>& outputs) {
  std::vector<int> nodes;
  for (const Output& output : outputs) nodes.push_back(output.node);
  LoweredFormula lowered = lower(formula, nodes);
  inputs_ = std::move(lowered.inputs);
  constant_ = std::move(lowered.constants);
  step_ = std::move(lowered.steps);
  registers_ = lowered.registers;
  take_axes(inputs, whole, rows, outputs);
  code_ = std::make_unique<ElementCode>();
  code_memory_ = std::make_unique<char[]>(
      (step_.size() + 3) * ElementCode::step_bytes +
      constant_.size() * ElementCode::constant_bytes +
      (input_.size() + output_.size()) * ElementCode::array_bytes + ElementCode::rest_bytes);
  code_->memory = code_memory_.get();
}

void CompiledProgram::take_axes(const std::vector<ElementShape>& inputs, const Shape& whole,
                                bool rows, const std::vector<Output>& outputs) {
  Shape axes = whole;
  if (rows) axes.insert(axes.begin(), 1);
  std::vector<std::vector<Index>> strides;
  for (const int i : inputs_)
    strides.push_back(element_strides(inputs[std::size_t(i)], whole, rows));
  const ElementShape dense{whole, rows};
  for (const Output& output : outputs)
    strides.push_back(element_strides(
        output.sum_to < 0 ? dense : inputs[std::size_t(output.sum_to)], whole, rows));
  // Axes of one element are dropped, except that of rows, whose number is not known yet.  Then
  // neighbours that are contiguous in every array are merged.
  std::vector<std::size_t> kept;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    if (axes[k] == 1 && !(rows && k == 0)) continue;
    const bool merges =
        !kept.empty() && std::all_of(strides.begin(), strides.end(), [&](const auto& s) {
          return s[kept.back()] == s[k] * axes[k];
        });
    if (merges) {
      axes[k] *= axes[kept.back()];
      kept.back() = k;
    } else {
      kept.push_back(k);
    }
  }
  if (kept.size() > std::size_t(ElementArray::most_axes))
    throw std::invalid_argument(
        "expression: at most " + std::to_string(ElementArray::most_axes - 1) +
        " axes may be broadcast differently; got " + std::to_string(kept.size()));
  for (std::size_t k = 0; k < kept.size(); ++k) size_[k] = axes[kept[k]];
  axes_ = int(std::max<std::size_t>(kept.size(), 1));
  if (kept.empty()) size_[0] = 1;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    ElementArray array;
    for (std::size_t k = 0; k < kept.size(); ++k) array.stride[k] = strides[i][kept[k]];
    if (i < inputs_.size()) {
      array.type = inputs[std::size_t(inputs_[i])].type;
      input_.push_back(array);
      continue;
    }
    const Output& output = outputs[i - inputs_.size()];
    array.type = output.type;
    array.summed =
        output.sum_to >= 0 && is_broadcast(inputs[std::size_t(output.sum_to)], whole, rows);
    output_.push_back(array);
  }
}

bool CompiledProgram::reads(int input) const {
  return std::find(inputs_.begin(), inputs_.end(), input) != inputs_.end();
}

template <class T>
bool CompiledProgram::run(const Kernels<T>& kernels, void* const* outputs,
                          const void* const* inputs, Index rows, Accumulate accumulate) const {
  const void* read[ElementProgram::most_inputs];
  for (std::size_t i = 0; i < inputs_.size(); ++i) read[i] = inputs[inputs_[i]];
  ElementProgram program;
  program.axes = axes_;
  std::copy(std::begin(size_), std::end(size_), program.size);
  program.inputs = int(inputs_.size());
  program.constants = int(constant_.size());
  program.outputs = int(output_.size());
  program.registers = registers_;
  program.steps = int(step_.size());
  program.input = input_.data();
  program.constant = constant_.data();
  program.output = output_.data();
  program.step = step_.data();
  program.code = code_.get();
  return kernels.expression(outputs, read, program, rows, accumulate);
}
template bool CompiledProgram::run(const Kernels<float>&, void* const*, const void* const*, Index,
                                   Accumulate) const;
template bool CompiledProgram::run(const Kernels<double>&, void* const*, const void* const*, Index,
                                   Accumulate) const;

}  // namespace lamina
