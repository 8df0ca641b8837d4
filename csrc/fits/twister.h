// Permutations of rows as NumPy's RandomState draws them, whose stream is frozen.
#pragma once

#include <array>
#include <cstdint>

#include "kernel.h"

namespace lamina {

// The generator MT19937: Matsumoto and Nishimura, "Mersenne Twister" (1998),
// https://doi.org/10.1145/272991.272995
class Twister {
 public:
  static constexpr int words = 624;

  // The state as in RandomState.get_state: the words, and how many of them have been drawn.
  Twister(const std::uint32_t* key, int drawn);
  // As RandomState.shuffle: exchanges each place, from the last one on, with one up to it.
  void shuffle(std::int64_t* order, Index size);
  // Whether both draw the same numbers from now on.
  bool operator==(const Twister& other) const {
    return drawn_ == other.drawn_ && key_ == other.key_;
  }

 private:
  void temper();
  void turn();

  std::array<std::uint32_t, words> key_, tempered_;
  int drawn_;
};

}  // namespace lamina
