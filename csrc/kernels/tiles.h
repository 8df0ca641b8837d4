// Tile and block sizes of the matrix product, one set per instruction set.
#pragma once

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

// A tile of C is `height` rows by `vectors` column vectors held in registers; tallest[v - 1] is
// the height at which tile, one row of B and a broadcast element of A fill the register file.
constexpr int most_vectors = 8;
constexpr int most_height = 16;
#if LAMINA_VECTOR_BYTES == 64  // 32 registers; 6x4 beat 9x3 by 2 % and 14x2 by 3 to 7 %
constexpr int tallest[most_vectors] = {16, 14, 9, 6, 4, 4, 2, 2};
constexpr int usual_vectors = 4;
#elif LAMINA_VECTOR_BYTES == 32  // 16 registers
constexpr int tallest[most_vectors] = {12, 6, 4, 2, 1, 1, 1, 1};
constexpr int usual_vectors = 2;
#else  // 16 registers, two of which a product without FMA needs for itself
constexpr int tallest[most_vectors] = {8, 5, 3, 2, 1, 1, 1, 1};
constexpr int usual_vectors = 2;
#endif

// K is summed in near-equal chunks of at most this many terms.  Part of the contract: a different
// value gives different bits.  Every chunk passes over C: 512 beat 400 by 2 to 3 % at 2048^3 on a
// Zen 5, 256 and 176 lost 4 and 15 %; the same for AVX2, so v3 and v4 agree in every bit.
constexpr Index longest_chunk = 512;

// Rows of A packed at a time, and column vectors of B (1152 floats).  96 to 384 rows: within noise.
constexpr Index block_rows = 96;
constexpr Index block_vectors = 4608 / LAMINA_VECTOR_BYTES;

// A length cut into near-equal parts: part i is [begin(i), begin(i + 1)).
struct Parts {
  Index count, base, longer;  // the first `longer` parts have base + 1 elements
  Parts(Index length, Index parts)
      : count(parts), base(parts == 1 ? length : length / parts), longer(length - base * parts) {}
  Index begin(Index i) const { return i * base + (i < longer ? i : longer); }
};
LAMINA_INLINE Index parts_of(Index length, Index longest) {
  return length <= longest ? 1 : (length + longest - 1) / longest;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
