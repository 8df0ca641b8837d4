// Counter-based random numbers and dropout on NumPy arrays.
#include <limits>
#include <numeric>

#include "../moves/shuffle.h"
#include "../runtime/isa.h"
#include "array.h"
#include "kernels.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;

Shape shape_argument(const char* function, const Object& value) {
  const auto largest = std::uint64_t(std::numeric_limits<Index>::max());
  Shape shape;
  if (PyIndex_Check(value.ptr())) {
    shape.push_back(Index(whole_number(function, "shape", value, largest)));
    return shape;
  }
  if (!py::isinstance<py::tuple>(value) && !py::isinstance<py::list>(value)) {
    throw py::type_error(
        text(function, ": shape must be an integer or a tuple of integers; got ", text_of(value)));
  }
  for (const auto item : value) {
    shape.push_back(
        Index(whole_number(function, "shape", py::reinterpret_borrow<Object>(item), largest)));
  }
  return shape;
}

Dtype dtype_argument(const char* function, const Object& value) {
  std::string name = text_of(value);
  try {
    if (!value.is_none()) name = std::string(py::str(py::dtype::from_args(value)));
  } catch (const py::error_already_set& error) {  // not a dtype at all: rejected below
    if (!error.matches(PyExc_Exception)) throw;   // such as Ctrl-C
  }
  if (name == "float32") return Dtype::float32;
  if (name == "float64") return Dtype::float64;
  throw py::type_error(text(function, ": dtype must be float32 or float64; got ", name));
}

// --- random numbers

py::array random_uniform(Object shape_, Object seed, Object stream, Object step, Object dtype) {
  const char* who = "random_uniform";
  const Shape shape = shape_argument(who, shape_);
  const RandomKey key = random_key(who, seed, stream, step);
  const auto fill = [&](auto zero) -> py::array {
    using T = decltype(zero);
    auto out = output<T>(who, shape);
    T* p = out.mutable_data();
    const Index size = out.size();
    without_gil([&] { kernels<T>().random_uniform(p, size, key); });
    return out;
  };
  return dtype_argument(who, dtype) == Dtype::float32 ? fill(float{}) : fill(double{});
}

py::array random_bits(Object shape_, Object seed, Object stream, Object step) {
  const char* who = "random_bits";
  const Shape shape = shape_argument(who, shape_);
  const RandomKey key = random_key(who, seed, stream, step);
  auto out = output<std::uint32_t>(who, shape);
  std::uint32_t* p = out.mutable_data();
  const Index size = out.size();
  without_gil([&] { kernels<float>().random_bits(p, size, key); });
  return out;
}

py::array permutation(Object n_, Object seed, Object stream, Object step) {
  const char* who = "permutation";
  const auto n = whole_number(who, "n", n_, std::numeric_limits<std::uint32_t>::max());
  const RandomKey key = random_key(who, seed, stream, step);
  auto out = output<std::int64_t>(who, {Index(n)});
  std::int64_t* p = out.mutable_data();
  without_gil([&] {
    std::iota(p, p + n, std::int64_t(0));
    shuffle(p, Index(n), key);
  });
  return out;
}

// --- dropout

py::array dropout_forward(Object x_, Object rate_, Object seed, Object stream, Object step) {
  const char* who = "dropout_forward";
  const Argument x(who, "x", x_);
  x.needs_rank_at_least(0, "");
  const double rate = number_in(who, "rate", rate_, 0.0, 1.0, true);
  const RandomKey key = random_key(who, seed, stream, step);
  return with_dtype({&x}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    auto y = output<T>(who, x.shape());
    const T* xp = xs.data();
    T* yp = y.mutable_data();
    without_gil([&] { kernels<T>().dropout_forward(yp, xp, xs.size(), rate, key); });
    return y;
  });
}

py::array dropout_backward(Object dy_, Object rate_, Object seed, Object stream, Object step,
                           Object y_) {
  const char* who = "dropout_backward";
  const Argument dy(who, "dy", dy_);
  const OptionalArgument y(who, "y", y_);
  dy.needs_rank_at_least(0, "");
  if (y.given()) y.needs_shape(dy.shape(), "");
  const double rate = number_in(who, "rate", rate_, 0.0, 1.0, true);
  const RandomKey key = random_key(who, seed, stream, step);
  return with_dtype({&dy, &y}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto dys = dy.values<T>();
    const auto ys = y.given() ? y.values<T>() : py::array_t<T>();
    auto dx = output<T>(who, dy.shape());
    const T *dyp = dys.data(), *yp = y.given() ? ys.data() : nullptr;
    T* dxp = dx.mutable_data();
    without_gil([&] { kernels<T>().dropout_backward(dxp, dyp, yp, dys.size(), rate, key); });
    return dx;
  });
}

}  // namespace
}  // namespace python

void bind_kernels_random(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  module.def("random_uniform", &random_uniform, arg("shape"), arg("seed"), arg("stream") = 0,
             arg("step") = 0, arg("dtype") = "float32",
             "Uniform numbers in [0, 1), a function of (seed, stream, step, element).");
  module.def("random_bits", &random_bits, arg("shape"), arg("seed"), arg("stream") = 0,
             arg("step") = 0, "Philox 4x32-10 words, uint32.");
  module.def("permutation", &permutation, arg("n"), arg("seed"), arg("stream") = 0, arg("step") = 0,
             "A uniform permutation of 0 .. n-1, int64.");
  module.def("dropout_forward", &dropout_forward, arg("x"), arg("rate"), arg("seed"),
             arg("stream") = 0, arg("step") = 0, "x / (1 - rate) where kept, else 0.");
  module.def("dropout_backward", &dropout_backward, arg("dy"), arg("rate"), arg("seed"),
             arg("stream") = 0, arg("step") = 0, arg("y") = pybind11::none(),
             "dx from dy, drawing the same mask again.");
}

}  // namespace lamina
