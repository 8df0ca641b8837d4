#include "mixes.h"

#include <cstdint>
#include <utility>

namespace lamina {
namespace python {
namespace {

// As numpy/random/bitgen.h has it: what the capsule of a bit generator points at.
struct BitGenerator {
  void* state;
  std::uint64_t (*next_uint64)(void* state);
  std::uint32_t (*next_uint32)(void* state);
  double (*next_double)(void* state);
  std::uint64_t (*next_raw)(void* state);
};

// Uniform in [0, most], by rejection of bits under a mask: the legacy draw, whose stream is frozen.
std::uint64_t up_to(const BitGenerator& bits, std::uint64_t most) {
  std::uint64_t mask = most;
  for (int shift = 1; shift <= 32; shift *= 2) mask |= mask >> shift;
  std::uint64_t drawn = 0;
  do {
    drawn =
        mask & (most <= 0xFFFFFFFFu ? bits.next_uint32(bits.state) : bits.next_uint64(bits.state));
  } while (drawn > most);
  return drawn;
}

}  // namespace

std::function<void(std::int64_t*, Index)> numpy_shuffle(const pybind11::object& generator) {
  const pybind11::capsule capsule = generator.attr("capsule");
  const auto* bits =
      static_cast<const BitGenerator*>(PyCapsule_GetPointer(capsule.ptr(), "BitGenerator"));
  if (bits == nullptr) throw pybind11::error_already_set();
  return [bits](std::int64_t* order, Index size) {
    for (Index i = size - 1; i > 0; --i) std::swap(order[i], order[up_to(*bits, std::uint64_t(i))]);
  };
}

}  // namespace python
}  // namespace lamina
