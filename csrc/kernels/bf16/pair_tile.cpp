// The kernels of all tile shapes.
#include "pair_tile.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

template <int Height, int Vectors>
LAMINA_INLINE void accumulate_pairs(__m512 (&acc)[Height][Vectors], const PairTile& t) {
  const Pair* row[Height];
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) row[r] = t.a + t.rows[r].in;
  const Index a_step = t.a_step, b_step = t.b_step;
  for (Index i = 0; i < t.run_count; ++i) {
    Index a = t.runs[i].a;
    const Pair* b = t.b + t.runs[i].b * b_step;
    for (Index k = t.runs[i].count; k > 0; --k) {
      __m512i column[Vectors];
      LAMINA_UNROLL
      for (int v = 0; v < Vectors; ++v) column[v] = _mm512_loadu_si512(b + v * pair_lanes);
      LAMINA_UNROLL
      for (int r = 0; r < Height; ++r) {
        const __m512i x = _mm512_set1_epi32(int(row[r][a]));
        LAMINA_UNROLL
        for (int v = 0; v < Vectors; ++v) add_products(acc[r][v], x, column[v]);
      }
      a += a_step;
      b += b_step;
    }
  }
}

template <int Height, int Vectors>
LAMINA_INLINE void finish_pairs(__m512 (&acc)[Height][Vectors], const PairTile& t) {
  __mmask16 mask[Vectors];
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v)
    mask[v] = v == Vectors - 1 ? first16(t.tail) : __mmask16(0xffff);
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) {
    float* c = t.c + t.rows[r].out;
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      __m512 x = acc[r][v];
      if (t.add) x = _mm512_add_ps(_mm512_maskz_loadu_ps(mask[v], c + v * pair_lanes), x);
      if (t.bias) x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(mask[v], t.bias + v * pair_lanes));
      if (t.relu) x = __m512(max(broadcast(0.0f), vf(x)));
      _mm512_mask_storeu_ps(c + v * pair_lanes, mask[v], x);
    }
  }
}

template <int Height, int Vectors>
void pair_tile(const PairTile& t) {
  __m512 acc[Height][Vectors];
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) acc[r][v] = _mm512_setzero_ps();
  }
  accumulate_pairs<Height, Vectors>(acc, t);
  finish_pairs<Height, Vectors>(acc, t);
}

using Kernel = void (*)(const PairTile&);
struct Column {
  Kernel of_height[gather_most_height];
};
template <int H, int V>
constexpr Kernel one() {
  constexpr int most = gather_height(V);
  return &pair_tile<gather_next(H < most ? H : most, most), V>;
}
template <int V>
constexpr Column column() {
  return {{one<1, V>(), one<2, V>(), one<3, V>(), one<4, V>(), one<5, V>(), one<6, V>(),
           one<7, V>(), one<8, V>(), one<9, V>(), one<10, V>(), one<11, V>(), one<12, V>()}};
}
constexpr Column of_vectors[pair_vectors] = {column<1>(), column<2>(), column<3>(), column<4>()};

}  // namespace

void multiply_places(PairTile t, const Place* places, Index count, Index vectors) {
  const int most = gather_height(int(vectors));
  for (Index i = 0; i < count;) {
    const int height = gather_next(count - i, most);
    t.rows = places + i;
    of_vectors[vectors - 1].of_height[height - 1](t);
    i += height;
  }
}

}  // namespace LAMINA_ISA
}  // namespace lamina
