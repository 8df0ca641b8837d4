// The gradient of a convolution's weights, dw = sum over pixels of window x dz, and of its bias.
//
// The batch is divided into chunks fixed by the shapes, each summed from zero unit by unit, and the
// chunks are added in order.  Within a unit a tile of weights stays in registers while the pixels
// pass by.  With several channels a tile's rows belong to one tap and only the pixels that overlap
// the image take part; with few, a tile spans taps and the image is copied with padding.
#pragma once

#include "column_sums.h"
#include "conv_axes.h"
#include "conv_product.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T>
struct WeightsProduct {
  const T* x;
  const T* dz;
  ConvDims d;
  Index out_h, out_w;

  WeightsProduct(const T* x_, const T* dz_, const ConvDims& dims)
      : x(x_), dz(dz_), d(dims), out_h(out_height(dims)), out_w(out_width(dims)) {}
  Index taps() const { return d.kernel_h * d.kernel_w; }
  Index depth() const { return d.channels / d.groups; }
  Index columns() const { return d.filters / d.groups; }
  Index size() const { return taps() * depth() * d.filters; }
  // The parts that threads share: taps, or slices of one tap's channels if there are many.
  Index slices() const { return spans_taps() || depthwise() ? 1 : parts_of(depth(), 96); }
  Index blocks() const { return spans_taps() ? 1 : taps() * slices(); }
  Range channels_of(Index block) const {
    const Parts parts(depth(), slices());
    return {parts.begin(block % slices()), parts.begin(block % slices() + 1)};
  }
  double flop() const {
    return 2.0 * double(d.images * out_h * out_w) * double(taps() * depth()) * double(d.filters);
  }
  bool depthwise() const { return d.groups > 1 && depth() == 1 && columns() == 1; }
  // Whether tiles read dz where it is, rather than copied panel by panel.  With a single tap the
  // copy is read too rarely: 24 to 144 filters over 32 images of 56x56 take 3.8 instead of 6.2 ms
  // on two cores of a Zen 4, 128 to 128 over 64 of 32x32 10.4 instead of 11.1.  Narrower tiles read
  // it more often, so rows must not fall into few cache sets (256 to 256 with AVX2: 1.40 instead
  // of 1.14 ms; 128 to 128 on a Zen 3 72 instead of 75 GFLOP/s).
  bool reads_dz_in_place() const {
    const bool same_sets = d.filters * Index(sizeof(T)) % 512 == 0;
    const bool pays = LAMINA_VECTOR_BYTES == 64 || (LAMINA_VECTOR_BYTES == 32 && !same_sets);
    return d.groups == 1 && (PanelCut<T>(columns()).is_panel() ||
                             (taps() == 1 && d.filters % lanes<T> == 0 && pays));
  }
  // Rows of all taps together, because a single tap would leave the tile half empty.
  bool spans_taps() const { return depth() < 4 && taps() > 1 && !depthwise(); }
};

// The memory that a thread needs for one unit.
template <class T>
struct WeightsScratch {
  Place* places;
  Run* runs;
  T* panels;  // dz, panel by panel
  T* padded;  // the image with its border
};

// The slopes dz of a unit, as addressed by the tiles: for one group, in panels or in place.
template <class T>
struct UnitSlopes {
  const T* data;
  Index pixels;
  bool in_place;
  const T* next;  // those of the next unit, to be prefetched, or null

  const T* panel(Index first) const { return data + first * (in_place ? 1 : pixels); }
};

// The part of the image that one unit's windows cover, as addressed by the tiles.
template <class T>
struct Field {
  const T* data;
  Index image, row;  // strides; a pixel is `channels` elements
};

