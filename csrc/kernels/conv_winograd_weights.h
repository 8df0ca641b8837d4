// The gradient of a convolution's weights by Winograd's algorithm: the same positions as forward.
//
// At each position the gradient is a product of the inputs' tiles and of dz's, taken there by the
// transpose of what takes sums to outputs; the sums at all positions stay in memory while a chunk
// of the batch passes by, and are taken back at the end.
#pragma once

#include "conv_weights.h"
#include "conv_winograd.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T>
bool by_winograd(const WeightsProduct<T>& p) {
  const ConvDims& d = p.d;
  if (d.stride_h != 1 || d.stride_w != 1 || d.dilation_h != 1 || d.dilation_w != 1 || d.groups != 1)
    return false;
  return with_winograd_tile<T>(d.kernel_h, d.kernel_w, false, [&](auto tile) {
    return winograd_pays<T, decltype(tile)>(vertical_forward(d), horizontal_forward(d), d.channels,
                                            d.filters);
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

// What one chunk adds up: positions x channels x filters, padded to whole vectors.
template <class T, class Tile>
struct WinogradSums {
  const WeightsProduct<T>& p;
  Index width, size;
  explicit WinogradSums(const WeightsProduct<T>& p_)
      : p(p_),
        width(whole_vectors<T>(p_.d.filters)),
        size(Tile::positions * p_.d.channels * width) {}

  // Adds one unit's part at the positions of `range`; takes scratch slot 0.
  bool add_unit(T* sums, const T* dz, const Unit& unit, Range range, bool onto) const {
    const ConvDims& d = p.d;
    const TileCut<Tile> tiles(unit, p.out_w);
    const Index v_row = whole_vectors<T>(d.channels);
    const Index v_step = Tile::at_once * v_row + winograd_gap;
    const Index e_step = Tile::at_once * width + winograd_gap;
    T* v = static_cast<T*>(scratch(0, sizeof(T) * Tile::positions * (v_step + e_step)));
    if (!v) return false;
    T* e = v + Tile::positions * v_step;
    const PanelCut<T> panels(d.filters);
    const Parts blocks(tiles.count(), parts_of(tiles.count(), Tile::at_once));
    for (Index i = 0; i < blocks.count; ++i) {
      const Range some{blocks.begin(i), blocks.begin(i + 1)};
      winograd_inputs(v, v_step, p.x, tiles, some, vertical_forward(d), horizontal_forward(d),
                      d.channels);
      winograd_gradients(e, e_step, width, dz, tiles, some, p.out_h, p.out_w, d.filters);
      for (Index at = range.begin; at < range.end; ++at)
        for (Index j = 0; j < panels.count(); ++j)
          winograd_product<T, false>(sums + at * d.channels * width + panels.first(j), width,
                                     v + at * v_step, v_row, e + at * e_step + panels.first(j),
                                     width, d.channels, panels.vectors(j), some.size(),
                                     onto || i > 0);
    }
    return true;
  }

  // dw (+)= the sums of all chunks, added in order, taken back to the weights.
  void finish(T* dw, const T* sums, Index chunks, Index step, bool add) const {
    using Down = typename Tile::Down;
    using Across = typename Tile::Across;
    const Index channels = p.d.channels, filters = p.d.filters, plane = channels * width;
    const double work = double(Tile::positions) * double(chunks + 1) * double(plane);
    parallel_chunks(threads_for(work, channels), channels, [=](Index k) {
      for (Index c = 0; c < filters; c += lanes<T>) {
        const Index n = filters - c < lanes<T> ? filters - c : lanes<T>;
        winograd_both_ways<T, typename Down::ToWeights, typename Across::ToWeights>(
            [&](int r, int s) __attribute__((always_inline)) {
              const T* from = sums + (Across::positions * r + s) * plane + k * width + c;
              Vec<T> x = load(from);
              for (Index i = 1; i < chunks; ++i) x = x + load(from + i * step);
              return x;
            },
            [&](int r, int s, Vec<T> g) __attribute__((always_inline)) {
              T* to = dw + ((Across::taps * r + s) * channels + k) * filters + c;
              store_count(to, add ? load_count(to, n) + g : g, n);
            });
      }
    });
  }
};

// One chunk of units at some positions; `give`: dz comes by images, into scratch slot 3.
template <class T, class Tile>
bool winograd_weights_chunk(const WinogradSums<T, Tile>& whole, const Units& units, Range range,
                            T* sums, T* to_b, Range positions, const ImageHook<T>* give) {
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
    if (!part.add_unit(sums, p.dz, unit, positions, i > range.begin)) return false;
  }
  return true;
}

// dw and db; false, and nothing written, where there is no memory or nothing to add up.
template <class T, class Tile>
bool winograd_weights(const WeightsProduct<T>& p, T* dw, T* db, Accumulate accumulate,
                      const ImageHook<T>* give) {
  const WinogradSums<T, Tile> whole(p);
  const Index filters = p.d.filters, step = whole.size + (db ? whole.width : 0);
  const Units units(p.d.images, p.out_h, p.out_w, Tile::outputs * Tile::at_once, false,
                    Tile::Down::side);
  if (units.count == 0) return false;
  Index chunks = 1;  // powers of two share out evenly; at most 16 MB of sums
  while (2 * chunks <= 16 && 2 * chunks <= units.count &&
         2 * chunks * step * Index(sizeof(T)) <= (Index(16) << 20))
    chunks *= 2;
  T* sums = static_cast<T*>(scratch(2, sizeof(T) * chunks * step));
  if (!sums) return false;
  const Parts parts(units.count, chunks);
  const int threads = threads_for(Tile::work * p.flop(), chunks * 4);
  const Index shares = chunks % threads == 0 || chunks >= 4 * threads ? 1 : 4;
  const Parts positions(Tile::positions, shares);
  bool enough = true;
  parallel_chunks(threads, chunks * shares, [&](Index task) {
    const Index chunk = task / shares, share = task % shares;
    T* to = sums + chunk * step;
    const Range range{parts.begin(chunk), parts.begin(chunk + 1)};
    if (!winograd_weights_chunk(whole, units, range, to,
                                db && share == 0 ? to + whole.size : nullptr,
                                {positions.begin(share), positions.begin(share + 1)}, give))
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
