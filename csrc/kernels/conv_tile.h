// One tile of a convolution: the innermost loop of forward, backward-data and backward-weights.
//
//   c[row.out + j] (+)= sum over runs and their steps of  x[row.in + step] * b[step][j]
//
// A row of the tile is a place in x and a place in c, at arbitrary addresses; a run is an
// arithmetic sequence of steps.  So the image is read in place: in forward a row is a pixel and a
// run a sequence of window cells, in backward-weights a row is a weight and a run a sequence of
// pixels.
//
// Bits: an element is one chain of fma from zero over the runs in order, then + C (if adding), +
// bias, activation.  The shape of the tile has no effect.
//
// If steps are contiguous in memory, a tile prefetches the next tile's data during its products,
// both inputs and outputs, spread over the steps: 1x1 windows over 34 MB of images with 128
// channels and filters go from 91 to 110 of 117 GFLOP/s per core on a Zen 4; prefetching everything
// at the end of the tile reaches 105, prefetching inputs only 102.  If a step is a pixel, it
// prefetches what the next unit reads into the L2 cache: the weights' gradient there goes from 88
// to 97 with x; with dz as well, which is then read in place, from 86 to 102 in a later
// measurement.
#pragma once

#include "microkernel.h"

namespace lamina {
namespace LAMINA_ISA {

struct Place {
  Index in, out;
};
struct Run {
  Index a, b, count;  // the first step: elements of x, rows of b
};

template <class T>
struct GatherTile {
  const T* x;
  const T* b;  // whole vectors are read: padded to the tile's width
  T* c;
  const Place* rows;
  const Run* runs;
  Index run_count;
  Index a_step, b_step;  // within a run
  Index tail;            // columns of the last vector, 1 .. lanes
  const T* bias;         // of the first column, or null
  bool add;              // to C, else overwrite it
  bool relu;
  Index next_in = 0, next_out = 0;  // from the tile's places to those of the next one
  Index next_unit = 0;              // from the data of its steps to those in the next unit
  // Part of what the next unit reads from another array: for each line of steps, or for the whole
  // tile, this many lines, from `stream` on, which moves by `stream_step` from tile to tile.
  const T* stream = nullptr;
  Index stream_lines = 0, stream_step = 0;
};

// Part of the contract, like longest_chunk: the sum over the window is divided into parts of at
// most this length.
constexpr Index conv_chunk = 400;

// Tile shapes: fewer rows than in a matrix product, because every row holds a pointer register.
constexpr int gather_vectors = LAMINA_VECTOR_BYTES == 64 ? 4 : 2;
constexpr int gather_most_height = 12;
constexpr int gather_height(int vectors) {
  return tallest[vectors - 1] < gather_most_height ? tallest[vectors - 1] : gather_most_height;
}
// The next tile's height if `rest` rows are left.  Only a few heights have a kernel (all of them
// are more code and no faster), and never 1 to 3 rows are left over, which would be too few chains
// of fma.
constexpr int gather_split[gather_most_height] = {0, 1, 2, 3, 4, 3, 6, 4, 4, 9, 6, 9};
constexpr int gather_next(Index rest, int most) {
  if (rest == most || rest > most + 3) return most;
  return gather_split[rest < most ? rest : rest - 4];
}

// Prefetches the lines of the next tile that correspond to those at `a`, and a row that it writes.
template <class T, int Height, int Vectors>
LAMINA_INLINE void gather_ahead(const GatherTile<T>& t, const T* const (&row)[Height], Index a,
                                int written) {
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) __builtin_prefetch(row[r] + a + t.next_in);
  if (written >= Height) return;
  const T* to = t.c + t.rows[written].out + t.next_out;
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) __builtin_prefetch(to + v * lanes<T>, 1);
}

// Prefetches the lines of several steps.
template <int Steps, class T>
LAMINA_INLINE void steps_ahead(const T* from, Index step) {
  LAMINA_UNROLL
  for (int i = 0; i < Steps; ++i) second_cache_prefetch(from + i * step);
}

// Whether a tile prefetches `stream` during its products rather than before them.  Tiles of AVX2
// lack registers for it: all of them became 4 to 7 % slower.  Before its products, the gradient of
// 1x1 weights of 64 and 96 channels over 64 images of 32x32 goes from 69 and 76 to 75 and 80
// GFLOP/s.
constexpr bool tiles_stream = LAMINA_VECTOR_BYTES == 64;

template <class T>
LAMINA_INLINE void stream_ahead(const GatherTile<T>& t, Index slot) {
  constexpr Index line = 64 / Index(sizeof(T));
  const T* from = t.stream + slot * t.stream_lines * line;
  for (Index n = 0; n < t.stream_lines; ++n) second_cache_prefetch(from + n * line);
}

