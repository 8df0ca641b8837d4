// The gradient of a convolution's weights by Winograd's algorithm: the same positions as forward.
//
// At each position the gradient is a product of the inputs' tiles and dz's, which are transformed
// by the transpose of the map from sums to outputs; the sums at all positions stay in memory while
// a chunk of the batch passes by, and are transformed back at the end.  A window of several pieces
// has so many times the channels: those of the first piece, then of the second.
#pragma once

#include "conv_weights.h"
#include "conv_winograd.h"

namespace lamina {
namespace LAMINA_ISA {

// Chosen by the sizes of the batch, whose rows are added up.
template <class T>
bool by_winograd(const WeightsProduct<T>& p, OtherWay other = plain_sums) {
  const ConvDims& d = p.d;
  if (d.stride_h != 1 || d.stride_w != 1 || d.dilation_h != 1 || d.dilation_w != 1 || d.groups != 1)
    return false;
  const Axis v = vertical_forward(d), h = horizontal_forward(d);
  return with_winograd_tile<T>(v, h, false, [&](auto tile) {
    return winograd_pays<T, decltype(tile)>(v, h, d.channels, d.filters,
                                            d.images > 2 ? 0.5 * double(d.images) : 1.0, other);
  });
}

// The gradients of tiles [begin, end): rows of e[position], padded to whole vectors.
template <class T, class Tile>
void winograd_gradients(T* e, Index step, Index width, const T* dz, const TileCut<Tile>& tiles,
                        Range range, Index height, Index row_pixels, Index filters) {
  using Down = typename Tile::Down;
  using Across = typename Tile::Across;
  const Index row = row_pixels * filters;
  const auto cell = [&](Index tile) {
    return dz + (tiles.image(tile) * height + tiles.row(tile)) * row + tiles.col(tile) * filters;
  };
  for (Index i = range.begin; i < range.end; ++i) {
    const OutputsInside<Tile> inside(tiles.row(i), tiles.col(i), height, row_pixels);
    const T* at = cell(i);
    bring_cells<Tile>(cell(i + winograd_ahead), row, filters);
    T* to = e + (i - range.begin) * width;
    for (Index c = 0; c < filters; c += lanes<T>) {
      const Index n = filters - c < lanes<T> ? filters - c : lanes<T>;
      winograd_both_ways<T, typename Down::OfGradients, typename Across::OfGradients>(
          [&](int r, int s) __attribute__((always_inline)) {
            return inside.has(r, s) ? load_count(at + r * row + s * filters + c, n) : Vec<T>{};
          },
          [&](int r, int s, Vec<T> z) __attribute__((always_inline)) {
            store(to + (Across::positions * r + s) * step + c, z);
          });
    }
  }
}

// The part of the sums that a task calculates.
struct WinogradShare {
  Range groups, positions;
};

// The sums of one chunk: positions x channels of all pieces x filters, padded to whole vectors.
template <class T, class Tile>
struct WinogradSums {
  const WeightsProduct<T>& p;
  WinogradPieces<Tile> pieces;
  Index width, plane, size;
  Index at_once;  // tiles
  explicit WinogradSums(const WeightsProduct<T>& p_)
      : p(p_),
        pieces(p_.d.kernel_h, p_.d.kernel_w, p_.d.channels),
        width(whole_vectors<T>(p_.d.filters)),
        plane(pieces.count() * p_.d.channels * width),
        size(Tile::positions * plane),
        at_once((stays_near() ? 1 : 3) * Tile::at_once) {}

  // Whether the L2 cache keeps the sums; if not, more tiles are added at once.
  bool stays_near() const { return size * Index(sizeof(T)) <= Index(768) << 10; }

  // Adds one unit's part; uses scratch slot 0.
  bool add_unit(T* sums, const T* dz, const Unit& unit, const WinogradShare& share,
                bool onto) const {
    const ConvDims& d = p.d;
    const TileCut<Tile> tiles(unit, p.out_h, p.out_w);
    const Axis vertical = vertical_forward(d), horizontal = horizontal_forward(d);
    const WinogradInputs<T, Tile> inputs(p.x, vertical, horizontal, d.channels, at_once);
    const Index v_step = inputs.step(), e_step = at_once * width + winograd_gap;
    T* v = static_cast<T*>(scratch(0, sizeof(T) * Tile::positions * (v_step + e_step)));
    if (!v) return false;
    T* e = v + Tile::positions * v_step;
    const PanelCut<T> panels(d.filters);
    const Parts blocks(tiles.count(), parts_of(tiles.count(), at_once));
    const Parts groups = pieces.groups();
    for (Index i = 0; i < blocks.count; ++i) {
      const Range some{blocks.begin(i), blocks.begin(i + 1)};
      winograd_gradients(e, e_step, width, dz, tiles, some, p.out_h, p.out_w, d.filters);
      for (Index g = share.groups.begin; g < share.groups.end; ++g) {
        const Range group{groups.begin(g), groups.begin(g + 1)};
        inputs.fill(v, tiles, some, group);
        T* const to = sums + group.begin * d.channels * width;
        for (Index at = share.positions.begin; at < share.positions.end; ++at)
          for (Index j = 0; j < panels.count(); ++j)
            winograd_product<T, false>(to + at * plane + panels.first(j), width, v + at * v_step,
                                       inputs.row(), e + at * e_step + panels.first(j), width,
                                       group.size() * d.channels, panels.vectors(j), some.size(),
                                       onto || i > 0);
      }
    }
    return true;
  }

