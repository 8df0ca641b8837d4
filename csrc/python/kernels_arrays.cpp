// Arrays moved, resized, merged and multiplied pair by pair; ReLUs with bounds or weights; noise.
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <algorithm>
#include <deque>
#include <limits>

#include "../runtime/isa.h"
#include "array.h"
#include "kernels.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;
using Pair = py::typing::Tuple<py::array, py::array>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Index kLargest = std::numeric_limits<Index>::max();

// y = call(kernels, y, x) for one array and an output of the shape given (x's where empty).
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

// --- data moved

// One array's way into the output: first elements, and a stride along every axis.
struct Move {
  Index y_start, x_start;
  StridedSpec spec;
};

// Whether start + sum of i * stride stays within [0, size) for every index.
bool stays_within(Index start, const Index* count, const Index* stride, int axes, Index size) {
  Index low = start, high = start;
  for (int k = 0; k < axes; ++k) {
    if (count[k] <= 0) return true;
    (stride[k] < 0 ? low : high) += stride[k] * (count[k] - 1);
  }
  return low >= 0 && high < size;
}

Move move_of(const char* who, const py::tuple& part, Index x_size, Index y_size) {
  Move move{part[1].cast<Index>(), part[2].cast<Index>(), {}};
  const auto sizes = part[3].cast<Shape>();
  const auto y = part[4].cast<Shape>(), x = part[5].cast<Shape>();
  const std::size_t axes = sizes.size();
  if (axes > std::size_t(StridedSpec::most) || y.size() != axes || x.size() != axes) {
    throw py::value_error(
        text(who, ": at most ", int(StridedSpec::most), " axes can be moved at once; got ", axes));
  }
  move.spec.axes = int(axes);
  std::copy(sizes.begin(), sizes.end(), move.spec.size);
  std::copy(y.begin(), y.end(), move.spec.y_stride);
  std::copy(x.begin(), x.end(), move.spec.x_stride);
  const auto& s = move.spec;
  if (!stays_within(move.y_start, s.size, s.y_stride, s.axes, y_size) ||
      !stays_within(move.x_start, s.size, s.x_stride, s.axes, x_size)) {
    throw py::value_error(text(who, ": the elements named lie outside an array"));
  }
  return move;
}

// `parts`: (x, y_start, x_start, sizes, y_strides, x_strides) of each input, in elements.  What no
// part reaches is zero where `zeros`; `add` sums instead of copying, onto zeros.
py::array moved(const std::string& function, const Shape& shape,
                const py::typing::List<py::object>& parts, bool zeros, bool add) {
  const char* who = function.c_str();
  std::deque<Argument> inputs;
  const Argument* first = nullptr;
  for (const auto part : parts) {
    inputs.emplace_back(who, "x", py::reinterpret_borrow<Object>(part).cast<py::tuple>()[0]);
    Dtype own;
    if (first == nullptr || (!first->decides(&own) && inputs.back().decides(&own))) {
      first = &inputs.back();
    }
  }
  if (first == nullptr) throw py::value_error(text(who, ": needs at least one array; got none"));
  for (const auto& x : inputs) common_dtype({first, &x});
  return with_dtype({first}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    auto y = output<T>(who, shape);
    T* yp = y.mutable_data();
    std::deque<py::array_t<T>> values;
    std::vector<Move> moves;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      values.push_back(inputs[i].template values<T>());
      moves.push_back(move_of(who, parts[i].cast<py::tuple>(), values[i].size(), y.size()));
    }
    std::vector<const T*> from;
    for (const auto& v : values) from.push_back(v.data());
    const Index size = y.size();
    without_gil([&] {
      if (zeros || add) std::fill_n(yp, size, T(0));
      const auto kernel = add ? kernels<T>().strided_add : kernels<T>().strided_copy;
      for (std::size_t i = 0; i < moves.size(); ++i)
        kernel(yp + moves[i].y_start, from[i] + moves[i].x_start, moves[i].spec);
    });
    return y;
  });
}

// x is (outer, from, inner).
py::array resize(const char* who, const Argument& x, Object size_, bool backward) {
  x.needs_rank(3, "(outer, length, inner)");
  const Index size = Index(whole_number(who, "size", size_, std::uint64_t(kLargest)));
  const Index length = x.axis(1);
  if (size < 1 || length < 1) x.refuse("and size must have a length of at least 1");
  const ResizeDims dims{x.axis(0), backward ? size : length, backward ? length : size, x.axis(2)};
  return map(x, {x.axis(0), size, x.axis(2)}, [=](const auto& k, auto* y, const auto* xp) {
    (backward ? k.resize_backward : k.resize_forward)(y, xp, dims);
  });
}
py::array resize_forward(Object x, Object size) {
  return resize("resize_forward", Argument("resize_forward", "x", x), size, false);
}
py::array resize_backward(Object dy, Object size) {
  return resize("resize_backward", Argument("resize_backward", "dy", dy), size, true);
}

