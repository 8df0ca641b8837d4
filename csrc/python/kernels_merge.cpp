// Pairwise products of matrices; rows scaled to length one.
#include "../runtime/isa.h"
#include "kernels.h"
#include "maps.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;

py::array batched_product(Object a_, Object b_, bool transpose_a, bool transpose_b) {
  const char* who = "batched_product";
  const Argument a(who, "a", a_), b(who, "b", b_);
  a.needs_rank(3, "(batch, m, k)");
  const Index batch = a.axis(0);
  const BatchedProductSpec d =
      pairs_of(batch, a.axis(transpose_a ? 2 : 1),
               b.given() && b.rank() == 3 ? b.axis(transpose_b ? 1 : 2) : 0,
               a.axis(transpose_a ? 1 : 2), transpose_a, transpose_b);
  b.needs_shape(transpose_b ? Shape{batch, d.n, d.k} : Shape{batch, d.k, d.n},
                transpose_b ? "(batch, n, k)" : "(batch, k, n)");
  return with_dtype({&a, &b}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto as = a.values<T>(), bs = b.values<T>();
    auto c = output<T>(who, {batch, d.m, d.n});
    const T *ap = as.data(), *bp = bs.data();
    T* cp = c.mutable_data();
    without_gil([&] { kernels<T>().batched_product(cp, ap, bp, d); });
    return c;
  });
}

py::array unit_rows_forward(Object x_) {
  const Argument x("unit_rows_forward", "x", x_);
  x.needs_rank_at_least(1, "(..., columns)");
  const RowsCols dims = x.rows_cols();
  return map(x, x.shape(),
             [=](const auto& k, auto* y, const auto* xp) { k.unit_rows_forward(y, xp, dims); });
}

py::array unit_rows_backward(Object dy_, Object x_) {
  const Argument dy("unit_rows_backward", "dy", dy_), x("unit_rows_backward", "x", x_);
  x.needs_rank_at_least(1, "(..., columns)");
  const RowsCols dims = x.rows_cols();
  return map_back(dy, x, [=](const auto& k, auto* dx, const auto* dyp, const auto* xp) {
    k.unit_rows_backward(dx, dyp, xp, dims);
  });
}

}  // namespace
}  // namespace python

void bind_kernels_merge(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  module.def("batched_product", &batched_product, arg("a"), arg("b"), arg("transpose_a") = false,
             arg("transpose_b") = false, "Products of pairs of matrices.");
  module.def("unit_rows_forward", &unit_rows_forward, arg("x"), "x / max(|x|, 1e-7) for each row.");
  module.def("unit_rows_backward", &unit_rows_backward, arg("dy"), arg("x"), "Its gradient.");
}

}  // namespace lamina
