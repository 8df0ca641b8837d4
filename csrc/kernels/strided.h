// Strided axes in two arrays at once: ordering, merging, division into blocks, iteration.
#pragma once

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

// `y` and `x`: elements from one index to the next.
struct StridedAxis {
  Index size, y, x;
};

LAMINA_INLINE Index distance(Index stride) { return stride < 0 ? -stride : stride; }

// StridedAxes of a copy or a sum, slowest first.
struct StridedAxes {
  int count = 0;
  StridedAxis axis[StridedSpec::most];

  void push(StridedAxis a) { axis[count++] = a; }

  // Selects the axes that satisfy `wanted(y stride)` and have more than one index; returns false if
  // any axis of the whole is empty.
  template <class Wanted>
  bool take(const StridedSpec& spec, Wanted wanted) {
    for (int k = 0; k < spec.axes; ++k) {
      if (spec.size[k] <= 0) return false;
      if (spec.size[k] > 1 && wanted(spec.y_stride[k]))
        push({spec.size[k], spec.y_stride[k], spec.x_stride[k]});
    }
    return true;
  }

  Index total() const {
    Index product = 1;
    for (int k = 0; k < count; ++k) product *= axis[k].size;
    return product;
  }

  // Longest y stride first, equal ones in their original order.
  void sort_by_y() {
    for (int k = 1; k < count; ++k)
      for (int i = k; i > 0 && distance(axis[i].y) > distance(axis[i - 1].y); --i) swap(i, i - 1);
  }

  // Merges axes that are contiguous in both arrays.
  void merge() {
    int last = 0;
    for (int k = 1; k < count; ++k) {
      StridedAxis& outer = axis[last];
      const StridedAxis inner = axis[k];
      if (outer.y == inner.y * inner.size && outer.x == inner.x * inner.size)
        outer = {outer.size * inner.size, inner.y, inner.x};
      else
        axis[++last] = inner;
    }
    if (count > 0) count = last + 1;
  }

  // If x has its unit stride along another axis than y, that axis is moved next to y's.
  void bring_transposed_inward() {
    if (count < 3 || axis[count - 1].y != 1) return;
    const Index x = axis[count - 1].x;
    if (x == 0 || x == 1) return;
    for (int k = 0; k < count - 2; ++k) {
      if (axis[k].x != 1) continue;
      for (int i = k; i < count - 2; ++i) swap(i, i + 1);
      return;
    }
  }

 private:
  void swap(int i, int j) {
    const StridedAxis a = axis[i];
    axis[i] = axis[j];
    axis[j] = a;
  }
};

// Offsets of one index after another, in order.
struct Walk {
  int count;
  StridedAxis axis[StridedSpec::most];
  Index index[StridedSpec::most];
  Index y = 0, x = 0;

  Walk(const StridedAxis* axes, int number, Index start) : count(number) {
    for (int k = number - 1; k >= 0; --k) {
      axis[k] = axes[k];
      index[k] = start % axes[k].size;
      start /= axes[k].size;
      y += index[k] * axes[k].y;
      x += index[k] * axes[k].x;
    }
  }
  LAMINA_INLINE void next() {
    for (int k = count - 1; k >= 0; --k) {
      y += axis[k].y;
      x += axis[k].x;
      if (++index[k] < axis[k].size) return;
      y -= axis[k].size * axis[k].y;
      x -= axis[k].size * axis[k].x;
      index[k] = 0;
    }
  }
};

struct StridedBlock {
  Index rows, cols, y_row, y_col, x_row, x_col;
};

// The two innermost axes and their blocks; `summands` is the work per element.
struct Plane {
  StridedAxis rows = {1, 0, 0}, cols = {1, 0, 0};
  Index block_rows, block_cols, summands;
  int walked = 0;
  StridedAxis walk[StridedSpec::most];  // the outer axes, blocks of rows, blocks of columns
  Index blocks = 1;

  Plane(const StridedAxes& axes, Index summands) : summands(summands) {
    if (axes.count > 0) cols = axes.axis[axes.count - 1];
    if (axes.count > 1) rows = axes.axis[axes.count - 2];
    cut();
    for (int k = 0; k < axes.count - 2; ++k) walk[walked++] = axes.axis[k];
    walk[walked++] = {(rows.size + block_rows - 1) / block_rows, rows.y * block_rows,
                      rows.x * block_rows};
    walk[walked++] = {(cols.size + block_cols - 1) / block_cols, cols.y * block_cols,
                      cols.x * block_cols};
    for (int k = 0; k < walked; ++k) blocks *= walk[k].size;
  }

 private:
  static Index least(Index a, Index b) { return a < b ? a : b; }
  void cut() {
    Index elements = element_chunk / summands;
    if (elements < 256) elements = 256;
    const bool transposed = cols.y == 1 && cols.x != 1 && rows.x == 1;
    if (transposed) {
      elements = 4096;  // 64 x 64: both sides in the first cache
      block_rows = least(rows.size, 64);
      block_cols = least(cols.size, elements / block_rows);
    } else {
      block_cols = least(cols.size, elements);
      block_rows = least(rows.size, elements / block_cols);
    }
  }
};

// Calls body(block, y offset, x offset) for every block, on several threads.
template <class Body>
LAMINA_INLINE void for_blocks(const Plane& p, double work, Body&& body) {
  const double block_work = double(p.block_rows) * double(p.block_cols) * double(p.summands);
  const Index step = Index(double(element_chunk) / block_work) + 1;
  const Index chunks = (p.blocks + step - 1) / step;
  const int threads = chunks == 1 ? 1 : threads_for(work * block_work * double(p.blocks), chunks);
  parallel_chunks(threads, chunks, [&](Index chunk) {
    const Index begin = chunk * step;
    const Index end = begin + step < p.blocks ? begin + step : p.blocks;
    Walk at(p.walk, p.walked, begin);
    for (Index i = begin; i < end; ++i, at.next()) {
      const Index row = at.index[p.walked - 2] * p.block_rows;
      const Index col = at.index[p.walked - 1] * p.block_cols;
      const Index rows = p.rows.size - row, cols = p.cols.size - col;
      body(StridedBlock{rows < p.block_rows ? rows : p.block_rows,
                        cols < p.block_cols ? cols : p.block_cols, p.rows.y, p.cols.y, p.rows.x,
                        p.cols.x},
           at.y, at.x);
    }
  });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
