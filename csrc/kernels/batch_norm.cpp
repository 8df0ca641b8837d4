// Batch normalisation and what follows it in the same pass:
//   y = activation((x - mean) / sqrt(variance + epsilon) gamma + beta + added)
//
// Backward, d = dy activation'(y), x^ = (x - mean) inv, inv = 1 / sqrt(variance + epsilon), sums
// over all rows:
//   dadded = d,  dbeta = sum d,  dgamma = sum d x^
//   dx = gamma inv (d - m / M (sum d + x^ sum d x^))
// where the statistics came from the M rows of x with mask m = 1; rows with m = 0 are normalised
// with them but have no part in them.  With given statistics dx = gamma inv d.
//
// Two passes: sums, then dx.  The sign of y is found again from x, which both read anyway, unless
// something was added: then the first pass reads y and leaves d in dadded for the second.
//
// A column whose variance does not fit the type is done by itself, from x, where the statistics
// came from x (wide_range.h).
#include "activations.h"
#include "column_pairs.h"
#include "table.h"
#include "wide_range.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

constexpr double affine_work = 30;  // threads_for's measure, an element

constexpr Index factor_block = 512;  // columns whose factors are held on the stack

// What normalises some columns.
template <class T, Index room>
struct Factors {
  T centre[room], scale[room], shift[room];

  // Of `width` columns, given at the first; repeated for each of the `group` rows that pass as one.
  // scale = gamma / sqrt(variance + epsilon)
  LAMINA_INLINE void find(const T* mean, const T* variance, const T* gamma, const T* beta,
                          Index width, Index group, double epsilon) {
    for_vectors<T>(0, width, [=](Index j, Index count) {
      const Vec<T> std = sqrt(load_count(variance + j, count) + broadcast(T(epsilon)));
      const Vec<T> weight = gamma ? load_count(gamma + j, count) : broadcast(T(1));
      store_count<T>(scale + j, weight / std, count);
      store_count(centre + j, load_count(mean + j, count), count);
      store_count(shift + j, beta ? load_count(beta + j, count) : Vec<T>{}, count);
    });
    T* const all[] = {centre, scale, shift};
    for (T* factors : all) repeat(factors, width, group);
  }
  static void repeat(T* factors, Index width, Index group) {
    for (Index j = width; j < width * group; ++j) factors[j] = factors[j - width];
  }

  LAMINA_INLINE Vec<T> centred(Vec<T> x, Index j, Index count) const {
    return x - load_count(centre + j, count);
  }
  LAMINA_INLINE Vec<T> normalised(Vec<T> centred, Index j, Index count) const {
    return fma(centred, load_count(scale + j, count), load_count(shift + j, count));
  }
};

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

// use(law) for the activations of BatchNormSpec.
template <class T, class Use>
LAMINA_INLINE void with_rectifier(ActivationSpec spec, const Use& use) {
  using V = Vec<T>;
  if (spec.kind == Activation::relu) return use(Relu<V>{});
  if (spec.kind == Activation::leaky_relu) return use(LeakyRelu<V>{broadcast(T(spec.alpha))});
  use(Linear<V>{});
}

// Whether the variance of a column is to be found again from x.
template <class T>
LAMINA_INLINE bool wide_column(T variance, BatchNormSpec spec) {
  return spec.batch_statistics && !ordinary_variance<T>(double(variance) + spec.epsilon);
}

// --- forward

template <class T>
struct Normalisation {
  T* y_nc;
  const T *x_nc, *added_nc, *mean_c, *variance_c, *gamma_c, *beta_c;
  const std::uint8_t* mask_n;
  RowsCols dims;
  BatchNormSpec spec;
};

template <bool adds, class T, class Law>
__attribute__((noinline)) void normalise(const Normalisation<T>& p, Law law) {
  const Index group = rows_as_one<T>(p.dims.cols);
  const RowChunks chunks = cut_rows(p.dims, group);
  for_blocks(chunks, 0, p.dims.cols, affine_work, [&](Index chunk, Index column, Index width) {
    Factors<T, factor_block> factors;
    factors.find(p.mean_c + column, p.variance_c + column, p.gamma_c ? p.gamma_c + column : nullptr,
                 p.beta_c ? p.beta_c + column : nullptr, width, group, p.spec.epsilon);
    const Index at = chunks.begin(chunk) * p.dims.cols + column;
    const T *x = p.x_nc + at, *added = adds ? p.added_nc + at : nullptr;
    T* y = p.y_nc + at;
    for_rows<T>(chunks.length(chunk), p.dims.cols, width, group,
                [&](Index e, Index j, Index n) __attribute__((always_inline)) {
                  Vec<T> v = factors.normalised(factors.centred(load_count(x + e, n), j, n), j, n);
                  if (adds) v += load_count(added + e, n);
                  store_count<T>(y + e, law.forward(v), n);
                });
  });
}

