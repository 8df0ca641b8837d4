// The gradient of the weights of a convolution with few filters: vectors run over images.
//
// A weight's gradient is summed in as many chains as a vector has lanes, one for the images of each
// lane, over the pixels and the units of a chunk; at the end of the chunk the lanes are added up.
#pragma once

#include "conv_lanes.h"
#include "conv_weights.h"

namespace lamina {
namespace LAMINA_ISA {

// The outputs of some filters at a run of pixels, and the cells of the image that they depend on.
template <class T>
struct LanesOuter {
  const T *x, *dz;
  T* dw;               // lanes: a row of `filters` for each cell of the window
  const Index* cells;  // of the tile's rows: their places in the image
  Index filters, x_step, x_row, dz_row;
  Index rows, cols;  // pixels
};

// acc[cell][filter] over all pixels.
template <class T, int Height, int Width>
void lanes_outer(const LanesOuter<T>& t) {
  Vec<T> acc[Height][Width];
  const T* x[Height];
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) {
    x[r] = t.x + t.cells[r] * lanes<T>;
    LAMINA_UNROLL
    for (int v = 0; v < Width; ++v) acc[r][v] = load(t.dw + (r * t.filters + v) * lanes<T>);
  }
  const Index x_step = t.x_step * lanes<T>, dz_step = t.filters * lanes<T>;
  for (Index row = 0; row < t.rows; ++row) {
    const T* dz = t.dz + row * t.dz_row * lanes<T>;
    Index at = row * t.x_row * lanes<T>;
    for (Index col = t.cols; col > 0; --col, dz += dz_step, at += x_step) {
      Vec<T> slope[Width];
      LAMINA_UNROLL
      for (int v = 0; v < Width; ++v) slope[v] = load(dz + v * lanes<T>);
      LAMINA_UNROLL
      for (int r = 0; r < Height; ++r) {
        const Vec<T> cell = load(x[r] + at);
        LAMINA_UNROLL
        for (int v = 0; v < Width; ++v) fma_into(acc[r][v], cell, slope[v]);
      }
    }
  }
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) {
    LAMINA_UNROLL
    for (int v = 0; v < Width; ++v) store(t.dw + (r * t.filters + v) * lanes<T>, acc[r][v]);
  }
}

// All cells of the window for some filters.
template <class T, int Width>
void lanes_outer_cells(LanesOuter<T> t, const Index* cells, Index count) {
  Index i = 0;
  for (t.cells = cells; i + 4 <= count; i += 4, t.cells += 4, t.dw += 4 * t.filters * lanes<T>)
    lanes_outer<T, 4, Width>(t);
  for (; i < count; ++i, ++t.cells, t.dw += t.filters * lanes<T>) lanes_outer<T, 1, Width>(t);
}

constexpr int outer_width = LAMINA_VECTOR_BYTES == 64 ? 6 : 3;
constexpr int outer_next(Index rest) {
  if (outer_width == 6) return gather_next(rest, 6);
  return rest == 4 ? 2 : rest < 3 ? int(rest) : 3;
}
template <class T>
void lanes_outer_all(LanesOuter<T> t, const Index* cells, Index count, Index columns) {
  for (Index j = 0; j < columns;) {
    const int width = outer_next(columns - j);
    switch (width) {
      case 1:
        lanes_outer_cells<T, 1>(t, cells, count);
        break;
      case 2:
        lanes_outer_cells<T, 2>(t, cells, count);
        break;
      case 3:
        lanes_outer_cells<T, 3>(t, cells, count);
        break;
      case 4:
        lanes_outer_cells < T, outer_width<4 ? 1 : 4>(t, cells, count);
        break;
      default:
        lanes_outer_cells < T, outer_width<6 ? 1 : 6>(t, cells, count);
        break;
    }
    j += width;
    t.dz += width * lanes<T>;
    t.dw += width * lanes<T>;
  }
}

// The data of a unit: x with its border, dz, sums of lanes for dw and db, the places of the cells.
template <class T>
struct LanesWeights {
  T *x, *dz, *dw, *db;
  Index* cells;
  Index x_size, dz_size, dw_size, db_size;  // in elements per lane
};
template <class T>
bool reserve_lanes(const WeightsProduct<T>& p, LanesWeights<T>* s) {
  s->x_size = lane_groups<T> * field_height(p, p.out_h) * field_width(p) * p.d.channels;
  s->dz_size = lane_groups<T> * p.out_h * p.out_w * p.d.filters;
  s->dw_size = p.size();
  s->db_size = p.d.filters;
  const Index values = (s->x_size + s->dz_size + s->dw_size + s->db_size) * lanes<T>;
  const Index cells = p.taps() * p.depth() * Index(sizeof(Index));
  char* memory = static_cast<char*>(scratch(1, values * Index(sizeof(T)) + cells));
  if (!memory) return false;
  s->x = reinterpret_cast<T*>(memory);
  s->dz = s->x + s->x_size * lanes<T>;
  s->dw = s->dz + s->dz_size * lanes<T>;
  s->db = s->dw + s->dw_size * lanes<T>;
  s->cells = reinterpret_cast<Index*>(s->db + s->db_size * lanes<T>);
  return true;
}

