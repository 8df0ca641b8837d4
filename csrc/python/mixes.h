// Orders of rows drawn by NumPy's bit generators, without Python.
#pragma once

#include <pybind11/pybind11.h>

#include <functional>

#include "kernel.h"

namespace lamina {
namespace python {

// Shuffles as RandomState.shuffle does, to the draw.  `generator` is a BitGenerator of NumPy's,
// which must outlive the function and serve nobody else meanwhile.
std::function<void(std::int64_t*, Index)> numpy_shuffle(const pybind11::object& generator);

}  // namespace python
}  // namespace lamina
