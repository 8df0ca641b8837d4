// Batch normalisation: moments by column, y = (x - mean) / sqrt(variance + epsilon) gamma + beta,
// and its backward.
//
// Moments: within a chunk of rows the values are shifted by the mean of its first rows, so that
// sum d^2 - (sum d)^2 / n does not cancel (d = x - shift); chunks are merged in double by Chan,
// Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances",
// 1979.
//
// Backward, x^ = (x - mean) inv, inv = 1 / sqrt(variance + epsilon), sums over all rows:
//   dbeta = sum dy,  dgamma = sum dy x^
//   dx = gamma inv (dy - m / M (sum dy + x^ sum dy x^))
// where the statistics came from the M rows of x with mask m = 1; rows with m = 0 are normalised
// with them but have no part in them.  With given statistics dx = gamma inv dy.
//
// A column whose variance does not fit the type is done again by itself, from x, where the
// statistics came from x (wide_range.h).
#include "column_pairs.h"
#include "table.h"
#include "wide_range.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

constexpr double sum_work = 20;     // threads_for's measure, an element
constexpr double affine_work = 30;  // the same, of passes that also write

// --- moments

// Mean of the first rows, at most 8 * group of those that count; false where none does.
template <class T>
__attribute__((noinline)) bool find_shift(T* shift, const T* x, const std::uint8_t* mask_n,
                                          Index rows, Index ld, Index width, Index group) {
  Index found = 0;
  for (Index j = 0; j < width; ++j) shift[j] = 0;
  for (Index r = 0; r < rows && found < 8 * group; ++r) {
    if (mask_n != nullptr && mask_n[r] == 0) continue;
    ++found;
    for (Index j = 0; j < width; ++j) shift[j] += x[r * ld + j];
  }
  for (Index j = 0; j < width; ++j) shift[j] /= T(found > 0 ? found : 1);
  for (Index j = width; j < width * group; ++j) shift[j] = shift[j - width];
  return found > 0;
}

// Mean and sum of squared deviations of `width` columns of a chunk.
template <class T>
__attribute__((noinline)) void strip_moments(double* mean, double* squares, double count,
                                             const T* x, const std::uint8_t* mask_n, Index rows,
                                             Index ld, Index width, Index group) {
  T shift[strip_size<T>], first[strip_size<T>], second[strip_size<T>];
  const bool any = find_shift(shift, x, mask_n, rows, ld, width, group);
  const Index whole = rows / group, rest = rows % group, wide = ld * group;
  const auto from = [&](const T* base) {
    return [=, &shift](Index r, Index j, Index n, Vec<T>& a, Vec<T>& b)
               __attribute__((always_inline)) {
                 a = b = load_count(base + r * wide + j, n) - load_count(shift + j, n);
               };
  };
  for (int pass = 0; pass < (rest > 0 ? 2 : 1); ++pass)  // a rest: no mask, the strip is the row
    sum_pairs(first, second, pass == 0 ? whole : 1, width * (pass == 0 ? group : rest), mask_n,
              pass > 0, from(pass == 0 ? x : x + whole * wide));
  for (Index j = 0; j < width; ++j) {
    double sum = 0, square = 0;
    for (Index g = 0; g < group; ++g) {
      sum += double(first[g * width + j]);
      square += double(second[g * width + j]);
    }
    const double deviation = any ? square - sum * sum / count : 0;
    mean[j] = any ? double(shift[j]) + sum / count : 0;
    squares[j] = deviation < 0 ? 0 : deviation;
  }
}

void merge_moments(ColumnPairs total, ColumnPairs part) {
  if (part.count() == 0) return;
  const double share = part.count() / (total.count() + part.count());
  const double weight = total.count() * share;
  for (Index j = 0; j < total.cols; ++j) {
    const double apart = part.first()[j] - total.first()[j];
    total.first()[j] += apart * share;
    total.second()[j] += part.second()[j] + apart * apart * weight;
  }
  total.count() += part.count();
}

