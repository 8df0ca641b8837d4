// The set of ids that occur, each numbered by its place in ascending order.
#pragma once

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

// A bitmap with the number of ids before each word: an id's place is found without sorting.
struct IdSet {
  std::uint64_t* word;
  std::int32_t* before;
  Index words;

  static constexpr Index words_of(Index vocabulary) { return (vocabulary + 63) / 64; }

  void clear() const { __builtin_memset(word, 0, sizeof(std::uint64_t) * std::size_t(words)); }
  void add(std::int32_t id) const { word[id / 64] |= std::uint64_t(1) << (id % 64); }
  // When all have been added: writes them in ascending order and returns their number.
  Index list(std::int32_t* unique_n) const {
    Index found = 0;
    for (Index w = 0; w < words; ++w) {
      before[w] = std::int32_t(found);
      for (std::uint64_t left = word[w]; left != 0; left &= left - 1)
        unique_n[found++] = std::int32_t(64 * w + __builtin_ctzll(left));
    }
    return found;
  }
  // After list().
  std::int32_t place(std::int32_t id) const {
    const std::uint64_t below = (std::uint64_t(1) << (id % 64)) - 1;
    return before[id / 64] + __builtin_popcountll(word[id / 64] & below);
  }
};

}  // namespace LAMINA_ISA
}  // namespace lamina