template <class T, int Height, int Vectors>
LAMINA_INLINE void gather_accumulate(Vec<T> (&acc)[Height][Vectors], const GatherTile<T>& t) {
  const T* row[Height];
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) row[r] = t.x + t.rows[r].in;
  const Index a_step = t.a_step, b_step = t.b_step;
  constexpr int line = 64 / int(sizeof(T));
  int lines = 0;
  for (Index i = 0; i < t.run_count; ++i) {
    Index a = t.runs[i].a;
    const T* b = t.b + t.runs[i].b * b_step;
    for (Index k = t.runs[i].count; k > 0; --k) {
      if (k % line == 0) {
        if (t.next_in != 0)
          gather_ahead<T, Height, Vectors>(t, row, a, lines++);
        else if (t.next_unit != 0)
          steps_ahead<line>(row[0] + a + t.next_unit, a_step);
        if (tiles_stream && t.stream_lines != 0) stream_ahead(t, k / line - 1);
      }
      Vec<T> column[Vectors];
      LAMINA_UNROLL
      for (int v = 0; v < Vectors; ++v) column[v] = load(b + v * lanes<T>);
      LAMINA_UNROLL
      for (int r = 0; r < Height; ++r) {
        const Vec<T> x = broadcast(row[r][a]);
        LAMINA_UNROLL
        for (int v = 0; v < Vectors; ++v) fma_into(acc[r][v], x, column[v]);
      }
      a += a_step;
      b += b_step;
    }
  }
}

template <class T, int Height, int Vectors>
LAMINA_INLINE void gather_finish(Vec<T> (&acc)[Height][Vectors], const GatherTile<T>& t) {
  const Index tail = t.tail;
  if (t.add) {
    LAMINA_UNROLL
    for (int r = 0; r < Height; ++r) {
      LAMINA_UNROLL
      for (int v = 0; v < Vectors; ++v)
        acc[r][v] = load_tile<T, Vectors>(t.c + t.rows[r].out, v, tail) + acc[r][v];
    }
  }
  if (t.bias) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const Vec<T> bias = load_tile<T, Vectors>(t.bias, v, tail);
      LAMINA_UNROLL
      for (int r = 0; r < Height; ++r) acc[r][v] = acc[r][v] + bias;
    }
  }
  if (t.relu) {
    LAMINA_UNROLL
    for (int r = 0; r < Height; ++r) {
      LAMINA_UNROLL
      for (int v = 0; v < Vectors; ++v) acc[r][v] = max(broadcast(T(0)), acc[r][v]);
    }
  }
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v)
      store_tile<T, Vectors>(t.c + t.rows[r].out, acc[r][v], v, tail);
  }
}

template <class T, int Height, int Vectors>
void gather_tile(const GatherTile<T>& t) {
  Vec<T> acc[Height][Vectors];
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) acc[r][v] = Vec<T>{};
  }
  gather_accumulate<T, Height, Vectors>(acc, t);
  gather_finish<T, Height, Vectors>(acc, t);
}

// The kernels of all tile shapes: kernel[vectors - 1][height - 1].
template <class T>
struct GatherTiles {
  using Kernel = void (*)(const GatherTile<T>&);
  struct Column {
    Kernel of_height[gather_most_height];
  };
  template <int H, int V>
  static constexpr Kernel one() {
    constexpr int most = gather_height(V);
    return &gather_tile<T, gather_next(H < most ? H : most, most), V>;
  }
  template <int V>
  static constexpr Column column() {
    return {{one<1, V>(), one<2, V>(), one<3, V>(), one<4, V>(), one<5, V>(), one<6, V>(),
             one<7, V>(), one<8, V>(), one<9, V>(), one<10, V>(), one<11, V>(), one<12, V>()}};
  }
  static constexpr Column of_vectors[4] = {column<1>(), column<2>(),
                                           column < gather_vectors<3 ? 1 : 3>(),
                                           column < gather_vectors<4 ? 1 : 4>()};

  // Processes all rows `places[0 .. count)`.
  static void run(GatherTile<T> t, const Place* places, Index count, Index vectors) {
    const int most = gather_height(int(vectors));
    for (Index i = 0; i < count;) {
      const int height = gather_next(count - i, most);
      t.rows = places + i;
      if (t.a_step == 1 && i + height < count) {
        t.next_in = places[i + height].in - places[i].in;
        t.next_out = places[i + height].out - places[i].out;
      }
      if (!tiles_stream) {
        for (Index n = 0; n < t.stream_lines; ++n)
          second_cache_prefetch(t.stream + n * (64 / Index(sizeof(T))));
      }
      of_vectors[vectors - 1].of_height[height - 1](t);
      t.stream += t.stream_step;
      i += height;
    }
  }
};

// The columns of a product divided into panels of at most gather_vectors vectors; a panel's rows
// are stored one after another, padded to whole vectors.
template <class T>
struct PanelCut {
  Index columns;
  Parts parts;
  explicit PanelCut(Index columns_)
      : columns(columns_),
        parts((columns_ + lanes<T> - 1) / lanes<T>,
              parts_of((columns_ + lanes<T> - 1) / lanes<T>, gather_vectors)) {}
  Index count() const { return parts.count; }
  Index first(Index panel) const { return parts.begin(panel) * lanes<T>; }
  Index vectors(Index panel) const { return parts.begin(panel + 1) - parts.begin(panel); }
  Index padded() const { return parts.begin(parts.count) * lanes<T>; }
  Index used(Index panel) const {
    const Index left = columns - first(panel), width = vectors(panel) * lanes<T>;
    return left < width ? left : width;
  }
  Index tail(Index panel) const { return used(panel) - (vectors(panel) - 1) * lanes<T>; }
  // Whether a matrix of these columns, stored without gaps, is itself the only panel.
  bool is_panel() const { return parts.count == 1 && columns == padded(); }
};

}  // namespace LAMINA_ISA
}  // namespace lamina
