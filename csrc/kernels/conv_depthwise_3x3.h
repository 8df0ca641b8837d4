// Depthwise convolution with 3 x 3 taps and a step of one: cells shared by windows are read once.
//
// A tile of outputs, two rows of four, overlaps 4 x 6 cells of its channels; each is loaded once
// and used for all the outputs whose windows contain it.  The weights' gradient proceeds along a
// row of cells with the slopes of three outputs in registers.  Sums are the chains of
// conv_depthwise.h.
//
// Images that come from memory cause waiting, because the lines read and written are rows apart:
// the data for the next rows are prefetched into the L2 cache meanwhile.  64 images of 32x32x128
// take 45 us each on a core of a Zen 4 instead of 86, and 77 with prefetching into the L1 cache.
#pragma once

#include "conv_depthwise.h"
#include "large_output.h"

namespace lamina {
namespace LAMINA_ISA {

// --- forward and backward-data

constexpr int sweep_width = 4;  // outputs in a row of a tile

// At most one column of zeros on either side, and vectors that need no mask.
template <class T>
bool sweeps(const ConvProduct<T>& p) {
  const Axis& a = p.horizontal;
  const bool apart = a.shift == 0 || a.shift == 1;
  return lanewise_depth(p) == 1 && sweeps_axis(p.vertical) && sweeps_axis(a) && apart &&
         a.outputs >= sweep_width && a.outputs - a.shift < a.inputs && p.y_pixel() >= lanes<T>;
}

// One or two rows of outputs and the rows of cells that they overlap.
template <class T>
struct SweepRows {
  const T *x, *w, *bias;  // x: the first cell of the first row, maybe outside; bias may be null
  T* y;
  Index x_row, y_row, pixel, w_step;
  bool meets[4];     // which rows of cells are in the image
  bool left, right;  // whether the tile's first and last columns of cells are
  bool relu;
  LargeOutput<T> output;
};

// A row of cells for `Rows` rows of outputs; w: the tap row for the upper one.
template <class T, int Rows>
LAMINA_INLINE void sweep_cells(Vec<T> (*acc)[sweep_width], const SweepRows<T>& s, const T* x,
                               const T* w) {
  Vec<T> weight[Rows][3];
  LAMINA_UNROLL
  for (int r = 0; r < Rows; ++r) {
    LAMINA_UNROLL
    for (int t = 0; t < 3; ++t) weight[r][t] = load(w + (t - 3 * r) * s.w_step);
  }
  LAMINA_UNROLL
  for (int i = 0; i < sweep_width + 2; ++i) {
    if ((i == 0 && !s.left) || (i == sweep_width + 1 && !s.right)) continue;
    const Vec<T> cell = load(x + i * s.pixel);
    LAMINA_UNROLL
    for (int t = 0; t < 3; ++t) {
      const int col = i - t;
      if (col < 0 || col >= sweep_width) continue;
      LAMINA_UNROLL
      for (int r = 0; r < Rows; ++r) acc[r][col] = fma(cell, weight[r][t], acc[r][col]);
    }
  }
}

// Prefetches the cells that only the next tile below reads, and its outputs.
template <class T, int Rows>
LAMINA_INLINE void sweep_ahead(const SweepRows<T>& s, const T* x, const T* y) {
  LAMINA_UNROLL
  for (int r = 0; r < Rows; ++r) {
    LAMINA_UNROLL
    for (int i = 0; i < sweep_width; ++i) {
      second_cache_prefetch(x + (Rows + 2 + r) * s.x_row + (i + 1) * s.pixel);
      if (!s.output.past) second_cache_prefetch(y + (Rows + r) * s.y_row + i * s.pixel);
    }
  }
}

template <class T, int Rows>
LAMINA_INLINE void sweep_tile(const SweepRows<T>& s, const T* x, T* y, Index c) {
  Vec<T> acc[Rows][sweep_width];
  LAMINA_UNROLL
  for (int r = 0; r < Rows; ++r) {
    LAMINA_UNROLL
    for (int i = 0; i < sweep_width; ++i) acc[r][i] = Vec<T>{};
  }
  const T* w = s.w + c;
  x += c;
  sweep_ahead<T, Rows>(s, x, y + c);
  if (s.meets[0]) sweep_cells<T, 1>(acc, s, x, w);
  if (s.meets[1]) sweep_cells<T, Rows>(acc, s, x + s.x_row, w + 3 * s.w_step);
  if (s.meets[2]) sweep_cells<T, Rows>(acc, s, x + 2 * s.x_row, w + 6 * s.w_step);
  if (Rows == 2 && s.meets[3]) sweep_cells<T, 1>(acc + 1, s, x + 3 * s.x_row, w + 6 * s.w_step);
  const Vec<T> bias = s.bias ? load(s.bias + c) : Vec<T>{};
  LAMINA_UNROLL
  for (int r = 0; r < Rows; ++r) {
    LAMINA_UNROLL
    for (int i = 0; i < sweep_width; ++i) {
      if (s.bias) acc[r][i] = acc[r][i] + bias;
      if (s.relu) acc[r][i] = max(broadcast(T(0)), acc[r][i]);
      s.output.write(y + r * s.y_row + i * s.pixel + c, acc[r][i], lanes<T>);
    }
  }
}

// All columns; the last tile and the last vector may repeat what their neighbours did.
template <class T, int Rows>
void sweep_columns(SweepRows<T> s, const Axis& cols, Index channels) {
  const Index last = cols.outputs - sweep_width, top = channels - lanes<T>;
  for (Index col = 0;; col = col + sweep_width < last ? col + sweep_width : last) {
    const Index first = col - cols.shift;
    s.left = first >= 0;
    s.right = first + sweep_width + 1 < cols.inputs;
    const T* x = s.x + first * s.pixel;
    T* y = s.y + col * s.pixel;
    for (Index c = 0; c < channels; c += lanes<T>) sweep_tile<T, Rows>(s, x, y, c < top ? c : top);
    if (col == last) return;
  }
}

// Some rows of the outputs of one image, to be written at y.
template <class T>
void sweep_rows(const ConvProduct<T>& p, Index image, Index first, Index count, T* y,
                const LargeOutput<T>& output) {
  const Axis &rows = p.vertical, &cols = p.horizontal;
  const Index channels = p.y_pixel();
  SweepRows<T> s;
  s.w = p.b + (p.backward ? 8 * channels : 0);
  s.w_step = p.backward ? -channels : channels;
  s.bias = p.bias;
  s.pixel = channels;
  s.x_row = cols.inputs * channels;
  s.y_row = cols.outputs * channels;
  s.relu = p.activation.kind == Activation::relu;
  s.output = output;
  for (Index row = first; row < first + count; row += 2) {
    const Index top = row - rows.shift;
    for (Index i = 0; i < 4; ++i) s.meets[i] = top + i >= 0 && top + i < rows.inputs;
    s.x = p.x + image * p.x_image() + top * s.x_row;
    s.y = y + (row - first) * s.y_row;
    if (row + 1 < first + count)
      sweep_columns<T, 2>(s, cols, channels);
    else
      sweep_columns<T, 1>(s, cols, channels);
  }
}

template <class T>
void sweep_unit(const ConvProduct<T>& p, const Unit& unit) {
  const Index y_row = p.horizontal.outputs * p.y_pixel();
  const LargeOutput<T> output(p.y, {p.pixels(), p.y_pixel()}, !p.by_images() && !p.finished.call);
  for (Index image = unit.image; image < unit.image + unit.images; ++image)
    sweep_rows(p, image, unit.row, unit.rows, p.y + image * p.y_image() + unit.row * y_row, output);
  output.end();
}

}  // namespace LAMINA_ISA
}  // namespace lamina
