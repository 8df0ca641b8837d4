// Iteration of a loss over the rows of predictions and targets.
//
// A loss is a law over `units()` vectors per step: x(j, fill) are predictions, t(j) targets, put(j,
// v) stores gradients, and there are sums and maxima over a row's columns.  Two layouts serve every
// law:
//   NarrowRows  few columns: `lanes` rows at a time, transposed; unit j is column j, a lane is a
//               row, and nothing is ever summed across lanes
//   WideRow     one row; unit j is columns j * lanes .., sums fold the lanes
// The layout depends on the number of columns alone.  Sums use `sum_units`, which divides a very
// wide row into blocks.
#pragma once

#include "lane_picks.h"
#include "row_chunks.h"
#include "transpose.h"

namespace lamina {
namespace LAMINA_ISA {

constexpr Index narrow_columns = 24;

// Dense targets t_nc, or integer labels that represent one-hot rows; t = true * keep + add.
template <class T>
struct TargetRows {
  const T* true_nc;
  const std::int32_t* label_n;
  T keep, add;  // label smoothing
};

template <class T>
LAMINA_INLINE Vec<T> iota() {
  Vec<T> v;
  for (Index i = 0; i < lanes<T>; ++i) v[i] = T(i);
  return v;
}

template <class T, bool sparse>
struct NarrowRows {
  using Number = T;
  using V = Vec<T>;
  static constexpr bool wide = false;
  static constexpr Index size = narrow_columns * lanes<T>;
  alignas(64) T x_cr[size];
  alignas(64) T t_cr[size];
  alignas(64) T d_cr[size];
  Index cols, rows;
  V keep, add;
  V dloss;

  LAMINA_INLINE Index units() const { return cols; }
  LAMINA_INLINE V x(Index j, T) const { return load(x_cr + j * lanes<T>); }
  LAMINA_INLINE V t(Index j) const {
    const V t = load(t_cr + j * lanes<T>);
    return sparse ? t : t * keep + add;
  }
  LAMINA_INLINE V only(Index, V v) const { return v; }
  LAMINA_INLINE void put(Index j, V v) { store(d_cr + j * lanes<T>, v); }
  LAMINA_INLINE V put_back(Index j) const { return load(d_cr + j * lanes<T>); }
  LAMINA_INLINE V sum(V v) const { return v; }
  LAMINA_INLINE bool finite(V sums) const { return all_finite<T>(sums); }
  LAMINA_INLINE V largest(V v) const { return v; }

  // Reads rows r .. r + count - 1; lanes after them hold ones, whose results are not used.
  void read(const T* pred_nc, const TargetRows<T>& targets, Index r, Index count) {
    rows = count;
    transpose(x_cr, pred_nc + r * cols);
    if (!sparse) {
      transpose(t_cr, targets.true_nc + r * cols);
      return;
    }
    for (Index e = 0; e < cols * lanes<T>; ++e) t_cr[e] = 0;
    for (Index i = 0; i < count; ++i) t_cr[targets.label_n[r + i] * lanes<T> + i] = 1;
  }
  void transpose(T* out_cr, const T* in_rc) const {
    if (cols == 1) {
      store(out_cr, broadcast(T(1)));
      store_count(out_cr, load_count(in_rc, rows), rows);
      return;
    }
    if (rows < lanes<T>)
      for (Index j = 0; j < cols; ++j) store(out_cr + j * lanes<T>, broadcast(T(1)));
    transpose_copy(out_cr, lanes<T>, in_rc, cols, rows, cols);
  }
  void write(T* dpred_nc, Index r) const {
    T* out_rc = dpred_nc + r * cols;
    if (cols == 1) return store_count(out_rc, load(d_cr), rows);
    transpose_copy(out_rc, cols, d_cr, lanes<T>, cols, rows);
  }
};

template <class T, bool sparse>
struct WideRow {
  using Number = T;
  using V = Vec<T>;
  static constexpr bool wide = true;
  const T* x_c;
  const T* t_c;
  T* d_c;
  Index label;
  Index cols;
  V keep, add;
  V dloss;

