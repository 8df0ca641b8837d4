// Many whole fits for Python.
#pragma once

#include <pybind11/pybind11.h>

namespace lamina {

void bind_fits(pybind11::module_& module);

}  // namespace lamina
