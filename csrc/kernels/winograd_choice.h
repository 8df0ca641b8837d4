// The choice of tiles of Winograd's algorithm for a window, and whether they are faster.
#pragma once

#include "conv_product.h"
#include "winograd_axis.h"

namespace lamina {
namespace LAMINA_ISA {

// Outputs of an axis that moves by one, up to the last that overlaps an input.
inline Index reached(const Axis& a) {
  const Index end = a.inputs + a.shift;
  return end < a.outputs ? end : a.outputs;
}

template <class Down_, class Across_>
struct WinogradTile {
  using Down = Down_;
  using Across = Across_;
  static constexpr Index positions = Down::positions * Across::positions;
  static constexpr Index outputs = Down::side * Across::side;
  // Tiles that pass through all products together: their data stay in the L2 cache.  Six are the
  // rows of a product's usual tile.
  static constexpr Index at_once = (864 / positions + 3) / 6 * 6;

  // Per image.
  static Index count(const Axis& vertical, const Axis& horizontal) {
    return parts_of(reached(vertical), Down::side) * parts_of(reached(horizontal), Across::side);
  }
};

// Tiles for a number of cells in both directions, or along one axis.
template <int Taps, int Positions>
using WinogradSquare = WinogradTile<WinogradAxis<Taps, Positions>, WinogradAxis<Taps, Positions>>;
template <int Taps>
using WinogradColumn = WinogradTile<WinogradAxis<Taps, 8>, WinogradAxis<1, 1>>;
template <int Taps>
using WinogradRow = WinogradTile<WinogradAxis<1, 1>, WinogradAxis<Taps, 8>>;

// A window divided into pieces that have the cells of a tile, the last ones padded with zeros.  At
// each position the sums of all pieces are added up: the window is then a single piece with so many
// times the channels.
template <class Tile>
struct WinogradPieces {
  Index taps_down, taps_across;  // in the window
  Index down, across;            // pieces
  Index together;  // pieces that pass through the products at once, with tiles in cache

  WinogradPieces(Index taps_down_, Index taps_across_, Index channels)
      : taps_down(taps_down_),
        taps_across(taps_across_),
        down(parts_of(taps_down, Tile::Down::taps)),
        across(parts_of(taps_across, Tile::Across::taps)),
        together(channels < most_channels ? most_channels / channels : 1) {}

  Index count() const { return down * across; }
  Parts groups() const { return Parts(count(), parts_of(count(), together)); }
  // The first cell of a piece.
  Index tap_down(Index piece) const { return piece / across * Tile::Down::taps; }
  Index tap_across(Index piece) const { return piece % across * Tile::Across::taps; }
  bool has(Index tap_down, Index tap_across) const {
    return tap_down < taps_down && tap_across < taps_across;
  }

