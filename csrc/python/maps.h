// Kernels that map one array to another of the same or a given shape, and their gradients.
#pragma once

#include "../runtime/isa.h"
#include "array.h"

namespace lamina {
namespace python {

// y = call(kernels, y, x) for one array and an output of the given shape.
template <class Call>
py::array map(const Argument& x, const Shape& shape, Call call) {
  return with_dtype({&x}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    auto y = output<T>(x.function, shape);
    const T* xp = xs.data();
    T* yp = y.mutable_data();
    without_gil([&] { call(kernels<T>(), yp, xp); });
    return y;
  });
}

// dx = call(kernels, dx, dy, x) for two arrays of one shape.
template <class Call>
py::array map_back(const Argument& dy, const Argument& x, Call call) {
  dy.needs_shape(x.shape(), "of x");
  return with_dtype({&dy, &x}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto dys = dy.values<T>(), xs = x.values<T>();
    auto dx = output<T>(x.function, x.shape());
    const T *dyp = dys.data(), *xp = xs.data();
    T* dxp = dx.mutable_data();
    without_gil([&] { call(kernels<T>(), dxp, dyp, xp); });
    return dx;
  });
}

}  // namespace python
}  // namespace lamina
