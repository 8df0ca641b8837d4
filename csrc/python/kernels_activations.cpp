// Activations and softmax on NumPy arrays.
#include <limits>

#include "../runtime/isa.h"
#include "arguments.h"
#include "kernels.h"

namespace lamina {
namespace python {

ActivationSpec activation_spec(const char* function, const py::object& name,
                               const py::object& alpha) {
  ActivationSpec spec;
  spec.kind = enumerator<Activation>(function, "activation", name);
  // The derivative is read off the output's sign: alpha must not be negative.
  const double infinity = std::numeric_limits<double>::infinity();
  spec.alpha = alpha.is_none() ? default_alpha(spec.kind)
                               : number_in(function, "alpha", alpha, 0.0, infinity);
  return spec;
}

namespace {

using Object = py::object;

// --- element-wise

py::array activation_forward(Object x_, Object kind, Object alpha) {
  const char* who = "activation_forward";
  const Argument x(who, "x", x_);
  const ActivationSpec spec = activation_spec(who, kind, alpha);
  x.needs_rank_at_least(0, "");
  return with_dtype({&x}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    auto y = output<T>(who, x.shape());
    const T* xp = xs.data();
    T* yp = y.mutable_data();
    without_gil([&] { kernels<T>().activation_forward(yp, xp, xs.size(), spec); });
    return y;
  });
}

// The kernel wants y for some activations and x for the others; this takes x and finds y itself.
py::array activation_backward(Object dy_, Object x_, Object kind, Object alpha) {
  const char* who = "activation_backward";
  const Argument dy(who, "dy", dy_), x(who, "x", x_);
  const ActivationSpec spec = activation_spec(who, kind, alpha);
  x.needs_rank_at_least(0, "");
  dy.needs_shape(x.shape(), "");
  return with_dtype({&dy, &x}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto dys = dy.values<T>(), xs = x.values<T>();
    auto dx = output<T>(who, x.shape());
    const bool wants_y = derivative_from_output(spec.kind);
    auto y = output<T>(who, {wants_y ? x.size() : 0});
    const T *dyp = dys.data(), *xp = xs.data();
    T *yp = y.mutable_data(), *dxp = dx.mutable_data();
    without_gil([&] {
      if (wants_y) kernels<T>().activation_forward(yp, xp, xs.size(), spec);
      kernels<T>().activation_backward(dxp, dyp, wants_y ? yp : xp, xs.size(), spec);
    });
    return dx;
  });
}

// --- softmax and log_softmax over the last axis: one pair of functions, two pairs of kernels

template <bool log>
py::array softmax_forward(Object x_) {
  const char* who = log ? "log_softmax_forward" : "softmax_forward";
  const Argument x(who, "x", x_);
  x.needs_rank_at_least(1, "(..., classes)");
  x.needs_columns();
  return with_dtype({&x}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    auto y = output<T>(who, x.shape());
    const auto sizes = x.rows_cols();
    const T* xp = xs.data();
    T* yp = y.mutable_data();
    without_gil([&] {
      const auto& k = kernels<T>();
      (log ? k.log_softmax_forward : k.softmax_forward)(yp, xp, sizes);
    });
    return y;
  });
}

template <bool log>
py::array softmax_backward(Object dy_, Object y_) {
  const char* who = log ? "log_softmax_backward" : "softmax_backward";
  const Argument dy(who, "dy", dy_), y(who, "y", y_);
  y.needs_rank_at_least(1, "(..., classes)");
  y.needs_columns();
  dy.needs_shape(y.shape(), "");
  return with_dtype({&dy, &y}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto dys = dy.values<T>(), ys = y.values<T>();
    auto dx = output<T>(who, y.shape());
    const auto sizes = y.rows_cols();
    const T *dyp = dys.data(), *yp = ys.data();
    T* dxp = dx.mutable_data();
    without_gil([&] {
      const auto& k = kernels<T>();
      (log ? k.log_softmax_backward : k.softmax_backward)(dxp, dyp, yp, sizes);
    });
    return dx;
  });
}

}  // namespace
}  // namespace python

void bind_kernels_activations(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  const auto none = pybind11::none();
  module.def("activation_forward", &activation_forward, arg("x"), arg("kind"), arg("alpha") = none,
             "The activation `kind` of every element.");
  module.def("activation_backward", &activation_backward, arg("dy"), arg("x"), arg("kind"),
             arg("alpha") = none, "dx from dy and the input x of the activation `kind`.");
  module.def("softmax_forward", &softmax_forward<false>, arg("x"), "Softmax of the last axis.");
  module.def("softmax_backward", &softmax_backward<false>, arg("dy"), arg("y"),
             "dx from dy and the output y of softmax_forward.");
  module.def("log_softmax_forward", &softmax_forward<true>, arg("x"),
             "Logarithm of the softmax of the last axis.");
  module.def("log_softmax_backward", &softmax_backward<true>, arg("dy"), arg("y"),
             "dx from dy and the output y of log_softmax_forward.");
}

}  // namespace lamina
