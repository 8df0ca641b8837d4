// softmax and log_softmax over the rows of a matrix.
//
//   softmax:      y = exp(x - max x) / sum exp(x - max x)
//   log_softmax:  y = (x - max x) - log sum exp(x - max x)
//
// The row's maximum is subtracted first: the sum is then in [1, columns], so finite logits of any
// size are handled exactly.  A logit of -infinity has probability 0; a NaN, a +infinity or a row of
// -infinity makes the whole row NaN.  y may alias x, dx may alias dy.
#include "row_chunks.h"
#include "table.h"
#include "vmath.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

constexpr double softmax_work = 40;  // work per element, for threads_for

// --- reductions within a vector: every lane gets the result

template <class V>
LAMINA_INLINE V swap_lanes(V v, Index distance) {
  constexpr Index count = Index(sizeof(V) / sizeof(v[0]));
#if defined(__clang__)
  V swapped = {};
  for (Index i = 0; i < count; ++i) swapped[i] = v[i ^ distance];
  return swapped;
#else
  typename Format<V>::uvec other = {};
  LAMINA_UNROLL
  for (Index i = 0; i < count; ++i) other[i] = typename Format<V>::bits(i ^ distance);
  return __builtin_shuffle(v, other);
#endif
}
template <class T, class V, class Operation>
LAMINA_INLINE V fold_lanes(V v, Operation operation) {
  if constexpr (lanes<T> > 8) v = operation(v, swap_lanes(v, 8));
  if constexpr (lanes<T> > 4) v = operation(v, swap_lanes(v, 4));
  if constexpr (lanes<T> > 2) v = operation(v, swap_lanes(v, 2));
  return operation(v, swap_lanes(v, 1));
}
template <class T>
LAMINA_INLINE Vec<T> sum_all(Vec<T> v) {
  return fold_lanes<T>(v, [](Vec<T> a, Vec<T> b) { return a + b; });
}
template <class T>
LAMINA_INLINE Vec<T> max_all(Vec<T> v) {
  return fold_lanes<T>(v, [](Vec<T> a, Vec<T> b) { return max(a, b); });
}

// Lanes beyond `count` read as -infinity, for which exp gives zero.
template <class T>
LAMINA_INLINE Vec<T> load_logits(const T* p, Index count) {
  if (count == lanes<T>) return load(p);
  typename Of<T>::ivec lane = {};
  LAMINA_UNROLL
  for (Index i = 0; i < lanes<T>; ++i) lane[i] = int(i);
  return lane < int(count) ? load_partial(p, count) : broadcast(T(-__builtin_inf()));
}

// exp without zeros from underflow (which takes three times as long below AVX-512).
template <class V>
LAMINA_INLINE V exp_or_zero(V x) {
  const auto vanishes = x < constant<V>(Format<V>::exp_least);
  const V e = exp(vanishes ? V{} : x);
  return vanishes ? V{} : e;
}

// --- forward

// Rows of `vectors` vectors, kept in registers.
template <class T, bool take_log, int vectors>
void forward_narrow(T* y, const T* x, Index rows, Index cols) {
  const Index last = cols - (vectors - 1) * lanes<T>;
  for (Index row = 0; row < rows; ++row, x += cols, y += cols) {
    Vec<T> v[vectors], e[vectors];
    LAMINA_UNROLL
    for (int k = 0; k < vectors; ++k)
      v[k] = k + 1 < vectors ? load(x + k * lanes<T>) : load_logits(x + k * lanes<T>, last);
    Vec<T> most = v[0];
    LAMINA_UNROLL
    for (int k = 1; k < vectors; ++k) most = max(most, v[k]);
    most = max_all<T>(most);
    Vec<T> total = {};
    LAMINA_UNROLL
    for (int k = 0; k < vectors; ++k) {
      v[k] -= most;
      e[k] = exp_or_zero(v[k]);
      total = k == 0 ? e[0] : total + e[k];
    }
    total = sum_all<T>(total);
    const Vec<T> factor = take_log ? log(total) : 1 / total;
    LAMINA_UNROLL
    for (int k = 0; k < vectors; ++k)
      store_count<T>(y + k * lanes<T>, take_log ? v[k] - factor : e[k] * factor,
                     k + 1 < vectors ? lanes<T> : last);
  }
}

