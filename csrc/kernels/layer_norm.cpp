// Layer normalisation: y = x^ gamma + beta, x^ = (x - mean) inv over the columns of each row,
// inv = 1 / sqrt(variance + epsilon), and its backward (Ba, Kiros and Hinton, "Layer
// normalization", 2016):
//   dbeta = sum dy,  dgamma = sum dy x^  over the rows
//   dx = inv (g - mean g - x^ mean (g x^)),  g = dy gamma, means over the columns
// The variance is summed around the mean, in a second pass over a row that is in cache; a row whose
// squares do not fit the type is recalculated (wide_range.h).
#include "column_pairs.h"
#include "table.h"
#include "wide_range.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

constexpr double row_work = 40;  // work per element, for threads_for

// Lanes beyond `count` become zero.
template <class T>
LAMINA_INLINE Vec<T> keep_first(Vec<T> v, Index count) {
  if (count == lanes<T>) return v;
  typename Of<T>::ivec lane = {};
  LAMINA_UNROLL
  for (Index i = 0; i < lanes<T>; ++i) lane[i] = int(i);
  return lane < int(count) ? v : Vec<T>{};
}

// The sum over a row of term(column, count), whose lanes beyond `count` are zero: four chains, in
// blocks of 64 vectors.
template <class T, class Term>
LAMINA_INLINE T sum_row(Index cols, const Term& term) {
  constexpr Index step = 4 * lanes<T>, block = 16 * step;
  Vec<T> total = {};
  for (Index begin = 0; begin < cols; begin += block) {
    const Index end = begin + block < cols ? begin + block : cols;
    Vec<T> part[4] = {};
    Index j = begin;
    for (; j + step <= end; j += step) {
      LAMINA_UNROLL
      for (int k = 0; k < 4; ++k) part[k] += term(j + k * lanes<T>, lanes<T>);
    }
    for (; j + lanes<T> <= end; j += lanes<T>) part[0] += term(j, lanes<T>);
    if (j < end) part[1] += term(j, end - j);
    total += (part[0] + part[1]) + (part[2] + part[3]);
  }
  return sum_lanes<T>(total);
}

// One row in double.  `mean` and `inverse` may be null.
template <class T>
__attribute__((noinline)) void wide_row(T* y, T* mean, T* inverse, const T* x, const T* gamma_c,
                                        const T* beta_c, Index cols, double epsilon) {
  const std::uint8_t* every = nullptr;
  const WideMoments moments = wide_moments(x, cols, 1, every);
  const double factor = moments.inverse(epsilon);
  if (mean != nullptr) *mean = T(moments.mean / moments.scale);
  if (inverse != nullptr) *inverse = T(factor * moments.scale);
  for (Index j = 0; j < cols; ++j) {
    const double gamma = gamma_c ? double(gamma_c[j]) : 1, beta = beta_c ? double(beta_c[j]) : 0;
    y[j] = T(moments.centred(double(x[j])) * factor * gamma + beta);
  }
}

template <class T>
void layer_norm_forward(T* y_nc, T* mean_n, T* inverse_n, const T* x_nc, const T* gamma_c,
                        const T* beta_c, RowsCols dims, double epsilon) {
  const Index cols = dims.cols;
  if (cols <= 0) return;
  for_each_row(dims, row_work, [=](Index r) {
    const T* x = x_nc + r * cols;
    T *y = y_nc + r * cols, *kept_mean = mean_n ? mean_n + r : nullptr;
    T* kept_inverse = inverse_n ? inverse_n + r : nullptr;
    const T mean =
        sum_row<T>(cols, [=](Index j, Index n) { return load_count(x + j, n); }) / T(cols);
    const Vec<T> centre = broadcast(mean);
    const T squares = sum_row<T>(cols, [=](Index j, Index n) {
      const Vec<T> d = keep_first<T>(load_count(x + j, n) - centre, n);
      return d * d;
    });
    const double variance = double(squares) / double(cols) + epsilon;
    if (!ordinary_variance<T>(variance))
      return wide_row(y, kept_mean, kept_inverse, x, gamma_c, beta_c, cols, epsilon);
    const T inverse = T(1 / __builtin_sqrt(variance));
    if (kept_mean != nullptr) *kept_mean = mean;
    if (kept_inverse != nullptr) *kept_inverse = inverse;
    const Vec<T> factor = broadcast(inverse), one = broadcast(T(1));
    for_vectors<T>(0, cols, [=](Index j, Index n) {
      const Vec<T> gamma = gamma_c ? load_count(gamma_c + j, n) : one;
      const Vec<T> beta = beta_c ? load_count(beta_c + j, n) : Vec<T>{};
      const Vec<T> normal = (load_count(x + j, n) - centre) * factor;
      store_count<T>(y + j, fma(normal, gamma, beta), n);
    });
  });
}