inline double count_rows(const std::uint8_t* mask_n, Index rows) {
  if (mask_n == nullptr) return double(rows);
  Index count = 0;
  for (Index r = 0; r < rows; ++r) count += mask_n[r] != 0;
  return double(count);
}

template <class T>
__attribute__((noinline)) void wide_column_moments(T* mean, T* variance, const T* x,
                                                   const std::uint8_t* mask_n, RowsCols dims) {
  const WideMoments moments = wide_moments(x, dims.rows, dims.cols, mask_n);
  *mean = T(moments.mean / moments.scale);
  *variance = T(moments.variance / moments.scale / moments.scale);
}

template <class T>
void column_moments(T* mean_c, T* variance_c, const T* x_nc, const std::uint8_t* mask_n,
                    RowsCols dims) {
  const Index group = mask_n == nullptr ? rows_as_one<T>(dims.cols) : 1;
  const RowChunks chunks = cut_rows(dims, group);
  const auto part = [=](Index chunk, Index column, ColumnPairs out) {
    const Index begin = chunks.begin(chunk), rows = chunks.length(chunk);
    const std::uint8_t* mask = mask_n == nullptr ? nullptr : mask_n + begin;
    out.count() = count_rows(mask, rows);
    for (Index j = 0; j < out.cols; j += strip_size<T>) {
      const Index width = out.cols - j < strip_size<T> ? out.cols - j : strip_size<T>;
      strip_moments(out.first() + j, out.second() + j, out.count(),
                    x_nc + begin * dims.cols + column + j, mask, rows, dims.cols, width, group);
    }
  };
  const double work = sum_work * double(dims.rows) * double(dims.cols);
  reduce_pairs<T>(dims.cols, chunks.count, work, part, merge_moments,
                  [=](Index column, ColumnPairs total) {
                    const double count = total.count() > 0 ? total.count() : 1;
                    for (Index j = 0; j < total.cols; ++j) {
                      const Index at = column + j;
                      mean_c[at] = T(total.first()[j]);
                      variance_c[at] = T(total.second()[j] / count);
                      if (!(variance_c[at] - variance_c[at] == 0))  // the variance may still fit
                        wide_column_moments(mean_c + at, variance_c + at, x_nc + at, mask_n, dims);
                    }
                  });
}

// --- forward

constexpr Index factor_block = 512;  // columns whose factors are held on the stack

// gamma / sqrt(variance + epsilon)
template <class T>
LAMINA_INLINE void find_scale(T* scale, const T* variance, const T* gamma, Index width,
                              double epsilon) {
  for_vectors<T>(0, width, [=](Index j, Index count) {
    const Vec<T> std = sqrt(load_count(variance + j, count) + broadcast(T(epsilon)));
    const Vec<T> weight = gamma ? load_count(gamma + j, count) : broadcast(T(1));
    store_count<T>(scale + j, weight / std, count);
  });
}

// The factors of one row for each of the rows that pass as one.
template <class T>
LAMINA_INLINE void repeat(T* factors, Index width, Index group) {
  for (Index j = width; j < width * group; ++j) factors[j] = factors[j - width];
}

// body(element, factor, count) over the rows of a block of columns.
template <class T, class Body>
LAMINA_INLINE void for_rows(Index rows, Index ld, Index width, Index group, const Body& body) {
  for (Index r = 0; r < rows; r += group) {
    const Index now = rows - r < group ? rows - r : group;
    for_vectors<T>(0, width * now, [&](Index j, Index count) { body(r * ld + j, j, count); });
  }
}

// use(chunk, column, width) for every chunk of rows and block of columns in [begin, end).
template <class Use>
LAMINA_INLINE void for_blocks(RowChunks chunks, Index begin, Index end, double work,
                              const Use& use) {
  const int threads =
      chunks.count == 1
          ? 1
          : threads_for(work * double(chunks.rows) * double(end - begin), chunks.count);
  parallel_chunks(threads, chunks.count, [&](Index chunk) __attribute__((noinline)) {
    for (Index j = begin; j < end; j += factor_block)
      use(chunk, j, end - j < factor_block ? end - j : factor_block);
  });
}