template <class T>
Index field_height(const WeightsProduct<T>& p, Index rows) {
  return (rows - 1) * p.d.stride_h + (p.d.kernel_h - 1) * p.d.dilation_h + 1;
}
template <class T>
Index field_width(const WeightsProduct<T>& p) {
  return (p.out_w - 1) * p.d.stride_w + (p.d.kernel_w - 1) * p.d.dilation_w + 1;
}
template <class T>
bool field_inside(const WeightsProduct<T>& p) {
  return p.d.pad_top <= 0 && p.d.pad_left <= 0 && field_height(p, p.out_h) <= p.d.height &&
         field_width(p) <= p.d.width;
}

template <class T>
Field<T> make_field(const WeightsProduct<T>& p, const Unit& unit, T* padded) {
  const ConvDims& d = p.d;
  const Index from_row = d.width * d.channels, from_image = d.height * from_row;
  if (field_inside(p))
    return {p.x + unit.image * from_image + unit.row * d.stride_h * from_row, from_image, from_row};
  const Index rows = field_height(p, unit.rows), cols = field_width(p);
  const Index top = unit.row * d.stride_h - d.pad_top;
  const Index first = d.pad_left < cols ? d.pad_left : cols;
  Index end = d.pad_left + d.width < cols ? d.pad_left + d.width : cols;
  if (end < first) end = first;
  T* to = padded;
  for (Index i = unit.image; i < unit.image + unit.images; ++i)
    for (Index r = top; r < top + rows; ++r, to += cols * d.channels) {
      const bool inside = r >= 0 && r < d.height;
      const Index begin = inside ? first * d.channels : cols * d.channels;
      const Index stop = inside ? end * d.channels : begin;
      const T* from = p.x + i * from_image + r * from_row;
      for (Index k = 0; k < begin; ++k) to[k] = T(0);
      for (Index k = begin; k < stop; ++k) to[k] = from[k - begin];
      for (Index k = stop; k < cols * d.channels; ++k) to[k] = T(0);
    }
  return {padded, rows * cols * d.channels, cols * d.channels};
}

// With one panel prefetching x suffices (2.10 and 2.28 ms for 64 filters), and the L2 cache must
// hold two units.
template <class T>
bool prefetches_dz(const WeightsProduct<T>& p, Index pixels) {
  return LAMINA_VECTOR_BYTES >= 32 && p.taps() == 1 && p.d.groups == 1 &&
         PanelCut<T>(p.d.filters).count() > 1 &&
         pixels * p.d.filters * Index(sizeof(T)) <= (Index(256) << 10);
}

// Divides what the next unit reads of dz among the tiles of the last panel or, where they prefetch
// before their products, of all panels.
template <class T>
void stream_slopes(GatherTile<T>& t, const WeightsProduct<T>& p, const UnitSlopes<T>& dz,
                   Index rows, const PanelCut<T>& cut, Index panel) {
  constexpr Index line = 64 / Index(sizeof(T));
  if (tiles_stream && panel < cut.count() - 1) return;
  const Index tiles = parts_of(rows, gather_height(int(cut.vectors(panel))));
  const Index lines = parts_of(dz.pixels * p.d.filters, line);
  if (tiles_stream) {
    const Index slots = parts_of(dz.pixels, line);
    t.stream = dz.next;
    t.stream_lines = parts_of(lines, tiles * slots);
    t.stream_step = t.stream_lines * slots * line;
  } else {
    t.stream_lines = parts_of(lines, tiles * cut.count());
    t.stream_step = t.stream_lines * line;
    t.stream = dz.next + panel * tiles * t.stream_step;
  }
}

