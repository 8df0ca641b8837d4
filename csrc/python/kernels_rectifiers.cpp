// ReLUs with bounds or weights.
#include <pybind11/typing.h>

#include <algorithm>

#include "../runtime/isa.h"
#include "array.h"
#include "kernels.h"
#include "maps.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;
using Pair = py::typing::Tuple<py::array, py::array>;
ReluSpec relu_argument(const char* who, const Object& max_value, const Object& negative_slope,
                       const Object& threshold) {
  return {max_value.is_none() ? kInfinity : number_in(who, "max_value", max_value, 0.0, kInfinity),
          number_in(who, "negative_slope", negative_slope, 0.0, kInfinity),
          number_in(who, "threshold", threshold, 0.0, kInfinity)};
}

py::array bounded_relu_forward(Object x_, Object max_value, Object slope, Object threshold) {
  const char* who = "bounded_relu_forward";
  const Argument x(who, "x", x_);
  const ReluSpec spec = relu_argument(who, max_value, slope, threshold);
  x.needs_rank_at_least(0, "");
  const Index size = x.size();
  return map(x, x.shape(), [=](const auto& k, auto* y, const auto* xp) {
    k.bounded_relu_forward(y, xp, size, spec);
  });
}

py::array bounded_relu_backward(Object dy_, Object x_, Object max_value, Object slope,
                                Object threshold) {
  const char* who = "bounded_relu_backward";
  const Argument dy(who, "dy", dy_), x(who, "x", x_);
  const ReluSpec spec = relu_argument(who, max_value, slope, threshold);
  x.needs_rank_at_least(0, "");
  const Index size = x.size();
  return map_back(dy, x, [=](const auto& k, auto* dx, const auto* dyp, const auto* xp) {
    k.bounded_relu_backward(dx, dyp, xp, size, spec);
  });
}

// The last axes of x are alpha's.
RowsCols prelu_sizes(const Argument& x, const Argument& alpha) {
  x.needs_rank_at_least(1, "(..., columns)");
  alpha.needs_rank_at_least(1, "(columns,)");
  const Shape whole = x.shape(), wanted = alpha.shape();
  if (wanted.size() > whole.size() || alpha.size() == 0 ||
      !std::equal(wanted.rbegin(), wanted.rend(), whole.rbegin())) {
    alpha.refuse("must have the shape of x's last axes, at least one element; got shape " +
                 text_of(wanted) + ", x of shape " + text_of(whole));
  }
  return {x.size() / alpha.size(), alpha.size()};
}

py::array prelu_forward(Object x_, Object alpha_) {
  const char* who = "prelu_forward";
  const Argument x(who, "x", x_), alpha(who, "alpha", alpha_);
  const RowsCols dims = prelu_sizes(x, alpha);
  return with_dtype({&x, &alpha}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto xs = x.values<T>(), as = alpha.values<T>();
    auto y = output<T>(who, x.shape());
    const T *xp = xs.data(), *ap = as.data();
    T* yp = y.mutable_data();
    without_gil([&] { kernels<T>().prelu_forward(yp, xp, ap, dims); });
    return y;
  });
}

Pair prelu_backward(Object dy_, Object x_, Object alpha_, Object dalpha_) {
  const char* who = "prelu_backward";
  const Argument dy(who, "dy", dy_), x(who, "x", x_), alpha(who, "alpha", alpha_);
  const OptionalArgument dalpha(who, "dalpha", dalpha_);
  const RowsCols dims = prelu_sizes(x, alpha);
  dy.needs_shape(x.shape(), "of x");
  if (dalpha.given()) dalpha.needs_shape(alpha.shape(), "of alpha");
  for (const auto* other : {&dy, &x, &alpha}) dalpha.apart_from(*other);
  return with_dtype({&dy, &x, &alpha, &dalpha}, [&](auto zero) -> Pair {
    using T = decltype(zero);
    const auto dys = dy.values<T>(), xs = x.values<T>(), as = alpha.values<T>();
    auto dx = output<T>(who, x.shape());
    py::array_t<T> fresh;
    if (!dalpha.given()) fresh = output<T>(who, alpha.shape());
    T* sum = dalpha.given() ? dalpha.in_place<T>() : fresh.mutable_data();
    const T *dyp = dys.data(), *xp = xs.data(), *ap = as.data();
    T* dxp = dx.mutable_data();
    const auto add = Accumulate(dalpha.given());
    without_gil([&] { kernels<T>().prelu_backward(dxp, sum, dyp, xp, ap, dims, add); });
    if (dalpha.given()) return py::make_tuple(dx, dalpha_);
    return py::make_tuple(dx, fresh);
  });
}

}  // namespace
}  // namespace python

void bind_kernels_rectifiers(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  const auto none = pybind11::none();
  module.def("bounded_relu_forward", &bounded_relu_forward, arg("x"), arg("max_value") = none,
             arg("negative_slope") = 0.0, arg("threshold") = 0.0, "Keras's ReLU.");
  module.def("bounded_relu_backward", &bounded_relu_backward, arg("dy"), arg("x"),
             arg("max_value") = none, arg("negative_slope") = 0.0, arg("threshold") = 0.0,
             "Its gradient.");
  module.def("prelu_forward", &prelu_forward, arg("x"), arg("alpha"), "x, or alpha x below 0.");
  module.def("prelu_backward", &prelu_backward, arg("dy"), arg("x"), arg("alpha"),
             arg("dalpha") = none, "(dx, dalpha).");
}

}  // namespace lamina
