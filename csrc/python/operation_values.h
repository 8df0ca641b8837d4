// What Python gives for an operation's argument.
#pragma once

#include <pybind11/pybind11.h>

#include "operations/registry.h"

namespace lamina {
namespace python {

// Of the kind that the argument has; a TypeError in the name of `who` for anything else.
ArgumentValue value_of(const char* who, const ArgumentDescription& argument,
                       const pybind11::object& value);

}  // namespace python
}  // namespace lamina