// dw rows `places` (their x offsets and places in dw) over the pixels of `runs`, one group.
template <class T>
void accumulate_weights(const WeightsProduct<T>& p, const T* x, const UnitSlopes<T>& dz, T* dw,
                        const Place* places, Index rows, const Run* runs, Index run_count,
                        bool add) {
  const PanelCut<T> cut(p.columns());
  for (Index j = 0; j < cut.count(); ++j) {
    GatherTile<T> t;
    t.x = x;
    t.b = dz.panel(cut.first(j));
    t.c = dw + cut.first(j);
    t.runs = runs;
    t.run_count = run_count;
    t.a_step = p.d.stride_w * p.d.channels;
    t.b_step = dz.in_place ? p.d.filters : cut.vectors(j) * lanes<T>;
    t.tail = cut.tail(j);
    t.bias = nullptr;
    t.add = add;
    t.relu = false;
    if (p.taps() == 1 && j == 0) t.next_unit = dz.pixels * t.a_step;
    if (dz.next) stream_slopes(t, p, dz, rows, cut, j);
    GatherTiles<T>::run(t, places, rows, cut.vectors(j));
  }
}

template <class T>
void weights_all_taps(const WeightsProduct<T>& p, const Unit& unit, const Field<T>& field,
                      const UnitSlopes<T>& dz, T* dw, Index group, const WeightsScratch<T>& s,
                      bool add) {
  const ConvDims& d = p.d;
  const Index depth = p.depth();
  Index rows = 0, runs = 0;
  for (Index ky = 0; ky < d.kernel_h; ++ky)
    for (Index kx = 0; kx < d.kernel_w; ++kx)
      for (Index c = 0; c < depth; ++c, ++rows)
        s.places[rows] = {
            ky * d.dilation_h * field.row + kx * d.dilation_w * d.channels + group * depth + c,
            rows * d.filters + group * p.columns()};
  for (Index i = 0; i < unit.images; ++i)
    for (Index r = 0; r < unit.rows; ++r, ++runs)
      s.runs[runs] = {i * field.image + r * d.stride_h * field.row, runs * p.out_w, p.out_w};
  accumulate_weights(p, field.data, dz, dw, s.places, rows, s.runs, runs, add);
}

// The pixels of a unit that overlap the image at one tap, with contiguous rows in one run; returns
// the number of runs.
template <class T>
Index tap_runs(const WeightsProduct<T>& p, const Unit& unit, Index tap, Run* runs) {
  const ConvDims& d = p.d;
  const Index ky = tap / d.kernel_w, kx = tap % d.kernel_w;
  const Range rows = outputs_of_tap(vertical_forward(d), ky);
  const Range cols = outputs_of_tap(horizontal_forward(d), kx);
  const Index x_row = d.width * d.channels, x_image = d.height * x_row;
  const Index first = rows.begin > unit.row ? rows.begin : unit.row;
  const Index end = rows.end < unit.row + unit.rows ? rows.end : unit.row + unit.rows;
  const Index x_col = cols.begin * d.stride_w - d.pad_left + kx * d.dilation_w;
  Index count = 0;
  for (Index i = 0; cols.size() > 0 && i < unit.images; ++i)
    for (Index r = first; r < end; ++r) {
      const Run run{(unit.image + i) * x_image +
                        (r * d.stride_h - d.pad_top + ky * d.dilation_h) * x_row +
                        x_col * d.channels,
                    (i * unit.rows + r - unit.row) * p.out_w + cols.begin, cols.size()};
      Run* last = count > 0 ? &runs[count - 1] : nullptr;
      if (last && last->a + last->count * d.stride_w * d.channels == run.a &&
          last->b + last->count == run.b)
        last->count += run.count;
      else
        runs[count++] = run;
    }
  return count;
}

template <class T>
void weights_block(const WeightsProduct<T>& p, const Unit& unit, const UnitSlopes<T>& dz, T* dw,
                   Index group, Index block, const WeightsScratch<T>& s, bool add) {
  const Index depth = p.depth(), tap = block / p.slices();
  const Index runs = tap_runs(p, unit, tap, s.runs);
  const Range channels = p.channels_of(block);
  for (Index c = channels.begin; c < channels.end; ++c)
    s.places[c - channels.begin] = {group * depth + c,
                                    (tap * depth + c) * p.d.filters + group * p.columns()};
  accumulate_weights(p, p.x, dz, dw, s.places, channels.size(), s.runs, runs, add);
}