// Whether the variance of a column is to be found again from x.
template <class T>
LAMINA_INLINE bool wide_column(T variance, BatchNormSpec spec) {
  return spec.batch_statistics && !ordinary_variance<T>(double(variance) + spec.epsilon);
}

// One column in double; pointers at its first row.
template <class T>
__attribute__((noinline)) void wide_column_forward(T* y, const T* x, double gamma, double beta,
                                                   const std::uint8_t* mask_n, RowsCols dims,
                                                   double epsilon) {
  const WideMoments moments = wide_moments(x, dims.rows, dims.cols, mask_n);
  const double factor = moments.inverse(epsilon);
  for (Index r = 0; r < dims.rows; ++r, x += dims.cols, y += dims.cols)
    *y = T(moments.centred(double(*x)) * factor * gamma + beta);
}

template <class T>
void batch_norm_forward(T* y_nc, const T* x_nc, const T* mean_c, const T* variance_c,
                        const T* gamma_c, const T* beta_c, const std::uint8_t* mask_n,
                        RowsCols dims, BatchNormSpec spec) {
  const Index group = rows_as_one<T>(dims.cols);
  const RowChunks chunks = cut_rows(dims, group);
  for_blocks(chunks, 0, dims.cols, affine_work, [=](Index chunk, Index column, Index width) {
    T centre[factor_block], scale[factor_block], shift[factor_block];
    find_scale(scale, variance_c + column, gamma_c ? gamma_c + column : nullptr, width,
               spec.epsilon);
    for (Index j = 0; j < width; ++j) centre[j] = mean_c[column + j];
    for (Index j = 0; j < width; ++j) shift[j] = beta_c ? beta_c[column + j] : T(0);
    T* const all[] = {centre, scale, shift};
    for (T* factors : all) repeat(factors, width, group);
    const Index at = chunks.begin(chunk) * dims.cols + column;
    const T* x = x_nc + at;
    T* y = y_nc + at;
    for_rows<T>(chunks.length(chunk), dims.cols, width, group, [&](Index e, Index j, Index n) {
      const Vec<T> centred = load_count(x + e, n) - load_count(centre + j, n);
      store_count(y + e, fma(centred, load_count(scale + j, n), load_count(shift + j, n)), n);
    });
  });
  for (Index c = 0; c < dims.cols; ++c)
    if (wide_column(variance_c[c], spec))
      wide_column_forward(y_nc + c, x_nc + c, gamma_c ? double(gamma_c[c]) : 1,
                          beta_c ? double(beta_c[c]) : 0, mask_n, dims, spec.epsilon);
}

// --- backward

// sum dy and sum dy (x - mean) of `width` columns of a chunk.
template <class T>
__attribute__((noinline)) void strip_gradients(double* plain, double* centred, const T* dy,
                                               const T* x, const T* mean, Index rows, Index ld,
                                               Index width, Index group) {
  T centre[strip_size<T>], first[strip_size<T>], second[strip_size<T>];
  for (Index j = 0; j < width; ++j) centre[j] = mean[j];
  repeat(centre, width, group);
  const Index whole = rows / group, rest = rows % group, wide = ld * group;
  const auto from = [&](Index base) {
    return [=, &centre](Index r, Index j, Index n, Vec<T>& a, Vec<T>& b)
               __attribute__((always_inline)) {
                 const Index at = base + r * wide + j;
                 a = load_count(dy + at, n);
                 b = load_count(x + at, n) - load_count(centre + j, n);
               };
  };
  const std::uint8_t* every = nullptr;
  for (int pass = 0; pass < (rest > 0 ? 2 : 1); ++pass)
    sum_pairs(first, second, pass == 0 ? whole : 1, width * (pass == 0 ? group : rest), every,
              pass > 0, from(pass == 0 ? 0 : whole * wide));
  for (Index j = 0; j < width; ++j) {
    plain[j] = centred[j] = 0;
    for (Index g = 0; g < group; ++g) {
      plain[j] += double(first[g * width + j]);
      centred[j] += double(second[g * width + j]);
    }
  }
}

