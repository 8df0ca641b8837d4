// Element-wise kernels on flat runs, the normalisation of columns, penalties and the gathering of
// rows.  Sums over arrays are in reductions.cpp.
#include "row_chunks.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

template <class T>
void add_into(T* y, const T* x, Index size) {
  parallel_elements(size, 25, [=](Index begin, Index end) {
    for_vectors<T>(begin, end, [=](Index i, Index count) {
      store_count(y + i, load_count(y + i, count) + load_count(x + i, count), count);
    });
  });
}

// A factor below T's normal numbers has lost its last bits and is then applied in two steps.
template <class T>
void scale(T* y, const T* x, double factor, Index size) {
  constexpr double least = sizeof(T) == 4 ? double(__FLT_MIN__) : __DBL_MIN__;
  if (factor != 0 && factor < least && factor > -least) {
    scale(y, x, factor * 0x1p64, size);
    return scale(y, y, 0x1p-64, size);
  }
  const Vec<T> by = broadcast(T(factor));
  parallel_elements(size, 15, [=](Index begin, Index end) {
    for_vectors<T>(begin, end, [=](Index i, Index count) {
      store_count(y + i, by * load_count(x + i, count), count);
    });
  });
}

// NaN remains NaN.
template <class T>
void clip(T* y, const T* x, double limit, Index size) {
  const Vec<T> high = broadcast(T(limit)), low = -high;
  parallel_elements(size, 15, [=](Index begin, Index end) {
    for_vectors<T>(begin, end, [=](Index i, Index count) {
      store_count(y + i, min(high, max(low, load_count(x + i, count))), count);
    });
  });
}

// Divided, not multiplied by 1 / std, to round as the formula does.
template <class T>
void normalize_forward(T* y_ni, const T* x_ni, const T* mean_i, const T* std_i, RowsCols dims) {
  for_each_row(dims, 25, [=](Index r) {
    const T* x_i = x_ni + r * dims.cols;
    T* y_i = y_ni + r * dims.cols;
    for_vectors<T>(0, dims.cols, [=](Index i, Index count) {
      const Vec<T> centred = load_count(x_i + i, count) - load_count(mean_i + i, count);
      store_count(y_i + i, centred / load_count(std_i + i, count), count);
    });
  });
}

template <class T>
void normalize_backward(T* dx_ni, const T* dy_ni, const T* std_i, RowsCols dims) {
  for_each_row(dims, 25, [=](Index r) {
    const T* dy_i = dy_ni + r * dims.cols;
    T* dx_i = dx_ni + r * dims.cols;
    for_vectors<T>(0, dims.cols, [=](Index i, Index count) {
      store_count(dx_i + i, load_count(dy_i + i, count) / load_count(std_i + i, count), count);
    });
  });
}

// d/dw of l1 |w| + l2 w^2; at 0 the derivative of |w| is 0.
template <class T>
void penalty_backward(T* dw, const T* w, Index size, double l1, double l2) {
  const Vec<T> zero = {}, one = broadcast(T(l1)), two = broadcast(T(2 * l2));
  parallel_elements(size, 25, [=](Index begin, Index end) {
    for_vectors<T>(begin, end, [=](Index i, Index count) {
      const Vec<T> x = load_count(w + i, count);
      const Vec<T> sign = x > zero ? one : (x < zero ? -one : zero);
      store_count(dw + i, load_count(dw + i, count) + (sign + two * x), count);
    });
  });
}

// At least `piece` bytes, and at most twice as many: two pieces that may overlap.
template <std::size_t piece>
LAMINA_INLINE void copy_ends(void* out, const void* x, std::size_t bytes) {
  unsigned char first[piece], last[piece];
  const std::size_t rest = bytes - piece;
  __builtin_memcpy(first, x, piece);
  __builtin_memcpy(last, static_cast<const unsigned char*>(x) + rest, piece);
  __builtin_memcpy(out, first, piece);
  __builtin_memcpy(static_cast<unsigned char*>(out) + rest, last, piece);
}

