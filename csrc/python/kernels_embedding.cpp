// Embedding and masks on NumPy arrays.
#include <pybind11/typing.h>

#include <limits>
#include <new>

#include "../runtime/isa.h"
#include "arguments.h"
#include "array.h"
#include "kernels.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;
using Sparse = py::typing::Tuple<py::array, py::array>;

// Ids of any shape, checked to be in [0, vocabulary), one int32 each.
py::array_t<std::int32_t> checked_ids(const Argument& ids, Index vocabulary) {
  ids.needs_rank_at_least(0, "");
  const auto wide = ids.row_numbers(vocabulary);
  py::array_t<std::int32_t> narrow(wide.size());
  std::copy_n(wide.data(), wide.size(), narrow.mutable_data());
  return narrow;
}

Index vocabulary_size(const char* who, const Object& size) {
  return Index(whole_number(who, "vocabulary", size, std::numeric_limits<std::int32_t>::max()));
}

// The columns of dy; its other axes are those of the ids.
RowsCols gradient_sizes(const Argument& dy, const Argument& ids) {
  dy.needs_rank_at_least(1, "(..., columns)");
  Shape shape = ids.shape();
  shape.push_back(dy.axis(-1));
  dy.needs_shape(shape, "(*ids.shape, columns)");
  return {ids.size(), dy.axis(-1)};
}

Sparse embedding_backward_sparse(Object dy_, Object ids_, Object vocabulary_) {
  const char* who = "embedding_backward_sparse";
  const Argument dy(who, "dy", dy_), ids(who, "ids", ids_);
  const Index vocabulary = vocabulary_size(who, vocabulary_);
  const auto numbers = checked_ids(ids, vocabulary);
  const RowsCols sizes = gradient_sizes(dy, ids);
  return with_dtype({&dy}, [&](auto zero) -> Sparse {
    using T = decltype(zero);
    const auto dys = dy.values<T>();
    py::array_t<std::int32_t> unique(numbers.size());
    auto sum = output<T>(who, {sizes.rows, sizes.cols});
    T* sp = sum.mutable_data();
    std::int32_t* up = unique.mutable_data();
    const T* dyp = dys.data();
    const std::int32_t* ip = numbers.data();
    Index found = 0;
    without_gil([&] {
      found = kernels<T>().embedding_backward_sparse(up, sp, dyp, ip, sizes, vocabulary);
    });
    if (found < 0) throw std::bad_alloc();
    unique.resize({found});
    sum.resize({found, sizes.cols});
    return Sparse(py::make_tuple(unique, sum));
  });
}

// --- masks

// Any int32 is an id here, as only 0 is special.
py::array token_mask(Object ids_) {
  const Argument ids("token_mask", "ids", ids_);
  const auto numbers = checked_ids(ids, std::numeric_limits<std::int32_t>::max());
  py::array_t<bool> mask(ids.shape());
  auto* mp = reinterpret_cast<std::uint8_t*>(mask.mutable_data());
  const std::int32_t* ip = numbers.data();
  without_gil([&] { kernels<float>().token_mask(mp, ip, numbers.size()); });
  return mask;
}

py::array value_mask(Object x_, Object value_) {
  const Argument x("value_mask", "x", x_);
  const double value = number("value_mask", "value", value_);
  x.needs_rank_at_least(1, "(..., columns)");
  return with_dtype({&x}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    py::array_t<bool> mask(x.leading());
    const auto sizes = x.rows_cols();
    auto* mp = reinterpret_cast<std::uint8_t*>(mask.mutable_data());
    const T* xp = xs.data();
    without_gil([&] { kernels<T>().value_mask(mp, xp, sizes, value); });
    return mask;
  });
}

py::array apply_mask(Object x_, Object mask_) {
  const Argument x("apply_mask", "x", x_), mask("apply_mask", "mask", mask_);
  x.needs_rank_at_least(1, "(..., columns)");
  const auto keep = mask_bytes(mask, x.leading(), "of x without its last axis");
  return with_dtype({&x}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    auto y = output<T>("apply_mask", x.shape());
    const auto sizes = x.rows_cols();
    T* yp = y.mutable_data();
    const T* xp = xs.data();
    const std::uint8_t* mp = keep.data();
    without_gil([&] { kernels<T>().select(yp, xp, nullptr, mp, sizes, 0.0); });
    return y;
  });
}

py::array masked_mean_forward(Object x_, Object mask_) {
  const char* who = "masked_mean_forward";
  const Argument x(who, "x", x_);
  const OptionalArgument mask(who, "mask", mask_);
  x.needs_rank(3, "(rows, positions, columns)");
  py::array_t<std::uint8_t> keep;
  if (mask.given()) keep = mask_bytes(mask, x.leading(), "(rows, positions)");
  return with_dtype({&x}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    auto y = output<T>(who, {x.axis(0), x.axis(2)});
    const RowsCols sizes = {x.axis(0), x.axis(2)};
    const Index positions = x.axis(1);
    T* yp = y.mutable_data();
    const T* xp = xs.data();
    const std::uint8_t* mp = mask.given() ? keep.data() : nullptr;
    without_gil([&] { kernels<T>().masked_mean_forward(yp, xp, mp, positions, sizes); });
    return y;
  });
}

py::array masked_mean_backward(Object dy_, Object positions_, Object mask_) {
  const char* who = "masked_mean_backward";
  const Argument dy(who, "dy", dy_);
  const OptionalArgument mask(who, "mask", mask_);
  const Index positions =
      Index(whole_number(who, "positions", positions_, std::numeric_limits<std::int32_t>::max()));
  dy.needs_rank(2, "(rows, columns)");
  py::array_t<std::uint8_t> keep;
  if (mask.given()) keep = mask_bytes(mask, {dy.axis(0), positions}, "(rows, positions)");
  return with_dtype({&dy}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto dys = dy.values<T>();
    auto dx = output<T>(who, {dy.axis(0), positions, dy.axis(1)});
    const auto sizes = dy.rows_cols();
    T* dxp = dx.mutable_data();
    const T* dyp = dys.data();
    const std::uint8_t* mp = mask.given() ? keep.data() : nullptr;
    without_gil([&] { kernels<T>().masked_mean_backward(dxp, dyp, mp, positions, sizes); });
    return dx;
  });
}

}  // namespace
}  // namespace python

void bind_kernels_embedding(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  const auto none = pybind11::none();
  module.def("embedding_backward_sparse", &embedding_backward_sparse, arg("dy"), arg("ids"),
             arg("vocabulary"), "(ids that occur, sums of dy for each id).");
  module.def("token_mask", &token_mask, arg("ids"), "ids != 0.");
  module.def("value_mask", &value_mask, arg("x"), arg("value") = 0.0,
             "Whether any column differs from `value`.");
  module.def("apply_mask", &apply_mask, arg("x"), arg("mask"), "x where the mask is true, else 0.");
  module.def("masked_mean_forward", &masked_mean_forward, arg("x"), arg("mask") = none,
             "Mean over the positions that the mask keeps.");
  module.def("masked_mean_backward", &masked_mean_backward, arg("dy"), arg("positions"),
             arg("mask") = none, "dy / count at the positions that are kept.");
}

}  // namespace lamina
