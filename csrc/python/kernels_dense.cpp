// Matrix product and dense layer on NumPy arrays.
#include <pybind11/typing.h>

#include "../runtime/isa.h"
#include "arguments.h"
#include "array.h"
#include "kernels.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;
using Gradients = py::typing::Tuple<py::array, py::array, py::array>;  // dx, dkernel, dbias

// --- matmul

struct MatmulSizes {
  Index m, n, k;
};

MatmulSizes matmul_sizes(const Argument& a, const Argument& b, bool transpose_a, bool transpose_b) {
  a.needs_rank(2, transpose_a ? "(k, m)" : "(m, k)");
  b.needs_rank(2, transpose_b ? "(n, k)" : "(k, n)");
  const MatmulSizes s = {a.axis(transpose_a ? 1 : 0), b.axis(transpose_b ? 0 : 1),
                         a.axis(transpose_a ? 0 : 1)};
  if (const Index k = b.axis(transpose_b ? 1 : 0); k != s.k) {
    b.refuse(text("must have the inner size of a, ", s.k, "; got ", k, " (a ", text_of(a.shape()),
                  ", b ", text_of(b.shape()), ")"));
  }
  return s;
}

template <class T>
py::array matmul_typed(const Argument& a, const Argument& b, const Argument& out, bool transpose_a,
                       bool transpose_b, bool accumulate) {
  const auto [m, n, k] = matmul_sizes(a, b, transpose_a, transpose_b);
  const Shape shape = {m, n};
  const auto as = a.values<T>(), bs = b.values<T>();
  auto fresh = py::reinterpret_steal<py::array_t<T>>(py::handle());
  T* c;
  if (out.given()) {
    out.needs_shape(shape, "(m, n)");
    c = out.in_place<T>();
  } else {
    fresh = output<T>("matmul", shape);
    c = fresh.mutable_data();
  }
  const T *ap = as.data(), *bp = bs.data();
  const auto add = Accumulate(accumulate && out.given());
  if (m * n > 0) {
    without_gil([&, m = m, n = n, k = k] {
      kernels<T>().gemm(c, ap, bp, m, n, k, n, transpose_a ? m : k, transpose_b ? k : n,
                        transpose_a, transpose_b, add);
    });
  }
  return fresh;
}

py::array matmul(Object a_, Object b_, Object transpose_a_, Object transpose_b_, Object out_,
                 Object accumulate_) {
  const bool transpose_a = flag("matmul", "transpose_a", transpose_a_),
             transpose_b = flag("matmul", "transpose_b", transpose_b_),
             accumulate = flag("matmul", "accumulate", accumulate_);
  const Argument a("matmul", "a", a_), b("matmul", "b", b_);
  const OptionalArgument out("matmul", "out", out_);
  if (accumulate && !out.given()) out.refuse("must be given where accumulate is True; got None");
  out.apart_from(a);
  out.apart_from(b);
  const py::array fresh = with_dtype({&a, &b, &out}, [&](auto zero) {
    return matmul_typed<decltype(zero)>(a, b, out, transpose_a, transpose_b, accumulate);
  });
  return out.given() ? py::reinterpret_borrow<py::array>(out_) : fresh;
}

// --- dense

DenseDims dense_dims(const Argument& x, const Argument& kernel) {
  x.needs_rank_at_least(2, "(rows, ..., inputs)");
  kernel.needs_rank(2, "(inputs, units)");
  const auto [rows, inputs] = x.rows_cols();
  if (kernel.axis(0) != inputs) {
    kernel.refuse(text("must have one row for each of the ", inputs, " inputs of x; got shape ",
                       text_of(kernel.shape()), " for x of shape ", text_of(x.shape())));
  }
  if (inputs == 0 || kernel.axis(1) == 0) {
    kernel.refuse("must have at least one input and one unit; got shape " +
                  text_of(kernel.shape()));
  }
  return {rows, inputs, kernel.axis(1)};
}

