// The windows of pooling, one by one or several at once.
#pragma once

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

// The cells of one window that are inside the image.
struct PoolWindow {
  Index row, rows, col, cols;  // in the image
  Index first;                 // the place of the first cell in the whole window
  Index cells() const { return rows * cols; }
};

inline PoolWindow pool_window(const PoolDims& d, Index out_row, Index out_col) {
  const Index top = out_row * d.stride_h - d.pad_top, left = out_col * d.stride_w - d.pad_left;
  const Index row = top > 0 ? top : 0, col = left > 0 ? left : 0;
  const Index bottom = top + d.pool_h < d.height ? top + d.pool_h : d.height;
  const Index right = left + d.pool_w < d.width ? left + d.pool_w : d.width;
  return {row, bottom - row, col, right - col, (row - top) * d.pool_w + col - left};
}

// Several windows of a row, if there are one or two channels: the lanes of a vector are their
// outputs.  32 images of 256x256 with 1 channel and windows of 2x2 take 2.3 instead of 14 ms on one
// core of a Zen 3, backward 2.6 instead of 17; with 3 or 4 channels this is no faster.
template <class T>
class Neighbours {
 public:
  // `wanted`: false for one window at a time.
  explicit Neighbours(const PoolDims& d, bool wanted = true)
      : windows_(wanted && (d.channels == 1 || d.channels == 2) ? lanes<T> / d.channels : 1) {
    for (Index i = 0; windows_ > 1 && i < lanes<T>; ++i)
      place_[i] = i / d.channels * d.stride_w * d.channels + i % d.channels;
  }
  Index windows() const { return windows_; }

  // Whether the windows from output column `col` on lie within the image's width.
  bool fit(const PoolDims& d, Index cols, Index col) const {
    const Index left = col * d.stride_w - d.pad_left;
    const Index last = left + (windows_ - 1) * d.stride_w;
    return windows_ > 1 && col + windows_ <= cols && left >= 0 && last + d.pool_w <= d.width;
  }

  // The same cell of all windows, `at` being that of the first.
  Vec<T> load(const T* at) const {
    Vec<T> cells;
    LAMINA_UNROLL
    for (Index i = 0; i < lanes<T>; ++i) cells[i] = at[place_[i]];
    return cells;
  }
  void store(T* at, Vec<T> cells, bool add) const {
    LAMINA_UNROLL
    for (Index i = 0; i < lanes<T>; ++i) at[place_[i]] = add ? at[place_[i]] + cells[i] : cells[i];
  }

 private:
  const Index windows_;
  Index place_[lanes<T>] = {};
};

}  // namespace LAMINA_ISA
}  // namespace lamina