// The images with their borders; cells after the last window are omitted.
template <class T>
void field_to_lanes(const WeightsProduct<T>& p, const Unit& unit, const LanesWeights<T>& s) {
  const ConvDims& d = p.d;
  const Index rows = field_height(p, p.out_h), cols = field_width(p), c = d.channels;
  const Index group = rows * cols * c;
  const Index first = d.pad_left < cols ? d.pad_left : cols;
  const Index seen = d.width < cols - first ? d.width : cols - first;
  if (!field_inside(p))
    for (Index k = 0; k < s.x_size; ++k) store(s.x + k * lanes<T>, Vec<T>{});
  for (Index r = 0; r < rows; ++r) {
    const Index row = r - d.pad_top;
    if (row < 0 || row >= d.height || seen <= 0) continue;
    images_to_lanes(s.x + (r * cols + first) * c * lanes<T>, group,
                    p.x + unit.image * d.height * d.width * c + row * d.width * c,
                    d.height * d.width * c, seen * c, unit.images);
  }
}

template <class T>
void lanes_weights_unit(const WeightsProduct<T>& p, const Unit& unit, const LanesWeights<T>& s,
                        bool weights, bool bias) {
  const ConvDims& d = p.d;
  const Index row = p.out_w * d.filters, image = p.out_h * row;
  images_to_lanes(s.dz, image, p.dz + unit.image * image, image, image, unit.images);
  for (Index f = 0; bias && f < d.filters; ++f) {
    Vec<T> sum = load(s.db + f * lanes<T>);
    for (Index k = f; k < s.dz_size; k += d.filters) sum = sum + load(s.dz + k * lanes<T>);
    store(s.db + f * lanes<T>, sum);
  }
  if (!weights) return;
  field_to_lanes(p, unit, s);
  const Index cols = field_width(p), x_row = cols * d.channels;
  Index count = 0;
  for (Index ky = 0; ky < d.kernel_h; ++ky)
    for (Index kx = 0; kx < d.kernel_w; ++kx)
      for (Index c = 0; c < p.depth(); ++c)
        s.cells[count++] = (ky * d.dilation_h * cols + kx * d.dilation_w) * d.channels + c;
  const Index band = (64 + p.out_w - 1) / p.out_w;
  for (Index i = 0; i < lane_groups<T>; ++i)
    for (Index r = 0; r < p.out_h; r += band)
      for (Index g = 0; g < d.groups; ++g) {
        LanesOuter<T> t;
        t.x = s.x +
              ((i * field_height(p, p.out_h) + r * d.stride_h) * x_row + g * p.depth()) * lanes<T>;
        t.dz = s.dz + (i * image + r * row + g * p.columns()) * lanes<T>;
        t.dw = s.dw + g * p.columns() * lanes<T>;
        t.filters = d.filters;
        t.x_step = d.stride_w * d.channels;
        t.x_row = d.stride_h * x_row;
        t.dz_row = row;
        t.rows = p.out_h - r < band ? p.out_h - r : band;
        t.cols = p.out_w;
        lanes_outer_all(t, s.cells, count, p.columns());
      }
}

template <class T>
void add_lanes(T* to, const T* lanes_, Index size, bool add) {
  for (Index k = 0; k < size; ++k) {
    const T sum = sum_lanes<T>(load(lanes_ + k * lanes<T>));
    to[k] = add ? to[k] + sum : sum;
  }
}

// The cost in multiply-adds, as for the product; a tile loads ten vectors for 24 of them.  (Zen 4,
// AVX-512: 1 -> 6 of 5x5 23 and 70 GFLOP/s, 12 -> 12 of 3x3 53 and 76, 6 -> 16 of 5x5 73 and 71.)
template <class T>
bool runs_over_images(const WeightsProduct<T>& p) {
  const PanelCut<T> panels(p.columns());
  const Index x_image = p.d.height * p.d.width * p.d.channels;
  const Index dz_image = p.out_h * p.out_w * p.d.filters;
  if (2 * p.d.images < lane_images<T> ||
      (x_image + dz_image + p.size()) * lane_images<T> * Index(sizeof(T)) > 4 << 20)
    return false;
  const double each = double(p.out_h * p.out_w) * double(p.taps() * p.d.channels);
  const double over_filters = (panels.vectors(0) == 1 ? 1.4 : 1.1) * double(panels.padded());
  return 1.5 * each * double(p.columns()) + 8.0 * double(x_image + dz_image) < each * over_filters;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
