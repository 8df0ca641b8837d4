// Column sums, optionally with a weight for each row: the gradient of a bias, and of the weights of
// a single unit.
#pragma once

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

// Rows per chunk.  A chunk is summed from zero in row order, and the chunks are added in order.
// With at most `few_columns` columns row r is added to chain r % 4, with a single column to the
// chain of its place within 128 bytes: a single chain would wait for each addition.  The chains are
// then folded by halves.  Backward of 200 rows of 16 inputs to one unit, float64, AVX-512: 1.09 to
// 0.90 us.
constexpr Index sum_chunk = 512;
constexpr Index few_columns = 32;

// Adds x, or its product with a weight, to acc.
template <bool Weighted, class V>
LAMINA_INLINE V added(V acc, V x, V weight) {
  return Weighted ? fma(x, weight, acc) : acc + x;
}

// Like load_count, but without a branch if the CPU has masks: GCC keeps the sums of a loop with
// such a branch in memory.
template <class T>
LAMINA_INLINE Vec<T> load_tail(const T* p, Index count) {
  return LAMINA_VECTOR_BYTES > 16 ? load_partial(p, count) : load_count(p, count);
}

template <class V, int Count>
LAMINA_INLINE V folded(V (&part)[Count]) {
  LAMINA_UNROLL
  for (int half = Count / 2; half > 0; half /= 2) {
    LAMINA_UNROLL
    for (int i = 0; i < half; ++i) part[i] = part[i] + part[i + half];
  }
  return part[0];
}

template <class T>
LAMINA_INLINE void put_sum(T* to, Vec<T> sum, Index count, bool add) {
  store_count(to, add ? load_count(to, count) + sum : sum, count);
}

template <bool Weighted, int Vectors, int Chains, class T>
LAMINA_INLINE void sum_strip(T* sum, const T* x, const T* weight_n, Index ld, Index rows,
                             Index tail, bool add) {
  Vec<T> acc[Vectors][Chains] = {};
  const auto add_row = [&](Index r, int chain) __attribute__((always_inline)) {
    const Vec<T> weight = Weighted ? broadcast(weight_n[r]) : Vec<T>{};
    const T* row = x + r * ld;
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v)
      acc[v][chain] = added<Weighted>(
          acc[v][chain],
          v < Vectors - 1 ? load(row + v * lanes<T>) : load_tail(row + v * lanes<T>, tail), weight);
  };
  Index r = 0;
  for (; r + Chains <= rows; r += Chains) {
    LAMINA_UNROLL
    for (int c = 0; c < Chains; ++c) add_row(r + c, c);
  }
  LAMINA_UNROLL
  for (int c = 0; c < Chains - 1; ++c)
    if (r + c < rows) add_row(r + c, c);
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v)
    put_sum(sum + v * lanes<T>, folded(acc[v]), v < Vectors - 1 ? lanes<T> : tail, add);
}

// A single column: its elements are contiguous.
template <bool Weighted, class T>
LAMINA_INLINE void sum_column(T* sum, const T* x, const T* weight_n, Index rows, bool add) {
  constexpr int parts = 128 / LAMINA_VECTOR_BYTES;
  Vec<T> acc[parts] = {};
  const auto add_part = [&](Index r, int v, Index count) __attribute__((always_inline)) {
    const Vec<T> weight = Weighted ? load_count(weight_n + r, count) : Vec<T>{};
    acc[v] = added<Weighted>(acc[v], load_count(x + r, count), weight);
  };
  Index r = 0;
  for (; r + parts * lanes<T> <= rows; r += parts * lanes<T>) {
    LAMINA_UNROLL
    for (int v = 0; v < parts; ++v) add_part(r + v * lanes<T>, v, lanes<T>);
  }
  LAMINA_UNROLL
  for (int v = 0; v < parts; ++v, r += lanes<T>)
    if (r < rows) add_part(r, v, rows - r < lanes<T> ? rows - r : lanes<T>);
  const T found = sum_lanes<T>(folded(acc));
  *sum = add ? *sum + found : found;
}