// Adds one unit's part of some blocks to dw, or overwrites it.
template <class T>
void weights_unit(const WeightsProduct<T>& p, const Unit& unit, T* dw, Range blocks,
                  const WeightsScratch<T>& s, bool add) {
  const PanelCut<T> cut(p.columns());
  const Index pixels = unit.pixels(p.out_w);
  const T* dz = p.dz + (unit.image * p.out_h + unit.row) * p.out_w * p.d.filters;
  const bool in_place = p.reads_dz_in_place();
  Field<T> field{};
  if (p.spans_taps()) field = make_field(p, unit, s.padded);
  for (Index g = 0; g < p.d.groups; ++g) {
    for (Index j = 0; !in_place && j < cut.count(); ++j)
      pack_forward(s.panels + cut.first(j) * pixels, cut.vectors(j) * lanes<T>,
                   dz + g * p.columns() + cut.first(j), p.d.filters, cut.used(j), pixels);
    const UnitSlopes<T> slopes{in_place ? dz : s.panels, pixels, in_place,
                               prefetches_dz(p, pixels) ? dz + pixels * p.d.filters : nullptr};
    if (p.spans_taps())
      weights_all_taps(p, unit, field, slopes, dw, g, s, add);
    else
      for (Index block = blocks.begin; block < blocks.end; ++block)
        weights_block(p, unit, slopes, dw, g, block, s, add);
  }
}

template <class T>
bool reserve_weights(const WeightsProduct<T>& p, const Units& units, WeightsScratch<T>* s) {
  const Index rows = p.spans_taps() ? p.taps() * p.depth() : p.depth();
  const Index runs = units.per_unit * units.band_rows;
  char* tables = static_cast<char*>(scratch(0, rows * sizeof(Place) + runs * sizeof(Run)));
  const Index panels =
      p.reads_dz_in_place() ? 0 : PanelCut<T>(p.columns()).padded() * units.most_pixels(p.out_w);
  const Index padded =
      p.spans_taps() && !field_inside(p)
          ? units.per_unit * field_height(p, units.band_rows) * field_width(p) * p.d.channels
          : 0;
  const Index size = panels + padded;
  T* values = size == 0 ? nullptr : static_cast<T*>(scratch(1, sizeof(T) * size));
  if (!tables || (size > 0 && !values)) return false;
  *s = {reinterpret_cast<Place*>(tables), reinterpret_cast<Run*>(tables + rows * sizeof(Place)),
        values, values + panels};
  return true;
}

// Without memory: one weight at a time, one chain over the unit's pixels.
template <class T>
void plain_weights(const WeightsProduct<T>& p, const Unit& unit, T* dw, Range blocks, bool add) {
  const ConvDims& d = p.d;
  for (Index block = blocks.begin; block < blocks.end; ++block) {
    const Index tap = block / p.slices();
    const Range channels = p.channels_of(block);
    const Range rows = outputs_of_tap(vertical_forward(d), tap / d.kernel_w);
    const Range cols = outputs_of_tap(horizontal_forward(d), tap % d.kernel_w);
    for (Index k = channels.begin * d.filters; k < channels.end * d.filters; ++k) {
      const Index f = k % d.filters, c = f / p.columns() * p.depth() + k / d.filters;
      T sum = 0;
      for (Index i = unit.image; i < unit.image + unit.images; ++i)
        for (Index r = unit.row; r < unit.row + unit.rows; ++r)
          for (Index col = cols.begin; r >= rows.begin && r < rows.end && col < cols.end; ++col) {
            const Index y = r * d.stride_h - d.pad_top + tap / d.kernel_w * d.dilation_h;
            const Index x = col * d.stride_w - d.pad_left + tap % d.kernel_w * d.dilation_w;
            sum = plain_fma(p.x[((i * d.height + y) * d.width + x) * d.channels + c],
                            p.dz[((i * p.out_h + r) * p.out_w + col) * d.filters + f], sum);
          }
      T* to = dw + tap * p.depth() * d.filters + k;
      *to = add ? *to + sum : sum;
    }
  }
}

