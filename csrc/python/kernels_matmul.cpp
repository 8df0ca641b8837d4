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
  if (accumulate && !out.given()) out.refuse("must be given if accumulate is True; got None");
  out.apart_from(a);
  out.apart_from(b);
  const py::array fresh = with_dtype({&a, &b, &out}, [&](auto zero) {
    return matmul_typed<decltype(zero)>(a, b, out, transpose_a, transpose_b, accumulate);
  });
  return out.given() ? py::reinterpret_borrow<py::array>(out_) : fresh;
}

}  // namespace
}  // namespace python

void bind_kernels_matmul(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  const auto none = pybind11::none();
  module.def("matmul", &matmul, arg("a"), arg("b"), arg("transpose_a") = false,
             arg("transpose_b") = false, arg("out") = none, arg("accumulate") = false,
             "op(a) op(b), written to `out` (or added to it) if given.");
}

}  // namespace lamina