template <bool Weighted, class T>
void sum_weighted_rows(T* sum, const T* x, const T* weight_n, Index cols, Index rows, bool add) {
  constexpr int wide = 8;
  Index j = 0;
  if (cols == 1) return sum_column<Weighted>(sum, x, weight_n, rows, add);
  if (cols <= few_columns) {
    // With enough registers, rows are read once: 200 of them fill the L1 cache.
    if (LAMINA_VECTOR_BYTES == 64 && cols > 3 * lanes<T>)
      return sum_strip<Weighted, 4, 4>(sum, x, weight_n, cols, rows, cols - 3 * lanes<T>, add);
    for (; cols - j > 2 * lanes<T>; j += 2 * lanes<T>)
      sum_strip<Weighted, 2, 4>(sum + j, x + j, weight_n, cols, rows, lanes<T>, add);
    if (cols - j > lanes<T>)
      sum_strip<Weighted, 2, 4>(sum + j, x + j, weight_n, cols, rows, cols - j - lanes<T>, add);
    else if (cols > j)
      sum_strip<Weighted, 1, 4>(sum + j, x + j, weight_n, cols, rows, cols - j, add);
    return;
  }
  for (; j + wide * lanes<T> <= cols; j += wide * lanes<T>)
    sum_strip<Weighted, wide, 1>(sum + j, x + j, weight_n, cols, rows, lanes<T>, add);
  // 64 columns, float32, AVX-512, in the second cache: 2.3 ns a row, by two vectors at a time 3.4.
  for (; j + 4 * lanes<T> <= cols; j += 4 * lanes<T>)
    sum_strip<Weighted, 4, 1>(sum + j, x + j, weight_n, cols, rows, lanes<T>, add);
  for (; cols - j > 2 * lanes<T>; j += 2 * lanes<T>)
    sum_strip<Weighted, 2, 1>(sum + j, x + j, weight_n, cols, rows, lanes<T>, add);
  if (cols - j > lanes<T>)
    sum_strip<Weighted, 2, 1>(sum + j, x + j, weight_n, cols, rows, cols - j - lanes<T>, add);
  else if (cols > j)
    sum_strip<Weighted, 1, 1>(sum + j, x + j, weight_n, cols, rows, cols - j, add);
}

// sum (+)= the columns of one chunk of rows.
template <class T>
void sum_rows(T* sum, const T* x, Index cols, Index rows, bool add) {
  sum_weighted_rows<false>(sum, x, static_cast<const T*>(nullptr), cols, rows, add);
}

// Bound by memory: an addition takes the time of about eight operations of a product.
constexpr double sum_work = 8.0;

// sum_o (+)= the column sums, chunk by chunk from sum_of(to, first row, rows, add), which may
// calculate these rows first; `work` is threads_for's measure of an element.
template <class T, class SumOf>
void sum_in_chunks(T* sum_o, RowsCols size, double work, Accumulate accumulate,
                   const SumOf& sum_of) {
  const Index cols = size.cols;
  const bool add = accumulate == Accumulate::yes;
  const Index chunks = (size.rows + sum_chunk - 1) / sum_chunk;
  const auto sum_one = [&, size](T* to, Index chunk, bool adds) {
    const Index first = chunk * sum_chunk, left = size.rows - first;
    sum_of(to, first, left < sum_chunk ? left : sum_chunk, adds);
  };
  T* partial = nullptr;
  int threads = 1;
  if (chunks > 1) {
    threads = threads_for(work * double(size.rows) * double(cols), chunks);
    if (threads > 1) partial = static_cast<T*>(scratch(1, sizeof(T) * chunks * cols));
  }
  if (!partial) {
    if (chunks == 0) sum_of(sum_o, Index(0), Index(0), add);
    for (Index i = 0; i < chunks; ++i) sum_one(sum_o, i, add || i > 0);
    return;
  }
  parallel_chunks(threads, chunks, [&](Index i) { sum_one(partial + i * cols, i, false); });
  for (Index i = 0; i < chunks; ++i)
    for_vectors<T>(0, cols, [&](Index j, Index count) {
      put_sum(sum_o + j, load_count(partial + i * cols + j, count), count, add || i > 0);
    });
}

template <class T>
void sum_columns(T* sum_o, const T* x_no, RowsCols size, Accumulate accumulate) {
  const Index cols = size.cols;
  sum_in_chunks(sum_o, size, sum_work, accumulate, [=](T* to, Index first, Index rows, bool add) {
    sum_rows(to, x_no + first * cols, cols, rows, add);
  });
}

// sum (+)= x^T weight.
template <class T>
void sum_weighted_columns(T* sum_o, const T* x_no, const T* weight_n, RowsCols size,
                          Accumulate accumulate) {
  const Index cols = size.cols;
  sum_in_chunks(sum_o, size, sum_work, accumulate, [=](T* to, Index first, Index rows, bool add) {
    sum_weighted_rows<true>(to, x_no + first * cols, weight_n + first, cols, rows, add);
  });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
