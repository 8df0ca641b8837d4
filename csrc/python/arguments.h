// Arguments that several kernels share: names and masks.
#pragma once

#include <stdexcept>

#include "../graph/names.h"
#include "array.h"

namespace lamina {
namespace python {

// One of the names that specs.h lists for E.
template <class E>
E enumerator(const char* function, const char* name, const py::object& value) {
  const std::string given = word(function, name, value);
  try {
    return from_name<E>(given);
  } catch (const std::invalid_argument& error) {
    throw py::value_error(text(function, ": ", error.what()));
  }
}

// One byte per position in C order; any byte but 0 keeps the position.
inline py::array_t<std::uint8_t> mask_bytes(const Argument& mask, const Shape& shape,
                                            const char* axes) {
  mask.needs_shape(shape, axes);
  const py::array& given = mask.array();
  if (mask.kind() != 'b' && !(mask.kind() == 'u' && given.itemsize() == 1))
    mask.refuse_type("must hold booleans; got dtype " + std::string(py::str(given.dtype())));
  return in_python(
      [&] { return py::array_t<std::uint8_t, py::array::c_style | py::array::forcecast>(given); });
}

}  // namespace python
}  // namespace lamina
