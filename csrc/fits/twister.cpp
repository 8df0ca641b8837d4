#include "twister.h"

#include <algorithm>
#include <utility>

namespace lamina {
namespace {

constexpr int middle = 397;

// A word's successor, from its top bit, the low bits of the next word, and a word further on.
std::uint32_t turned(std::uint32_t word, std::uint32_t next, std::uint32_t further) {
  const std::uint32_t joined = (word & 0x80000000u) | (next & 0x7FFFFFFFu);
  return further ^ (joined >> 1) ^ (joined & 1u ? 0x9908B0DFu : 0u);
}

}  // namespace

Twister::Twister(const std::uint32_t* key, int drawn) : key_{}, tempered_{}, drawn_(drawn) {
  std::copy_n(key, words, key_.begin());
  temper();
}

void Twister::turn() {
  std::uint32_t* const k = key_.data();
  for (int i = 0; i < words - middle; ++i) k[i] = turned(k[i], k[i + 1], k[i + middle]);
  for (int i = words - middle; i < words - 1; ++i)
    k[i] = turned(k[i], k[i + 1], k[i + middle - words]);
  k[words - 1] = turned(k[words - 1], k[0], k[middle - 1]);
  temper();
  drawn_ = 0;
}

void Twister::temper() {
  for (std::size_t i = 0; i < key_.size(); ++i) {
    std::uint32_t y = key_[i];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9D2C5680u;
    y ^= (y << 15) & 0xEFC60000u;
    tempered_[i] = y ^ (y >> 18);
  }
}

// Exchanges each place, from the last one on, with a place up to it: masked bits of a word, or of
// the next word if they are too large.  A word that is too large exchanges the place with itself,
// which avoids an unpredictable branch.
void Twister::shuffle(std::int64_t* order, Index size) {
  std::uint32_t place = size > 0 ? std::uint32_t(size - 1) : 0;
  while (place > 0) {
    if (drawn_ >= words) turn();
    const std::uint32_t mask = 0xFFFFFFFFu >> __builtin_clz(place);
    for (; drawn_ < words && place > mask / 2; ++drawn_) {
      const std::uint32_t drawn = tempered_[std::size_t(drawn_)] & mask;
      const std::uint32_t fits = drawn <= place;
      std::swap(order[place], order[place ^ ((place ^ drawn) & (0u - fits))]);
      place -= fits;
    }
  }
}

}  // namespace lamina
