// Losses that are means over a row's columns, for few columns: rows are contiguous, so the law is
// applied to their elements as one array, and only sums and factors are processed row by row.
//
// A row's sum is one chain over its columns, as in loss_rows.h, with the same bits.  Mean squared
// error of 10,000 rows with AVX-512 compared with transposing columns into vectors of rows: 2
// columns 35 to 7 us forward and 40 to 8 backward, 4 columns 33 to 10 and 37 to 10, 8 columns 40 to
// 20 and 48 to 17.  A single column is its own mean, without sums and factors.
#pragma once

#include "loss_rows.h"
#include "short_vectors.h"

namespace lamina {
namespace LAMINA_ISA {

// Rows per block, whose elements stay in the L1 cache.
constexpr Index mean_rows = 64;
// With more columns, transposing them into vectors costs less.
constexpr Index mean_columns = 8;

template <Index columns>
struct Columns {
  static constexpr Index count = columns;
};

// Calls use(columns) with a constant, so that loops are unrolled.
template <class Use>
LAMINA_INLINE void with_columns(Index cols, const Use& use) {
  switch (cols) {
    case 2:
      return use(Columns<2>{});
    case 3:
      return use(Columns<3>{});
    case 4:
      return use(Columns<4>{});
    case 5:
      return use(Columns<5>{});
    case 6:
      return use(Columns<6>{});
    case 7:
      return use(Columns<7>{});
    default:
      return use(Columns<8>{});
  }
}

// Shared by all laws: the sum of each row, and each row's number copied to all of its columns.
template <class T>
__attribute__((noinline)) void sum_each_row(T* sum_n, const T* value_nc, Index rows, Index cols) {
  with_columns(cols, [=](auto columns) __attribute__((always_inline)) {
    const T* value = value_nc;
    for (Index r = 0; r < rows; ++r, value += columns.count) {
      T sum = T(0);
      for (Index j = 0; j < columns.count; ++j) sum += value[j];
      sum_n[r] = sum;
    }
  });
}
// Writes mean_columns numbers for each row; the next row overwrites those beyond the columns.
// Multiplying row by row took 22 us for 10,000 rows of 4 columns, this takes 10.
template <class T>
__attribute__((noinline)) void spread_each_row(T* each_nc, const T* of_row_n, Index rows,
                                               Index cols) {
  constexpr int all = int(mean_columns * sizeof(T));
  constexpr int bytes = all < LAMINA_VECTOR_BYTES ? all : LAMINA_VECTOR_BYTES;
  using V = Short<T, bytes>;
  constexpr Index lanes_of = Index(sizeof(V) / sizeof(T));
  for (Index r = 0; r < rows; ++r) {
    const V of_row = broadcast_as<V>(of_row_n[r]);
    LAMINA_UNROLL
    for (Index j = 0; j < mean_columns; j += lanes_of) store(each_nc + r * cols + j, of_row);
  }
}

template <class T, class Law>
struct NarrowMeans {
  using V = Vec<T>;
  Law law;
  const T *pred_nc, *true_nc;
  V keep, add;
  Index cols;

  // out[e] = term(x, t) over the elements of `rows` rows from `row` on.
  template <class Term>
  LAMINA_INLINE void elements(T* out, Index row, Index rows, const Term& term) const {
    const T *x = pred_nc + row * cols, *t = true_nc + row * cols;
    for_vectors<T>(0, rows * cols, [&](Index e, Index count) __attribute__((always_inline)) {
      store_count<T>(out + e, term(load_count(x + e, count), load_count(t + e, count) * keep + add),
                     count);
    });
  }

  // The means of up to mean_rows rows.
  void forward(T* loss_n, Index row, Index rows) const {
    alignas(64) T value_nc[mean_rows * mean_columns];
    T* const mean_n = loss_n + row;
    elements(cols == 1 ? mean_n : value_nc, row, rows, [&](V x, V t) { return law.value(x, t); });
    if (cols > 1) {
      sum_each_row(mean_n, value_nc, rows, cols);
      for_vectors<T>(0, rows, [&](Index r, Index count) {
        store_count<T>(mean_n + r, load_count(mean_n + r, count) / T(cols), count);
      });
    }
    if (!finite(mean_n, rows)) forward_parts(mean_n, row, rows);
  }

  static bool finite(const T* mean_n, Index rows) {
    auto lost = nonfinite<T>(V{});
    for_vectors<T>(0, rows, [&](Index r, Index count) {
      lost |= nonfinite<T>(load_count(mean_n + r, count));
    });
    return !any_lane(lost);
  }

  // If a sum overflows, the mean may still be finite.
  __attribute__((noinline)) void forward_parts(T* loss_n, Index row, Index rows) const {
    alignas(64) T value_nc[mean_rows * mean_columns], sum_n[mean_rows];
    const V share = broadcast(T(1) / T(cols));
    elements(cols == 1 ? sum_n : value_nc, row, rows,
             [&](V x, V t) { return law.part(share, x, t); });
    if (cols > 1) sum_each_row(sum_n, value_nc, rows, cols);
    for (Index r = 0; r < rows; ++r)
      if (!(loss_n[r] - loss_n[r] == T(0))) loss_n[r] = sum_n[r];
  }

  void backward(T* dpred_nc, const T* dloss_n, Index row, Index rows) const {
    alignas(64) T factor_n[mean_rows], each_nc[(mean_rows + 1) * mean_columns + lanes<T>];
    T* d = dpred_nc + row * cols;
    elements(d, row, rows, [&](V x, V t) { return law.slope(x, t); });
    if (cols == 1) {
      for_vectors<T>(0, rows, [&](Index r, Index count) {
        store_count<T>(d + r, load_count(d + r, count) * load_count(dloss_n + row + r, count),
                       count);
      });
      return;
    }
    for_vectors<T>(0, rows, [&](Index r, Index count) {
      store_count<T>(factor_n + r, load_count(dloss_n + row + r, count) / T(cols), count);
    });
    spread_each_row(each_nc, factor_n, rows, cols);
    for_vectors<T>(0, rows * cols, [&](Index e, Index count) {
      store_count<T>(d + e, load_count(d + e, count) * load(each_nc + e), count);
    });
  }
};

// Calls body(row, rows) for blocks of rows.
template <class Body>
LAMINA_INLINE void for_mean_blocks(RowsCols dims, double work, const Body& body) {
  const double summing = dims.cols > 1 ? 20 : 0;  // and multiplying by factors of rows
  parallel_rows(dims, loss_rows_per_chunk(dims.cols), work + summing, [=](Index begin, Index end) {
    for (Index r = begin; r < end; r += mean_rows)
      body(r, end - r < mean_rows ? end - r : mean_rows);
  });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
