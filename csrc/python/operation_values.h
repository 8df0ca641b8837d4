// Conversion of Python objects to arguments of operations.
#pragma once

#include <pybind11/pybind11.h>

#include "operations/registry.h"

namespace lamina {
namespace python {

// A value of the argument's kind; a TypeError that begins with `who` for any other object.
ArgumentValue value_of(const char* who, const ArgumentDescription& argument,
                       const pybind11::object& value);

}  // namespace python
}  // namespace lamina
