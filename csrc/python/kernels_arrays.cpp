// Moving and resizing arrays.
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <algorithm>
#include <deque>
#include <limits>

#include "../runtime/isa.h"
#include "array.h"
#include "kernels.h"
#include "maps.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;
constexpr Index kLargest = std::numeric_limits<Index>::max();

// The mapping of one array into the output: first elements, and a stride along every axis.
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
    throw py::value_error(text(who, ": the indices are outside an array"));
  }
  return move;
}

// `parts`: (x, y_start, x_start, sizes, y_strides, x_strides) of each input, in elements.  With
// `zeros`, elements that no part covers are zero; with `add`, parts are added up, from zero.
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

// The shape of a Python function's array argument, checked as the kernels check it.
py::tuple shape_of(const std::string& function, const std::string& name, Object x_) {
  const Argument x(function.c_str(), name.c_str(), x_);
  return py::tuple(py::cast(x.shape()));
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

}  // namespace
}  // namespace python

void bind_kernels_arrays(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  module.def("shape_of", &shape_of, arg("function"), arg("name"), arg("x"),
             "The shape of an array argument; TypeError or ValueError if it is not one.");
  module.def("moved", &moved, arg("function"), arg("shape"), arg("parts"),
             arg("zeros").noconvert() = false, arg("add").noconvert() = false,
             "Strided copies, or sums, of arrays into a new one.");
  module.def("resize_forward", &resize_forward, arg("x"), arg("size"),
             "The middle one of three axes resized linearly.");
  module.def("resize_backward", &resize_backward, arg("dy"), arg("size"), "Its gradient.");
}

}  // namespace lamina