template <class T>
struct Gradients {
  T *dx_nc, *dgamma_c, *dbeta_c;
  const T *dy_nc, *x_nc, *mean_c, *variance_c, *gamma_c;
  const std::uint8_t* mask_n;
  RowsCols dims;
  BatchNormSpec spec;
  bool add;
};

template <class T>
__attribute__((noinline)) void write_parameters(const Gradients<T>& g, Index column,
                                                ColumnPairs sums) {
  for (Index j = 0; j < sums.cols; ++j) {
    const Index at = column + j;
    if (wide_column(g.variance_c[at], g.spec)) continue;
    const double std = __builtin_sqrt(double(g.variance_c[at]) + g.spec.epsilon);
    if (g.dbeta_c) g.dbeta_c[at] = (g.add ? g.dbeta_c[at] : T(0)) + T(sums.first()[j]);
    if (g.dgamma_c) g.dgamma_c[at] = (g.add ? g.dgamma_c[at] : T(0)) + T(sums.second()[j] / std);
  }
}

// dx = scale dy.
template <class T>
void scale_gradient(const Gradients<T>& g, Index column, Index cols) {
  const Index group = rows_as_one<T>(g.dims.cols);
  const RowChunks chunks = cut_rows(g.dims, group);
  for_blocks(chunks, column, column + cols, affine_work, [&](Index chunk, Index from, Index width) {
    T scale[factor_block];
    find_scale(scale, g.variance_c + from, g.gamma_c ? g.gamma_c + from : nullptr, width,
               g.spec.epsilon);
    repeat(scale, width, group);
    const Index at = chunks.begin(chunk) * g.dims.cols + from;
    const T* dy = g.dy_nc + at;
    T* dx = g.dx_nc + at;
    for_rows<T>(chunks.length(chunk), g.dims.cols, width, group, [&](Index e, Index j, Index n) {
      store_count<T>(dx + e, load_count(dy + e, n) * load_count(scale + j, n), n);
    });
  });
}

// dx = scale dy + offset + slope (x - mean), the last two only where the mask is not 0.
template <class T>
__attribute__((noinline)) void batch_gradient(const Gradients<T>& g, Index column, ColumnPairs sums,
                                              double count) {
  const Index group = g.mask_n == nullptr ? rows_as_one<T>(g.dims.cols) : 1;
  const RowChunks chunks = cut_rows(g.dims, group);
  const auto block = [&](Index chunk, Index from, Index width) {
    T centre[factor_block], scale[factor_block], offset[factor_block], slope[factor_block];
    find_scale(scale, g.variance_c + from, g.gamma_c ? g.gamma_c + from : nullptr, width,
               g.spec.epsilon);
    for (Index j = 0; j < width; ++j) {
      const double share = -double(scale[j]) / count;
      const double precision = 1 / (double(g.variance_c[from + j]) + g.spec.epsilon);
      centre[j] = g.mean_c[from + j];
      offset[j] = T(share * sums.first()[from - column + j]);
      slope[j] = T(share * precision * sums.second()[from - column + j]);
    }
    T* const all[] = {centre, scale, offset, slope};
    for (T* factors : all) repeat(factors, width, group);
    const Index begin = chunks.begin(chunk), at = begin * g.dims.cols + from;
    const T *dy = g.dy_nc + at, *x = g.x_nc + at;
    T* dx = g.dx_nc + at;
    const auto body = [&](Index e, Index j, Index n) __attribute__((always_inline)) {
      const Vec<T> plain =
          fma(load_count(scale + j, n), load_count(dy + e, n), load_count(offset + j, n));
      const Vec<T> centred = load_count(x + e, n) - load_count(centre + j, n);
      store_count<T>(dx + e, fma(load_count(slope + j, n), centred, plain), n);
    };
    if (g.mask_n == nullptr)
      return for_rows<T>(chunks.length(chunk), g.dims.cols, width, group, body);
    for (Index r = 0; r < chunks.length(chunk); ++r)
      for_vectors<T>(0, width, [&](Index j, Index n) {
        const Index e = r * g.dims.cols + j;
        if (g.mask_n[begin + r] != 0) return body(e, j, n);
        store_count<T>(dx + e, load_count(scale + j, n) * load_count(dy + e, n), n);
      });
  };
  for_blocks(chunks, column, column + sums.cols, affine_work, block);
}