// One column in double.
template <class T, class Law>
__attribute__((noinline)) void normalise_wide(const Normalisation<T>& p, Index column, Law law) {
  const T* x = p.x_nc + column;
  const WideMoments moments = wide_moments(x, p.dims.rows, p.dims.cols, p.mask_n);
  const double factor = moments.inverse(p.spec.epsilon);
  const double gamma = p.gamma_c ? double(p.gamma_c[column]) : 1;
  const double beta = p.beta_c ? double(p.beta_c[column]) : 0;
  for (Index e = 0; e < p.dims.rows * p.dims.cols; e += p.dims.cols) {
    T v = T(moments.centred(double(x[e])) * factor * gamma + beta);
    if (p.added_nc) v += p.added_nc[column + e];
    p.y_nc[column + e] = law.forward(broadcast(v))[0];
  }
}

template <class T>
void batch_norm_forward(T* y_nc, const T* x_nc, const T* added_nc, const T* mean_c,
                        const T* variance_c, const T* gamma_c, const T* beta_c,
                        const std::uint8_t* mask_n, RowsCols dims, BatchNormSpec spec) {
  const Normalisation<T> p = {y_nc,    x_nc,   added_nc, mean_c, variance_c,
                              gamma_c, beta_c, mask_n,   dims,   spec};
  with_rectifier<T>(spec.activation, [&](auto law) {
    added_nc ? normalise<true>(p, law) : normalise<false>(p, law);
    for (Index c = 0; c < dims.cols; ++c)
      if (wide_column(variance_c[c], spec)) normalise_wide(p, c, law);
  });
}

// --- backward

template <class T>
struct Gradients {
  T *dx_nc, *dadded_nc, *dgamma_c, *dbeta_c;
  const T *dy_nc, *y_nc, *x_nc, *mean_c, *variance_c, *gamma_c, *beta_c;
  const std::uint8_t* mask_n;
  RowsCols dims;
  BatchNormSpec spec;
  bool add;

  template <Index room>
  LAMINA_INLINE void find(Factors<T, room>& factors, Index column, Index width, Index group) const {
    factors.find(mean_c + column, variance_c + column, gamma_c ? gamma_c + column : nullptr,
                 beta_c ? beta_c + column : nullptr, width, group, spec.epsilon);
  }
};

// Where d = dy activation'(y) comes from: by y or, where that is null, by what was normalised.
template <class T, class Law, bool reads_y>
struct Incoming {
  const T *dy, *y;
  T* kept;  // where to leave it, or null
  Law law;

  LAMINA_INLINE Vec<T> at(Index e, Index count, Vec<T> normalised) const {
    const Vec<T> saved = reads_y ? load_count(y + e, count) : normalised;
    const Vec<T> d = law.backward(load_count(dy + e, count), saved);
    if (kept) store_count(kept + e, d, count);
    return d;
  }
};

template <class T, class Use>
LAMINA_INLINE void with_incoming(const Gradients<T>& g, const Use& use) {
  using Straight = Linear<Vec<T>>;
  if (g.spec.activation.kind == Activation::linear)
    return use(Incoming<T, Straight, false>{g.dy_nc, nullptr, g.dadded_nc, Straight{}});
  with_rectifier<T>(g.spec.activation, [&](auto law) {
    if (g.y_nc)
      use(Incoming<T, decltype(law), true>{g.dy_nc, g.y_nc, g.dadded_nc, law});
    else
      use(Incoming<T, decltype(law), false>{g.dy_nc, nullptr, g.dadded_nc, law});
  });
}

// sum d and sum d (x - mean) of `width` columns of a chunk that begins at `row`.
template <class T, class From>
__attribute__((noinline)) void strip_gradients(double* plain, double* centred,
                                               const Gradients<T>& g, const From& from, Index row,
                                               Index column, Index rows, Index width, Index group) {
  Factors<T, strip_size<T>> factors;
  T first[strip_size<T>], second[strip_size<T>];
  g.find(factors, column, width, group);
  const Index whole = rows / group, rest = rows % group, wide = g.dims.cols * group;
  const auto term_from = [&](Index base) {
    return [=, &g, &from, &factors](Index r, Index j, Index n, Vec<T>& a, Vec<T>& b)
               __attribute__((always_inline)) {
                 const Index e = base + r * wide + j;
                 b = factors.centred(load_count(g.x_nc + e, n), j, n);
                 a = from.at(e, n, factors.normalised(b, j, n));
               };
  };
  const std::uint8_t* every = nullptr;
  const Index begin = row * g.dims.cols + column;
  for (int pass = 0; pass < (rest > 0 ? 2 : 1); ++pass)
    sum_pairs(first, second, pass == 0 ? whole : 1, width * (pass == 0 ? group : rest), every,
              pass > 0, term_from(pass == 0 ? begin : begin + whole * wide));
  for (Index j = 0; j < width; ++j) {
    plain[j] = centred[j] = 0;
    for (Index i = 0; i < group; ++i) {
      plain[j] += double(first[i * width + j]);
      centred[j] += double(second[i * width + j]);
    }
  }
}

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

