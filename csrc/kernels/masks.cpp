// Masks of one byte per position: made from ids or values, applied, and the mean over the positions
// that they keep.
#include "row_chunks.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

void token_mask(std::uint8_t* mask_n, const std::int32_t* id_n, Index size) {
  parallel_elements(size, 10, [=](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) mask_n[r] = id_n[r] != 0;
  });
}

// Whether any of the columns differs from `value`; NaN always does.
template <class T>
LAMINA_INLINE bool differs(const T* x, Index cols, T value) {
  const Vec<T> wanted = broadcast(value);
  typename Of<T>::ivec any = {};
  Index j = 0;
  for (; j + lanes<T> <= cols; j += lanes<T>) any |= load(x + j) != wanted;
  bool found = false;
  if (j > 0)
    for (Index i = 0; i < lanes<T>; ++i) found = found || any[i] != 0;
  for (; j < cols; ++j) found = found || x[j] != value;
  return found;
}

template <class T>
void value_mask(std::uint8_t* mask_n, const T* x_nc, RowsCols dims, double value) {
  for_each_row(dims, 15,
               [=](Index r) { mask_n[r] = differs(x_nc + r * dims.cols, dims.cols, T(value)); });
}

template <class T>
LAMINA_INLINE void copy_or_fill(T* y, const T* x, Index cols, bool copy, Vec<T> fill) {
  for_vectors<T>(0, cols, [=](Index j, Index count) {
    store_count<T>(y + j, copy ? load_count(x + j, count) : fill, count);
  });
}

template <class T>
void select(T* y_nc, const T* a_nc, const T* b_nc, const std::uint8_t* mask_n, RowsCols dims,
            double fill) {
  const Vec<T> constant = broadcast(T(fill));
  for_each_row(dims, 20, [=](Index r) {
    const T* x = mask_n[r] != 0 ? a_nc : b_nc;
    copy_or_fill(y_nc + r * dims.cols, x == nullptr ? nullptr : x + r * dims.cols, dims.cols,
                 x != nullptr, constant);
  });
}

// --- mean over positions

inline Index count_kept(const std::uint8_t* mask_p, Index positions) {
  if (mask_p == nullptr) return positions;
  Index count = 0;
  for (Index p = 0; p < positions; ++p) count += mask_p[p] != 0;
  return count;
}

// total[v] = the sum over the kept positions of x times `before`: in blocks of 64 positions, so
// that rounding errors do not grow with the length.
template <class T, int Vectors>
LAMINA_INLINE void sum_strip(Vec<T>* total, const T* x, const std::uint8_t* mask_p, Index positions,
                             Index cols, Index tail, Vec<T> before) {
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) total[v] = Vec<T>{};
  for (Index begin = 0; begin < positions; begin += 64) {
    const Index end = begin + 64 < positions ? begin + 64 : positions;
    Vec<T> part[Vectors] = {};
    for (Index p = begin; p < end; ++p) {
      if (mask_p != nullptr && mask_p[p] == 0) continue;
      LAMINA_UNROLL
      for (int v = 0; v < Vectors; ++v)
        part[v] +=
            load_count(x + p * cols + v * lanes<T>, v < Vectors - 1 ? lanes<T> : tail) * before;
    }
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) total[v] += part[v];
  }
}

// y[column..] = the sum times `factor`; if it overflows, the sum of x times `factor`.
template <class T, int Vectors>
LAMINA_INLINE void mean_strip(T* y, const T* x, const std::uint8_t* mask_p, Index positions,
                              Index cols, Index tail, Vec<T> factor) {
  Vec<T> total[Vectors];
  sum_strip<T, Vectors>(total, x, mask_p, positions, cols, tail, broadcast(T(1)));
  for (int v = 0; v < Vectors; ++v) {
    const Index count = v < Vectors - 1 ? lanes<T> : tail;
    Vec<T> mean = total[v] * factor;
    if (!all_finite<T>(mean)) {
      Vec<T> again[1];
      sum_strip<T, 1>(again, x + v * lanes<T>, mask_p, positions, cols, count, factor);
      mean = nonfinite<T>(mean) ? again[0] : mean;
    }
    store_count<T>(y + v * lanes<T>, mean, count);
  }
}

template <class T>
void masked_mean_forward(T* y_nc, const T* x_npc, const std::uint8_t* mask_np, Index positions,
                         RowsCols dims) {
  const Index cols = dims.cols;
  const Index row = positions > 0 ? positions * cols : cols;
  for_each_row({dims.rows, row}, 20, [=](Index r) {
    const std::uint8_t* mask_p = mask_np ? mask_np + r * positions : nullptr;
    const Index kept = count_kept(mask_p, positions);
    const Vec<T> factor = broadcast(kept > 0 ? T(1) / T(kept) : T(0));
    const T* x = x_npc + r * positions * cols;
    T* y = y_nc + r * cols;
    Index j = 0;
    for (; j + 4 * lanes<T> <= cols; j += 4 * lanes<T>)
      mean_strip<T, 4>(y + j, x + j, mask_p, positions, cols, lanes<T>, factor);
    for (; j < cols; j += lanes<T>)
      mean_strip<T, 1>(y + j, x + j, mask_p, positions, cols,
                       cols - j < lanes<T> ? cols - j : lanes<T>, factor);
  });
}

template <class T>
void masked_mean_backward(T* dx_npc, const T* dy_nc, const std::uint8_t* mask_np, Index positions,
                          RowsCols dims) {
  const Index cols = dims.cols;
  for_each_row({dims.rows, positions * cols}, 20, [=](Index r) {
    const std::uint8_t* mask_p = mask_np ? mask_np + r * positions : nullptr;
    const Index kept = count_kept(mask_p, positions);
    const Vec<T> factor = broadcast(kept > 0 ? T(1) / T(kept) : T(0));
    for (Index p = 0; p < positions; ++p) {
      const bool keep = mask_p == nullptr || mask_p[p] != 0;
      T* dx = dx_npc + (r * positions + p) * cols;
      for_vectors<T>(0, cols, [=](Index j, Index count) {
        const Vec<T> dy = load_count(dy_nc + r * cols + j, count);
        store_count<T>(dx + j, keep ? dy * factor : Vec<T>{}, count);
      });
    }
  });
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_masks(Kernels<T>& k) {
  k.token_mask = token_mask;
  k.value_mask = value_mask<T>;
  k.select = select<T>;
  k.masked_mean_forward = masked_mean_forward<T>;
  k.masked_mean_backward = masked_mean_backward<T>;
}
template void fill_masks<float>(Kernels<float>&);
template void fill_masks<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
