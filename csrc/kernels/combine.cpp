// Layers of two inputs: sum, difference, product, extremes; batched products and unit rows for Dot.
#include "gemm.h"
#include "row_chunks.h"
#include "table.h"
#include "wide_range.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

constexpr double combine_work = 25;  // work per element, for threads_for

// --- element by element

template <class T, class Operation>
LAMINA_INLINE void map_two(T* y, const T* a, const T* b, Index size, Operation operation) {
  parallel_elements(size, combine_work, [=](Index begin, Index end) {
    for_vectors<T>(begin, end, [=](Index i, Index count) {
      store_count<T>(y + i, operation(load_count(a + i, count), load_count(b + i, count)), count);
    });
  });
}

template <class T>
void combine_forward(T* y, const T* a, const T* b, Index size, Combine kind) {
  using V = Vec<T>;
  switch (kind) {
    case Combine::add:
      return map_two(y, a, b, size, [](V p, V q) { return p + q; });
    case Combine::subtract:
      return map_two(y, a, b, size, [](V p, V q) { return p - q; });
    case Combine::multiply:
      return map_two(y, a, b, size, [](V p, V q) { return p * q; });
    case Combine::maximum:  // max and min return q if either is NaN
      return map_two(y, a, b, size, [](V p, V q) { return p != p ? p : max(p, q); });
    case Combine::minimum:
      return map_two(y, a, b, size, [](V p, V q) { return p != p ? p : min(p, q); });
  }
}

template <class T>
void maximum_gradient(T* out, const T* dy, const T* own, const T* other, Index size) {
  parallel_elements(size, combine_work, [=](Index begin, Index end) {
    for_vectors<T>(begin, end, [=](Index i, Index count) {
      const Vec<T> mine = load_count(own + i, count), theirs = load_count(other + i, count);
      const Vec<T> slope = load_count(dy + i, count), zero = {};
      const Vec<T> shared = mine == theirs ? slope * T(0.5) : zero;
      store_count<T>(out + i, mine > theirs ? slope : shared, count);
    });
  });
}

template <class T>
void signed_copy(T* out, const T* dy, Index size, bool negative) {
  parallel_elements(size, 15, [=](Index begin, Index end) {
    for_vectors<T>(begin, end, [=](Index i, Index count) {
      const Vec<T> slope = load_count(dy + i, count);
      store_count<T>(out + i, negative ? -slope : slope, count);
    });
  });
}

// Sums and differences do not read a and b, which may then be null.
template <class T>
void combine_backward(T* da, T* db, const T* dy, const T* a, const T* b, Index size, Combine kind) {
  using V = Vec<T>;
  const auto product = [](V p, V q) { return p * q; };
  switch (kind) {
    case Combine::add:
    case Combine::subtract:
      if (da) signed_copy(da, dy, size, false);
      if (db) signed_copy(db, dy, size, kind == Combine::subtract);
      return;
    case Combine::multiply:
      if (da) map_two(da, dy, b, size, product);
      if (db) map_two(db, dy, a, size, product);
      return;
    case Combine::maximum:
      if (da) maximum_gradient(da, dy, a, b, size);
      if (db) maximum_gradient(db, dy, b, a, size);
      return;
    case Combine::minimum:  // a is the smaller where b is the larger
      if (da) maximum_gradient(da, dy, b, a, size);
      if (db) maximum_gradient(db, dy, a, b, size);
      return;
  }
}

// --- sums along a row, in double: eight chains on every instruction set, added pairwise

template <class T>
double row_product(const T* a, const T* b, Index size) {
  double part[8] = {};
  Index i = 0;
  for (; i + 8 <= size; i += 8)
    for (int k = 0; k < 8; ++k) part[k] += double(a[i + k]) * double(b[i + k]);
  for (int k = 0; i < size; ++i, ++k) part[k] += double(a[i]) * double(b[i]);
  for (int half = 4; half > 0; half /= 2)
    for (int k = 0; k < half; ++k) part[k] += part[k + half];
  return part[0];
}

// --- products of pairs of matrices

// One product on the calling thread.  A single column is calculated as a row of the transposed
// product, whose vectors are contiguous in memory.
template <class T>
void one_product(T* c, const T* a, const T* b, const BatchedProductSpec& d, bool add) {
  const Index lda = d.transpose_a ? d.m : d.k, ldb = d.transpose_b ? d.k : d.n;
  const bool column = d.n == 1 && d.transpose_a;
  const auto left =
      column ? left_operand(b, ldb, !d.transpose_b, d.k) : left_operand(a, lda, d.transpose_a, d.k);
  const auto right =
      column ? right_operand(a, lda, false, d.k) : right_operand(b, ldb, d.transpose_b, d.k);
  const Index m = column ? 1 : d.m, n = column ? d.m : d.n;
  const Product<T, Strided<T>, Strided<T>> p{c, n, left, right, m, n, d.k, add, nullptr, false};
  BlockedProduct<T, Strided<T>, Strided<T>, NoHook>(p, NoHook{}).run({0, m}, {0, n});
}