  LAMINA_INLINE Index units() const { return (cols + lanes<T> - 1) / lanes<T>; }
  LAMINA_INLINE Index count(Index j) const {
    const Index left = cols - j * lanes<T>;
    return left < lanes<T> ? left : lanes<T>;
  }
  // Lanes after the end of the row read as `fill`, and are zero in the result of `only`.
  LAMINA_INLINE V x(Index j, T fill) const {
    const Index n = count(j);
    if (n == lanes<T>) return load(x_c + j * lanes<T>);
    return iota<T>() < T(n) ? load_partial(x_c + j * lanes<T>, n) : broadcast(fill);
  }
  LAMINA_INLINE V t(Index j) const {
    if (sparse) return iota<T>() == T(label - j * lanes<T>) ? broadcast(T(1)) : V{};
    const Index n = count(j);
    return only(j, load_count(t_c + j * lanes<T>, n) * keep + add);
  }
  LAMINA_INLINE V only(Index j, V v) const {
    const Index n = count(j);
    return n == lanes<T> ? v : (iota<T>() < T(n) ? v : V{});
  }
  LAMINA_INLINE void put(Index j, V v) { store_count(d_c + j * lanes<T>, v, count(j)); }
  LAMINA_INLINE V put_back(Index j) const { return load_count(d_c + j * lanes<T>, count(j)); }
  LAMINA_INLINE V sum(V v) const { return broadcast(sum_lanes<T>(v)); }
  LAMINA_INLINE bool finite(V sums) const { return sums[0] - sums[0] == 0; }
  LAMINA_INLINE V largest(V v) const {
    T part[lanes<T>];
    store(part, v);
    T best = part[0];
    for (Index i = 1; i < lanes<T>; ++i) best = part[i] > best ? part[i] : best;
    return broadcast(best);
  }
};

// total[k] = the sum over the units of the terms that term(j, part) adds to part[k].  Blocks of
// element_chunk columns are summed from zero, so that rounding errors do not grow with the width.
template <int count, class Rows, class V, class Term>
LAMINA_INLINE void sum_units(const Rows& rows, V (&total)[count], const Term& term) {
  const Index units = rows.units();
  for (int k = 0; k < count; ++k) total[k] = V{};
  constexpr Index block = element_chunk / lanes<typename Rows::Number>;
  const Index first = !Rows::wide || units < block ? units : block;
  for (Index j = 0; j < first; ++j) term(j, total);
  if (!Rows::wide || first == units) return;
  for (Index begin = block; begin < units; begin += block) {
    const Index end = begin + block < units ? begin + block : units;
    V part[count] = {};
    for (Index j = begin; j < end; ++j) term(j, part);
    for (int k = 0; k < count; ++k) total[k] += part[k];
  }
}

// Work per element for threads_for: with AVX-512, mean squared error of 2048 rows of 10 columns
// takes 18 us, of which 2 are the law's.
template <class Law>
double row_work(Index cols) {
  constexpr double transposing = 70;
  return Law::work + (cols <= narrow_columns ? transposing : 0.0);
}

// Rows per chunk: narrow rows are processed in whole vectors, regardless of the number of lanes.
LAMINA_INLINE Index loss_rows_per_chunk(Index cols) {
  return rows_per_chunk(cols, 1, cols <= narrow_columns ? 64 : 1);
}

// loss_n = law.forward(rows).
template <class T, bool sparse, class Law>
void for_rows_forward(T* loss_n, const T* pred_nc, TargetRows<T> targets, RowsCols dims, Law law) {
  const Vec<T> keep = broadcast(targets.keep), add = broadcast(targets.add);
  const double work = row_work<Law>(dims.cols);
  parallel_rows(dims, loss_rows_per_chunk(dims.cols), work, [=](Index begin, Index end) {
    if (dims.cols <= narrow_columns) {
      NarrowRows<T, sparse> rows;
      rows.cols = dims.cols, rows.keep = keep, rows.add = add;
      for_vectors<T>(begin, end, [&](Index r, Index count) __attribute__((noinline)) {
        rows.read(pred_nc, targets, r, count);
        store_count(loss_n + r, law.forward(rows), count);
      });
      return;
    }
    WideRow<T, sparse> row;
    row.cols = dims.cols, row.keep = keep, row.add = add;
    for (Index r = begin; r < end; ++r) {
      row.x_c = pred_nc + r * dims.cols;
      row.t_c = sparse ? nullptr : targets.true_nc + r * dims.cols;
      row.label = sparse ? Index(targets.label_n[r]) : 0;
      loss_n[r] = law.forward(row)[0];
    }
  });
}

// dpred_nc = dloss_n times the derivative, by law.backward(rows).
template <class T, bool sparse, class Law>
void for_rows_backward(T* dpred_nc, const T* dloss_n, const T* pred_nc, TargetRows<T> targets,
                       RowsCols dims, Law law) {
  const Vec<T> keep = broadcast(targets.keep), add = broadcast(targets.add);
  const double work = row_work<Law>(dims.cols);
  parallel_rows(dims, loss_rows_per_chunk(dims.cols), work, [=](Index begin, Index end) {
    if (dims.cols <= narrow_columns) {
      NarrowRows<T, sparse> rows;
      rows.cols = dims.cols, rows.keep = keep, rows.add = add;
      for_vectors<T>(begin, end, [&](Index r, Index count) __attribute__((noinline)) {
        rows.read(pred_nc, targets, r, count);
        rows.dloss = load_count(dloss_n + r, count);
        law.backward(rows);
        rows.write(dpred_nc, r);
      });
      return;
    }
    WideRow<T, sparse> row;
    row.cols = dims.cols, row.keep = keep, row.add = add;
    for (Index r = begin; r < end; ++r) {
      row.x_c = pred_nc + r * dims.cols;
      row.t_c = sparse ? nullptr : targets.true_nc + r * dims.cols;
      row.d_c = dpred_nc + r * dims.cols;
      row.label = sparse ? Index(targets.label_n[r]) : 0;
      row.dloss = broadcast(dloss_n[r]);
      law.backward(row);
    }
  });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
