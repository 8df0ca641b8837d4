// One tile of a product of pairs: the innermost loop of every product in bfloat16.
//
//   c[row.out + j] (+)= sum over runs and their steps of  a[row.in + step] . b[step][j]
//
// A step is a pair, and `.` the sum of its two products.  Rows and runs are those of conv_tile.h: a
// matrix is a single run.
//
// Bits: an element is one chain of VDPBF16PS from zero over the runs in order, then + C (if
// adding), + bias, ReLU, in float32.  The shape of the tile has no effect.
#pragma once

#include "../conv_tile.h"
#include "pairs.h"

namespace lamina {
namespace LAMINA_ISA {

struct PairTile {
  const Pair* a;
  const Pair* b;  // whole vectors are read
  float* c;
  const Place* rows;
  const Run* runs;
  Index run_count;
  Index a_step, b_step;  // within a run
  Index tail;            // columns of the last vector, 1 .. 16
  const float* bias;     // of the first column, or null
  bool add;              // to C, else overwrite it
  bool relu;
};

// acc += the two products of each lane; in asm for the same reason as fma_into (microkernel.h).
LAMINA_INLINE void add_products(__m512& acc, __m512i a, __m512i b) {
  __asm__("vdpbf16ps %2, %1, %0" : "+v"(acc) : "v"(a), "v"(b));
}

// Rows of a tile by its number of vectors, and the division of the remaining rows (conv_tile.h).
constexpr int pair_vectors = gather_vectors;

// Processes rows `places[0 .. count)` in tiles; sets t.rows.
void multiply_places(PairTile t, const Place* places, Index count, Index vectors);

}  // namespace LAMINA_ISA
}  // namespace lamina
