// Operations of the graph on NumPy arrays, by the name of the calling function.
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include "applied.h"
#include "kernels.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;
using Arrays = py::typing::List<Object>;
using Settings = py::typing::Dict<py::str, Object>;
using Results = py::typing::List<py::array>;

Results operation_forward(const std::string& function, const std::string& operation,
                          const Arrays& arrays, const Settings& settings) {
  return Results(Applied(function, operation, arrays, settings).forward());
}

Results operation_backward(const std::string& function, const std::string& operation,
                           const Arrays& arrays, const Settings& settings,
                           const std::vector<std::string>& wanted) {
  return Results(Applied(function, operation, arrays, settings).backward(wanted));
}

}  // namespace
}  // namespace python

void bind_kernels_operation(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  module.def("operation_forward", &operation_forward, arg("function"), arg("operation"),
             arg("arrays"), arg("settings"),
             "An operation's outputs, then the data saved for backward.");
  module.def("operation_backward", &operation_backward, arg("function"), arg("operation"),
             arg("arrays"), arg("settings"), arg("wanted"), "The gradients of the named arrays.");
}

}  // namespace lamina