// --- several inputs

Combine combine_argument(const char* who, const Object& value) {
  const std::string kind = word(who, "kind", value);
  if (kind == "add") return Combine::add;
  if (kind == "subtract") return Combine::subtract;
  if (kind == "multiply") return Combine::multiply;
  if (kind == "maximum") return Combine::maximum;
  if (kind == "minimum") return Combine::minimum;
  throw py::value_error(
      text(who, ": kind must be 'add', 'subtract', 'multiply', 'maximum' or 'minimum'; got ",
           text_of(value)));
}

py::array combine_forward(Object a_, Object b_, Object kind_) {
  const char* who = "combine_forward";
  const Argument a(who, "a", a_), b(who, "b", b_);
  const Combine kind = combine_argument(who, kind_);
  a.needs_rank_at_least(0, "");
  b.needs_shape(a.shape(), "of a");
  return with_dtype({&a, &b}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto as = a.values<T>(), bs = b.values<T>();
    auto y = output<T>(who, a.shape());
    const T *ap = as.data(), *bp = bs.data();
    T* yp = y.mutable_data();
    without_gil([&] { kernels<T>().combine_forward(yp, ap, bp, as.size(), kind); });
    return y;
  });
}

Pair combine_backward(Object dy_, Object a_, Object b_, Object kind_) {
  const char* who = "combine_backward";
  const Argument dy(who, "dy", dy_), a(who, "a", a_), b(who, "b", b_);
  const Combine kind = combine_argument(who, kind_);
  dy.needs_rank_at_least(0, "");
  a.needs_shape(dy.shape(), "of dy");
  b.needs_shape(dy.shape(), "of dy");
  return with_dtype({&dy, &a, &b}, [&](auto zero) -> Pair {
    using T = decltype(zero);
    const auto dys = dy.values<T>(), as = a.values<T>(), bs = b.values<T>();
    auto da = output<T>(who, dy.shape()), db = output<T>(who, dy.shape());
    const T *dyp = dys.data(), *ap = as.data(), *bp = bs.data();
    T *dap = da.mutable_data(), *dbp = db.mutable_data();
    without_gil([&] { kernels<T>().combine_backward(dap, dbp, dyp, ap, bp, dys.size(), kind); });
    return py::make_tuple(da, db);
  });
}

py::array batched_product(Object a_, Object b_, bool transpose_a, bool transpose_b) {
  const char* who = "batched_product";
  const Argument a(who, "a", a_), b(who, "b", b_);
  a.needs_rank(3, "(batch, m, k)");
  const BatchedProductDims d{a.axis(0),
                             a.axis(transpose_a ? 2 : 1),
                             b.given() && b.rank() == 3 ? b.axis(transpose_b ? 1 : 2) : 0,
                             a.axis(transpose_a ? 1 : 2),
                             transpose_a,
                             transpose_b};
  b.needs_shape(transpose_b ? Shape{d.batch, d.n, d.k} : Shape{d.batch, d.k, d.n},
                transpose_b ? "(batch, n, k)" : "(batch, k, n)");
  return with_dtype({&a, &b}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto as = a.values<T>(), bs = b.values<T>();
    auto c = output<T>(who, {d.batch, d.m, d.n});
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

// --- ReLUs

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
  const Argument dalpha(who, "dalpha", dalpha_);
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

// --- noise

py::array noise(const char* who, const char* name, Object x_, Object kind_, Object amount_,
                RandomKey key, bool backward) {
  const Argument x(who, name, x_);
  const std::string word_given = word(who, "kind", kind_);
  Noise kind = Noise::gaussian;
  if (word_given == "gaussian_dropout") {
    kind = Noise::gaussian_dropout;
  } else if (word_given == "alpha_dropout") {
    kind = Noise::alpha_dropout;
  } else if (word_given != "gaussian") {
    throw py::value_error(
        text(who, ": kind must be 'gaussian', 'gaussian_dropout' or 'alpha_dropout'; got ",
             text_of(kind_)));
  }
  const double amount = kind == Noise::gaussian ? number_in(who, "amount", amount_, 0.0, kInfinity)
                                                : number_in(who, "amount", amount_, 0.0, 1.0, true);
  x.needs_rank_at_least(0, "");
  const Index size = x.size();
  return map(x, x.shape(), [=](const auto& k, auto* y, const auto* xp) {
    (backward ? k.noise_backward : k.noise_forward)(y, xp, size, kind, amount, key);
  });
}
py::array noise_forward(Object x, Object kind, Object amount, Object seed, Object stream,
                        Object step) {
  const char* who = "noise_forward";
  return noise(who, "x", x, kind, amount, random_key(who, seed, stream, step), false);
}
py::array noise_backward(Object dy, Object kind, Object amount, Object seed, Object stream,
                         Object step) {
  const char* who = "noise_backward";
  return noise(who, "dy", dy, kind, amount, random_key(who, seed, stream, step), true);
}

// Forward and backward are one map.
template <bool backward>
py::array spatial_dropout(Object x_, Object rate_, Object seed, Object stream, Object step) {
  const char* who = backward ? "spatial_dropout_backward" : "spatial_dropout_forward";
  const Argument x(who, backward ? "dy" : "x", x_);
  x.needs_rank_at_least(2, "(batch, ..., channels)");
  const double rate = number_in(who, "rate", rate_, 0.0, 1.0, true);
  const RandomKey key = random_key(who, seed, stream, step);
  Index positions = 1;
  for (int k = 1; k < x.rank() - 1; ++k) positions *= x.axis(k);
  const RowsCols dims{x.axis(0), x.axis(-1)};
  return map(x, x.shape(), [=](const auto& k, auto* y, const auto* xp) {
    k.spatial_dropout_forward(y, xp, positions, dims, rate, key);
  });
}

}  // namespace
}  // namespace python

