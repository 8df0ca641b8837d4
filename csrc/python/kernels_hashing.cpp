// Hashes of strings.
#include <pybind11/numpy.h>

#include "../moves/hash.h"
#include "array.h"
#include "kernels.h"

namespace lamina {
namespace python {
namespace {

using HashArray = py::array_t<std::uint64_t>;
using Object = py::object;

// body(i): the i-th of `size` elements of a hash_array.
template <class Body>
HashArray hash_array(py::ssize_t size, const Body& body) {
  HashArray result(size);
  std::uint64_t* const out = result.mutable_data();
  without_gil([&] {
    for (py::ssize_t i = 0; i < size; ++i) out[i] = body(i);
  });
  return result;
}

// String i is text[ends[i - 1]:ends[i]].
HashArray hash_strings(const py::bytes& text, const py::array_t<std::int64_t>& ends, Object key) {
  const auto whole = std::string_view(text);
  const py::ssize_t count = ends.size();
  if (ends.ndim() != 1) throw py::value_error("hash_strings: ends must have one number per string");
  const std::int64_t* const end = ends.data();
  std::int64_t begin = 0;
  for (py::ssize_t i = 0; i < count; begin = end[i++])
    if (end[i] < begin || end[i] > std::int64_t(whole.size()))
      throw py::value_error("hash_strings: ends must be ascending, up to the end of the text");
  const auto hashed = [&](const auto& hash) {
    return hash_array(count, [&](py::ssize_t i) {
      const std::int64_t from = i == 0 ? 0 : end[i - 1];
      return hash(whole.data() + from, std::size_t(end[i] - from));
    });
  };
  if (key.is_none()) return hashed(fingerprint64);
  const auto both = key.cast<py::tuple>();
  const auto k0 = both[0].cast<std::uint64_t>(), k1 = both[1].cast<std::uint64_t>();
  return hashed([=](const char* s, std::size_t size) { return siphash64(s, size, k0, k1); });
}

HashArray join_hashes(const HashArray& first, const HashArray& second) {
  if (first.size() != second.size())
    throw py::value_error("join_hashes: needs arrays of equal size");
  const std::uint64_t *const a = first.data(), *const b = second.data();
  return hash_array(first.size(), [=](py::ssize_t i) { return fingerprint_of_two(a[i], b[i]); });
}

}  // namespace
}  // namespace python

void bind_kernels_hashing(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  module.def("hash_strings", &hash_strings, arg("text"), arg("ends"), arg("key") = pybind11::none(),
             "FarmHash's fingerprint of each string, or SipHash with a key of two numbers.");
  module.def("join_hashes", &join_hashes, arg("first"), arg("second"),
             "One hash for each pair of hashes, in order.");
}

}  // namespace lamina
