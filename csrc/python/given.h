// An array as a function of lamina.kernels describes it for an operation.
#pragma once

#include <optional>
#include <string>

#include "array.h"
#include "graph/graph.h"

namespace lamina {
namespace python {

// What an array is to the operation: an argument of it, or the gradient at its output, the output
// itself, what forward saved, what an argument's gradient is added to.
enum class Role { input, gradient, output, saved, into };
enum class Content { numbers, labels, mask };

// One array of a function, from a tuple (role, name, value, axes) or (..., content).
//
// The role is the operation's argument; with "?" behind it, it may be left out.  Without a name it
// is there for its shape alone: the value is a tuple, or `...` where others' axes say the shape.
// Axes are as in axes.h; "of x" says those of another array, words behind axes what messages
// call the shape.
struct Given {
  Given(const char* who, const py::tuple& from);
  bool is_there() const { return array || name.empty(); }
  bool is_number() const { return array && content == Content::numbers; }

  Role role = Role::input;
  std::string of;  // the operation's argument
  std::string name, axes, words;
  py::object value;
  Content content = Content::numbers;
  py::object bound;  // labels lie below this number, or this axis' size
  std::string what;  // they count
  std::optional<OptionalArgument> array;
  Shape shape;
  std::size_t row_axes = 0;
  Tensor tensor;
  py::array values;
};

}  // namespace python
}  // namespace lamina