 private:
  static constexpr Index most_channels = 144;
};

// Products per image for each channel and filter.
template <class Tile>
Index winograd_products(const Axis& vertical, const Axis& horizontal) {
  const WinogradPieces<Tile> pieces(vertical.taps, horizontal.taps, 1);
  return pieces.count() * Tile::positions * Tile::count(vertical, horizontal);
}

// Of several tiles with their numbers of taps and outputs, the one that needs the fewest products
// per image.
template <class Result, class Body, class First, class... Others>
Result with_least_products(const Axis& vertical, const Axis& horizontal, const Body& body,
                           First first, Others... others) {
  if constexpr (sizeof...(others) > 0) {
    const Index here = winograd_products<First>(vertical, horizontal);
    if (((here > winograd_products<Others>(vertical, horizontal)) || ...))
      return with_least_products<Result>(vertical, horizontal, body, others...);
  }
  return body(first);
}

// Calls body(tile) with the tile for an image; returns `otherwise` if there is none.  Squares of 7
// positions take 0.6 of the products for 10 outputs per side with 3 cells, 0.77 for 14, and more
// for 8.
template <class T, class Result, class Body>
Result with_winograd_tile(const Axis& vertical, const Axis& horizontal, Result otherwise,
                          const Body& body) {
  const auto least = [&](auto... tiles) {
    return with_least_products<Result>(vertical, horizontal, body, tiles...);
  };
  if constexpr (sizeof(T) == sizeof(float)) {
    if (vertical.taps > 1 && horizontal.taps > 1)
      return least(WinogradSquare<3, 6>{}, WinogradSquare<3, 7>{}, WinogradSquare<5, 7>{},
                   WinogradSquare<4, 7>{}, WinogradSquare<2, 6>{});
    if (vertical.taps > 1)
      return least(WinogradColumn<3>{}, WinogradColumn<5>{}, WinogradColumn<4>{},
                   WinogradColumn<2>{});
    if (horizontal.taps > 1)
      return least(WinogradRow<3>{}, WinogradRow<5>{}, WinogradRow<4>{}, WinogradRow<2>{});
  }
  return otherwise;
}

// The alternative to Winograd's algorithm: the time of one of its multiply-adds, relative to one in
// float32, and how many times as long as the algorithm it must take before the algorithm is chosen.
struct OtherWay {
  double time, margin;
};
constexpr OtherWay plain_sums{1.0, 1.25};
// For two layers of 64 filters of 3x3 on 32x32, plain sums in bfloat16 took 1.13 times as long as
// the algorithm in float32.  For one image of 8x8 and 256 channels they took 0.4 of its time, as
// the weights' transform costs more than the products; for 5x5 of 32 channels on 16x16 0.9.
constexpr OtherWay sums_in_bfloat16{0.45, 1.1};

// The work relative to plain sums, including transforms.
template <class Tile>
double winograd_work(const Axis& vertical, const Axis& horizontal) {
  const Index plain = vertical.taps * horizontal.taps * vertical.outputs * horizontal.outputs;
  return 0.15 + double(winograd_products<Tile>(vertical, horizontal)) / double(plain);
}

// Whether the algorithm is faster, from the shape of one image and the minimum number of images.
// Both alternatives are measured in multiply-adds of a vector of filters.  The transform of a
// vector takes as many as 5 for each position and axis with several taps, storing a part of a
// vector as many as 40.  Of 99 measurements the rule chose 47, in 46 of which plain sums took at
// least 1.15 times as long (as in bench/winograd.py, one thread).  The gain must also cover the
// weights' transform: a single image suffices from 24 outputs of 5 cells, 36 of 3, and 7x7 of 3x3
// on.  With 8 and 12 channels, 500 outputs of 5 cells with 64 filters took 0.84 and 0.7 of the time
// of plain sums, 32x32 of 3x3 with 32 and 64 filters 0.67 and 0.57.
// filters 0.67 and 0.57.
template <class T, class Tile>
bool winograd_pays(const Axis& vertical, const Axis& horizontal, Index channels, Index filters,
                   double images, OtherWay other) {
  if (channels < 8 || filters < 16) return false;
  const WinogradPieces<Tile> pieces(vertical.taps, horizontal.taps, channels);
  constexpr double axes = (Tile::Down::taps > 1) + (Tile::Across::taps > 1);
  constexpr double transform = 5.0 * axes * double(Tile::positions);
  const double count = double(pieces.count()), positions = count * double(Tile::positions);
  const double tiles = double(Tile::count(vertical, horizontal));
  const double cells =
      other.time * double(meeting_cells(vertical)) * double(meeting_cells(horizontal));
  const double vectors = double(parts_of(filters, lanes<T>)), depth = double(channels);
  const double parts = filters % lanes<T> == 0 ? 0.0 : double(Tile::outputs);
  const double transforms = transform * (count * double(parts_of(channels, lanes<T>)) + vectors);
  const double here = tiles * (positions * depth * vectors + transforms + 40.0 * parts);
  const double saved = cells - tiles * positions;
  return cells * depth * vectors >= other.margin * here &&
         images * saved >= 4.8 * (positions + double(vertical.taps * horizontal.taps)) &&
         winograd_allowed();
}

// Whether the window moves by one cell at a time along an axis of a convolution.
inline bool moves_by_one(const Axis& a) { return a.scale == 1 && a.divide == 1 && a.dilation == 1; }

// In prediction a single image must suffice.  In training images come in batches, and so do all
// gradients: with 3x3 from 128 channels to 256 filters on 4x4 these took 0.5 of the time of plain
// sums in batches of 128, 1.2 in batches of 4.
constexpr double batch_images = 4.0;

// The choice for a product; no matrices for plain sums.
struct WinogradShape {
  Index matrices = 0, side = 1;  // of weights; outputs of a tile down the image
  double work = 1.0;             // relative to plain sums
};
// For any product without groups that has two axes, a depth and columns.
template <class T, class Product>
WinogradShape winograd_shape_of(const Product& p, OtherWay other = plain_sums) {
  const Axis &v = p.vertical, &h = p.horizontal;
  if (!moves_by_one(v) || !moves_by_one(h)) return {};
  return with_winograd_tile<T>(v, h, WinogradShape{}, [&](auto tile) {
    using Tile = decltype(tile);
    const double images = p.in_batches ? batch_images : 1.0;
    if (!winograd_pays<T, Tile>(v, h, p.depth, p.columns, images, other)) return WinogradShape{};
    const WinogradPieces<Tile> pieces(v.taps, h.taps, p.depth);
    return WinogradShape{pieces.count() * Tile::positions, Tile::Down::side,
                         winograd_work<Tile>(v, h)};
  });
}
template <class T>
WinogradShape winograd_shape(const ConvProduct<T>& p) {
  return p.groups == 1 ? winograd_shape_of<T>(p) : WinogradShape{};
}

}  // namespace LAMINA_ISA
}  // namespace lamina
