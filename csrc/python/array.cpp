#include "array.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lamina {
namespace python {

namespace {

using npy = py::detail::npy_api;
constexpr int kCopied = 0x0020;  // NPY_ARRAY_ENSURECOPY
constexpr int kReadable = py::array::c_style | py::array::forcecast | npy::NPY_ARRAY_ALIGNED_;

std::string dtype_text(const py::array& array) { return py::str(array.dtype()); }

}  // namespace

std::string text_of(const Shape& shape) {
  std::string out = "(";
  for (std::size_t k = 0; k < shape.size(); ++k) {
    out += (k ? ", " : "") + std::to_string(shape[k]);
  }
  return out + (shape.size() == 1 ? ",)" : ")");
}

std::string text_of(const py::object& value) {
  std::string out = py::repr(value);
  if (out.size() <= 80) return out;
  std::size_t kept = 77;
  while (kept > 0 && (out[kept] & 0xC0) == 0x80) --kept;  // not within a character of UTF-8
  return out.substr(0, kept) + "...";
}

const char* name_of(Dtype dtype) { return dtype == Dtype::float32 ? "float32" : "float64"; }

Index checked_size(const char* function, const Shape& shape, std::size_t item_bytes) {
  Index size = 1;
  bool overflow = false;
  bool empty = false;
  for (Index axis : shape) {
    if (axis < 0) {
      throw py::value_error(
          text(function, ": sizes must not be negative; got shape ", text_of(shape)));
    }
    empty = empty || axis == 0;
    overflow = overflow || __builtin_mul_overflow(size, axis, &size);
  }
  Index bytes;
  overflow = overflow || __builtin_mul_overflow(size, Index(item_bytes), &bytes);
  if (overflow && !empty) {
    throw py::value_error(text(function, ": an array of shape ", text_of(shape),
                               " is too large: its size overflows"));
  }
  return empty ? 0 : size;
}

// --- Argument: accepted values

Argument::Argument(const char* function_, const char* name_, const py::object& value, bool optional)
    : function(function_), name(name_) {
  if (value.is_none()) {
    if (!optional) refuse_type("must be an array; got None");
    return;
  }
  is_array_ = py::isinstance<py::array>(value);
  const bool plain =  // not a subclass; saves the slowest check
      is_array_ && reinterpret_cast<PyObject*>(Py_TYPE(value.ptr())) ==
                       reinterpret_cast<PyObject*>(py::detail::npy_api::get().PyArray_Type_);
  if (is_array_ && !plain && py::hasattr(value, "mask") && py::hasattr(value, "filled")) {
    refuse_type("must not be a masked array (fill it first); got " +
                std::string(py::str(py::type::of(value))));
  }
  try {
    array_ = is_array_ ? py::reinterpret_borrow<py::array>(value)
                       : py::reinterpret_steal<py::array>(in_python([&] {
                           return npy::get().PyArray_FromAny_(value.ptr(), nullptr, 0, 0,
                                                              npy::NPY_ARRAY_ENSUREARRAY_, nullptr);
                         }));
    if (!array_) throw py::error_already_set();
  } catch (py::error_already_set& error) {
    const std::string rule =
        "must be an array of numbers, all rows of one length; got " + text_of(value);
    if (error.matches(PyExc_ValueError)) refuse(rule);
    if (error.matches(PyExc_TypeError)) refuse_type(rule);
    throw;
  }
  check_kind();
}

void Argument::check_kind() const {
  const char k = kind();
  const bool real = k == 'b' || k == 'i' || k == 'u' || (k == 'f' && array_.itemsize() <= 8);
  if (!real) refuse_type("must hold real numbers; got dtype " + dtype_text(array_));
}

bool Argument::decides(Dtype* dtype) const {
  if (!given() || !is_array_ || kind() != 'f' || array_.itemsize() < 4) return false;
  *dtype = array_.itemsize() == 4 ? Dtype::float32 : Dtype::float64;
  return true;
}

template <class Arguments>
Dtype common_dtype(const Arguments& arguments) {
  const Argument* first = nullptr;
  Dtype decided = Dtype::float64;
  for (const Argument* argument : arguments) {
    Dtype own;
    if (!argument->decides(&own)) continue;
    if (!first) {
      first = argument;
      decided = own;
    } else if (own != decided) {
      throw py::type_error(text(argument->function, ": arrays must share one dtype; got ",
                                first->name, " of ", name_of(decided), " and ", argument->name,
                                " of ", name_of(own)));
    }
  }
  return decided;
}
template Dtype common_dtype(const std::initializer_list<const Argument*>&);
template Dtype common_dtype(const std::vector<const Argument*>&);

// --- Argument: shapes

RowsCols Argument::rows_cols() const {
  Index rows = 1;
  for (int k = 0; k + 1 < rank(); ++k) rows *= axis(k);
  return {rows, axis(-1)};
}

void Argument::refuse(const std::string& rule) const {
  throw py::value_error(text(function, ": ", name, " ", rule));
}

void Argument::refuse_type(const std::string& rule) const {
  throw py::type_error(text(function, ": ", name, " ", rule));
}

void Argument::needs_rank(int rank_wanted, const char* axes) const {
  if (!given()) refuse_type("must be an array; got None");
  if (rank() != rank_wanted) {
    refuse(text("must have ", rank_wanted, rank_wanted == 1 ? " axis " : " axes ", axes,
                "; got shape ", text_of(shape())));
  }
}

void Argument::needs_rank_at_least(int rank_wanted, const char* axes) const {
  if (!given()) refuse_type("must be an array; got None");
  if (rank() < rank_wanted) {
    refuse(text("must have at least ", rank_wanted, rank_wanted == 1 ? " axis " : " axes ", axes,
                "; got shape ", text_of(shape())));
  }
}

void Argument::needs_shape(const Shape& wanted, const char* axes) const {
  if (!given()) refuse_type("must be an array; got None");
  if (shape() != wanted) {
    refuse(text("must have shape ", axes, *axes ? " = " : "", text_of(wanted), "; got shape ",
                text_of(shape())));
  }
}

void Argument::needs_columns() const {
  if (axis(-1) == 0) {
    refuse("must have at least one column in its last axis; got shape " + text_of(shape()));
  }
}

// --- Argument: values

void Argument::check_exact(Dtype dtype) const {
  const char k = kind();
  const py::ssize_t bytes = array_.itemsize();
  const bool may_lose = (k == 'f' && is_array_ && bytes == 8 && dtype == Dtype::float32) ||
                        ((k == 'i' || k == 'u') && bytes > (dtype == Dtype::float32 ? 2 : 4));
  if (!may_lose || size() == 0) return;
  if (k == 'f') {
    refuse_type(text("must not lose digits; got float64 where ", name_of(dtype), " is used"));
  }
  const long long limit = dtype == Dtype::float32 ? 1LL << 24 : 1LL << 53;
  for (const char* extreme : {"min", "max"}) {
    const py::object value = in_python([&] { return py::object(array_.attr(extreme)()); });
    if (value < py::int_(-limit) || value > py::int_(limit)) {
      refuse_type(text("must be exact in ", name_of(dtype), " (integers up to ", limit, "); got ",
                       std::string(py::str(value))));
    }
  }
}

template <class T>
py::array_t<T> Argument::values() const {
  constexpr int as_it_lies = py::array::c_style | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  if ((array_.flags() & as_it_lies) == as_it_lies && array_.dtype().is(py::dtype::of<T>()))
    return py::reinterpret_borrow<py::array_t<T>>(array_);
  check_exact(dtype_of<T>);
  const auto converted = in_python(
      [&] { return py::array_t<T, kReadable>(array_); });  // MemoryError if it does not fit
  return py::reinterpret_borrow<py::array_t<T>>(converted);
}
template py::array_t<float> Argument::values<float>() const;
template py::array_t<double> Argument::values<double>() const;

py::array_t<std::int64_t> Argument::integers(Index bound, const char* what) const {
  if (kind() == 'f' && size() > 0)
    refuse_type("must hold integers; got dtype " + dtype_text(array_));
  // A copy, because kernels index by it and another thread may write to the caller's array.
  const auto converted =
      in_python([&] { return py::array_t<std::int64_t, kReadable | kCopied>(array_); });
  const std::int64_t* p = converted.data();
  for (Index k = 0; k < size(); ++k) {
    if (p[k] >= 0 && p[k] < bound) continue;
    const std::string got = py::str(py::list(array_.attr("ravel")())[std::size_t(k)]);
    refuse(text("must lie in [0, ", bound, "), the ", what, "; got ", got, " at position ", k));
  }
  return py::reinterpret_borrow<py::array_t<std::int64_t>>(converted);
}

py::array_t<std::int32_t> Argument::labels(Index classes, const char* what) const {
  const Index largest = std::numeric_limits<std::int32_t>::max();
  const auto wide = integers(classes < largest ? classes : largest, what);
  py::array_t<std::int32_t> narrow(wide.size());
  for (Index k = 0; k < wide.size(); ++k) {
    narrow.mutable_data()[k] = std::int32_t(wide.data()[k]);
  }
  return narrow;
}

std::optional<py::array_t<std::uint8_t>> Argument::bytes(Index bound) const {
  if (!array_.dtype().equal(py::dtype::of<std::uint8_t>())) return std::nullopt;
  auto copy = in_python([&] { return py::array_t<std::uint8_t, kReadable | kCopied>(array_); });
  const std::uint8_t* values = copy.data();
  // A block at a time: 32 running maxima fit into one vector, while a single one is a chain through
  // all bytes.
  constexpr Index block = 32;
  std::uint8_t most[block] = {};
  const Index count = copy.size(), whole = count / block * block;
  for (Index k = 0; k < whole; k += block)
    for (Index i = 0; i < block; ++i) most[i] = values[k + i] > most[i] ? values[k + i] : most[i];
  for (Index k = whole; k < count; ++k) most[0] = values[k] > most[0] ? values[k] : most[0];
  if (Index(*std::max_element(most, most + block)) >= bound) return std::nullopt;
  return py::reinterpret_borrow<py::array_t<std::uint8_t>>(copy);
}

py::array_t<std::int64_t> Argument::row_numbers(Index rows) const { return integers(rows, "rows"); }

void Argument::check_in_place(Dtype dtype) const {
  if (!given() || !is_array_) refuse_type("is updated in place and must be a NumPy array");
  Dtype own;
  if (!decides(&own) || own != dtype || !array_.dtype().equal(py::dtype(name_of(dtype)))) {
    refuse_type(text("is updated in place and must be of native ", name_of(dtype), "; got dtype ",
                     dtype_text(array_)));
  }
  if (!array_.writeable()) refuse("is updated in place and must be writable; it is read-only");
  const int layout = py::array::c_style | npy::NPY_ARRAY_ALIGNED_;
  if ((array_.flags() & layout) != layout) {
    refuse("is updated in place and must be C-contiguous and aligned; got strides " +
           std::string(py::str(array_.attr("strides"))));
  }
}

template <class T>
T* Argument::in_place() const {
  check_in_place(dtype_of<T>);
  return static_cast<T*>(const_cast<void*>(array_.data()));
}
template float* Argument::in_place<float>() const;
template double* Argument::in_place<double>() const;

namespace {

struct ByteRange {
  std::uintptr_t begin, end;
};

// The range from the lowest to the highest byte that the strides reach: the bounds of NumPy's
// may_share_memory, without a call into Python.
ByteRange byte_range(const py::array& array) {
  auto begin = reinterpret_cast<std::uintptr_t>(array.data()), end = begin;
  if (array.size() == 0) return {begin, end};
  for (py::ssize_t axis = 0; axis < array.ndim(); ++axis) {
    const Index reach = array.strides(axis) * (array.shape(axis) - 1);
    (reach < 0 ? begin : end) += std::uintptr_t(reach);
  }
  return {begin, end + std::uintptr_t(array.itemsize())};
}

}  // namespace

void Argument::apart_from(const Argument& other) const {
  if (!given() || !other.given()) return;
  const ByteRange mine = byte_range(array_), theirs = byte_range(other.array_);
  if (mine.begin < theirs.end && theirs.begin < mine.end) {
    refuse(text("is updated in place and must not share memory with ", other.name));
  }
}

// --- scalars

namespace {

py::object numpy_bool() { return py::dtype::of<bool>().attr("type"); }

bool is_truth(const py::object& value) {
  return PyBool_Check(value.ptr()) || py::isinstance(value, numpy_bool());
}

// A sequence is not a number, although one of a single element could be converted.
bool is_scalar(const py::object& value) {
  if (PyFloat_CheckExact(value.ptr()) || PyLong_CheckExact(value.ptr())) return true;
  return !is_truth(value) &&
         !(py::isinstance<py::array>(value) && py::reinterpret_borrow<py::array>(value).ndim() > 0);
}

}  // namespace

double number(const char* function, const char* name, const py::object& value) {
  const bool scalar = is_scalar(value);
  const double x = scalar ? PyFloat_AsDouble(value.ptr()) : 0.0;
  if (!scalar || (x == -1.0 && PyErr_Occurred())) {
    PyErr_Clear();
    throw py::type_error(text(function, ": ", name, " must be a number; got ", text_of(value)));
  }
  return x;
}

double number_in(const char* function, const char* name, const py::object& value, double low,
                 double high, bool open_above) {
  const double x = number(function, name, value);
  if (std::isfinite(x) && x >= low && (open_above ? x < high : x <= high)) return x;
  std::string rule = " must be a finite number";
  if (std::isfinite(low) && std::isfinite(high)) {
    rule = text(" must lie in [", low, ", ", high, open_above ? ")" : "]");
  } else if (std::isfinite(low)) {
    rule = text(" must be a finite number of at least ", low);
  } else if (std::isfinite(high)) {
    rule = text(" must be a finite number of at most ", high);
  }
  throw py::value_error(text(function, ": ", name, rule, "; got ", text_of(value)));
}

namespace {

py::object index_of(const char* function, const char* name, const py::object& value) {
  auto index =
      py::reinterpret_steal<py::object>(is_scalar(value) ? PyNumber_Index(value.ptr()) : nullptr);
  if (index) return index;
  PyErr_Clear();
  throw py::type_error(text(function, ": ", name, " must be an integer; got ", text_of(value)));
}

}  // namespace

Index integer(const char* function, const char* name, const py::object& value) {
  const Index x = PyLong_AsSsize_t(index_of(function, name, value).ptr());
  if (x == -1 && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    throw py::value_error(
        text(function, ": ", name, " must be an integer of 64 bits; got ", text_of(value)));
  }
  return x;
}

std::uint64_t whole_number(const char* function, const char* name, const py::object& value,
                           std::uint64_t largest) {
  const py::object index = index_of(function, name, value);
  const unsigned long long x = PyLong_AsUnsignedLongLong(index.ptr());
  const bool outside = PyErr_Occurred() != nullptr;
  PyErr_Clear();
  if (outside || x > largest) {
    throw py::value_error(
        text(function, ": ", name, " must lie in [0, ", largest, "]; got ", text_of(value)));
  }
  return x;
}

bool flag(const char* function, const char* name, const py::object& value) {
  if (!is_truth(value))
    throw py::type_error(
        text(function, ": ", name, " must be True or False; got ", text_of(value)));
  return py::cast<bool>(value);
}

std::string word(const char* function, const char* name, const py::object& value) {
  if (!py::isinstance<py::str>(value)) {
    throw py::type_error(text(function, ": ", name, " must be a string; got ", text_of(value)));
  }
  return py::cast<std::string>(value);
}

RandomKey random_key(const char* function, const py::object& seed, const py::object& stream,
                     const py::object& step) {
  const std::uint64_t half = std::numeric_limits<std::uint32_t>::max();
  return {whole_number(function, "seed", seed, std::numeric_limits<std::uint64_t>::max()),
          std::uint32_t(whole_number(function, "stream", stream, half)),
          std::uint32_t(whole_number(function, "step", step, half))};
}

}  // namespace python
}  // namespace lamina
