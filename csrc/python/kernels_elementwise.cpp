// Element-wise operations, reductions and row selection on NumPy arrays.

#include "../runtime/isa.h"
#include "array.h"
#include "kernels.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;
void add_into(Object y_, Object x_) {
  const Argument y("add_into", "y", y_), x("add_into", "x", x_);
  y.needs_rank_at_least(0, "");
  x.needs_shape(y.shape(), "of y");
  y.apart_from(x);
  with_dtype({&y, &x}, [&](auto zero) {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    const T* xp = xs.data();
    T* yp = y.in_place<T>();
    without_gil([&] { kernels<T>().add_into(yp, xp, xs.size()); });
  });
}

// y = kernel(x, parameter) element by element.
template <class Choose>
py::array map(const Argument& x, double parameter, Choose choose) {
  x.needs_rank_at_least(0, "");
  return with_dtype({&x}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    auto y = output<T>(x.function, x.shape());
    const T* xp = xs.data();
    T* yp = y.mutable_data();
    without_gil([&] { choose(kernels<T>())(yp, xp, parameter, xs.size()); });
    return y;
  });
}

py::array scale(Object x_, Object factor) {
  return map(Argument("scale", "x", x_), number("scale", "factor", factor),
             [](const auto& k) { return k.scale; });
}

py::array clip(Object x_, Object limit) {
  return map(Argument("clip", "x", x_), number_in("clip", "limit", limit, 0.0, kInfinity),
             [](const auto& k) { return k.clip; });
}

// --- reductions

py::array column_sums(Object x_, Object out_) {
  const char* who = "column_sums";
  const Argument x(who, "x", x_);
  const OptionalArgument out(who, "out", out_);
  x.needs_rank_at_least(1, "(..., columns)");
  if (out.given()) out.needs_shape({x.axis(-1)}, "(columns,)");
  out.apart_from(x);
  return with_dtype({&x, &out}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    py::array_t<T> fresh;
    if (!out.given()) fresh = output<T>(who, {x.axis(-1)});
    T* sum = out.given() ? out.in_place<T>() : fresh.mutable_data();
    const auto sizes = x.rows_cols();
    const T* xp = xs.data();
    const auto add = Accumulate(out.given());
    without_gil([&] { kernels<T>().column_sums(sum, xp, sizes, add); });
    if (out.given()) return py::reinterpret_borrow<py::array>(out_);
    return fresh;
  });
}

double dot(Object a_, Object b_) {
  const Argument a("dot", "a", a_);
  const OptionalArgument b("dot", "b", b_);
  a.needs_rank_at_least(0, "");
  if (b.given()) b.needs_shape(a.shape(), "of a");
  return with_dtype({&a, &b}, [&](auto zero) {
    using T = decltype(zero);
    const auto as = a.values<T>();
    const auto bs = b.given() ? b.values<T>() : py::array_t<T>();
    const T *ap = as.data(), *bp = b.given() ? bs.data() : nullptr;
    double sum = 0.0;
    without_gil([&] { sum = kernels<T>().dot(ap, bp, as.size()); });
    return sum;
  });
}

double absolute_sum(Object a_) {
  const Argument a("absolute_sum", "a", a_);
  a.needs_rank_at_least(0, "");
  return with_dtype({&a}, [&](auto zero) {
    using T = decltype(zero);
    const auto as = a.values<T>();
    const T* ap = as.data();
    double sum = 0.0;
    without_gil([&] { sum = kernels<T>().absolute_sum(ap, as.size()); });
    return sum;
  });
}

py::array penalty_backward(Object w_, Object l1_, Object l2_, Object dw_) {
  const char* who = "penalty_backward";
  const Argument w(who, "w", w_);
  const OptionalArgument dw(who, "dw", dw_);
  const double l1 = number_in(who, "l1", l1_, 0.0, kInfinity);
  const double l2 = number_in(who, "l2", l2_, 0.0, kInfinity);
  w.needs_rank_at_least(0, "");
  if (dw.given()) dw.needs_shape(w.shape(), "of w");
  dw.apart_from(w);
  return with_dtype({&w, &dw}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto ws = w.values<T>();
    py::array_t<T> fresh;
    if (!dw.given()) {
      fresh = output<T>(who, w.shape());
      std::fill_n(fresh.mutable_data(), fresh.size(), T(0));
    }
    T* out = dw.given() ? dw.in_place<T>() : fresh.mutable_data();
    const T* wp = ws.data();
    without_gil([&] { kernels<T>().penalty_backward(out, wp, ws.size(), l1, l2); });
    if (dw.given()) return py::reinterpret_borrow<py::array>(dw_);
    return fresh;
  });
}

// --- rows, and the position of the first number that is not finite

py::array gather_rows(Object x_, Object index_) {
  const char* who = "gather_rows";
  const Argument x(who, "x", x_), index(who, "index", index_);
  x.needs_rank_at_least(1, "(rows, ...)");
  index.needs_rank(1, "(rows wanted,)");
  const auto numbers = index.row_numbers(x.axis(0));
  Shape shape = x.shape();
  Index cols = 1;
  for (std::size_t k = 1; k < shape.size(); ++k) cols *= shape[k];
  shape[0] = index.size();
  return with_dtype({&x}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    auto out = output<T>(who, shape);
    const T* xp = xs.data();
    T* op = out.mutable_data();
    const std::int64_t* ip = numbers.data();
    without_gil([&] { kernels<T>().gather_rows(op, xp, ip, {index.size(), cols}); });
    return out;
  });
}

Index find_nonfinite(Object x_) {
  const Argument x("find_nonfinite", "x", x_);
  x.needs_rank_at_least(0, "");
  return with_dtype({&x}, [&](auto zero) {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    const T* xp = xs.data();
    Index where = -1;
    without_gil([&] { where = kernels<T>().find_nonfinite(xp, xs.size()); });
    return where;
  });
}

}  // namespace
}  // namespace python

void bind_kernels_elementwise(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  const auto none = pybind11::none();
  module.def("add_into", &add_into, arg("y"), arg("x"), "y += x, in place.");
  module.def("scale", &python::scale, arg("x"), arg("factor"), "factor x.");
  module.def("clip", &clip, arg("x"), arg("limit"), "x limited to [-limit, limit].");
  module.def("column_sums", &column_sums, arg("x"), arg("out") = none,
             "Sums over all axes but the last, added to `out` if given.");
  module.def("dot", &dot, arg("a"), arg("b") = none, "Sum of a b (of a if b is None), in double.");
  module.def("absolute_sum", &absolute_sum, arg("a"), "Sum of |a|, in double.");
  module.def("penalty_backward", &penalty_backward, arg("w"), arg("l1"), arg("l2"),
             arg("dw") = none, "Gradient of l1 |w| + l2 w^2, added to `dw` if given.");
  module.def("gather_rows", &gather_rows, arg("x"), arg("index"), "Rows x[index].");
  module.def("find_nonfinite", &find_nonfinite, arg("x"),
             "Position of the first NaN or infinity in C order, or -1.");
}

}  // namespace lamina
