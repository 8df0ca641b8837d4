// Pairs of column sums, sum a and sum a b, over many rows: moments, and the gradients of
// normalisations.
//
// Rows are divided into chunks whose length depends on the shapes alone.  A chunk is summed in
// registers, column by column in row order, in the type of the data; the chunks' results are joined
// in double, in order.  If a row is shorter than a strip of registers, several rows are processed
// as one.
#pragma once

#include "row_chunks.h"

namespace lamina {
namespace LAMINA_ISA {

// Columns summed at a time: four vectors.
template <class T>
constexpr Index strip_size = 4 * lanes<T>;

struct RowChunks {
  Index rows, step, count;  // `step` rows per chunk
  Index begin(Index chunk) const { return chunk * step; }
  Index length(Index chunk) const {
    const Index left = rows - chunk * step;
    return left < step ? left : step;
  }
};

// Chunks do not divide the `group` rows that are processed as one.  There is at least one chunk,
// which may be empty.
inline RowChunks cut_rows(RowsCols dims, Index group) {
  const Index step = rows_per_chunk(dims.cols, 64, group);
  const Index count = (dims.rows + step - 1) / step;
  return {dims.rows, step, count > 0 ? count : 1};
}

// The number of rows whose mask is not 0; all rows if the mask is null.
inline double count_rows(const std::uint8_t* mask_n, Index rows) {
  if (mask_n == nullptr) return double(rows);
  Index count = 0;
  for (Index r = 0; r < rows; ++r) count += mask_n[r] != 0;
  return double(count);
}

// The number of rows that are processed as one.
template <class T>
Index rows_as_one(Index cols) {
  return cols > 0 && 2 * cols <= strip_size<T> ? strip_size<T> / cols : 1;
}

// term(row, column, count, a, b) gives both factors of `count` columns; rows whose mask is 0 are
// skipped.  `add` starts from the values in first and second.
template <class T, int Vectors, class Term>
LAMINA_INLINE void sum_pair_vectors(T* first, T* second, Index column, Index rows, Index tail,
                                    const std::uint8_t* mask_n, bool add, const Term& term) {
  Vec<T> sum[Vectors], product[Vectors];
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    const Index at = column + v * lanes<T>;
    sum[v] = add ? load(first + at) : Vec<T>{};
    product[v] = add ? load(second + at) : Vec<T>{};
  }
  for (Index r = 0; r < rows; ++r) {
    if (mask_n != nullptr && mask_n[r] == 0) continue;
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      Vec<T> a, b;
      term(r, column + v * lanes<T>, v < Vectors - 1 ? lanes<T> : tail, a, b);
      sum[v] += a;
      product[v] = fma(a, b, product[v]);
    }
  }
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    store(first + column + v * lanes<T>, sum[v]);
    store(second + column + v * lanes<T>, product[v]);
  }
}

// The sums for up to strip_size columns; first and second have room for a whole strip.
template <class T, class Term>
LAMINA_INLINE void sum_pairs(T* first, T* second, Index rows, Index width,
                             const std::uint8_t* mask_n, bool add, const Term& term) {
  const Index vectors = (width + lanes<T> - 1) / lanes<T>;
  const Index tail = width - (vectors - 1) * lanes<T>;
  if (vectors == 4) return sum_pair_vectors<T, 4>(first, second, 0, rows, tail, mask_n, add, term);
  if (vectors >= 2)
    sum_pair_vectors<T, 2>(first, second, 0, rows, vectors == 2 ? tail : lanes<T>, mask_n, add,
                           term);
  if (vectors % 2 == 1)
    sum_pair_vectors<T, 1>(first, second, (vectors - 1) * lanes<T>, rows, tail, mask_n, add, term);
}

// Two results for each column, and the number of rows behind them.
struct ColumnPairs {
  double* data;
  Index cols;
  double& count() const { return data[0]; }
  double* first() const { return data + 1; }
  double* second() const { return data + 1 + cols; }
  static constexpr Index room(Index cols) { return ColumnParts::room(cols); }
};

inline void add_pairs(ColumnPairs total, ColumnPairs part) {
  total.count() += part.count();
  for (Index j = 0; j < total.cols; ++j) total.first()[j] += part.first()[j];
  for (Index j = 0; j < total.cols; ++j) total.second()[j] += part.second()[j];
}

// part(chunk, column, pairs) fills the pairs of the columns from `column` on, join(total, pairs)
// combines them in order, and use(column, total) receives the result, here strip by strip.
template <class T, class Part, class Join, class Use>
LAMINA_INLINE void reduce_strips(Index cols, Index chunks, const Part& part, const Join& join,
                                 const Use& use) {
  double total[ColumnPairs::room(strip_size<T>)], one[ColumnPairs::room(strip_size<T>)];
  for (Index column = 0; column < cols; column += strip_size<T>) {
    const Index width = cols - column < strip_size<T> ? cols - column : strip_size<T>;
    part(Index(0), column, ColumnPairs{total, width});
    for (Index chunk = 1; chunk < chunks; ++chunk) {
      part(chunk, column, ColumnPairs{one, width});
      join(ColumnPairs{total, width}, ColumnPairs{one, width});
    }
    use(column, ColumnPairs{total, width});
  }
}

// The same for all columns at once and on the team, if there is memory for all chunks; the result
// is the same.
template <class T, class Part, class Join, class Use>
LAMINA_INLINE void reduce_pairs(Index cols, Index chunks, double work, const Part& part,
                                const Join& join, const Use& use) {
  const Index room = ColumnPairs::room(cols);
  auto* all = static_cast<double*>(scratch(3, sizeof(double) * std::size_t(chunks * room)));
  if (all != nullptr) {
    const int threads = chunks == 1 ? 1 : threads_for(work, chunks);
    parallel_chunks(threads, chunks, [&](Index chunk) {
      part(chunk, Index(0), ColumnPairs{all + chunk * room, cols});
    });
    for (Index chunk = 1; chunk < chunks; ++chunk)
      join(ColumnPairs{all, cols}, ColumnPairs{all + chunk * room, cols});
    return use(Index(0), ColumnPairs{all, cols});
  }
  reduce_strips<T>(cols, chunks, part, join, use);
}

// One of the ColumnParts of `cols` columns: all chunks of its rows, without scratch.
template <class T, class Part, class Join>
LAMINA_INLINE void fill_part(double* data, Index cols, Index chunks, const Part& part,
                             const Join& join) {
  const ColumnPairs whole{data, cols};
  reduce_strips<T>(cols, chunks, part, join, [whole](Index column, ColumnPairs total) {
    whole.count() = total.count();
    for (Index j = 0; j < total.cols; ++j) {
      whole.first()[column + j] = total.first()[j];
      whole.second()[column + j] = total.second()[j];
    }
  });
}

// Joins the parts in order.
template <class Join, class Use>
LAMINA_INLINE void join_parts(ColumnParts parts, Index cols, const Join& join, const Use& use) {
  const auto at = [&](Index part) {
    return ColumnPairs{parts.data + part * ColumnParts::room(cols), cols};
  };
  for (Index part = 1; part < parts.count; ++part) join(at(0), at(part));
  use(Index(0), at(0));
}

}  // namespace LAMINA_ISA
}  // namespace lamina