// Pixels per unit.  With 128 the lines of x that adjacent tiles share stay in the L1 cache; a unit
// whose image is copied must amortise its border.
template <class T>
Index unit_pixels(const WeightsProduct<T>& p) {
  return p.spans_taps() ? 512 : 128;
}

// The division of a batch: chunks and their contents depend on the shapes alone.
struct WeightsCut {
  Units units;
  Index chunks;
  WeightsCut(const ConvDims& d, Index out_h, Index out_w, Index pixels, Index bytes, double flop)
      : units(d.images, out_h, out_w, pixels), chunks(1) {
    // Powers of two divide evenly; at most 8 MB of partial sums.
    Index most = Index(8 << 20) / (bytes + 1);
    if (most > 16) most = 16;
    if (most > Index(flop / 2e6)) most = Index(flop / 2e6);
    if (most > units.count) most = units.count;
    while (2 * chunks <= most) chunks *= 2;
  }
};

// sum (+)= parts[0] + parts[1] + ..., each `size` long and `step` apart.
template <class T>
void add_parts(T* sum, const T* parts, Index count, Index step, Index size, bool add) {
  parallel_elements(size, 4.0 * double(count), [=](Index begin, Index end) {
    for_vectors<T>(begin, end, [=](Index k, Index n) {
      Vec<T> total = load_count(parts + k, n);
      for (Index i = 1; i < count; ++i) total = total + load_count(parts + i * step + k, n);
      store_count(sum + k, add ? load_count(sum + k, n) + total : total, n);
    });
  });
}

// body(unit range, dw, db, block range, add) for every chunk and share of the blocks of dw, then
// the ordered sum.
template <class T, class Body>
void for_weight_chunks(T* dw, T* db, Index size, Index filters, Index blocks, WeightsCut cut,
                       double flop, Accumulate accumulate, Body body) {
  const Index step = (dw ? size : 0) + (db ? filters : 0);
  T* parts = nullptr;
  if (cut.chunks > 1) parts = static_cast<T*>(scratch(2, sizeof(T) * cut.chunks * step));
  const bool add = accumulate == Accumulate::yes;
  const Parts chunks(cut.units.count, cut.chunks);
  const int threads = threads_for(flop, cut.chunks * blocks);
  Index shares = cut.chunks % threads == 0 || cut.chunks >= 4 * threads
                     ? 1
                     : (4 * threads + cut.chunks - 1) / cut.chunks;
  if (shares > blocks || !dw) shares = dw ? blocks : 1;
  const Parts block_shares(blocks, shares);
  const auto one = [&](Index chunk, Index share, T* to_w, T* to_b, bool onto) {
    body(Range{chunks.begin(chunk), chunks.begin(chunk + 1)}, to_w, share == 0 ? to_b : nullptr,
         Range{block_shares.begin(share), block_shares.begin(share + 1)}, onto);
  };
  if (!parts) {  // one chunk, or no memory: directly to the gradient
    for (Index chunk = 0; chunk < cut.chunks; ++chunk)
      parallel_chunks(threads < shares ? threads : int(shares), shares,
                      [&](Index share) { one(chunk, share, dw, db, add || chunk > 0); });
    return;
  }
  const Index tasks = cut.chunks * shares;
  parallel_chunks(threads, tasks, [&](Index task) {
    T* part = parts + task / shares * step;
    one(task / shares, task % shares, dw ? part : nullptr, db ? part + step - filters : nullptr,
        false);
  });
  if (dw) add_parts(dw, parts, cut.chunks, step, size, add);
  if (db) add_parts(db, parts + step - filters, cut.chunks, step, filters, add);
}

}  // namespace LAMINA_ISA
}  // namespace lamina