// --- backward

template <class T>
void input_gradient(T* dx_nc, const T* dy_nc, const T* x_nc, const T* mean_n, const T* inverse_n,
                    const T* gamma_c, RowsCols dims) {
  const Index cols = dims.cols;
  const T share = T(1) / T(cols);
  for_each_row(dims, row_work, [=](Index r) {
    const T *x = x_nc + r * cols, *dy = dy_nc + r * cols;
    T* dx = dx_nc + r * cols;
    const Vec<T> centre = broadcast(mean_n[r]), inverse = broadcast(inverse_n[r]);
    const auto weighted = [=](Index j, Index n) __attribute__((always_inline)) {
      const Vec<T> g = load_count(dy + j, n);
      return gamma_c ? g * load_count(gamma_c + j, n) : g;
    };
    const Vec<T> plain = broadcast(share * sum_row<T>(cols, weighted));
    // g is zero beyond the row, x - mean is not.
    const T product = sum_row<T>(cols, [=](Index j, Index n) __attribute__((always_inline)) {
      return weighted(j, n) * ((load_count(x + j, n) - centre) * inverse);
    });
    const Vec<T> slope = broadcast(share * product);
    for_vectors<T>(0, cols, [=](Index j, Index n) __attribute__((always_inline)) {
      const Vec<T> normal = (load_count(x + j, n) - centre) * inverse;
      store_count<T>(dx + j, inverse * (weighted(j, n) - plain - normal * slope), n);
    });
  });
}

// sum dy and sum dy x^ for `width` columns of a chunk; pointers to its first row and column.
template <class T>
__attribute__((noinline)) void strip_parameters(double* plain, double* normal, const T* dy,
                                                const T* x, const T* mean_n, const T* inverse_n,
                                                Index rows, Index ld, Index width) {
  T first[strip_size<T>], second[strip_size<T>];
  const auto term = [=](Index r, Index j, Index n, Vec<T>& a,
                        Vec<T>& b) __attribute__((always_inline)) {
    a = load_count(dy + r * ld + j, n);
    b = (load_count(x + r * ld + j, n) - broadcast(mean_n[r])) * broadcast(inverse_n[r]);
  };
  const std::uint8_t* every = nullptr;
  sum_pairs(first, second, rows, width, every, false, term);
  for (Index j = 0; j < width; ++j) plain[j] = double(first[j]);
  for (Index j = 0; j < width; ++j) normal[j] = double(second[j]);
}

template <class T>
void parameter_gradients(T* dgamma_c, T* dbeta_c, const T* dy_nc, const T* x_nc, const T* mean_n,
                         const T* inverse_n, RowsCols dims, bool add) {
  const RowChunks chunks = cut_rows(dims, 1);
  const auto part = [=](Index chunk, Index column, ColumnPairs out) {
    const Index begin = chunks.begin(chunk);
    out.count() = 0;
    for (Index j = 0; j < out.cols; j += strip_size<T>) {
      const Index width = out.cols - j < strip_size<T> ? out.cols - j : strip_size<T>;
      const Index at = begin * dims.cols + column + j;
      strip_parameters(out.first() + j, out.second() + j, dy_nc + at, x_nc + at, mean_n + begin,
                       inverse_n + begin, chunks.length(chunk), dims.cols, width);
    }
  };
  const double work = row_work * double(dims.rows) * double(dims.cols);
  reduce_pairs<T>(dims.cols, chunks.count, work, part, add_pairs,
                  [=](Index column, ColumnPairs sums) {
                    for (Index j = 0; j < sums.cols; ++j) {
                      const Index at = column + j;
                      if (dbeta_c) dbeta_c[at] = (add ? dbeta_c[at] : T(0)) + T(sums.first()[j]);
                      if (dgamma_c)
                        dgamma_c[at] = (add ? dgamma_c[at] : T(0)) + T(sums.second()[j]);
                    }
                  });
}

template <class T>
void layer_norm_backward(T* dx_nc, T* dgamma_c, T* dbeta_c, const T* dy_nc, const T* x_nc,
                         const T* mean_n, const T* inverse_n, const T* gamma_c, RowsCols dims,
                         Accumulate accumulate) {
  if (dx_nc != nullptr) input_gradient(dx_nc, dy_nc, x_nc, mean_n, inverse_n, gamma_c, dims);
  if (dgamma_c != nullptr || dbeta_c != nullptr)
    parameter_gradients(dgamma_c, dbeta_c, dy_nc, x_nc, mean_n, inverse_n, dims,
                        accumulate == Accumulate::yes);
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_layer_norm(Kernels<T>& k) {
  k.layer_norm_forward = layer_norm_forward<T>;
  k.layer_norm_backward = layer_norm_backward<T>;
}
template void fill_layer_norm<float>(Kernels<float>&);
template void fill_layer_norm<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
