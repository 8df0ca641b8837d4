// The description of an array of an operation by a function of lamina.kernels.
#pragma once

#include <optional>
#include <string>

#include "array.h"
#include "graph/graph.h"

namespace lamina {
namespace python {

// The role of an array for the operation: an argument, the gradient of its output, the output
// itself, the data saved by forward, or the gradient of an argument to be added to.
enum class Role { input, gradient, output, saved, into };
enum class Content { numbers, labels, mask };

// One array of a function, from a tuple (role, name, value, axes) or (..., content).
//
// The role is the operation's argument, followed by "?" if it is optional.  An array without a name
// only describes a shape: its value is a tuple, or `...` if the shape is known from the axes of
// others.  Axes are as in axes.h; "of x" refers to those of another array, and words after the axes
// name the shape in messages.
struct Given {
  Given(const char* who, const py::tuple& from);
  bool is_there() const { return array || name.empty(); }
  bool is_number() const { return array && content == Content::numbers; }

  Role role = Role::input;
  std::string of;  // the operation's argument
  std::string name, axes, words;
  py::object value;
  Content content = Content::numbers;
  py::object bound;  // exclusive upper bound of labels: a number, or an axis of that size
  std::string what;  // the name of what labels count
  std::optional<OptionalArgument> array;
  Shape shape;
  std::size_t row_axes = 0;
  Tensor tensor;
  py::array values;
};

}  // namespace python
}  // namespace lamina
