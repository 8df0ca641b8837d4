// Products of many rows with a small matrix, as in small networks: C = A B + bias, ReLU.
//
// B is copied into panels of one or two vectors, which stay in the L1 cache while the rows of A,
// read in place, are processed a few at a time.  The tiles of microkernel.h fill the registers and
// are called one by one: if chains are short, a large tile spends as much time on its start and end
// as in between, while a CPU works ahead on the next rows of a small one.
//
// Bits: each element is the same chain as in a tile, see microkernel.h.
#pragma once

#include "gemm.h"
#include "short_vectors.h"

namespace lamina {
namespace LAMINA_ISA {

// A panel of B: depth x width, then the bias.
template <class T>
struct NarrowPanel {
  const T* weights;
  Index depth;
  Index tail;  // columns of the last vector
  bool bias, relu;
};

template <class T, int Bytes, int Vectors, int Height>
LAMINA_INLINE void narrow_strip(T* c, Index ldc, const T* a, Index lda, const NarrowPanel<T>& p) {
  using V = Short<T, Bytes>;
  constexpr Index lanes = Bytes / Index(sizeof(T));
  constexpr int groups = (Height + 2) / 3;
  V acc[Height][Vectors] = {};
  const T* w = p.weights;
  const T* x[groups];
  LAMINA_UNROLL
  for (int g = 0; g < groups; ++g) x[g] = a + 3 * g * lda;
  for (Index k = p.depth; k > 0; --k, w += Vectors * lanes) {
    V row[Vectors];
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) row[v] = load_as<V>(w + v * lanes);
    LAMINA_UNROLL
    for (int r = 0; r < Height; ++r) {
      const V of_row = broadcast_as<V>(x[r / 3][r % 3 * lda]);
      LAMINA_UNROLL
      for (int v = 0; v < Vectors; ++v) acc[r][v] = fma(of_row, row[v], acc[r][v]);
    }
    LAMINA_UNROLL
    for (int g = 0; g < groups; ++g) ++x[g];
  }
  if (p.bias) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const V bias = load_as<V>(w + v * lanes);
      LAMINA_UNROLL
      for (int r = 0; r < Height; ++r) acc[r][v] = acc[r][v] + bias;
    }
  }
  if (p.relu) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      LAMINA_UNROLL
      for (int r = 0; r < Height; ++r) acc[r][v] = max(V{}, acc[r][v]);
    }
  }
  const Index tail = p.tail;
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r, c += ldc) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      if (v < Vectors - 1 || (LAMINA_VECTOR_BYTES < 64 && tail == lanes))
        store(c + v * lanes, acc[r][v]);
      else
        store_partial(c + v * lanes, acc[r][v], tail);
    }
  }
}

template <class T, int Bytes, int Vectors, int Height>
void narrow_rows(T* c, Index ldc, const T* a, Index lda, Index rows, const NarrowPanel<T>& p) {
  Index r = 0;
  for (; r + Height <= rows; r += Height)
    narrow_strip<T, Bytes, Vectors, Height>(c + r * ldc, ldc, a + r * lda, lda, p);
  for (; r < rows; ++r) narrow_strip<T, Bytes, Vectors, 1>(c + r * ldc, ldc, a + r * lda, lda, p);
}

// --- the panels of a matrix, and all rows times all of them

template <class T>
struct NarrowProduct {
  T* c;        // m x n
  const T* a;  // m x k
  Strided<T> b;
  Index m, n, k;
  const T* bias;  // of length n, or null
  bool relu;
};

// The vectors for the columns of a panel: their size in bytes, small ones if they suffice.
struct NarrowShape {
  int bytes, vectors;
  Index width() const { return Index(vectors) * bytes; }
};
inline NarrowShape narrow_shape(Index bytes) {
  if (bytes <= 16) return {16, 1};
  if (bytes <= 32 && LAMINA_VECTOR_BYTES > 32) return {32, 1};
  return {LAMINA_VECTOR_BYTES, bytes <= LAMINA_VECTOR_BYTES ? 1 : 2};
}

