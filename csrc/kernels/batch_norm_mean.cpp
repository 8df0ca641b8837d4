// A batch normalisation of which only the means over runs of rows are used: with a global average
// pooling after it and its activation (batch_norm.cpp):
//   y_k = 1 / R sum over the R rows of run k of activation((x - mean) inv gamma + beta + added)
//
// The normalised values are not stored.  In backward d = dy_k / R activation'(...), and the sums
// that dx needs are formed from those of each run,
//   sum d = sum over k of dy_k / R s_k,  sum d (x - mean) = sum over k of dy_k / R t_k,
//   s_k = sum activation'(...),  t_k = sum activation'(...) (x - mean),
// which forward calculates as well: backward is one pass.  Forward and backward together take 5.0
// ms over 64 images of 32x32x128 on two cores of a Zen 4, separate normalisation and pooling 9.9
// (`mobile` of bench/peers.py in lamina.profile).
#include "batch_norm_gradients.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

// --- forward

template <class T>
struct RunMeans : NormalisationInputs<T> {
  T *y_kc, *slopes_k2c;
  const T* added_nc;
  Index run;

  Index cols() const { return this->dims.cols; }
  Index runs() const { return this->dims.rows / run; }
  Index group() const { return rows_as_one<T>(cols()); }
  // A run is summed in parts of this many rows.
  Index part_rows() const { return rows_per_chunk(cols(), 64, group()); }
  Index parts() const { return (run + part_rows() - 1) / part_rows(); }

  // Calculates the factors of a block of columns; returns their number.
  LAMINA_INLINE Index find_block(Factors<T, factor_block>& factors, Index column) const {
    const Index left = cols() - column, width = left < factor_block ? left : factor_block;
    this->find(factors, column, width, group());
    return width;
  }
  void finish(Index k, Index column, Index width, const double* values, const double* plain,
              const double* centred) const {
    T* const y = y_kc + k * cols() + column;
    for (Index j = 0; j < width; ++j) y[j] = T(values[j] / double(run));
    if (slopes_k2c == nullptr) return;
    T* const slopes = slopes_k2c + 2 * k * cols() + column;
    for (Index j = 0; j < width; ++j) slopes[j] = T(plain[j]);
    for (Index j = 0; j < width; ++j) slopes[cols() + j] = T(centred[j]);
  }
};

// The distance at which x is prefetched: with three sums too few rows are in flight at once.
// Moments and means of 64 images of 32x32x128 take 2.59 instead of 2.90 ms on two cores of a Zen 4;
// 2.87 with 4 kB.
constexpr Index bytes_ahead = 16384;

// For each column: sums of y, of activation'(y), of activation'(y) (x - mean).
constexpr int run_sums = 3;

// The factor of the activation's derivative: 0 in lanes beyond the last column.
template <class T>
struct Ones {
  T of[lanes<T>];
  LAMINA_INLINE Ones() { store(of, broadcast(T(1))); }
};

// Adds some vectors of columns over rows at a distance of `wide` to `sums`.
template <class T, int Vectors, class Law>
LAMINA_INLINE void sum_vectors(T (*sums)[strip_size<T>], const Factors<T, factor_block>& factors,
                               Law law, const T* x, const T* added, Index rows, Index wide,
                               Index factor, Index column, Index tail) {
  const Ones<T> ones;
  Vec<T> value[Vectors], slope[Vectors], centred[Vectors];
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    value[v] = load(sums[0] + column + v * lanes<T>);
    slope[v] = load(sums[1] + column + v * lanes<T>);
    centred[v] = load(sums[2] + column + v * lanes<T>);
  }
  for (Index r = 0; r < rows; ++r) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const Index j = column + v * lanes<T>, n = v < Vectors - 1 ? lanes<T> : tail;
      __builtin_prefetch(x + r * wide + j + bytes_ahead / Index(sizeof(T)));
      const Vec<T> apart = factors.centred(load_count(x + r * wide + j, n), factor + j, n);
      Vec<T> y = factors.normalised(apart, factor + j, n);
      if (added) y += load_count(added + r * wide + j, n);
      const Vec<T> d = law.backward(load_count(ones.of, n), y);
      value[v] += law.forward(y);
      slope[v] += d;
      centred[v] = fma(d, apart, centred[v]);
    }
  }
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    store(sums[0] + column + v * lanes<T>, value[v]);
    store(sums[1] + column + v * lanes<T>, slope[v]);
    store(sums[2] + column + v * lanes<T>, centred[v]);
  }
}

