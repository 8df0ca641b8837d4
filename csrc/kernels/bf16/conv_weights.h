// The gradient of a convolution's weights in bfloat16, dw = sum over pixels of window x dz.
//
// A pair is the same pixel of two consecutive images, with zeros for an odd last image.  Windows
// are therefore cut at the border, and steps of the window counted, as in float32 (conv_weights.h),
// on half as many images.
#pragma once

#include "../conv_weights.h"
#include "pair_tile.h"

namespace lamina {
namespace LAMINA_ISA {

// A unit counts pairs of images.
struct PairWeights {
  WeightsProduct<float> of;                // the layer
  Range rows_of(const Unit& unit) const {  // of the input that its windows overlap
    const Index top = unit.row * of.d.stride_h - of.d.pad_top;
    const Index end = top + field_height(of, unit.rows);
    const auto inside = [&](Index at) { return at < 0 ? 0 : at < of.d.height ? at : of.d.height; };
    return {inside(top), inside(end)};
  }
  // With few channels the cells include the border (WeightsProduct::spans_taps).
  Index most_cells(const Units& units) const {
    const ConvDims& d = of.d;
    const Index height = field_height(of, units.band_rows);
    if (of.spans_taps()) return units.per_unit * height * field_width(of) * d.channels;
    return units.per_unit * (height < d.height ? height : d.height) * d.width * d.channels;
  }
};

struct PairWeightsScratch {
  Place* places;
  Run* runs;
  Pair* cells;
  Pair* panels;  // dz, panel by panel
};

// (a[i], b[i]) for `count` numbers; b may be null: zeros.
inline void pair_numbers(Pair* to, const float* a, const float* b, Index count) {
  for (Index i = 0; i < count; i += pair_lanes) {
    const __m512 second = b ? load_numbers(b + i, count - i) : _mm512_setzero_ps();
    store_pairs(to + i, pairs_across(load_numbers(a + i, count - i), second), count - i);
  }
}

// The first or the second of two images, null after the last image.
inline const float* image_of(const float* images, Index pair, Index second, Index count,
                             Index size) {
  return 2 * pair + second < count ? images + (2 * pair + second) * size : nullptr;
}

// The unit's cells: rows of the input, or all that its windows cover, with zeros outside the image.
inline void make_weight_cells(Pair* cells, const PairWeights& p, const Unit& unit) {
  const ConvDims& d = p.of.d;
  const Index x_row = d.width * d.channels, x_image = d.height * x_row;
  const Range met = p.rows_of(unit);
  const Index height = field_height(p.of, unit.rows), width = field_width(p.of) * d.channels;
  const Index top = unit.row * d.stride_h - d.pad_top;
  const Index begin = d.pad_left * d.channels < width ? d.pad_left * d.channels : width;
  const Index used = x_row < width - begin ? x_row : width - begin;
  for (Index i = unit.image; i < unit.image + unit.images; ++i) {
    const float* first = image_of(p.of.x, i, 0, d.images, x_image);
    const float* second = image_of(p.of.x, i, 1, d.images, x_image);
    const auto pair_row = [&](Pair* to, Index row, Index count) {
      pair_numbers(to, first + row * x_row, second ? second + row * x_row : nullptr, count);
    };
    if (!p.of.spans_taps()) {
      pair_row(cells, met.begin, met.size() * x_row);
      cells += met.size() * x_row;
      continue;
    }
    for (Index r = top; r < top + height; ++r, cells += width) {
      const bool inside = r >= 0 && r < d.height;
      const Index from = inside ? begin : width, to = inside ? begin + used : width;
      for (Index k = 0; k < from; ++k) cells[k] = 0;
      if (inside) pair_row(cells + begin, r, used);
      for (Index k = to; k < width; ++k) cells[k] = 0;
    }
  }
}

inline void make_weight_panels(Pair* panels, const PairWeights& p, const Unit& unit) {
  const Index filters = p.of.d.filters, row = p.of.out_w * filters, image = p.of.out_h * row;
  const PanelCut<float> cut(filters);
  const Index pixels = unit.pixels(p.of.out_w), each = unit.rows * p.of.out_w;
  for (Index j = 0; j < cut.count(); ++j) {
    const Index width = cut.vectors(j) * pair_lanes;
    Pair* panel = panels + cut.first(j) * pixels;
    for (Index i = unit.image; i < unit.image + unit.images; ++i) {
      const float* first = image_of(p.of.dz, i, 0, p.of.d.images, image);
      const float* second = image_of(p.of.dz, i, 1, p.of.d.images, image);
      const Index at = unit.row * row + cut.first(j);
      for (Index k = 0; k < each; ++k, panel += width)
        for (Index v = 0; v < width; v += pair_lanes) {
          const Index from = at + k * filters + v, left = cut.used(j) - v;
          const __m512 other = second ? load_numbers(second + from, left) : _mm512_setzero_ps();
          _mm512_storeu_si512(panel + v, pairs_across(load_numbers(first + from, left), other));
        }
    }
  }
}

// The pixels of a unit that overlap the image at one tap, in the unit's cells; returns the number
// of runs.
inline Index cell_runs(const PairWeights& p, const Unit& unit, Index tap, Run* runs) {
  const ConvDims& d = p.of.d;
  const Index ky = tap / d.kernel_w, kx = tap % d.kernel_w;
  const Range rows = outputs_of_tap(vertical_forward(d), ky), met = p.rows_of(unit);
  const Range cols = outputs_of_tap(horizontal_forward(d), kx);
  const Index x_row = d.width * d.channels;
  const Index first = rows.begin > unit.row ? rows.begin : unit.row;
  const Index end = rows.end < unit.row + unit.rows ? rows.end : unit.row + unit.rows;
  const Index x_col = cols.begin * d.stride_w - d.pad_left + kx * d.dilation_w;
  Index count = 0;
  for (Index i = 0; cols.size() > 0 && i < unit.images; ++i)
    for (Index r = first; r < end; ++r) {
      const Index row = r * d.stride_h - d.pad_top + ky * d.dilation_h - met.begin;
      runs[count++] = {(i * met.size() + row) * x_row + x_col * d.channels,
                       (i * unit.rows + r - unit.row) * p.of.out_w + cols.begin, cols.size()};
    }
  return count;
}

inline void add_weights(const PairWeights& p, const Unit& unit, float* dw,
                        const PairWeightsScratch& s, Index rows, Index runs, bool add) {
  const PanelCut<float> cut(p.of.d.filters);
  const Index pixels = unit.pixels(p.of.out_w);
  for (Index j = 0; j < cut.count(); ++j) {
    PairTile t;
    t.a = s.cells;
    t.b = s.panels + cut.first(j) * pixels;
    t.c = dw + cut.first(j);
    t.runs = s.runs;
    t.run_count = runs;
    t.a_step = p.of.d.stride_w * p.of.d.channels;
    t.b_step = cut.vectors(j) * pair_lanes;
    t.tail = cut.tail(j);
    t.bias = nullptr;
    t.add = add;
    t.relu = false;
    multiply_places(t, s.places, rows, cut.vectors(j));
  }
}

// All taps at once: a single tap would leave the tile half empty.
inline void weights_of_taps(const PairWeights& p, const Unit& unit, float* dw,
                            const PairWeightsScratch& s, bool add) {
  const ConvDims& d = p.of.d;
  const Index row = field_width(p.of) * d.channels, image = field_height(p.of, unit.rows) * row;
  Index rows = 0, runs = 0;
  for (Index ky = 0; ky < d.kernel_h; ++ky)
    for (Index kx = 0; kx < d.kernel_w; ++kx)
      for (Index c = 0; c < d.channels; ++c, ++rows)
        s.places[rows] = {ky * d.dilation_h * row + kx * d.dilation_w * d.channels + c,
                          rows * d.filters};
  for (Index i = 0; i < unit.images; ++i)
    for (Index r = 0; r < unit.rows; ++r, ++runs)
      s.runs[runs] = {i * image + r * d.stride_h * row, runs * p.of.out_w, p.of.out_w};
  add_weights(p, unit, dw, s, rows, runs, add);
}

// Adds one unit's part of some blocks to dw, or overwrites it.
inline void weights_unit(const PairWeights& p, const Unit& unit, float* dw, Range blocks,
                         const PairWeightsScratch& s, bool add) {
  make_weight_cells(s.cells, p, unit);
  make_weight_panels(s.panels, p, unit);
  if (p.of.spans_taps()) return weights_of_taps(p, unit, dw, s, add);
  for (Index block = blocks.begin; block < blocks.end; ++block) {
    const Index tap = block / p.of.slices();
    const Index runs = cell_runs(p, unit, tap, s.runs);
    const Range channels = p.of.channels_of(block);
    for (Index c = channels.begin; c < channels.end; ++c)
      s.places[c - channels.begin] = {c, (tap * p.of.depth() + c) * p.of.d.filters};
    add_weights(p, unit, dw, s, channels.size(), runs, add);
  }
}

inline bool reserve_weights(const PairWeights& p, const Units& units, PairWeightsScratch* s) {
  const Index rows = p.of.spans_taps() ? p.of.taps() * p.of.depth() : p.of.depth();
  const Index runs = units.per_unit * units.band_rows;
  const Index tables = rows * Index(sizeof(Place)) + runs * Index(sizeof(Run));
  const Index cells = p.most_cells(units) * Index(sizeof(Pair));
  char* memory = static_cast<char*>(scratch(0, std::size_t(tables + cells)));
  const Index panels = PanelCut<float>(p.of.d.filters).padded() * units.most_pixels(p.of.out_w);
  auto* dz = static_cast<Pair*>(scratch(1, sizeof(Pair) * std::size_t(panels)));
  if (!memory || !dz) return false;
  *s = {reinterpret_cast<Place*>(memory),
        reinterpret_cast<Run*>(memory + rows * Index(sizeof(Place))),
        reinterpret_cast<Pair*>(memory + tables), dz};
  return true;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