  // dw (+)= the sums of all chunks, added in order and transformed back to the weights.
  void finish(T* dw, const T* sums, Index chunks, Index step, bool add) const {
    const double work = double(Tile::positions) * double(chunks + 1) * double(plane);
    const Index rows = pieces.count() * p.d.channels;
    parallel_chunks(threads_for(work, rows), rows, [=](Index row) {
      for (Index c = 0; c < p.d.filters; c += lanes<T>)
        finish_vector(dw, sums + row * width + c, row, c, chunks, step, add);
    });
  }

 private:
  // For one channel of one piece, a vector of filters.
  void finish_vector(T* dw, const T* sums, Index row, Index c, Index chunks, Index step,
                     bool add) const {
    using Down = typename Tile::Down;
    using Across = typename Tile::Across;
    const ConvDims& d = p.d;
    const Index n = d.filters - c < lanes<T> ? d.filters - c : lanes<T>;
    const Index piece = row / d.channels, k = row % d.channels;
    const Index down = pieces.tap_down(piece), across = pieces.tap_across(piece);
    winograd_both_ways<T, typename Down::ToWeights, typename Across::ToWeights>(
        [&](int r, int s) __attribute__((always_inline)) {
          const T* from = sums + (Across::positions * r + s) * plane;
          Vec<T> x = load(from);
          for (Index i = 1; i < chunks; ++i) x = x + load(from + i * step);
          return x;
        },
        [&](int r, int s, Vec<T> g) __attribute__((always_inline)) {
          if (!pieces.has(down + r, across + s)) return;
          const Index tap = (down + r) * d.kernel_w + across + s;
          T* to = dw + (tap * d.channels + k) * d.filters + c;
          store_count(to, add ? load_count(to, n) + g : g, n);
        });
  }
};

// A share of the sums of a chunk of units; `give`: dz comes by images, into scratch slot 3.
template <class T, class Tile>
bool winograd_weights_chunk(const WinogradSums<T, Tile>& whole, const Units& units, Range range,
                            T* sums, T* to_b, const WinogradShare& share,
                            const ImageHook<T>* give) {
  WeightsProduct<T> p = whole.p;
  const WinogradSums<T, Tile> part(p);
  const Index filters = p.d.filters, pixel = p.out_w * filters;
  T* values = nullptr;
  if (give) {
    values = static_cast<T*>(scratch(3, sizeof(T) * units.per_unit * p.out_h * pixel));
    if (!values) return false;
    p.dz = values;
  }
  Index held = -1;
  for (Index i = range.begin; i < range.end; ++i) {
    Unit unit = units.at(i);
    if (give) {
      if (held != unit.image) give->call(give->context, values, unit.image, unit.images);
      held = unit.image;
      p.x = whole.p.x + held * p.d.height * p.d.width * p.d.channels;
      unit.image = 0;
    }
    if (to_b)
      sum_rows(to_b, p.dz + (unit.image * p.out_h + unit.row) * pixel, filters,
               unit.pixels(p.out_w), i > range.begin);
    if (!part.add_unit(sums, p.dz, unit, share, i > range.begin)) return false;
  }
  return true;
}

// dw and db; returns false, and writes nothing, if memory is short or there is nothing to add up.
template <class T, class Tile>
bool winograd_weights(const WeightsProduct<T>& p, T* dw, T* db, Accumulate accumulate,
                      const ImageHook<T>* give) {
  const WinogradSums<T, Tile> whole(p);
  const Index filters = p.d.filters, step = whole.size + (db ? whole.width : 0);
  const Units units(p.d.images, p.out_h, p.out_w, Tile::outputs * whole.at_once, false,
                    Tile::Down::side);
  if (units.count == 0) return false;
  Index chunks = 1;  // powers of two divide evenly; at most 16 MB of sums
  while (2 * chunks <= 16 && 2 * chunks <= units.count &&
         2 * chunks * step * Index(sizeof(T)) <= (Index(16) << 20))
    chunks *= 2;
  T* sums = static_cast<T*>(scratch(2, sizeof(T) * chunks * step));
  if (!sums) return false;
  // Pieces whose sums do not stay in the L2 cache are processed one group after another.
  const Index all = whole.pieces.groups().count;
  const Index apart = whole.stays_near() ? 1 : all;
  const double work =
      winograd_work<Tile>(vertical_forward(p.d), horizontal_forward(p.d)) * p.flop();
  const int threads = threads_for(work, chunks * apart * 4);
  const bool even = chunks * apart % threads == 0 || chunks * apart >= 4 * threads;
  const Index quarters = even ? 1 : 4, shares = apart * quarters;
  const Parts parts(units.count, chunks), groups(all, apart), positions(Tile::positions, quarters);
  bool enough = true;
  parallel_chunks(threads, chunks * shares, [&](Index task) {
    const Index chunk = task / shares, share = task % shares;
    const Index group = share / quarters, quarter = share % quarters;
    T* to = sums + chunk * step;
    if (!winograd_weights_chunk(whole, units, {parts.begin(chunk), parts.begin(chunk + 1)}, to,
                                db && share == 0 ? to + whole.size : nullptr,
                                {{groups.begin(group), groups.begin(group + 1)},
                                 {positions.begin(quarter), positions.begin(quarter + 1)}},
                                give))
      __atomic_store_n(&enough, false, __ATOMIC_RELAXED);
  });
  if (!enough) return false;
  const bool add = accumulate == Accumulate::yes;
  whole.finish(dw, sums, chunks, step, add);
  if (db) add_parts(db, sums + whole.size, chunks, step, filters, add);
  return true;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