// The same for up to strip_size columns.
template <class T, class Law>
__attribute__((noinline)) void sum_strip(T (*sums)[strip_size<T>],
                                         const Factors<T, factor_block>& factors, Law law,
                                         const T* x, const T* added, Index rows, Index wide,
                                         Index factor, Index width) {
  if (width > 3 * lanes<T>)
    return sum_vectors<T, 4>(sums, factors, law, x, added, rows, wide, factor, 0,
                             width - 3 * lanes<T>);
  for_vectors<T>(0, width, [&](Index j, Index n) {
    sum_vectors<T, 1>(sums, factors, law, x, added, rows, wide, factor, j, n);
  });
}

using RunSums = double[run_sums][factor_block];

// A block of columns of a part of run k, the rows from `first` on: in the type of the data, strip
// by strip.
template <class T, class Law>
__attribute__((noinline)) void sum_part(RunSums& part, const RunMeans<T>& p,
                                        const Factors<T, factor_block>& factors, Law law, Index k,
                                        Index first, Index column, Index width) {
  const Index ld = p.dims.cols, group = p.group(), step = p.part_rows();
  const Index rows = p.run - first < step ? p.run - first : step;
  const Index whole = rows / group, rest = rows % group;
  const Index at = (k * p.run + first) * ld + column;
  const T *x = p.x_nc + at, *added = p.added_nc ? p.added_nc + at : nullptr;
  for (Index j = 0; j < width; j += strip_size<T>) {
    const Index some = width - j < strip_size<T> ? width - j : strip_size<T>;
    T sums[run_sums][strip_size<T>] = {};
    sum_strip(sums, factors, law, x + j, added ? added + j : nullptr, whole, ld * group, j,
              some * group);
    if (rest > 0) {
      const Index done = whole * group * ld;
      sum_strip(sums, factors, law, x + done, added ? added + done : nullptr, 1, ld, 0,
                some * rest);
    }
    for (int s = 0; s < run_sums; ++s)
      for (Index c = 0; c < some; ++c) {
        part[s][j + c] = 0;
        for (Index i = c; i < some * group; i += some) part[s][j + c] += double(sums[s][i]);
      }
  }
}

// Run by run, adding the parts of each in order.
template <class T, class Law>
__attribute__((noinline)) void mean_of_runs(const RunMeans<T>& p, Law law) {
  const RowsCols runs = {p.runs(), p.run * p.dims.cols};  // a task has enough runs for a chunk
  parallel_rows(runs, affine_work, [&](Index begin, Index end) {
    Factors<T, factor_block> factors;
    RunSums total, part;
    for (Index column = 0; column < p.dims.cols; column += factor_block) {
      const Index width = p.find_block(factors, column);
      for (Index k = begin; k < end; ++k) {
        sum_part(total, p, factors, law, k, 0, column, width);
        for (Index first = p.part_rows(); first < p.run; first += p.part_rows()) {
          sum_part(part, p, factors, law, k, first, column, width);
          for (int s = 0; s < run_sums; ++s)
            for (Index j = 0; j < width; ++j) total[s][j] += part[s][j];
        }
        p.finish(k, column, width, total[0], total[1], total[2]);
      }
    }
  });
}

// The same for runs too few to be shared among threads: their parts are tasks, joined in the same
// order.  Returns false if memory is short.
constexpr Index few_runs = 16;