// dx = scale d.
template <class T, class From>
__attribute__((noinline)) void scale_gradient(const Gradients<T>& g, const From& from) {
  const Index group = rows_as_one<T>(g.dims.cols);
  const RowChunks chunks = cut_rows(g.dims, group);
  for_blocks(chunks, 0, g.dims.cols, affine_work, [&](Index chunk, Index column, Index width) {
    Factors<T, factor_block> factors;
    g.find(factors, column, width, group);
    const Index at = chunks.begin(chunk) * g.dims.cols + column;
    for_rows<T>(chunks.length(chunk), g.dims.cols, width, group, [&](Index e, Index j, Index n) {
      const Vec<T> centred = factors.centred(load_count(g.x_nc + at + e, n), j, n);
      const Vec<T> d = from.at(at + e, n, factors.normalised(centred, j, n));
      store_count<T>(g.dx_nc + at + e, d * load_count(factors.scale + j, n), n);
    });
  });
}

// dx = scale d + offset + slope (x - mean) of the columns in [begin, end), the last two only where
// the mask is not 0.  The sums are those of the columns from `column` on.
template <class T, class From>
__attribute__((noinline)) void batch_gradient(const Gradients<T>& g, const From& from, Index begin,
                                              Index end, Index column, ColumnPairs sums,
                                              double count) {
  const bool whole_rows = end - begin == g.dims.cols && g.mask_n == nullptr;
  const Index group = whole_rows ? rows_as_one<T>(g.dims.cols) : 1;
  const RowChunks chunks = cut_rows(g.dims, group);
  const auto block = [&](Index chunk, Index first, Index width) {
    Factors<T, factor_block> factors;
    T offset[factor_block], slope[factor_block];
    g.find(factors, first, width, group);
    for (Index j = 0; j < width; ++j) {
      const double share = -double(factors.scale[j]) / count;
      const double precision = 1 / (double(g.variance_c[first + j]) + g.spec.epsilon);
      offset[j] = T(share * sums.first()[first - column + j]);
      slope[j] = T(share * precision * sums.second()[first - column + j]);
    }
    factors.repeat(offset, width, group);
    factors.repeat(slope, width, group);
    const Index row = chunks.begin(chunk), at = row * g.dims.cols + first;
    const auto body = [&](Index e, Index j, Index n) __attribute__((always_inline)) {
      const Vec<T> centred = factors.centred(load_count(g.x_nc + at + e, n), j, n);
      const Vec<T> d = from.at(at + e, n, factors.normalised(centred, j, n));
      const Vec<T> plain = fma(load_count(factors.scale + j, n), d, load_count(offset + j, n));
      store_count<T>(g.dx_nc + at + e, fma(load_count(slope + j, n), centred, plain), n);
    };
    if (g.mask_n == nullptr)
      return for_rows<T>(chunks.length(chunk), g.dims.cols, width, group, body);
    for (Index r = 0; r < chunks.length(chunk); ++r) {
      const bool kept = g.mask_n[row + r] != 0;
      for_vectors<T>(0, width, [&](Index j, Index n) {
        const Index e = r * g.dims.cols + j;
        if (kept) return body(e, j, n);
        const Vec<T> centred = factors.centred(load_count(g.x_nc + at + e, n), j, n);
        const Vec<T> d = from.at(at + e, n, factors.normalised(centred, j, n));
        store_count<T>(g.dx_nc + at + e, load_count(factors.scale + j, n) * d, n);
      });
    }
  };
  for_blocks(chunks, begin, end, affine_work, block);
}

// The same of the columns whose sums are given, but of those that are done by themselves.
template <class T, class From>
void batch_gradients(const Gradients<T>& g, const From& from, Index column, ColumnPairs sums,
                     double count) {
  const auto wide = [&](Index c) { return wide_column(g.variance_c[c], g.spec); };
  for (Index begin = column, end; begin < column + sums.cols; begin = end + 1) {
    for (end = begin; end < column + sums.cols && !wide(end);) ++end;
    if (end > begin) batch_gradient(g, from, begin, end, column, sums, count);
  }
}

