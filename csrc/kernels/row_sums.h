// Products of a few rows with a large matrix: C (+)= A B, + bias, ReLU.
//
// A tile (microkernel.h) reads a strip of columns of B, whose lines lie in different pages, so that
// the CPU cannot foresee them.  Here whole rows of B are read one after another and added to all
// columns of C, which stay in the L1 cache.  On one core of a Zen 3, one row times 1024 x 1024 goes
// from 26 to 36 GF/s, times 2048 x 2048 from 13 to 26, two rows times 1024 x 1024 from 29 to 50;
// one row times 512 x 512 stays at 32, and four rows become slower.
//
// Bits: the same chains as in a tile; between terms, a sum is in memory instead of in a register.
#pragma once

#include "microkernel.h"

namespace lamina {
namespace LAMINA_ISA {

constexpr Index most_summed_rows = 3;
// From this size of B on, for each thread.  Two threads that read 4 MB, from the cache that they
// share, gain nothing, with 16 MB 1.2 to 1.5.  0: never; with AVX-512 it has not
// been measured.
constexpr Index row_sums_bytes = LAMINA_VECTOR_BYTES == 64 ? 0 : Index(4) << 20;

// Sums of products: rows of A, in which k is adjacent, with whole rows of B.
template <class T>
struct RowSums {
  T* c;
  const T* a;
  Index lda;
  const T* b;
  Index columns, depth;
};

template <class T, int Height, int Terms>
LAMINA_INLINE void add_terms(const RowSums<T>& p, Index k) {
  Vec<T> x[Height][Terms];
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) {
    LAMINA_UNROLL
    for (int i = 0; i < Terms; ++i) x[r][i] = broadcast(p.a[r * p.lda + k + i]);
  }
  const T* const b = p.b + k * p.columns;
  for_vectors<T>(0, p.columns, [&](Index j, Index n) __attribute__((always_inline)) {
    Vec<T> row[Terms];
    LAMINA_UNROLL
    for (int i = 0; i < Terms; ++i) row[i] = load_count(b + i * p.columns + j, n);
    LAMINA_UNROLL
    for (int r = 0; r < Height; ++r) {
      T* const c = p.c + r * p.columns + j;
      Vec<T> sum = load_count(c, n);
      LAMINA_UNROLL
      for (int i = 0; i < Terms; ++i) fma_into(sum, x[r][i], row[i]);
      store_count(c, sum, n);
    }
  });
}

// Four rows of B at a time: with eight or twelve, one row times 1024 x 1024 goes from 36 to 33 or
// 21 GF/s.
template <class T, int Height>
void sum_rows_of_b(const RowSums<T>& p) {
  constexpr int terms = 4;
  for (int r = 0; r < Height; ++r)
    __builtin_memset(p.c + r * p.columns, 0, sizeof(T) * std::size_t(p.columns));
  Index k = 0;
  for (; k + terms <= p.depth; k += terms) add_terms<T, Height, terms>(p, k);
  for (; k < p.depth; ++k) add_terms<T, Height, 1>(p, k);
}

template <class T>
void sum_rows_of_b(const RowSums<T>& p, Index rows) {
  static_assert(most_summed_rows == 3);
  if (rows == 1) return sum_rows_of_b<T, 1>(p);
  return rows == 2 ? sum_rows_of_b<T, 2>(p) : sum_rows_of_b<T, 3>(p);
}

}  // namespace LAMINA_ISA
}  // namespace lamina