void bind_kernels_arrays(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  const auto none = pybind11::none();
  module.def("moved", &moved, arg("function"), arg("shape"), arg("parts"), arg("zeros") = false,
             arg("add") = false, "Strided copies, or sums, of arrays into a new one.");
  module.def("resize_forward", &resize_forward, arg("x"), arg("size"),
             "The middle axis of three resized linearly.");
  module.def("resize_backward", &resize_backward, arg("dy"), arg("size"), "Its gradient.");
  module.def("combine_forward", &combine_forward, arg("a"), arg("b"), arg("kind"),
             "a + b, a - b, a b or max(a, b).");
  module.def("combine_backward", &combine_backward, arg("dy"), arg("a"), arg("b"), arg("kind"),
             "(da, db).");
  module.def("batched_product", &batched_product, arg("a"), arg("b"), arg("transpose_a") = false,
             arg("transpose_b") = false, "Matrix products, pair by pair.");
  module.def("unit_rows_forward", &unit_rows_forward, arg("x"), "x / max(|x|, 1e-12) by row.");
  module.def("unit_rows_backward", &unit_rows_backward, arg("dy"), arg("x"), "Its gradient.");
  module.def("bounded_relu_forward", &bounded_relu_forward, arg("x"), arg("max_value") = none,
             arg("negative_slope") = 0.0, arg("threshold") = 0.0, "Keras's ReLU.");
  module.def("bounded_relu_backward", &bounded_relu_backward, arg("dy"), arg("x"),
             arg("max_value") = none, arg("negative_slope") = 0.0, arg("threshold") = 0.0,
             "Its gradient.");
  module.def("prelu_forward", &prelu_forward, arg("x"), arg("alpha"), "x, or alpha x below 0.");
  module.def("prelu_backward", &prelu_backward, arg("dy"), arg("x"), arg("alpha"),
             arg("dalpha") = none, "(dx, dalpha).");
  module.def("noise_forward", &noise_forward, arg("x"), arg("kind"), arg("amount"), arg("seed"),
             arg("stream") = 0, arg("step") = 0, "x with noise of a kind.");
  module.def("noise_backward", &noise_backward, arg("dy"), arg("kind"), arg("amount"), arg("seed"),
             arg("stream") = 0, arg("step") = 0, "dx, drawing the same noise again.");
  module.def("spatial_dropout_forward", &spatial_dropout<false>, arg("x"), arg("rate"), arg("seed"),
             arg("stream") = 0, arg("step") = 0, "Dropout of whole channels.");
  module.def("spatial_dropout_backward", &spatial_dropout<true>, arg("dy"), arg("rate"),
             arg("seed"), arg("stream") = 0, arg("step") = 0, "Its gradient.");
}

}  // namespace lamina
