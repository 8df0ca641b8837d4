// One tile of C: the innermost loop of every matrix product.
//
// An element's value is one chain: fma over k from zero, then + C (if adding), + bias, activation.
// The shape of the tile, masks and packing have no effect, so the bits depend on the chain alone.
#pragma once

#include "tiles.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T>
struct Tile {
  const T* a;
  Index a_step;  // rows adjacent: elements from one k to the next; k adjacent: from row to row
  const T* b;
  Index b_step;  // elements from one k to the next
  Index depth;   // terms of this chunk of k
  T* c;
  Index ldc;
  Index tail;     // columns of the last vector, 1 .. lanes
  const T* bias;  // of the first column, or null
  bool add;       // to C, else overwrite it
  bool relu;
  const T* next;    // what is read or packed later, to be prefetched if the kernel does so
  Index next_step;  // from one k to the next
};

// acc += a * b.  GCC 12 compiles some intrinsics to the 132 form and register moves, which cost 6
// to 8 % of the loop; a single asm instruction determines the form.
#if defined(__GNUC__) && !defined(__clang__) && LAMINA_VECTOR_BYTES >= 32
LAMINA_INLINE void fma_into(vf& acc, vf a, vf b) {
  __asm__("vfmadd231ps %2, %1, %0" : "+v"(acc) : "v"(a), "v"(b));
}
LAMINA_INLINE void fma_into(vd& acc, vd a, vd b) {
  __asm__("vfmadd231pd %2, %1, %0" : "+v"(acc) : "v"(a), "v"(b));
}
#else
template <class V>
LAMINA_INLINE void fma_into(V& acc, V a, V b) {
  acc = fma(a, b, acc);
}
#endif

// acc += a * b, with a the same in all lanes.  AVX-512 broadcasts it within the instruction: a tile
// of one vector, which broadcasts for each product, went from 87 to 116 GF/s on a Zen 4 (16x1, 32
// terms).
template <class T>
LAMINA_INLINE void fma_each_into(Vec<T>& acc, const T& a, Vec<T> b) {
#if defined(__GNUC__) && !defined(__clang__) && LAMINA_VECTOR_BYTES == 64
  if constexpr (sizeof(T) == 4)
    __asm__("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(acc) : "v"(b), "m"(a));
  else
    __asm__("vfmadd231pd %2%{1to8%}, %1, %0" : "+v"(acc) : "v"(b), "m"(a));
#else
  fma_into(acc, broadcast(a), b);
#endif
}

// AVX-512 masks are free: one kernel serves whole and partial last vectors.
constexpr bool masks_are_free = LAMINA_VECTOR_BYTES == 64;

// The lines per k in a panel that is prefetched, and how many of them a tile prefetches into the L2
// cache.
constexpr Index panel_lines = usual_vectors * LAMINA_VECTOR_BYTES / 64;
constexpr Index fetched_lines = panel_lines < 2 ? 1 : 2;

// Terms acc += A B over the chunk.  KAdjacent: the rows of A are separate, otherwise its columns
// are.  MaskB: the last vector of B ends at `tail` (memory after it is not read).  Fetches: from
// t.next on.
template <class T, int Height, int Vectors, bool KAdjacent, bool MaskB, bool Fetches = false>
LAMINA_INLINE void accumulate(Vec<T> (&acc)[Height][Vectors], const Tile<T>& t) {
  constexpr int groups = (Height + 2) / 3;  // addresses base, base + step, base + 2 step
  const T* a[groups];
  const Index a_step = t.a_step, b_step = t.b_step, tail = t.tail;
  LAMINA_UNROLL
  for (int g = 0; g < groups; ++g) a[g] = t.a + (KAdjacent ? 3 * g * a_step : 0);
  const T *b = t.b, *next = t.next;
  const Index next_step = Fetches ? t.next_step : 0;
#if LAMINA_VECTOR_BYTES == 32  // 12 products per term: the loop's own instructions cost 1 to 2 %
  _Pragma("GCC unroll 4")
#endif
      for (Index k = t.depth; k > 0; --k) {
    Vec<T> row[Vectors];
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v)
      row[v] =
          MaskB && v == Vectors - 1 ? load_partial(b + v * lanes<T>, tail) : load(b + v * lanes<T>);
    LAMINA_UNROLL
    for (int r = 0; r < Height; ++r) {
      const T& x = KAdjacent ? a[r / 3][r % 3 * a_step] : a[0][r];
      if (Vectors == 1) {
        fma_each_into<T>(acc[r][0], x, row[0]);
        continue;
      }
      const Vec<T> each = broadcast(x);
      LAMINA_UNROLL
      for (int v = 0; v < Vectors; ++v) fma_into(acc[r][v], each, row[v]);
    }
    if (Fetches) {
      LAMINA_UNROLL
      for (Index i = 0; i < fetched_lines; ++i)
        second_cache_prefetch(next + i * (64 / Index(sizeof(T))));
      next += next_step;
    }
    b += b_step;
    if (KAdjacent) {
      LAMINA_UNROLL
      for (int g = 0; g < groups; ++g) ++a[g];
    } else {
      a[0] += a_step;
    }
  }
}