template <class T, class Law>
__attribute__((noinline)) bool mean_of_parts(const RunMeans<T>& p, Law law) {
  const Index parts = p.parts(), cols = p.dims.cols, step = run_sums * cols;
  auto* all =
      static_cast<double*>(scratch(3, sizeof(double) * std::size_t(p.runs() * parts * step)));
  if (all == nullptr) return false;
  const double work = affine_work * double(p.dims.rows) * double(cols);
  const Index tasks = p.runs() * parts;
  parallel_chunks(threads_for(work, tasks), tasks, [&](Index task) __attribute__((noinline)) {
    Factors<T, factor_block> factors;
    RunSums part;
    for (Index column = 0; column < cols; column += factor_block) {
      const Index width = p.find_block(factors, column), first = task % parts * p.part_rows();
      sum_part(part, p, factors, law, task / parts, first, column, width);
      for (int s = 0; s < run_sums; ++s)
        for (Index j = 0; j < width; ++j) all[task * step + s * cols + column + j] = part[s][j];
    }
  });
  for (Index k = 0; k < p.runs(); ++k) {
    double* total = all + k * parts * step;
    for (Index i = 1; i < parts; ++i)
      for (Index j = 0; j < step; ++j) total[j] += total[i * step + j];
    p.finish(k, 0, cols, total, total + cols, total + 2 * cols);
  }
  return true;
}

// One column in double.  Backward calculates its own sums.
template <class T, class Law>
__attribute__((noinline)) void mean_wide(const RunMeans<T>& p, Index column, Law law) {
  const Index ld = p.cols();
  const WideColumn<T> wide(p, column);
  for (Index k = 0; k < p.runs(); ++k) {
    double sum = 0;
    for (Index e = k * p.run * ld + column; e < (k + 1) * p.run * ld; e += ld) {
      T v = T(wide.affine(p.x_nc[e]));
      if (p.added_nc) v += p.added_nc[e];
      sum += double(law.forward(broadcast(v))[0]);
    }
    p.y_kc[k * ld + column] = T(sum / double(p.run));
  }
}

template <class T>
void batch_norm_mean_forward(T* y_kc, T* slopes_k2c, const T* x_nc, const T* added_nc,
                             const T* mean_c, const T* variance_c, const T* gamma_c,
                             const T* beta_c, const std::uint8_t* mask_n, Index run, RowsCols dims,
                             BatchNormSpec spec) {
  const RunMeans<T> p = {{x_nc, mean_c, variance_c, gamma_c, beta_c, mask_n, dims, spec},
                         y_kc,
                         slopes_k2c,
                         added_nc,
                         run};
  with_taken_law<T, true>(spec.activation, [&](auto law) {
    const bool few = p.runs() > 0 && p.runs() < few_runs && p.parts() > 1;
    if (!few || !mean_of_parts(p, law)) mean_of_runs(p, law);
    for (Index c = 0; c < dims.cols; ++c)
      if (p.wide(c)) mean_wide(p, c, law);
  });
}

// --- backward

// d for the rows of a run: one number per column, where the activation lets it pass.
template <class T, class Law>
struct RunGradient {
  T share[factor_block];  // dy / R
  const T* added;
  T* kept;  // where to store it, or null
  Law law;

  LAMINA_INLINE Vec<T> at(Index e, Index j, Index count, Vec<T> normalised) const {
    if (added) normalised += load_count(added + e, count);
    const Vec<T> d = law.backward(load_count(share + j, count), normalised);
    if (kept) store_count(kept + e, d, count);
    return d;
  }
};

template <class T, class Law>
struct SpreadGradient {
  static constexpr bool apart = true;
  const T *dy_kc, *added;
  T* kept;
  Law law;
  Index run, cols;

  T share(Index k, Index column) const { return dy_kc[k * cols + column] * (T(1) / T(run)); }
  template <class Use>
  LAMINA_INLINE void each(Index row, Index rows, Index column, Index width, Index group,
                          const Use& use) const {
    RunGradient<T, Law> of_run;
    of_run.added = added, of_run.kept = kept, of_run.law = law;
    for (Index begin = row, end; begin < row + rows; begin = end) {
      const Index k = begin / run;
      end = (k + 1) * run < row + rows ? (k + 1) * run : row + rows;
      for (Index j = 0; j < width; ++j) of_run.share[j] = share(k, column + j);
      Factors<T, factor_block>::repeat(of_run.share, width, group);
      use(begin, end - begin, of_run);
    }
  }
};