template <class T>
void narrow_rows(NarrowShape shape, T* c, Index ldc, const T* a, Index rows,
                 const NarrowPanel<T>& p) {
  constexpr int whole = LAMINA_VECTOR_BYTES, half = whole > 32 ? 32 : whole;
  const Index lda = p.depth;
  if (shape.vectors == 2)
    narrow_rows<T, whole, 2, 4>(c, ldc, a, lda, rows, p);
  else if (shape.bytes == whole)
    narrow_rows<T, whole, 1, 8>(c, ldc, a, lda, rows, p);
  else if (shape.bytes == 16)
    narrow_rows<T, 16, 1, 8>(c, ldc, a, lda, rows, p);
  else
    narrow_rows<T, half, 1, 8>(c, ldc, a, lda, rows, p);
}

constexpr Index narrow_bytes = 16384;  // for B and the bias: half of the L1 cache
constexpr Index narrow_block = 96;     // rows after which a hook is called

// Whether C = A B with so many rows, columns and terms is faster here.  On one core of a Zen 4 with
// AVX-512, us in tiles and here: float32, 5000 rows, 4x32 22.7 and 14.7, 32x16 66 and 48, 16x4 17.6
// and 13.8; float64, 200 rows, 13x4 1.2 and 0.5, 13x16 1.9 and 1.6.  Up to two vectors of columns
// the loads and the products of a term take the same time, for any number of terms.
template <class T>
bool is_narrow(Index m, Index n, Index k) {
  const Index vectors = (n + lanes<T> - 1) / lanes<T>;
  if (m < 16 || k > longest_chunk) return false;  // one chain per element
  if ((k + 1) * vectors * LAMINA_VECTOR_BYTES > narrow_bytes) return false;
  return vectors <= 2 || (vectors <= 4 && k <= 16);
}

// One thread's rows: a single chunk for each thread, because each packs B.
template <class T, class Hook>
class NarrowPart {
 public:
  NarrowPart(const NarrowProduct<T>& product, const Hook& hook) : p(product), hook(hook) {}

  __attribute__((noinline)) void run(Range rows) {
    for (Index j = 0; j < p.n; j += widest) pack(j);
    const Index step = Hook::wanted || p.n > widest ? narrow_block : rows.size();
    for (Index r = rows.begin; r < rows.end; r += step) {
      const Range block{r, r + step < rows.end ? r + step : rows.end};
      for (Index j = 0; j < p.n; j += widest) multiply(block, j);
      hook(block, {0, p.n});
    }
  }

 private:
  static constexpr Index widest = 2 * lanes<T>;
  const NarrowProduct<T>& p;
  const Hook& hook;
  alignas(64) T panels[narrow_bytes / sizeof(T) + pack_slack];

  Index columns(Index first) const { return p.n - first < widest ? p.n - first : widest; }
  T* panel(Index first) { return panels + first * (p.k + 1); }

  void pack(Index first) {
    const Index count = columns(first);
    const Index width = narrow_shape(count * sizeof(T)).width() / Index(sizeof(T));
    p.b.pack(panel(first), width, first, count, 0, p.k);
    T* bias = panel(first) + p.k * width;
    for (Index i = 0; p.bias && i < width; ++i) bias[i] = i < count ? p.bias[first + i] : T(0);
  }

  void multiply(Range rows, Index first) {
    const Index count = columns(first);
    const NarrowShape shape = narrow_shape(count * sizeof(T));
    const Index last = Index(shape.vectors - 1) * shape.bytes / Index(sizeof(T));
    narrow_rows(shape, p.c + rows.begin * p.n + first, p.n, p.a + rows.begin * p.k, rows.size(),
                NarrowPanel<T>{panel(first), p.k, count - last, p.bias != nullptr, p.relu});
  }
};

template <class T, class Hook>
void multiply_narrow(const NarrowProduct<T>& p, const Hook& hook) {
  const double work = (2.0 * double(p.k) + hook.work) * double(p.m) * double(p.n);
  const int threads = threads_for(work, p.m);
  const Parts rows(p.m, threads);
  parallel_chunks(threads, threads, [&](Index i) {
    NarrowPart<T, Hook>(p, hook).run({rows.begin(i), rows.begin(i + 1)});
  });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
