// Arguments that several kernels share: masks, and gradients to be added to.
#pragma once

#include "array.h"

namespace lamina {
namespace python {

// One byte a position in C order; any byte but 0 keeps.
inline py::array_t<std::uint8_t> mask_bytes(const Argument& mask, const Shape& shape,
                                            const char* axes) {
  mask.needs_shape(shape, axes);
  const py::array& given = mask.array();
  if (mask.kind() != 'b' && !(mask.kind() == 'u' && given.itemsize() == 1))
    mask.refuse_type("must hold booleans; got dtype " + std::string(py::str(given.dtype())));
  return in_python(
      [&] { return py::array_t<std::uint8_t, py::array::c_style | py::array::forcecast>(given); });
}

// The gradient the caller already has (`into`, added to) or a fresh array to be written.
template <class T>
std::pair<py::object, T*> gradient_array(const Argument& into, const py::object& object,
                                         const Shape& shape, const char* axes) {
  if (into.given()) {
    into.needs_shape(shape, axes);
    return {object, into.in_place<T>()};
  }
  auto fresh = output<T>(into.function, shape);
  return {fresh, fresh.mutable_data()};
}

}  // namespace python
}  // namespace lamina
