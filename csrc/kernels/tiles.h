// Tile and block sizes of the matrix product, one set per instruction set.
#pragma once

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

// A tile of C is `height` rows by `vectors` column vectors held in registers; tallest[v - 1] is the
// height at which the tile, one row of B and a broadcast element of A fill the register file.
constexpr int most_vectors = 8;
constexpr int most_height = 16;
#if LAMINA_VECTOR_BYTES == 64  // 32 registers; 6x4 is faster than 9x3 by 2 % and 14x2 by 3 to 7 %
constexpr int tallest[most_vectors] = {16, 14, 9, 6, 4, 4, 2, 2};
constexpr int usual_vectors = 4;
#elif LAMINA_VECTOR_BYTES == 32  // 16 registers
constexpr int tallest[most_vectors] = {12, 6, 4, 2, 1, 1, 1, 1};
constexpr int usual_vectors = 2;
#else                            // 16 registers, of which a product without FMA needs two
constexpr int tallest[most_vectors] = {8, 5, 3, 2, 1, 1, 1, 1};
constexpr int usual_vectors = 2;
#endif
constexpr int usual_height = tallest[usual_vectors - 1];

// Up to this many rows of A, B is read in place, in tiles of `in_place_vectors`: packing it costs
// more than reading it again for each tile.  1024 x 1024 on one core of a Zen 4, AVX-512: 16 rows
// 56 to 91 GF/s, 32 rows 72 to 80, 128 rows 96 both ways; 784 x 256, 32 rows: 100 to 116.  With
// usual_vectors in place 8 rows reach 51, with six vectors 97: the strip that six rows of four
// share falls into few sets of the L2 cache.  AVX2: 16 rows 51 to 85, 64 rows 84 to 82.
#if LAMINA_VECTOR_BYTES == 64
constexpr Index in_place_rows = 128;
constexpr int in_place_vectors = 6;
#elif LAMINA_VECTOR_BYTES == 32
constexpr Index in_place_rows = 48;
constexpr int in_place_vectors = usual_vectors;
#else
constexpr Index in_place_rows = 10;
constexpr int in_place_vectors = usual_vectors;
#endif

// Up to this many rows, usual tiles prefetch the next panel of a large B.  With AVX-512, B is read
// in place; on one core of a Zen 4, 32 rows times 1024 x 1024 go from 102 to 113 GF/s, 128 rows
// from 95 to 110, 256 rows from 105 to 109, 32 rows times 2048 x 2048 from 76 to 109.  It is slower
// if the L2 cache holds B anyway: 32 rows times 784 x 256 go from 115 to 111.  The panels of AVX2
// are one line wide, and reading them in place is slower: 32 rows go from 80 to 65, 128 rows from
// 95 to 66.  Each is packed when it has been prefetched and just before it is multiplied, instead
// of all of them before the first; on one core of a Zen 3, 64 rows times 1024 x 1024 go from 81 to
// 85, 100 rows times 1000 x 1024 from 86 to 90.  Packing in turn is also faster than reading in
// place from `crowded_rows` rows on, if the rows of B are whole pages apart and share few sets of
// the caches: 16 rows go from 59 to 64, 32 rows from 58 to 76, 48 rows from 64 to 85, 12 rows from
// 69 to 61.
constexpr Index fetching_rows = LAMINA_VECTOR_BYTES == 64   ? 256
                                : LAMINA_VECTOR_BYTES == 32 ? 128
                                                            : 0;
constexpr Index fetching_bytes = 1048576;
constexpr bool packs_in_turn = LAMINA_VECTOR_BYTES == 32;
constexpr Index crowded_rows = 16;

// The columns of a large A in place are prefetched this many terms ahead: 1024x128 of 1024 terms
// 2971 to 2415 us, 128x128 of 10,000 3812 to 3050; columns that the L2 cache holds are up to 5 %
// slower.
constexpr Index terms_ahead = 16, fetched_columns_bytes = 786432;

// K is summed in nearly equal chunks of at most this many terms.  Part of the contract: a different
// value gives different bits.  Every chunk passes over C: 512 is faster than 400 by 2 to 3 % at
// 2048^3 on a Zen 5, 256 and 176 lose 4 and 15 %; the same holds for AVX2, so v3 and v4 agree in
// every bit.
constexpr Index longest_chunk = 512;

// Rows of A packed at a time, and column vectors of B (1152 floats).  96 to 384 rows: equal within
// noise.
constexpr Index block_rows = 96;
constexpr Index block_vectors = 4608 / LAMINA_VECTOR_BYTES;

// A length divided into nearly equal parts: part i is [begin(i), begin(i + 1)).
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
