// Philox 4x32-10: random numbers as a function of a counter and a key, so that any element of any
// mask can be drawn again, on any number of threads and with any vector width.
//
// Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.  Ten rounds
// over four 32-bit words c0..c3 with the key k0, k1:
//   c0, c1, c2, c3 = hi(M1 c2) ^ c1 ^ k0, lo(M1 c2), hi(M0 c0) ^ c3 ^ k1, lo(M0 c0)
// and both key words grow by a constant between rounds.
//
// Here the key is {seed lo, seed hi} and the counter {block lo, block hi, step, stream}.  Element e
// of a draw takes word (e % 64) / 16 of block 16 * (e / 64) + e % 16: sixteen blocks make a group
// of 64 elements, whose word w fills elements 16 w .. 16 w + 15.  A vector of consecutive blocks
// thus gives four vectors of consecutive elements, for any vector width.
#pragma once

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

constexpr Index philox_group_size = 64;

// The round keys in every lane, and the part of the counter that is the same for all blocks.
struct Philox {
  vu64 key0[10], key1[10], step, stream;

  explicit Philox(RandomKey key) : step(vu64{} + key.step), stream(vu64{} + key.stream) {
    std::uint32_t k0 = std::uint32_t(key.seed), k1 = std::uint32_t(key.seed >> 32);
    for (int round = 0; round < 10; ++round) {
      key0[round] = vu64{} + k0;
      key1[round] = vu64{} + k1;
      k0 += 0x9E3779B9u;  // the fraction of the golden ratio
      k1 += 0xBB67AE85u;  // the fraction of the square root of 3
    }
  }
};

// Products of the lower halves of 64-bit lanes.
LAMINA_INLINE vu64 multiply_lower(vu64 a, vu64 b) {
#if !defined(__x86_64__)
  return (a & 0xFFFFFFFFull) * (b & 0xFFFFFFFFull);
#elif LAMINA_VECTOR_BYTES == 64
  // Masked with all ones: GCC 12's plain form warns that its own operand is uninitialised.
  return vu64(_mm512_maskz_mul_epu32(__mmask8(-1), __m512i(a), __m512i(b)));
#elif LAMINA_VECTOR_BYTES == 32
  return vu64(_mm256_mul_epu32(__m256i(a), __m256i(b)));
#else
  return vu64(_mm_mul_epu32(__m128i(a), __m128i(b)));
#endif
}

// One word of several counters per vector, each in the lower half of a 64-bit lane.  The upper
// halves are unspecified: multiply_lower ignores them, so products need no unpacking between
// rounds.
struct PhiloxWords {
  vu64 word[4];
};

LAMINA_INLINE PhiloxWords philox_rounds(const Philox& key, vu64 block) {
  const vu64 zero = {}, m0 = zero + 0xD2511F53ull, m1 = zero + 0xCD9E8D57ull;
  vu64 c0 = block, c1 = block >> 32, c2 = key.step, c3 = key.stream;
  LAMINA_UNROLL
  for (int round = 0; round < 10; ++round) {
    const vu64 p0 = multiply_lower(c0, m0), p1 = multiply_lower(c2, m1);
    c0 = (p1 >> 32) ^ (c1 ^ key.key0[round]);  // c1 is available early: a shorter chain
    c2 = (p0 >> 32) ^ (c3 ^ key.key1[round]);
    c1 = p1;
    c3 = p0;
  }
  return {{c0, c1, c2, c3}};
}

// Calls body(offset, bits) with the words of elements offset .. offset + lanes<float> - 1 of the
// group.
template <class Body>
LAMINA_INLINE void philox_group(const Philox& key, std::uint64_t group, Body&& body) {
  vu64 even;
  for (Index i = 0; i < lanes<double>; ++i) even[i] = std::uint64_t(2 * i);
  LAMINA_UNROLL
  for (Index first = 0; first < 16; first += lanes<float>) {
    // Even and odd blocks separately, so that their words interleave with one shift.
    const vu64 block = even + (16 * group + std::uint64_t(first));
    const PhiloxWords a = philox_rounds(key, block), b = philox_rounds(key, block + 1);
    LAMINA_UNROLL
    for (int w = 0; w < 4; ++w)
      body(16 * w + first, vu32((a.word[w] & 0xFFFFFFFFull) | (b.word[w] << 32)));
  }
}

// Calls body(element, bits, count) over [begin, end), in any order; `count` is the number of
// elements of the range in this vector.
template <class Body>
LAMINA_INLINE void philox_range(const Philox& key, Index begin, Index end, Body&& body) {
  Index e = begin / philox_group_size * philox_group_size;
  // The first and the last group may lie in the range in part.
  const auto group_in_part = [&](Index offset, vu32 bits) {
    const Index first = e + offset, from = first < begin ? begin : first;
    const Index after = first + lanes<float> < end ? first + lanes<float> : end;
    if (from >= after) return;
    std::uint32_t words[2 * lanes<float>] = {};
    store(words, bits);
    body(from, load_as<vu32>(words + (from - first)), after - from);
  };
  if (e < begin) {
    philox_group(key, std::uint64_t(e / philox_group_size), group_in_part);
    e += philox_group_size;
  }
  for (; e + philox_group_size <= end; e += philox_group_size)
    philox_group(key, std::uint64_t(e / philox_group_size),
                 [&](Index offset, vu32 bits) { body(e + offset, bits, lanes<float>); });
  if (e < end) philox_group(key, std::uint64_t(e / philox_group_size), group_in_part);
}

}  // namespace LAMINA_ISA
}  // namespace lamina