// All gradients of one column in double, whose statistics came from `count` rows of x.
template <class T, class From>
__attribute__((noinline)) void wide_column_backward(const Gradients<T>& g, const From& from,
                                                    Index at, double count) {
  const Index rows = g.dims.rows, cols = g.dims.cols;
  const WideMoments moments = wide_moments(g.x_nc + at, rows, cols, g.mask_n);
  const double factor = moments.inverse(g.spec.epsilon);
  const double gamma = g.gamma_c ? double(g.gamma_c[at]) : 1;
  const double beta = g.beta_c ? double(g.beta_c[at]) : 0;
  const auto normal_at = [&](Index e) { return moments.centred(double(g.x_nc[e])) * factor; };
  const auto gradient_at = [&](Index e) {
    return double(from.at(e, 1, broadcast(T(normal_at(e) * gamma + beta)))[0]);
  };
  double plain = 0, normal = 0;
  for (Index e = at; e < rows * cols; e += cols) {
    const double d = gradient_at(e);
    plain += d;
    normal += d * normal_at(e);
  }
  if (g.dbeta_c) g.dbeta_c[at] = (g.add ? g.dbeta_c[at] : T(0)) + T(plain);
  if (g.dgamma_c) g.dgamma_c[at] = (g.add ? g.dgamma_c[at] : T(0)) + T(normal);
  if (!g.dx_nc) return;
  const double scale = gamma * factor * moments.scale;
  for (Index r = 0, e = at; r < rows; ++r, e += cols) {
    const bool follows = g.mask_n == nullptr || g.mask_n[r] != 0;
    const double share = follows ? (plain + normal_at(e) * normal) / count : 0;
    g.dx_nc[e] = T(scale * (gradient_at(e) - share));
  }
}

template <class T, class From>
void find_gradients(const Gradients<T>& g, const From& from, double count) {
  const bool follow = g.dx_nc != nullptr && count > 0;
  using Straight = Linear<Vec<T>>;
  const Incoming<T, Straight, false> left = {g.dadded_nc, nullptr, nullptr, Straight{}};
  if (g.dgamma_c || g.dbeta_c || g.dadded_nc || follow) {
    const Index group = rows_as_one<T>(g.dims.cols);
    const RowChunks chunks = cut_rows(g.dims, group);
    const auto part = [&](Index chunk, Index column, ColumnPairs out) {
      out.count() = 0;
      for (Index j = 0; j < out.cols; j += strip_size<T>) {
        const Index width = out.cols - j < strip_size<T> ? out.cols - j : strip_size<T>;
        strip_gradients(out.first() + j, out.second() + j, g, from, chunks.begin(chunk), column + j,
                        chunks.length(chunk), width, group);
      }
    };
    const double work = affine_work * double(g.dims.rows) * double(g.dims.cols);
    reduce_pairs<T>(g.dims.cols, chunks.count, work, part, add_pairs,
                    [&](Index column, ColumnPairs sums) {
                      write_parameters(g, column, sums);
                      if (!follow) return;
                      if (g.dadded_nc)
                        batch_gradients(g, left, column, sums, count);
                      else
                        batch_gradients(g, from, column, sums, count);
                    });
  }
  if (g.dx_nc && !follow) g.dadded_nc ? scale_gradient(g, left) : scale_gradient(g, from);
  for (Index c = 0; c < g.dims.cols; ++c) {
    if (!wide_column(g.variance_c[c], g.spec)) continue;
    if (g.dadded_nc)
      wide_column_backward(g, left, c, count);
    else
      wide_column_backward(g, from, c, count);
  }
}

template <class T>
void batch_norm_backward(T* dx_nc, T* dadded_nc, T* dgamma_c, T* dbeta_c, const T* dy_nc,
                         const T* y_nc, const T* x_nc, const T* mean_c, const T* variance_c,
                         const T* gamma_c, const T* beta_c, const std::uint8_t* mask_n,
                         RowsCols dims, BatchNormSpec spec, Accumulate accumulate) {
  const double count = spec.batch_statistics ? count_rows(mask_n, dims.rows) : 0;
  if (count == 0) spec.batch_statistics = false;
  const Gradients<T> g = {dx_nc,  dadded_nc, dgamma_c, dbeta_c,    dy_nc,
                          y_nc,   x_nc,      mean_c,   variance_c, gamma_c,
                          beta_c, mask_n,    dims,     spec,       accumulate == Accumulate::yes};
  with_incoming(g, [&](const auto& from) { find_gradients(g, from, count); });
}

}  // namespace

template <class T>
void fill_batch_norm(Kernels<T>& k) {
  k.batch_norm_forward = batch_norm_forward<T>;
  k.batch_norm_backward = batch_norm_backward<T>;
}
template void fill_batch_norm<float>(Kernels<float>&);
template void fill_batch_norm<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
