// Column sums: the gradient of a bias.
#pragma once

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

// Rows of one chunk: a chunk is summed from zero in row order, the chunks are added in order.
constexpr Index sum_chunk = 512;

template <class T, int Vectors>
LAMINA_INLINE void sum_strip(T* sum, const T* x, Index ld, Index rows, Index tail, bool add) {
  Vec<T> acc[Vectors];
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) acc[v] = Vec<T>{};
  for (Index r = 0; r < rows; ++r, x += ld) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v)
      acc[v] =
          acc[v] + (v < Vectors - 1 ? load(x + v * lanes<T>) : load_count(x + v * lanes<T>, tail));
  }
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    const Index count = v < Vectors - 1 ? lanes<T> : tail;
    T* to = sum + v * lanes<T>;
    store_count(to, add ? load_count(to, count) + acc[v] : acc[v], count);
  }
}

// sum (+)= the columns of one chunk of rows.
template <class T>
void sum_rows(T* sum, const T* x, Index cols, Index rows, bool add) {
  constexpr int wide = 8;
  Index j = 0;
  for (; j + wide * lanes<T> <= cols; j += wide * lanes<T>)
    sum_strip<T, wide>(sum + j, x + j, cols, rows, lanes<T>, add);
  for (; cols - j > 2 * lanes<T>; j += 2 * lanes<T>)
    sum_strip<T, 2>(sum + j, x + j, cols, rows, lanes<T>, add);
  if (cols - j > lanes<T>)
    sum_strip<T, 2>(sum + j, x + j, cols, rows, cols - j - lanes<T>, add);
  else if (cols > j)
    sum_strip<T, 1>(sum + j, x + j, cols, rows, cols - j, add);
}

template <class T>
void sum_columns(T* sum_o, const T* x_no, RowsCols size, Accumulate accumulate) {
  const Index cols = size.cols;
  const bool add = accumulate == Accumulate::yes;
  const Index chunks = (size.rows + sum_chunk - 1) / sum_chunk;
  const auto chunk_rows = [&](Index chunk) {
    const Index left = size.rows - chunk * sum_chunk;
    return left < sum_chunk ? left : sum_chunk;
  };
  T* partial = nullptr;
  int threads = 1;
  if (chunks > 1) {
    // Memory speed: an addition takes the time of about eight operations of a product.
    threads = threads_for(8.0 * double(size.rows) * double(cols), chunks);
    if (threads > 1) partial = static_cast<T*>(scratch(1, sizeof(T) * chunks * cols));
  }
  if (!partial) {
    if (chunks == 0) sum_rows(sum_o, x_no, cols, 0, add);
    for (Index i = 0; i < chunks; ++i)
      sum_rows(sum_o, x_no + i * sum_chunk * cols, cols, chunk_rows(i), add || i > 0);
    return;
  }
  parallel_chunks(threads, chunks, [=](Index i) {
    sum_rows(partial + i * cols, x_no + i * sum_chunk * cols, cols, chunk_rows(i), false);
  });
  for (Index i = 0; i < chunks; ++i)
    for_vectors<T>(0, cols, [&](Index j, Index count) {
      const Vec<T> part = load_count(partial + i * cols + j, count);
      const bool sum = add || i > 0;
      store_count(sum_o + j, sum ? load_count(sum_o + j, count) + part : part, count);
    });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