// Rows of any width; the sum has two levels, with blocks of 64 vectors.
template <class T, bool take_log>
void forward_wide(T* y, const T* x, Index rows, Index cols) {
  constexpr Index block = 64 * lanes<T>;
  for (Index row = 0; row < rows; ++row, x += cols, y += cols) {
    Vec<T> most = broadcast(T(-__builtin_inf()));
    for_vectors<T>(0, cols, [&](Index i, Index count) __attribute__((always_inline)) {
      most = max(most, load_logits(x + i, count));
    });
    most = max_all<T>(most);
    Vec<T> total = {};
    for (Index begin = 0; begin < cols; begin += block) {
      Vec<T> part = {};
      const Index end = begin + block < cols ? begin + block : cols;
      for_vectors<T>(begin, end, [&](Index i, Index count) __attribute__((always_inline)) {
        const Vec<T> e = exp_or_zero(load_logits(x + i, count) - most);
        if (!take_log) store_count<T>(y + i, e, count);
        part += e;
      });
      total += part;
    }
    total = sum_all<T>(total);
    const Vec<T> factor = take_log ? log(total) : 1 / total;
    for_vectors<T>(0, cols, [&](Index i, Index count) __attribute__((always_inline)) {
      const Vec<T> v = load_count<T>((take_log ? x : y) + i, count);
      store_count<T>(y + i, take_log ? (v - most) - factor : v * factor, count);
    });
  }
}

template <class T, bool take_log>
void forward(T* y_nc, const T* x_nc, RowsCols size) {
  const Index cols = size.cols;
  const Index vectors = (cols + lanes<T> - 1) / lanes<T>;
  auto run = vectors == 1   ? forward_narrow<T, take_log, 1>
             : vectors == 2 ? forward_narrow<T, take_log, 2>
             : vectors == 3 ? forward_narrow<T, take_log, 3>
             : vectors == 4 ? forward_narrow<T, take_log, 4>
                            : forward_wide<T, take_log>;
  parallel_rows(size, softmax_work * double(sizeof(T) / 4), [=](Index begin, Index end) {
    run(y_nc + begin * cols, x_nc + begin * cols, end - begin, cols);
  });
}

// --- backward, from the output y

// Softmax: dx = y (dy - sum dy y).  Log-softmax: dx = dy - exp(y) sum dy.
template <class T, bool take_log>
void backward_rows(T* dx, const T* dy, const T* y, Index rows, Index cols) {
  for (Index row = 0; row < rows; ++row, dx += cols, dy += cols, y += cols) {
    Vec<T> sum = {};
    for_vectors<T>(0, cols, [&](Index i, Index count) __attribute__((always_inline)) {
      const Vec<T> g = load_count<T>(dy + i, count);
      sum = take_log ? sum + g : fma(g, load_count<T>(y + i, count), sum);
    });
    sum = sum_all<T>(sum);
    for_vectors<T>(0, cols, [&](Index i, Index count) __attribute__((always_inline)) {
      const Vec<T> g = load_count<T>(dy + i, count);
      const Vec<T> p = load_count<T>(y + i, count);
      store_count<T>(dx + i, take_log ? g - exp_or_zero(p) * sum : p * (g - sum), count);
    });
  }
}

template <class T, bool take_log>
void backward(T* dx_nc, const T* dy_nc, const T* y_nc, RowsCols size) {
  const Index cols = size.cols;
  const double work = (take_log ? softmax_work : 12) * double(sizeof(T) / 4);
  parallel_rows(size, work, [=](Index begin, Index end) {
    const Index at = begin * cols;
    backward_rows<T, take_log>(dx_nc + at, dy_nc + at, y_nc + at, end - begin, cols);
  });
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_softmax(Kernels<T>& k) {
  k.softmax_forward = forward<T, false>;
  k.softmax_backward = backward<T, false>;
  k.log_softmax_forward = forward<T, true>;
  k.log_softmax_backward = backward<T, true>;
}
template void fill_softmax<float>(Kernels<float>&);
template void fill_softmax<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
