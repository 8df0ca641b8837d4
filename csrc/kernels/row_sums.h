// Sums of the products of a few rows with a large matrix.
//
// A tile (microkernel.h) reads a strip of columns of B, whose lines lie in different pages, so that
// the CPU cannot foresee them.  Here whole rows of B are read one after another and added to all
// columns of the sums, which stay in the L1 cache.  On one core of a Zen 3, in GF/s, one row times
// 1024 x 1024 goes from 22 to 27, times 2048 x 2048 from 13 to 20, two rows times 1024 x 1024 from
// 26 to 48 (bench/cpp/bench_dense.cpp); four rows become slower.
//
// Bits: the same chains as in a tile; between terms, a sum is in memory instead of in a register.
#pragma once

#include "microkernel.h"

namespace lamina {
namespace LAMINA_ISA {

constexpr Index most_summed_rows = 3;
// For each thread, from this size of B on.  Two threads that read 4 MB from the cache that they
// share gain nothing; with 16 MB they are 1.2 to 1.5 times as fast.  0: never; it has not been
// measured with AVX-512, and with vectors of 16 bytes wide matrices become slower.
constexpr Index row_sums_bytes = LAMINA_VECTOR_BYTES == 32 ? Index(4) << 20 : 0;
// For one row with AVX2, ns per element of B: 10 columns 0.16 to 0.42, 256 0.13 to 0.14, 1024 0.11
// to 0.09, 5000 0.10 to 0.09; three rows: 5000 columns 0.14 both ways, 50,000 0.15 to 0.19.
constexpr Index least_summed_columns = 512, most_sums_bytes = 48 << 10;

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