py::array dense_forward(Object x_, Object kernel_, Object bias_, Object activation, Object alpha) {
  const char* who = "dense_forward";
  const Argument x(who, "x", x_), kernel(who, "kernel", kernel_);
  const OptionalArgument bias(who, "bias", bias_);
  const ActivationSpec spec = activation_spec(who, activation, alpha);
  const DenseDims dims = dense_dims(x, kernel);
  if (bias.given()) bias.needs_shape({dims.units}, "(units,)");
  Shape shape = x.shape();
  shape.back() = dims.units;
  return with_dtype({&x, &kernel, &bias}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    checked_size(who, shape, sizeof(T));
    const auto xs = x.values<T>(), ws = kernel.values<T>();
    const auto bs = bias.given() ? bias.values<T>() : py::array_t<T>();
    auto y = output<T>(who, shape);
    T* yp = y.mutable_data();
    const T *xp = xs.data(), *wp = ws.data(), *bp = bias.given() ? bs.data() : nullptr;
    without_gil([&] { kernels<T>().dense_forward(yp, xp, wp, bp, dims, spec); });
    return y;
  });
}

Gradients dense_backward(Object dz_, Object x_, Object kernel_, Object dkernel_, Object dbias_) {
  const char* who = "dense_backward";
  const Argument dz(who, "dz", dz_), x(who, "x", x_), kernel(who, "kernel", kernel_);
  const OptionalArgument dkernel(who, "dkernel", dkernel_), dbias(who, "dbias", dbias_);
  const DenseDims dims = dense_dims(x, kernel);
  Shape shape = x.shape();
  shape.back() = dims.units;
  dz.needs_shape(shape, "(rows, ..., units)");
  if (dkernel.given() != dbias.given()) {
    dkernel.refuse("and dbias must be given together, to be added to, or neither");
  }
  for (const Argument* read : std::initializer_list<const Argument*>{&dz, &x, &kernel}) {
    dkernel.apart_from(*read);
    dbias.apart_from(*read);
  }
  dkernel.apart_from(dbias);
  return with_dtype({&dz, &x, &kernel, &dkernel, &dbias}, [&](auto zero) -> Gradients {
    using T = decltype(zero);
    const auto dzs = dz.values<T>(), xs = x.values<T>(), ws = kernel.values<T>();
    auto dx = output<T>(who, x.shape());
    auto [dw, dwp_] = gradient_array<T>(dkernel, dkernel_, kernel.shape(), "(inputs, units)");
    auto [db, dbp_] = gradient_array<T>(dbias, dbias_, {dims.units}, "(units,)");
    T *dxp = dx.mutable_data(), *dwp = dwp_, *dbp = dbp_;
    const T *dzp = dzs.data(), *xp = xs.data(), *wp = ws.data();
    const auto add = Accumulate(dkernel.given());
    without_gil([&] { kernels<T>().dense_backward(dxp, dwp, dbp, dzp, xp, wp, dims, add); });
    return Gradients(py::make_tuple(dx, dw, db));
  });
}

}  // namespace
}  // namespace python

void bind_kernels_dense(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  const auto none = pybind11::none();
  module.def("matmul", &matmul, arg("a"), arg("b"), arg("transpose_a") = false,
             arg("transpose_b") = false, arg("out") = none, arg("accumulate") = false,
             "op(a) op(b), written to `out` (or added to it) if given.");
  module.def("dense_forward", &dense_forward, arg("x"), arg("kernel"), arg("bias") = none,
             arg("activation") = "linear", arg("alpha") = none,
             "activation(x kernel + bias), over the last axis of x.");
  module.def("dense_backward", &dense_backward, arg("dz"), arg("x"), arg("kernel"),
             arg("dkernel") = none, arg("dbias") = none,
             "(dx, dkernel, dbias) from the gradient at the pre-activation.");
}

}  // namespace lamina
