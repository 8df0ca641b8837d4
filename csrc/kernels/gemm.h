// The matrix product and its division among threads.
//
// Blocks of C are calculated as in blocked_product.h; a few rows times a large matrix as in
// row_sums.h.  Neither the division nor the way affects the bits.
#pragma once

#include "blocked_product.h"
#include "row_sums.h"

namespace lamina {
namespace LAMINA_ISA {

// C from the sums of `chunks` chunks of terms, each m x n, which are added in order.
template <class T, class A, class B>
void add_chunks(const Product<T, A, B>& p, const T* sums, Index chunks) {
  for (Index r = 0; r < p.m; ++r)
    for_vectors<T>(0, p.n, [&](Index j, Index count) {
      T* const c = p.c + r * p.ldc + j;
      const auto sum = [&](Index i) { return load_count(sums + (i * p.m + r) * p.n + j, count); };
      Vec<T> z = p.add ? load_count(c, count) + sum(0) : sum(0);
      for (Index i = 1; i < chunks; ++i) z = z + sum(i);
      if (p.bias) z = z + load_count(p.bias + j, count);
      if (p.relu) z = max(broadcast(T(0)), z);
      store_count(c, z, count);
    });
}

// Whether a few rows of A are multiplied by a large B row by row, with the chunks of terms divided
// among threads.
template <class T, class A, class B>
LAMINA_INLINE bool sums_rows(const Product<T, A, B>& p, int threads) {
  const Index element = Index(sizeof(T));
  if (row_sums_bytes == 0 || p.k * p.n * element < threads * row_sums_bytes) return false;
  const Index chunks = parts_of(p.k, longest_chunk);
  const bool evenly = chunks % threads == 0 || chunks >= 4 * threads;
  return p.m > 0 && p.m <= most_summed_rows && p.n >= least_summed_columns &&
         p.m * p.n * element <= most_sums_bytes && p.n == p.b.ld && p.a.k_adjacent &&
         !p.b.k_adjacent && evenly;
}
// Uses scratch slot 2.  Returns false, and writes nothing, without memory for the sums.
template <class T, class A, class B>
__attribute__((noinline)) bool summed_by_rows(const Product<T, A, B>& p, int threads) {
  const Parts chunks(p.k, parts_of(p.k, longest_chunk));
  const Index size = p.m * p.n;
  T* sums = static_cast<T*>(scratch(2, sizeof(T) * std::size_t(chunks.count * size)));
  if (!sums) return false;
  parallel_chunks(threads, chunks.count, [&](Index i) {
    const Index k = chunks.begin(i), depth = chunks.begin(i + 1) - k;
    sum_rows_of_b(RowSums<T>{sums + i * size, p.a.at(0, k), p.a.ld, p.b.at(0, k), p.n, depth}, p.m);
  });
  add_chunks(p, sums, chunks.count);
  return true;
}

// The size of a task, during which its thread may lose its CPU: half a millisecond, if it packs for
// itself.
constexpr double task_flop = 64e6;
constexpr Index few_rows = 4;

// Unless a few rows are multiplied row by row, C is divided among threads as a grid of tasks, one
// per thread or, for large products, two; the grid is the one whose tasks pack least.  No thread
// waits for another; each task packs what it needs.
template <class T, class A, class B, class Hook>
void multiply(const Product<T, A, B>& p, const Hook& hook) {
  // One row takes as long as reading B takes, and so do two.
  const double flop = 2.0 * double(p.m == 1 ? 2 : p.m) * double(p.n) * double(p.k);
  // With few rows little data moves between cores, and each finds its columns of B in its cache
  // again: one row through 784-256-128-10 takes 12 us on one core of a Zen 4, 8 with the first
  // layer on two.
  const double worth = p.m <= few_rows ? 3.0 : 1.0;
  const Index column_units = (p.n + lanes<T> - 1) / lanes<T>;
  const double with_hook = worth * flop + hook.work * double(p.m) * double(p.n);
  const int threads = threads_for(with_hook, p.m > column_units ? p.m : column_units);
  if (sums_rows(p, threads) && summed_by_rows(p, threads)) {
    if (Hook::wanted) hook({0, p.m}, {0, p.n});
    return;
  }
  if (threads <= 1) {
    BlockedProduct<T, A, B, Hook>(p, hook).run({0, p.m}, {0, p.n});
    return;
  }
  const Index tasks = flop < 2 * threads * task_flop ? threads : 2 * threads;
  Index across = 1;
  double least = -1;
  for (Index c = 1; c <= tasks; ++c) {
    if (tasks % c != 0) continue;
    const double packed = double(p.n) / double(c) + double(p.m) * double(c) / double(tasks);
    if (least < 0 || packed <= least) {
      least = packed;
      across = c;
    }
  }
  const Parts rows(p.m, tasks / across), cols(column_units, across);
  parallel_chunks(threads, tasks, [&](Index part) {
    const Index i = part / cols.count, j = part % cols.count;
    const Index end = cols.begin(j + 1) * lanes<T>;
    BlockedProduct<T, A, B, Hook>(p, hook).run({rows.begin(i), rows.begin(i + 1)},
                                               {cols.begin(j) * lanes<T>, end < p.n ? end : p.n});
  });
}

// The table entry, see kernel.h (defined in gemm.cpp).
template <class T>
void gemm(T* c_mn, const T* a, const T* b, Index m, Index n, Index k, Index ldc, Index lda,
          Index ldb, bool transpose_a, bool transpose_b, Accumulate accumulate);

// A matrix in memory as left operand (m x k) or right operand (k x n); `transposed` as stored.
template <class T>
Strided<T> left_operand(const T* a, Index lda, bool transposed, Index k) {
  return {a, lda, !transposed && !(k == 1 && lda == 1)};
}
template <class T>
Strided<T> right_operand(const T* b, Index ldb, bool transposed, Index k) {
  return {b, ldb, transposed && !(k == 1 && ldb == 1)};
}

}  // namespace LAMINA_ISA
}  // namespace lamina
