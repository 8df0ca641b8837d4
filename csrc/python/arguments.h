// Arguments that several kernels share: names, masks, and gradients to be added to.
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

// The same of a few, which the message lists as alternatives.
template <class E>
E alternative(const char* function, const char* name, const py::object& value) {
  const std::string given = word(function, name, value);
  const std::vector<std::string> known = known_names<E>();
  std::string all;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i] == given) return from_name<E>(given);
    all += (i == 0 ? "'" : i + 1 < known.size() ? ", '" : " or '") + known[i] + "'";
  }
  throw py::value_error(text(function, ": ", name, " must be ", all, "; got ", text_of(value)));
}

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