// At least a vector: whole ones, the last one overlapping the one before it.  Bits are moved, not
// numbers, so rows of 32-bit integers can be treated as rows of float.
template <class T>
LAMINA_INLINE void copy_row(T* out, const T* x, Index cols) {
  Index i = 0;
  for (; i + 4 * lanes<T> <= cols; i += 4 * lanes<T>) {
    const Vec<T> a = load(x + i), b = load(x + i + lanes<T>);
    const Vec<T> c = load(x + i + 2 * lanes<T>), d = load(x + i + 3 * lanes<T>);
    store(out + i, a);
    store(out + i + lanes<T>, b);
    store(out + i + 2 * lanes<T>, c);
    store(out + i + 3 * lanes<T>, d);
  }
  for (; i + lanes<T> <= cols; i += lanes<T>) store(out + i, load(x + i));
  if (i < cols) store(out + cols - lanes<T>, load(x + cols - lanes<T>));
}

template <std::size_t piece, class T>
void gather_ends(T* out, const T* x, const std::int64_t* index, RowsCols dims) {
  parallel_rows(dims, 25, [=](Index begin, Index end) {
    // Local copies stay in registers: the rows written could otherwise alias the closure.
    const Index cols = dims.cols;
    const std::size_t bytes = sizeof(T) * std::size_t(cols);
    const T* const from = x;
    T* to = out + begin * cols;
    for (const std::int64_t *i = index + begin, *last = index + end; i < last; ++i, to += cols)
      copy_ends<piece>(to, from + Index(*i) * cols, bytes);
  });
}

template <class T>
void gather_column(T* out, const T* x, const std::int64_t* index, Index rows) {
  parallel_elements(rows, 25, [=](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) out[r] = x[index[r]];
  });
}

// Rows of at most two vectors, of which the CPU has many in flight without prefetching.
template <class T>
void gather_narrow(T* out, const T* x, const std::int64_t* index, RowsCols dims) {
  const std::size_t bytes = sizeof(T) * std::size_t(dims.cols);
  if (dims.cols == 1) return gather_column(out, x, index, dims.rows);
  if (bytes >= 64) return gather_ends<64>(out, x, index, dims);
  if (bytes >= 32) return gather_ends<32>(out, x, index, dims);
  if (bytes >= 16) return gather_ends<16>(out, x, index, dims);
  if (bytes >= 8) return gather_ends<8>(out, x, index, dims);
}

template <class T>
void gather_rows(T* out, const T* x, const std::int64_t* index, RowsCols dims) {
  if (index == nullptr) {
    parallel_elements(dims.rows * dims.cols, 15, [=](Index begin, Index end) {
      __builtin_memcpy(out + begin, x + begin, sizeof(T) * std::size_t(end - begin));
    });
    return;
  }
  if (sizeof(T) * std::size_t(dims.cols) <= 128) return gather_narrow(out, x, index, dims);
  for_each_row(dims, 25, [=](Index r) {
    if (r + 1 < dims.rows) {  // prefetch the next row's first lines
      const T* next = x + Index(index[r + 1]) * dims.cols;
      __builtin_prefetch(next);
      __builtin_prefetch(next + 64 / sizeof(T));
    }
    copy_row(out + r * dims.cols, x + Index(index[r]) * dims.cols, dims.cols);
  });
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_elementwise(Kernels<T>& k) {
  k.add_into = add_into<T>;
  k.scale = scale<T>;
  k.clip = clip<T>;
  k.normalize_forward = normalize_forward<T>;
  k.normalize_backward = normalize_backward<T>;
  k.penalty_backward = penalty_backward<T>;
  k.gather_rows = gather_rows<T>;
}
template void fill_elementwise(Kernels<float>&);
template void fill_elementwise(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
