// Which tiles of Winograd's algorithm serve a window, and whether they pay.
#pragma once

#include "conv_product.h"
#include "winograd_axis.h"

namespace lamina {
namespace LAMINA_ISA {

template <class Down_, class Across_>
struct WinogradTile {
  using Down = Down_;
  using Across = Across_;
  static constexpr Index positions = Down::positions * Across::positions;
  static constexpr Index outputs = Down::side * Across::side;
  // Tiles that pass through all products together: what they hold stays in the second cache.
  static constexpr Index at_once = 864 / positions;
};

// Tiles for so many cells both ways, or along one axis.
template <int Taps>
using WinogradSquare = WinogradTile<WinogradAxis<Taps, 6>, WinogradAxis<Taps, 6>>;
template <int Taps>
using WinogradColumn = WinogradTile<WinogradAxis<Taps, 8>, WinogradAxis<1, 1>>;
template <int Taps>
using WinogradRow = WinogradTile<WinogradAxis<1, 1>, WinogradAxis<Taps, 8>>;

// A window cut into pieces that have the cells of a tile, the last ones with zeros at their ends.
// At each position the sums of all pieces are added up: the window is then one piece of so many
// times the channels.
template <class Tile>
struct WinogradPieces {
  Index taps_down, taps_across;  // of the window
  Index down, across;            // pieces
  Index together;  // that pass through the products at once: their tiles stay in cache

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
  // Products that take the place of one of plain sums.
  double share() const {
    return double(count() * Tile::positions) / double(taps_down * taps_across * Tile::outputs);
  }

 private:
  static constexpr Index most_channels = 144;
};

// Of tiles of some taps each, the one by which a window takes the fewest products.
template <class Result, class Body, class First, class... Others>
Result with_least_products(Index taps_down, Index taps_across, const Body& body, First first,
                           Others... others) {
  const auto share = [=](auto tile) {
    return WinogradPieces<decltype(tile)>(taps_down, taps_across, 1).share();
  };
  if constexpr (sizeof...(others) > 0) {
    const double here = share(first);
    if (((here > share(others)) || ...))
      return with_least_products<Result>(taps_down, taps_across, body, others...);
  }
  return body(first);
}

// body(tile) of the tile that serves a window of so many channels; `otherwise` where none does.
// 5x5 take as many products in pieces of 3x3 as whole.  Of 64 and 128 channels, on 8x8 and 14x14,
// pieces took 1.1 to 1.6 times as long, as the weights at all positions leave the second cache; of
// 16 on 32x32 they took 0.8 of the time of plain sums, where whole windows did not pay.
template <class T, class Result, class Body>
Result with_winograd_tile(Index taps_down, Index taps_across, Index channels, Result otherwise,
                          const Body& body) {
  const auto least = [&](auto... tiles) {
    return with_least_products<Result>(taps_down, taps_across, body, tiles...);
  };
  if constexpr (sizeof(T) == sizeof(float)) {
    if (taps_down > 1 && taps_across > 1 && channels <= 32)
      return least(WinogradSquare<3>{}, WinogradSquare<4>{}, WinogradSquare<2>{});
    if (taps_down > 1 && taps_across > 1)
      return least(WinogradSquare<5>{}, WinogradSquare<3>{}, WinogradSquare<4>{},
                   WinogradSquare<2>{});
    if (taps_down > 1)
      return least(WinogradColumn<3>{}, WinogradColumn<5>{}, WinogradColumn<4>{},
                   WinogradColumn<2>{});
    if (taps_across > 1)
      return least(WinogradRow<3>{}, WinogradRow<5>{}, WinogradRow<4>{}, WinogradRow<2>{});
  }
  return otherwise;
}

// The way that Winograd's algorithm is weighed against: the time of one of its multiply-adds, as a
// share of one in float32, and how many times as long as the algorithm it must take for that to
// pay.
struct OtherWay {
  double time, margin;
};
constexpr OtherWay plain_sums{1.0, 1.25};
// Of two layers of 64 filters of 3x3 on 32x32, plain sums in bfloat16 took 1.13 times as long as
// the algorithm in float32.  For one image of 8x8 and 256 channels they took 0.4 of its time,
// as the weights' transform costs more than the products; for 5x5 of 32 channels on 16x16 0.9.
constexpr OtherWay sums_in_bfloat16{0.45, 1.1};

// Whether it pays, by the shape of one image and how many there are at least.  Both ways are
// counted in multiply-adds of a vector of filters.  A vector's transform takes as many as 5 for
// each position and axis that is not alone, storing a part of a vector as many as 40.  Of 99
// measurements the rule chose 47, in 46 of which plain sums took 1.15 times as long or longer (as
// in bench/winograd.py, one thread).  The images must pay for their weights' transform too: one did
// from 24 outputs of 5 cells, 36 of 3, and 7x7 of 3x3 on.
template <class T, class Tile>
bool winograd_pays(const Axis& vertical, const Axis& horizontal, Index channels, Index filters,
                   double images, OtherWay other) {
  if (channels < 16 || filters < 16) return false;
  const WinogradPieces<Tile> pieces(vertical.taps, horizontal.taps, channels);
  constexpr double axes = (Tile::Down::taps > 1) + (Tile::Across::taps > 1);
  constexpr double transform = 5.0 * axes * double(Tile::positions);
  const double count = double(pieces.count()), positions = count * double(Tile::positions);
  const double tiles = double(parts_of(vertical.outputs, Tile::Down::side)) *
                       double(parts_of(horizontal.outputs, Tile::Across::side));
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

// One axis of a convolution that only moves the window by one cell at a time.
inline bool moves_by_one(const Axis& a) { return a.scale == 1 && a.divide == 1 && a.dilation == 1; }

// Forward one image must pay, as predictions may be of one.  Gradients are of batches: by 3x3 from
// 128 channels to 256 filters on 4x4 they took 0.5 of the time of plain sums in batches of 128, 1.2
// in batches of 4.
constexpr double backward_images = 4.0;

// What a product goes by; no matrices where plain sums are taken.
struct WinogradShape {
  Index matrices = 0, side = 1;  // of weights; outputs of a tile down the image
  double work = 1.0;             // a share of that of plain sums, transforms included
};
// Of any product without groups that has two axes, a depth and columns.
template <class T, class Product>
WinogradShape winograd_shape_of(const Product& p, OtherWay other = plain_sums) {
  const Axis &v = p.vertical, &h = p.horizontal;
  if (!moves_by_one(v) || !moves_by_one(h)) return {};
  return with_winograd_tile<T>(v.taps, h.taps, p.depth, WinogradShape{}, [&](auto tile) {
    using Tile = decltype(tile);
    const double images = p.backward ? backward_images : 1.0;
    if (!winograd_pays<T, Tile>(v, h, p.depth, p.columns, images, other)) return WinogradShape{};
    const WinogradPieces<Tile> pieces(v.taps, h.taps, p.depth);
    return WinogradShape{pieces.count() * Tile::positions, Tile::Down::side, 0.15 + pieces.share()};
  });
}
template <class T>
WinogradShape winograd_shape(const ConvProduct<T>& p) {
  return p.groups == 1 ? winograd_shape_of<T>(p) : WinogradShape{};
}

}  // namespace LAMINA_ISA
}  // namespace lamina
