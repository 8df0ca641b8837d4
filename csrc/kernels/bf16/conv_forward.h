// Image times weights in bfloat16: the product behind forward convolution and backward-data.
//
// As in conv_product.h, with cells of pairs in place of pixels: they are made unit by unit, by the
// thread that multiplies them.
#pragma once

#include "../conv_plan.h"
#include "conv_cells.h"
#include "exact.h"
#include "pair_tile.h"

namespace lamina {
namespace LAMINA_ISA {

struct PairConvolution {
  float* y;           // images x outputs x columns
  const float* x;     // images x inputs x depth
  const float* w;     // the layer's weights: taps x channels x filters
  const float* bias;  // or null
  ActivationSpec activation;
  Axis vertical, horizontal;
  Index images, depth, columns;
  bool backward;  // columns are the layer's channels, taps run backwards
  bool in_batches;

  const ImageHook<float>* take = nullptr;  // receives y, which is null then
  const ImageHook<float>* give = nullptr;  // provides x, which is null then

  bool spans() const { return !backward && depth < 4 && horizontal.taps > 1; }
  CellSource cells() const { return {x, horizontal.inputs, depth, horizontal, spans()}; }
  Index window_columns() const { return spans() ? 1 : horizontal.taps; }
  Index taps() const { return vertical.taps * window_columns(); }  // as the window sees them
  Index x_image() const { return vertical.inputs * horizontal.inputs * depth; }
  Index y_image() const { return vertical.outputs * horizontal.outputs * columns; }
  bool by_images() const { return take || give; }
  Index pixels() const { return images * vertical.outputs * horizontal.outputs; }
  double flop() const {  // in the unit of float32 products
    const double taps = double(vertical.taps * horizontal.taps);
    const double cells = taps / double(vertical.divide * horizontal.divide);
    return double(pixels()) * (cells + 1.0) * double(depth) * double(columns);
  }
};

// The rows of the input that overlap some rows of outputs.
inline Range rows_met(const Axis& axis, Index first, Index count) {
  const Index begin = floor_divide(first * axis.scale - axis.shift, axis.divide);
  const Index last = (first + count - 1) * axis.scale - axis.shift;
  const Index end = floor_divide(last + (axis.taps - 1) * axis.dilation, axis.divide) + 1;
  const auto inside = [&](Index at) { return at < 0 ? 0 : at < axis.inputs ? at : axis.inputs; };
  return {inside(begin), inside(end)};
}

// Shared by all units.
struct PairConvolutionPlan {
  Classes rows, cols;
  Units units;
  Axis over_cells;
  const Pair* panels;
  Index places_bytes, window_bytes, cell_bytes, border_bytes;
  Index bytes() const { return places_bytes + window_bytes + cell_bytes + border_bytes; }
};

inline Index whole_lines(Index bytes) { return (bytes + 63) / 64 * 64; }

// The weights in panels: tap by tap, in the order of the cells.
inline Index panel_pairs(const PairConvolution& p) {
  return PanelCut<float>(p.columns).padded() * p.taps() * p.cells().pairs();
}
inline void pack_weights(Pair* to, const PairConvolution& p) {
  const PanelCut<float> cut(p.columns);
  const Index pairs = p.cells().pairs(), taps = p.taps(), tasks = cut.count() * taps;
  const Index depth = p.spans() ? p.horizontal.taps * p.depth : p.depth;
  const double work = 8.0 * double(taps * depth) * double(p.columns);
  parallel_chunks(threads_for(work, tasks), tasks, [&, to](Index task) {
    const Index j = task / taps, tap = task % taps, width = cut.vectors(j) * pair_lanes;
    Pair* panel = to + cut.first(j) * taps * pairs + tap * pairs * width;
    Numbers from{p.w + tap * depth * p.columns, p.columns, false};
    if (p.backward) from = {p.w + (taps - 1 - tap) * p.columns * depth, depth, true};
    pack_panel(panel, width, from, cut.first(j), cut.used(j), 0, depth);
  });
}

// The pixels of one unit and class pair: where their windows begin in the unit's cells, and the
// addresses of their outputs.
inline Index fill_cell_places(Place* places, const PairConvolution& p,
                              const PairConvolutionPlan& plan, const Unit& unit, Range met,
                              Index row_class, Index col_class) {
  const Classes &rows = plan.rows, &cols = plan.cols;
  const CellSource source = p.cells();
  const Index cell = source.pairs(), cell_row = source.columns() * cell;
  const Index y_row = p.horizontal.outputs * p.columns;
  Index count = 0;
  for (Index i = 0; i < unit.images; ++i)
    for (Index r = rows.begin[row_class]; r < rows.begin[row_class + 1]; ++r) {
      const Index row = rows.output[r];
      if (row < unit.row || row >= unit.row + unit.rows) continue;
      const Index in = (i * met.size() + rows.of_output[row].input - met.begin) * cell_row;
      const Index out = (unit.image + i) * p.y_image() + row * y_row;
      for (Index c = cols.begin[col_class]; c < cols.begin[col_class + 1]; ++c) {
        const Index col = cols.output[c];
        places[count++] = {in + cols.of_output[col].input * cell, out + col * p.columns};
      }
    }
  return count;
}

inline void multiply_cells(const PairConvolution& p, const Pair* panels, const Pair* cells,
                           const Window& window, const Place* places, Index count) {
  const PanelCut<float> cut(p.columns);
  const Index k = p.taps() * p.cells().pairs();
  for (Index i = 0; i < window.chunks; ++i)
    for (Index j = 0; j < cut.count(); ++j) {
      const bool last = i == window.chunks - 1;
      PairTile t;
      t.a = cells;
      t.b = panels + cut.first(j) * k;
      t.c = p.y + cut.first(j);
      t.runs = window.runs + window.chunk[i];
      t.run_count = window.chunk[i + 1] - window.chunk[i];
      t.a_step = 1;
      t.b_step = cut.vectors(j) * pair_lanes;
      t.tail = cut.tail(j);
      t.bias = last && p.bias ? p.bias + cut.first(j) : nullptr;
      t.add = i > 0;
      t.relu = last && p.activation.kind == Activation::relu;
      multiply_places(t, places, count, cut.vectors(j));
    }
}

inline bool multiply_unit(const PairConvolution& p, const PairConvolutionPlan& plan,
                          const Unit& unit) {
  char* memory = static_cast<char*>(scratch(0, std::size_t(plan.bytes())));
  if (!memory) return false;
  auto* places = reinterpret_cast<Place*>(memory);
  const CellSource source = p.cells();
  const Index pairs = source.pairs();
  Window window(memory + plan.places_bytes, p.taps(), pairs);
  auto* cells = reinterpret_cast<Pair*>(memory + plan.places_bytes + plan.window_bytes);
  auto* border = reinterpret_cast<Half*>(reinterpret_cast<char*>(cells) + plan.cell_bytes);
  const Range met = rows_met(p.vertical, unit.row, unit.rows);
  const Index x_row = p.horizontal.inputs * p.depth, cell_row = source.columns() * pairs;
  for (Index i = 0; i < unit.images; ++i)
    make_cells(cells + i * met.size() * cell_row, border, source,
               p.x + (unit.image + i) * p.x_image() + met.begin * x_row, met.size());
  const WindowStrides strides{cell_row, pairs, pairs, p.window_columns()};
  for (Index r = 0; r < plan.rows.count; ++r)
    for (Index c = 0; c < plan.cols.count; ++c) {
      const Index count = fill_cell_places(places, p, plan, unit, met, r, c);
      if (count == 0) continue;
      fill_window(window, p.vertical, plan.over_cells, plan.rows.of_class(r), plan.cols.of_class(c),
                  strides);
      multiply_cells(p, plan.panels, cells, window, places, count);
    }
  if (!is_fused(p.activation)) {
    const Index row = p.horizontal.outputs * p.columns;
    float* y = p.y + unit.image * p.y_image() + unit.row * row;
    exact.activation_forward(y, y, unit.pixels(p.horizontal.outputs) * p.columns, p.activation);
  }
  return true;
}

// Returns false if memory is short.  Uses scratch slots 2 and 3 of this thread; units use slots 0
// and 1.
bool multiply(PairConvolution p);

}  // namespace LAMINA_ISA
}  // namespace lamina