// Only stores d, if x needs no gradient.
template <class T, class From>
__attribute__((noinline)) void leave_gradient(const Gradients<T>& g, const From& from) {
  const RowChunks chunks = cut_rows(g.dims, 1);
  for_blocks(chunks, 0, g.dims.cols, affine_work, [&](Index chunk, Index column, Index width) {
    Factors<T, factor_block> factors;
    g.find(factors, column, width, 1);
    const auto piece = [&](Index row, Index rows,
                           const auto& incoming) __attribute__((always_inline)) {
      const Index at = row * g.dims.cols + column;
      for_rows<T>(rows, g.dims.cols, width, 1, [&](Index e, Index j, Index n) {
        const Vec<T> centred = factors.centred(load_count(g.x_nc + at + e, n), j, n);
        (void)incoming.at(at + e, j, n, factors.normalised(centred, j, n));
      });
    };
    from.each(chunks.begin(chunk), chunks.length(chunk), column, width, 1, piece);
  });
}

template <class T, class Law>
void find_gradients(const Gradients<T>& g, const SpreadGradient<T, Law>& from,
                    const T* slopes_k2c) {
  const Index cols = g.dims.cols, runs = g.dims.rows / from.run;
  const bool follow = g.dx_nc != nullptr && g.count > 0;
  const auto sum = [&](Index, Index column, ColumnPairs out) {
    out.count() = 0;
    for (Index j = 0; j < out.cols; ++j) out.first()[j] = out.second()[j] = 0;
    for (Index k = 0; k < runs; ++k) {
      const T* slopes = slopes_k2c + 2 * k * cols + column;
      for (Index j = 0; j < out.cols; ++j) {
        const double share = double(from.share(k, column + j));
        out.first()[j] += share * double(slopes[j]);
        out.second()[j] += share * double(slopes[cols + j]);
      }
    }
  };
  if (g.dgamma_c || g.dbeta_c || follow)
    reduce_pairs<T>(cols, 1, 0, sum, add_pairs, [&](Index column, ColumnPairs sums) {
      write_parameters(g, column, sums);
      if (follow) batch_gradients(g, from, column, sums);
    });
  if (g.dx_nc && !follow) scale_gradient(g, from);
  if (!g.dx_nc && g.dadded_nc) leave_gradient(g, from);
  for (Index c = 0; c < cols; ++c)
    if (g.wide(c)) wide_column_backward(g, from, c);
}

template <class T>
void batch_norm_mean_backward(T* dx_nc, T* dadded_nc, T* dgamma_c, T* dbeta_c, const T* dy_kc,
                              const T* slopes_k2c, const T* x_nc, const T* added_nc,
                              const T* mean_c, const T* variance_c, const T* gamma_c,
                              const T* beta_c, const std::uint8_t* mask_n, Index run, RowsCols dims,
                              BatchNormSpec spec, Accumulate accumulate) {
  const Gradients<T> g({x_nc, mean_c, variance_c, gamma_c, beta_c, mask_n, dims, spec}, dx_nc,
                       dadded_nc, dgamma_c, dbeta_c, accumulate);
  with_taken_law<T, true>(spec.activation, [&](auto law) {
    find_gradients(
        g, SpreadGradient<T, decltype(law)>{dy_kc, added_nc, dadded_nc, law, run, dims.cols},
        slopes_k2c);
  });
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_batch_norm_mean(Kernels<T>& k) {
  k.batch_norm_mean_forward = batch_norm_mean_forward<T>;
  k.batch_norm_mean_backward = batch_norm_mean_backward<T>;
}
template void fill_batch_norm_mean<float>(Kernels<float>&);
template void fill_batch_norm_mean<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
