// Image times weights: the product behind forward convolution and backward-data.
//
// No im2col matrix, no padded copy: tiles read the image through their pixels' addresses, with one
// product for each pair of position classes (see conv_plan.h).
#pragma once

#include "activations.h"
#include "conv_plan.h"

namespace lamina {
namespace LAMINA_ISA {

// The least number of pixels in a unit, however many threads there are.
constexpr Index least_pixels = 24;

template <class T>
struct ConvChain;

template <class T>
struct ConvProduct {
  T* y;           // images x outputs x (groups * columns)
  const T* x;     // images x inputs x (groups * depth)
  const T* w;     // the layer's weights: taps x channels of a group x filters
  const T* b;     // the same, packed: group by group, panel by panel
  const T* bias;  // or null
  ActivationSpec activation;
  Axis vertical, horizontal;
  Index images, groups, depth, columns;
  bool backward;  // columns are the layer's channels, taps run backwards
  bool in_batches;

  const ImageHook<T>* take = nullptr;   // receives y, which is null then
  const ImageHook<T>* give = nullptr;   // provides x, which is null then
  const ConvChain<T>* chain = nullptr;  // what else runs in the same pass, see conv_chain.h
  RowsHook finished{};                  // told of the pixels of y, unless empty

  // The weight from tap and input k to column j of group g.
  LAMINA_INLINE T weight(Index g, Index tap, Index k, Index j) const {
    if (!backward) return w[(tap * depth + k) * y_pixel() + g * columns + j];
    return w[((taps() - 1 - tap) * columns + j) * x_pixel() + g * depth + k];
  }
  Index taps() const { return vertical.taps * horizontal.taps; }
  Index x_pixel() const { return groups * depth; }
  Index y_pixel() const { return groups * columns; }
  Index x_image() const { return vertical.inputs * horizontal.inputs * x_pixel(); }
  Index y_image() const { return vertical.outputs * horizontal.outputs * y_pixel(); }
  bool by_images() const { return take || give; }
  Index pixels() const { return images * vertical.outputs * horizontal.outputs; }
  double flop() const {
    const double cells = double(taps()) / double(vertical.divide * horizontal.divide);
    return 2.0 * double(pixels()) * (cells + 0.5) * double(depth) * double(y_pixel());
  }
  Index pack_size() const { return groups * PanelCut<T>(columns).padded() * taps() * depth; }
};

// The pixels of one unit and class pair: where their windows begin, and where their outputs are
// written.
template <class T>
Index fill_places(Place* places, const ConvProduct<T>& p, const Unit& unit, const Classes& rows,
                  Index row_class, const Classes& cols, Index col_class) {
  const Index x_row = p.horizontal.inputs * p.x_pixel(), x_image = p.vertical.inputs * x_row;
  const Index y_row = p.horizontal.outputs * p.y_pixel(), y_image = p.vertical.outputs * y_row;
  Index count = 0;
  for (Index i = 0; i < unit.images; ++i)
    for (Index r = rows.begin[row_class]; r < rows.begin[row_class + 1]; ++r) {
      const Index row = rows.output[r];
      if (row < unit.row || row >= unit.row + unit.rows) continue;
      const Index x = (unit.image + i) * x_image + rows.of_output[row].input * x_row;
      const Index y = (unit.image + i) * y_image + row * y_row;
      for (Index c = cols.begin[col_class]; c < cols.begin[col_class + 1]; ++c) {
        const Index col = cols.output[c];
        places[count++] = {x + cols.of_output[col].input * p.x_pixel(), y + col * p.y_pixel()};
      }
    }
  return count;
}

// A panel, exact to its last element, because other threads write the next one.
template <class T>
void pack_forward(T* panel, Index width, const T* from, Index ld, Index used, Index depth) {
  for (Index k = 0; k < depth; ++k)
    for (Index i = 0; i < width; i += lanes<T>) {
      const Index left = used - i;
      store(panel + k * width + i,
            load_count(from + k * ld + i, left < lanes<T> ? left : lanes<T>));
    }
}
template <class T>
void pack_backward(T* panel, Index width, const T* from, Index ld, Index used, Index depth) {
  constexpr Index side = square<T>;
  Index whole = depth / side * side;
  if (width % side != 0) whole = 0;
  for (Index k = 0; k < whole; k += side)
    for (Index i = 0; i < width; i += side) {
      const T* row[side];
      for (Index r = 0; r < side; ++r) row[r] = from + (i + r < used ? i + r : used - 1) * ld;
      transpose_square(panel + k * width + i, width, row, k);
    }
  for (Index k = whole; k < depth; ++k)
    for (Index i = 0; i < width; ++i) panel[k * width + i] = i < used ? from[i * ld + k] : T(0);
}

template <class T>
void multiply_class(const ConvProduct<T>& p, const Window& window, const Place* places,
                    Index count) {
  const PanelCut<T> panels(p.columns);
  const Index k = p.taps() * p.depth;
  const bool fuse = p.activation.kind == Activation::relu;
  for (Index g = 0; g < p.groups; ++g)
    for (Index i = 0; i < window.chunks; ++i)
      for (Index j = 0; j < panels.count(); ++j) {
        const Index width = panels.vectors(j) * lanes<T>, col = g * p.columns + panels.first(j);
        const bool last = i == window.chunks - 1;
        GatherTile<T> t;
        t.x = p.x + g * p.depth;
        t.b = p.b + (g * panels.padded() + panels.first(j)) * k;
        t.c = p.y + col;
        t.runs = window.runs + window.chunk[i];
        t.run_count = window.chunk[i + 1] - window.chunk[i];
        t.a_step = 1;
        t.b_step = width;
        t.tail = panels.tail(j);
        t.bias = last && p.bias ? p.bias + col : nullptr;
        t.add = i > 0;
        t.relu = last && fuse;
        GatherTiles<T>::run(t, places, count, panels.vectors(j));
      }
}

// Weights to panels.  Forward with one full panel reads them in place.
template <class T>
bool reads_weights_in_place(const ConvProduct<T>& p) {
  return !p.backward && p.groups == 1 && PanelCut<T>(p.columns).is_panel();
}
template <class T>
void pack_weights(T* to, const ConvProduct<T>& p) {
  const PanelCut<T> panels(p.columns);
  const Index k = p.taps() * p.depth, tasks = p.groups * panels.count();
  const double work = 8.0 * double(k) * double(p.y_pixel());
  parallel_chunks(threads_for(work, tasks), tasks, [&, to](Index task) {
    const Index g = task / panels.count(), j = task % panels.count();
    const Index width = panels.vectors(j) * lanes<T>, used = panels.used(j);
    T* panel = to + (g * panels.padded() + panels.first(j)) * k;
    const Index col = g * p.columns + panels.first(j);
    if (!p.backward) {
      pack_forward(panel, width, p.w + col, p.y_pixel(), used, k);
      return;
    }
    for (Index tap = 0; tap < p.taps(); ++tap) {
      const T* from = p.w + ((p.taps() - 1 - tap) * p.columns + panels.first(j)) * p.x_pixel();
      pack_backward(panel + tap * p.depth * width, width, from + g * p.depth, p.x_pixel(), used,
                    p.depth);
    }
  });
}

template <class T>
WindowStrides window_strides(const ConvProduct<T>& p) {
  return {p.horizontal.inputs * p.x_pixel(), p.x_pixel(), p.depth, p.horizontal.taps};
}

template <class T>
struct ConvPlan {
  Classes rows, cols;
  Units units;
  Index places_bytes, window_bytes;
  double lanes_cost;  // of vectors over images, see conv_lanes.h
  bool winograd;      // by Winograd's algorithm: weights transformed, units begin with a tile
};

// Without memory: the same sums in the same order, one output at a time.
template <class T>
LAMINA_INLINE T plain_fma(T a, T b, T c) {
#if defined(__x86_64__) && LAMINA_VECTOR_BYTES == 16
  return a * b + c;
#else
  return sizeof(T) == 4 ? T(__builtin_fmaf(float(a), float(b), float(c)))
                        : T(__builtin_fma(a, b, c));
#endif
}

template <class T>
T plain_sum(const ConvProduct<T>& p, const T* image, Index g, Index j, const Position& y,
            const Position& x) {
  const Index total = y.count * x.count * p.depth, parts = parts_of(total, conv_chunk);
  const Index length = (total + parts - 1) / parts;
  T sum = 0, chunk = 0;
  Index done = 0;
  for (Index r = 0; r < y.count; ++r)
    for (Index c = 0; c < x.count; ++c) {
      const Index tap =
          (y.tap + r * p.vertical.tap_step) * p.horizontal.taps + x.tap + c * p.horizontal.tap_step;
      const Index row = y.input + r * p.vertical.input_step;
      const Index col = x.input + c * p.horizontal.input_step;
      const T* from = image + (row * p.horizontal.inputs + col) * p.x_pixel() + g * p.depth;
      for (Index k = 0; k < p.depth; ++k) {
        chunk = plain_fma(from[k], p.weight(g, tap, k, j), chunk);
        if (++done % length == 0 || done == total) {
          sum = done <= length ? chunk : sum + chunk;
          chunk = 0;
        }
      }
    }
  return sum;
}

template <class T>
void plain_unit(const ConvProduct<T>& p, const Unit& unit) {
  const Index width = p.horizontal.outputs;
  const Index x_image = p.vertical.inputs * p.horizontal.inputs * p.x_pixel();
  for (Index i = unit.image; i < unit.image + unit.images; ++i)
    for (Index row = unit.row; row < unit.row + unit.rows; ++row) {
      T* to = p.y + (i * p.vertical.outputs + row) * width * p.y_pixel();
      const Position y = position(p.vertical, row);
      for (Index col = 0; col < width; ++col) {
        const Position x = position(p.horizontal, col);
        for (Index j = 0; j < p.y_pixel(); ++j) {
          const T sum = plain_sum(p, p.x + i * x_image, j / p.columns, j % p.columns, y, x);
          to[col * p.y_pixel() + j] = p.bias ? sum + p.bias[j] : sum;
        }
      }
      activate(to, width * p.y_pixel(), p.activation);
    }
}

}  // namespace LAMINA_ISA
}  // namespace lamina