// All gradients of one column in double, whose statistics came from `count` rows of x.
template <class T>
__attribute__((noinline)) void wide_column_backward(const Gradients<T>& g, Index at, double count) {
  const Index rows = g.dims.rows, cols = g.dims.cols;
  const T *x = g.x_nc + at, *dy = g.dy_nc + at;
  const WideMoments moments = wide_moments(x, rows, cols, g.mask_n);
  const double factor = moments.inverse(g.spec.epsilon);
  double plain = 0, normal = 0;
  for (Index e = 0; e < rows * cols; e += cols) {
    plain += double(dy[e]);
    normal += double(dy[e]) * (moments.centred(double(x[e])) * factor);
  }
  if (g.dbeta_c) g.dbeta_c[at] = (g.add ? g.dbeta_c[at] : T(0)) + T(plain);
  if (g.dgamma_c) g.dgamma_c[at] = (g.add ? g.dgamma_c[at] : T(0)) + T(normal);
  if (!g.dx_nc) return;
  const double scale = (g.gamma_c ? double(g.gamma_c[at]) : 1) * factor * moments.scale;
  for (Index r = 0, e = 0; r < rows; ++r, e += cols) {
    const double follows = g.mask_n != nullptr && g.mask_n[r] == 0
                               ? 0
                               : (plain + moments.centred(double(x[e])) * factor * normal) / count;
    g.dx_nc[at + e] = T(scale * (double(dy[e]) - follows));
  }
}

template <class T>
void batch_norm_backward(T* dx_nc, T* dgamma_c, T* dbeta_c, const T* dy_nc, const T* x_nc,
                         const T* mean_c, const T* variance_c, const T* gamma_c,
                         const std::uint8_t* mask_n, RowsCols dims, BatchNormSpec spec,
                         Accumulate accumulate) {
  const double count = spec.batch_statistics ? count_rows(mask_n, dims.rows) : 0;
  if (count == 0) spec.batch_statistics = false;
  const Gradients<T> g = {dx_nc,  dgamma_c, dbeta_c,    dy_nc,
                          x_nc,   mean_c,   variance_c, gamma_c,
                          mask_n, dims,     spec,       accumulate == Accumulate::yes};
  const bool follow = dx_nc != nullptr && count > 0;
  if (dgamma_c != nullptr || dbeta_c != nullptr || follow) {
    const Index group = rows_as_one<T>(dims.cols);
    const RowChunks chunks = cut_rows(dims, group);
    const auto part = [=](Index chunk, Index column, ColumnPairs out) {
      out.count() = 0;
      for (Index j = 0; j < out.cols; j += strip_size<T>) {
        const Index width = out.cols - j < strip_size<T> ? out.cols - j : strip_size<T>;
        const Index at = chunks.begin(chunk) * dims.cols + column + j;
        strip_gradients(out.first() + j, out.second() + j, dy_nc + at, x_nc + at,
                        mean_c + column + j, chunks.length(chunk), dims.cols, width, group);
      }
    };
    const double work = affine_work * double(dims.rows) * double(dims.cols);
    reduce_pairs<T>(dims.cols, chunks.count, work, part, add_pairs,
                    [&](Index column, ColumnPairs sums) {
                      write_parameters(g, column, sums);
                      if (follow) batch_gradient(g, column, sums, count);
                    });
  }
  if (dx_nc != nullptr && !follow) scale_gradient(g, 0, dims.cols);
  for (Index c = 0; c < dims.cols; ++c)
    if (wide_column(variance_c[c], spec)) wide_column_backward(g, c, count);
}

}  // namespace

template <class T>
void fill_batch_norm(Kernels<T>& k) {
  k.column_moments = column_moments<T>;
  k.batch_norm_forward = batch_norm_forward<T>;
  k.batch_norm_backward = batch_norm_backward<T>;
}
template void fill_batch_norm<float>(Kernels<float>&);
template void fill_batch_norm<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
