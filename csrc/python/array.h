// The array policy: what a NumPy argument must be before it is passed to a kernel.
//
// - float32 and float64 are the kernels' types.  The first argument that has one of them decides;
//   another argument with the other one is a TypeError, never a silent rounding.
// - Integers, booleans, float16 and Python numbers are converted to that type, if that is exact.
// - Complex, text, object, datetime, longdouble and masked arrays are a TypeError.
// - Any order, stride, byte order and alignment is accepted: an array that a kernel cannot read in
//   place is copied.  Read-only arrays are accepted; inputs are never written to.
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

// The product of the sizes; a ValueError if it, or the number of bytes, overflows.
Index checked_size(const char* function, const Shape& shape, std::size_t item_bytes);

// One array argument; `function` and `name` are used in messages.  None is an error, unless it is
// an OptionalArgument.
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
  bool decides(Dtype* dtype) const;  // has float32 or float64 itself

  // Each raises ValueError with the rule; `axes` describes the expected shape, "(rows, inputs)".
  void needs_rank(int rank, const char* axes) const;
  void needs_rank_at_least(int rank, const char* axes) const;
  void needs_shape(const Shape& shape, const char* axes) const;
  void needs_columns() const;
  [[noreturn]] void refuse(const std::string& rule) const;       // ValueError
  [[noreturn]] void refuse_type(const std::string& rule) const;  // TypeError

  // The values as a kernel reads them: aligned, C-contiguous, of type T.  Copies if necessary.
  template <class T>
  py::array_t<T> values() const;
  // Checked class labels, one int32 each, in [0, classes); `what` names them in messages.
  py::array_t<std::int32_t> labels(Index classes, const char* what = "classes") const;
  // A copy of an array of bytes that are all below `bound`; nullopt for any other array.
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

// An argument that may be omitted: None counts as not given.
class OptionalArgument : public Argument {
 public:
  OptionalArgument(const char* function, const char* name, const py::object& value)
      : Argument(function, name, value, true) {}
};

// The type on which all arguments agree; float64 if none has one (which represents numbers and
// integers exactly).  `Arguments` is a list or a vector of pointers to them.
template <class Arguments = std::initializer_list<const Argument*>>
Dtype common_dtype(const Arguments& arguments);

// Calls f(T{}) with the type on which the arguments agree.
template <class Arguments = std::initializer_list<const Argument*>, class F>
auto with_dtype(const Arguments& arguments, F&& f) {
  return common_dtype(arguments) == Dtype::float32 ? f(float{}) : f(double{});
}

// A new C-contiguous output, not initialised.
template <class T>
py::array_t<T> output(const char* function, const Shape& shape) {
  checked_size(function, shape, sizeof(T));
  return py::array_t<T>(shape);
}

// Runs a kernel call with the GIL released.  Fetch every pointer before the call.
template <class F>
void without_gil(F&& f) {
  const WithoutGil released;
  f();
}

// --- scalar arguments, with the same kind of message

// Any number that Python can convert without parsing text; truth values are not numbers.
double number(const char* function, const char* name, const py::object& value);
constexpr double kInfinity = std::numeric_limits<double>::infinity();
// A finite number in [low, high] or, with open_above, [low, high).
double number_in(const char* function, const char* name, const py::object& value, double low,
                 double high, bool open_above = false);
std::uint64_t whole_number(const char* function, const char* name, const py::object& value,
                           std::uint64_t largest);
// May be negative.
Index integer(const char* function, const char* name, const py::object& value);
// True or False, from Python or NumPy: not everything that has a truth value.
bool flag(const char* function, const char* name, const py::object& value);
std::string word(const char* function, const char* name, const py::object& value);
RandomKey random_key(const char* function, const py::object& seed, const py::object& stream,
                     const py::object& step);

}  // namespace python
}  // namespace lamina
