// The array policy, in one place: what a NumPy argument must be before a kernel sees it.
//
// - float32 and float64 are the kernels' types.  The first argument that has one of them decides;
//   another argument with the other one is a TypeError, never a silent rounding.
// - Integers, booleans, float16 and Python numbers take the type decided, where that is exact.
// - Complex, text, object, datetime, longdouble and masked arrays are a TypeError.
// - Any order, stride, byte order and alignment is read: what a kernel cannot read as it lies is
//   copied.  Read-only arrays are fine; nobody's input is written.
// - Arrays that a function updates in place must already be writable, C-contiguous, aligned and
//   of the exact type.
// - Messages are "function: rule; got value".
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <initializer_list>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "../kernel.h"
#include "gil.h"

namespace lamina {
namespace python {

namespace py = pybind11;
using Shape = std::vector<Index>;

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}
std::string text_of(const Shape& shape);       // "(3, 4)"
std::string text_of(const py::object& value);  // its repr, shortened

enum class Dtype { float32, float64 };
template <class T>
constexpr Dtype dtype_of = sizeof(T) == 4 ? Dtype::float32 : Dtype::float64;
const char* name_of(Dtype dtype);

// The product of the sizes; a ValueError where it, or its bytes, overflows.
Index checked_size(const char* function, const Shape& shape, std::size_t item_bytes);

// One array argument: `function` and `name` are who complains.  None is refused, unless it is an
// OptionalArgument.
class Argument {
 public:
  Argument(const char* function, const char* name, const py::object& value)
      : Argument(function, name, value, false) {}

  bool given() const { return bool(array_); }
  int rank() const { return int(array_.ndim()); }
  Index size() const { return array_.size(); }
  Index axis(int k) const { return array_.shape(k < 0 ? rank() + k : k); }
  Shape shape() const { return {array_.shape(), array_.shape() + array_.ndim()}; }
  Shape leading() const { return {array_.shape(), array_.shape() + array_.ndim() - 1}; }
  RowsCols rows_cols() const;                        // the last axis is the columns
  const py::array& array() const { return array_; }  // converted once, if it was a list
  char kind() const { return array_.dtype().kind(); }
  bool decides(Dtype* dtype) const;  // has float32 or float64 of its own

  // Each raises ValueError with the rule; `axes` spells the shape wanted, "(rows, inputs)".
  void needs_rank(int rank, const char* axes) const;
  void needs_rank_at_least(int rank, const char* axes) const;
  void needs_shape(const Shape& shape, const char* axes) const;
  void needs_columns() const;
  [[noreturn]] void refuse(const std::string& rule) const;       // ValueError
  [[noreturn]] void refuse_type(const std::string& rule) const;  // TypeError

  // The values as a kernel reads them: aligned, C-contiguous, of type T.  Copies where it must.
  template <class T>
  py::array_t<T> values() const;
  // Checked class labels, one int32 each, in [0, classes); `what` they count.
  py::array_t<std::int32_t> labels(Index classes, const char* what = "classes") const;
  // A copy of an array of bytes that are all below `bound`; of another, nothing.
  std::optional<py::array_t<std::uint8_t>> bytes(Index bound) const;
  // Checked row numbers in [0, rows).
  py::array_t<std::int64_t> row_numbers(Index rows) const;
  // The caller's own memory, to be updated in place.
  template <class T>
  T* in_place() const;
  // ValueError if the two arrays may share memory.
  void apart_from(const Argument& other) const;

  const char* function;
  const char* name;

 protected:
  Argument(const char* function, const char* name, const py::object& value, bool optional);

 private:
  void check_kind() const;
  void check_exact(Dtype dtype) const;
  void check_in_place(Dtype dtype) const;
  py::array_t<std::int64_t> integers(Index bound, const char* what) const;

  py::array array_ = py::reinterpret_steal<py::array>(py::handle());
  bool is_array_ = false;  // given as an ndarray, not converted from a list or scalar
};

// One that may be left out: None counts as not given.
class OptionalArgument : public Argument {
 public:
  OptionalArgument(const char* function, const char* name, const py::object& value)
      : Argument(function, name, value, true) {}
};

// The type all arguments agree on; float64 if none has one (numbers and integers lose nothing).
// `Arguments` is a list or a vector of pointers to them.
template <class Arguments = std::initializer_list<const Argument*>>
Dtype common_dtype(const Arguments& arguments);

// Calls f(T{}) with the type the arguments agree on.
template <class Arguments = std::initializer_list<const Argument*>, class F>
auto with_dtype(const Arguments& arguments, F&& f) {
  return common_dtype(arguments) == Dtype::float32 ? f(float{}) : f(double{});
}

// A fresh C-contiguous output, not initialised.
template <class T>
py::array_t<T> output(const char* function, const Shape& shape) {
  checked_size(function, shape, sizeof(T));
  return py::array_t<T>(shape);
}

// Runs a kernel call with the GIL released.  Fetch every pointer before.
template <class F>
void without_gil(F&& f) {
  const WithoutGil released;
  f();
}

// --- scalar arguments, with the same kind of message

// Numbers are what Python can make one of without reading text; truth values are none.
double number(const char* function, const char* name, const py::object& value);
constexpr double kInfinity = std::numeric_limits<double>::infinity();
// A finite number in [low, high] or, where open_above, [low, high).
double number_in(const char* function, const char* name, const py::object& value, double low,
                 double high, bool open_above = false);
std::uint64_t whole_number(const char* function, const char* name, const py::object& value,
                           std::uint64_t largest);
// With a sign.
Index integer(const char* function, const char* name, const py::object& value);
// True or False, of Python or NumPy: not everything that has a truth value.
bool flag(const char* function, const char* name, const py::object& value);
std::string word(const char* function, const char* name, const py::object& value);
RandomKey random_key(const char* function, const py::object& seed, const py::object& stream,
                     const py::object& step);

}  // namespace python
}  // namespace lamina