// The location of a pair's matrices, from its number along axes [from, to).
struct PairPlace {
  Index c = 0, a = 0, b = 0;
  PairPlace(const BatchedProductSpec& d, int from, int to, Index number) {
    for (int axis = to; axis-- > from;) {
      const Index rest = axis > from ? number / d.size[axis] : 0, i = number - rest * d.size[axis];
      number = rest;
      c += i * d.c_stride[axis], a += i * d.a_stride[axis], b += i * d.b_stride[axis];
    }
  }
};

// The matrices of c are divided among threads; if there are few large ones, each is divided.
template <class T>
void batched_product(T* c, const T* a, const T* b, const BatchedProductSpec& d) {
  Index batch = 1, terms = 1;
  for (int axis = 0; axis < d.axes; ++axis) (axis < d.kept ? batch : terms) *= d.size[axis];
  if (batch <= 0 || d.m * d.n <= 0) return;
  const double flop = 2.0 * double(d.m) * double(d.n) * double(d.k);
  const bool alone = d.m == 1 && d.n == 1;
  const int across =
      threads_for(flop * double(batch * terms) * (alone ? combine_work / 2 : 1), batch);
  const int within = alone ? 1 : threads_for(flop, d.m);
  const auto matrix = [&](Index i) __attribute__((noinline)) {
    const PairPlace at(d, 0, d.kept, i);
    T* const to = c + at.c;
    for (Index term = 0; term < terms; ++term) {
      const PairPlace more(d, d.kept, d.axes, term);
      const T *left = a + at.a + more.a, *right = b + at.b + more.b;
      if (alone)
        to[0] = (term > 0 ? to[0] : T(0)) + T(row_product(left, right, d.k));
      else if (within > across)
        gemm(to, left, right, d.m, d.n, d.k, d.n, d.transpose_a ? d.m : d.k,
             d.transpose_b ? d.k : d.n, d.transpose_a, d.transpose_b, Accumulate(term > 0));
      else
        one_product(to, left, right, d, term > 0);
    }
    if (terms == 0) __builtin_memset(to, 0, sizeof(T) * std::size_t(d.m * d.n));
  };
  if (within > across)
    for (Index i = 0; i < batch; ++i) matrix(i);
  else
    parallel_chunks(across, batch, matrix);
}

// --- rows of length 1

constexpr double least_length = 1e-7;

// Also correct if the squares overflow in double.
template <class T>
double row_length(const T* x, Index cols) {
  const double squares = row_product(x, x, cols);
  if (squares <= __DBL_MAX__) return __builtin_sqrt(squares);
  const double scale = power_to_one(x, cols, 1);
  double sum = 0;
  for (Index i = 0; i < cols; ++i) sum += double(x[i]) * scale * (double(x[i]) * scale);
  return __builtin_sqrt(sum) / scale;
}

// sum dy y; the lengths of x and dy are divided out one after the other, so that no product
// overflows.
template <class T>
double along_row(const T* x, const T* dy, Index cols, double inverse) {
  const double product = row_product(x, dy, cols);
  if (product - product == 0) return product * inverse;
  double sum = 0;
  for (Index i = 0; i < cols; ++i) sum += double(x[i]) * inverse * double(dy[i]);
  return sum;
}

template <class T>
void unit_rows_forward(T* y_nc, const T* x_nc, RowsCols dims) {
  for_each_row(dims, 2 * combine_work, [=](Index r) {
    const T* x = x_nc + r * dims.cols;
    T* y = y_nc + r * dims.cols;
    const double length = row_length(x, dims.cols);
    const double inverse = 1.0 / (length < least_length ? least_length : length);
    for (Index i = 0; i < dims.cols; ++i) y[i] = T(double(x[i]) * inverse);
  });
}

// dx = (dy - y (y dy)) / |x|; a row shorter than the minimum length is only scaled.
template <class T>
void unit_rows_backward(T* dx_nc, const T* dy_nc, const T* x_nc, RowsCols dims) {
  for_each_row(dims, 3 * combine_work, [=](Index r) {
    const T *x = x_nc + r * dims.cols, *dy = dy_nc + r * dims.cols;
    T* dx = dx_nc + r * dims.cols;
    const double length = row_length(x, dims.cols);
    const bool clamped = length < least_length;
    const double inverse = 1.0 / (clamped ? least_length : length);
    const double along = clamped ? 0.0 : along_row(x, dy, dims.cols, inverse) * inverse;
    for (Index i = 0; i < dims.cols; ++i)
      dx[i] = T((double(dy[i]) - along * double(x[i])) * inverse);
  });
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_combine(Kernels<T>& k) {
  k.combine_forward = combine_forward<T>;
  k.combine_backward = combine_backward<T>;
  k.batched_product = batched_product<T>;
  k.unit_rows_forward = unit_rows_forward<T>;
  k.unit_rows_backward = unit_rows_backward<T>;
}
template void fill_combine(Kernels<float>&);
template void fill_combine(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