// The last vector's loads and stores; the others use whole vectors.
template <class T, int Vectors>
LAMINA_INLINE Vec<T> load_tile(const T* p, int v, Index tail) {
  if (v < Vectors - 1) return load(p + v * lanes<T>);
  if (masks_are_free) return load_partial(p + v * lanes<T>, tail);
  return load_count(p + v * lanes<T>, tail);
}
template <class T, int Vectors>
LAMINA_INLINE void store_tile(T* p, Vec<T> x, int v, Index tail) {
  if (v < Vectors - 1)
    store(p + v * lanes<T>, x);
  else if (masks_are_free)
    store_partial(p + v * lanes<T>, x, tail);
  else
    store_count(p + v * lanes<T>, x, tail);
}

template <class T, int Height, int Vectors>
LAMINA_INLINE void finish(Vec<T> (&acc)[Height][Vectors], const Tile<T>& t) {
  const Index tail = t.tail, ldc = t.ldc;
  if (t.add) {
    LAMINA_UNROLL
    for (int r = 0; r < Height; ++r) {
      LAMINA_UNROLL
      for (int v = 0; v < Vectors; ++v)
        acc[r][v] = load_tile<T, Vectors>(t.c + r * ldc, v, tail) + acc[r][v];
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
    for (int v = 0; v < Vectors; ++v) store_tile<T, Vectors>(t.c + r * ldc, acc[r][v], v, tail);
  }
}

// Prefetches the tile of C during the products (2048^3: 187 to 211 GF/s on a Zen 5, AVX-512; no
// gain for a tile that is only written).
template <class T, int Height, int Vectors>
LAMINA_INLINE void prefetch_tile(const Tile<T>& t) {
  constexpr Index line = 64 / sizeof(T);
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) {
    LAMINA_UNROLL
    for (Index i = 0; i < Vectors * lanes<T>; i += line) __builtin_prefetch(t.c + r * t.ldc + i);
  }
}

template <class T, int Height, int Vectors, bool KAdjacent, bool MaskB, bool Fetches = false>
void multiply_tile(const Tile<T>& t) {
  if (t.add && t.depth >= 64) prefetch_tile<T, Height, Vectors>(t);
  Vec<T> acc[Height][Vectors];
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) acc[r][v] = Vec<T>{};
  }
  accumulate<T, Height, Vectors, KAdjacent, MaskB, Fetches>(acc, t);
  finish<T, Height, Vectors>(acc, t);
}

// The chains begin with C: the terms continue those that were multiplied before.
template <class T, int Height, int Vectors>
void continue_tile(const Tile<T>& t) {
  Vec<T> acc[Height][Vectors];
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) acc[r][v] = load_tile<T, Vectors>(t.c + r * t.ldc, v, t.tail);
  }
  accumulate<T, Height, Vectors, true, masks_are_free>(acc, t);
  finish<T, Height, Vectors>(acc, t);
}

// --- the kernels of all tile shapes: kernel[vectors - 1][height - 1]

template <class T>
using TileKernel = void (*)(const Tile<T>&);

template <class T>
struct TileColumn {
  TileKernel<T> of_height[most_height];
};

// Compiled only in microkernel.cpp, because every file that multiplies would compile them all
// again.
template <class T, bool KAdjacent, bool MaskB>
struct TileKernels {
  static const TileColumn<T> of_vectors[most_vectors];
};
// For a few rows of A, which are separate; B is packed.
constexpr int continued_height = 4;
template <class T>
struct ContinuingTileKernels {
  static const TileColumn<T> of_vectors[most_vectors];
};
// Those that prefetch, for usual tiles; whole vectors of B are read.
template <class T, bool KAdjacent>
struct FetchingTileKernels {
  static const TileColumn<T> of_vectors[usual_vectors];
};
extern template struct FetchingTileKernels<float, false>;
extern template struct FetchingTileKernels<float, true>;
extern template struct FetchingTileKernels<double, false>;
extern template struct FetchingTileKernels<double, true>;
extern template struct ContinuingTileKernels<float>;
extern template struct ContinuingTileKernels<double>;
extern template struct TileKernels<float, false, false>;
extern template struct TileKernels<float, false, true>;
extern template struct TileKernels<float, true, false>;
extern template struct TileKernels<float, true, true>;
extern template struct TileKernels<double, false, false>;
extern template struct TileKernels<double, false, true>;
extern template struct TileKernels<double, true, false>;
extern template struct TileKernels<double, true, true>;

}  // namespace LAMINA_ISA
}  // namespace lamina
