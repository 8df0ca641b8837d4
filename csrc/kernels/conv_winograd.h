// Convolutions by Winograd's algorithm: an image divided into tiles.
//
// The first tile of a unit's part of an image begins with its first row and column.  The inputs of
// a tile and the weights are transformed to positions (winograd_axis.h), where channels are summed
// by one matrix product each, and the sums are transformed back.
#pragma once

#include "winograd_choice.h"

namespace lamina {
namespace LAMINA_ISA {

// The gap between the tiles of two positions, so that their lines do not fall into one cache set.
constexpr Index winograd_gap = 16;

// --- an image's tiles

// The rows and columns that exist of a window whose first cell may be outside.
template <Index Rows, Index Cols>
struct Inside {
  Index row_begin, row_end, col_begin, col_end;
  Inside(Index top, Index left, Index height, Index width)
      : row_begin(top < 0 ? -top : 0),
        row_end(height - top < Rows ? height - top : Rows),
        col_begin(left < 0 ? -left : 0),
        col_end(width - left < Cols ? width - left : Cols) {}
  bool has(Index r, Index s) const {
    return r >= row_begin && r < row_end && s >= col_begin && s < col_end;
  }
  bool whole() const {
    return row_begin <= 0 && row_end >= Rows && col_begin <= 0 && col_end >= Cols;
  }
};
template <class Tile>
using InputsInside = Inside<Tile::Down::positions, Tile::Across::positions>;
template <class Tile>
using OutputsInside = Inside<Tile::Down::side, Tile::Across::side>;

// The tiles of a unit that cover an image's first `height` rows and `width` columns.
template <class Tile>
struct TileCut {
  Unit unit;
  Index down, across;
  TileCut(const Unit& unit_, Index height, Index width)
      : unit(unit_),
        down(parts_of(unit_.row + unit_.rows < height ? unit_.rows : height - unit_.row,
                      Tile::Down::side)),
        across(parts_of(width, Tile::Across::side)) {}
  Index count() const { return unit.images * down * across; }
  Index image(Index tile) const { return unit.image + tile / (down * across); }
  Index row(Index tile) const { return unit.row + tile / across % down * Tile::Down::side; }
  Index col(Index tile) const { return tile % across * Tile::Across::side; }
};

// The distance, in tiles, at which new cells are prefetched while earlier tiles are transformed:
// without prefetching, a step of two layers of 64 filters on signals of 500 took 1.09 times as
// long.
constexpr Index winograd_ahead = 4;
template <class Tile, class T>
LAMINA_INLINE void bring_cells(const T* at, Index row, Index pixel) {
  for (Index r = 0; r < Tile::Down::side; ++r)
    for (Index s = 0; s < Tile::Across::side; ++s)
      for (Index c = 0; c < pixel; c += 64 / Index(sizeof(T)))
        __builtin_prefetch(at + r * row + s * pixel + c);
}

// Rows at a position are padded to whole vectors, because partial stores are slow.
template <class T>
Index whole_vectors(Index count) {
  return parts_of(count, lanes<T>) * lanes<T>;
}

// One tile's inputs at all positions: to[position * step + channel].  `x` is the window's first
// cell, which may be outside the image.
template <class T, class Tile, bool Whole>
void winograd_input(T* to, Index step, const T* x, Index row, Index pixel, Index channels,
                    const InputsInside<Tile>& inside) {
  using Down = typename Tile::Down;
  using Across = typename Tile::Across;
  for_vectors<T>(0, channels, [&](Index c, Index n) __attribute__((always_inline)) {
    winograd_both_ways<T, typename Down::OfInputs, typename Across::OfInputs>(
        [&](int r, int s) __attribute__((always_inline)) {
          return Whole || inside.has(r, s) ? load_count(x + r * row + s * pixel + c, n) : Vec<T>{};
        },
        [&](int r, int s, Vec<T> v) __attribute__((always_inline)) {
          store(to + (Across::positions * r + s) * step + c, v);
        });
  });
}

// The inputs of tiles [begin, end) of a unit of images, at v[position]: one row per tile,
// containing the channels of a group of pieces, one after another.
template <class T, class Tile>
struct WinogradInputs {
  const T* x;
  const Axis &vertical, &horizontal;
  Index pixel;
  Index at_once;  // tiles
  WinogradPieces<Tile> pieces;

  WinogradInputs(const T* x_, const Axis& vertical_, const Axis& horizontal_, Index pixel_,
                 Index at_once_ = Tile::at_once)
      : x(x_),
        vertical(vertical_),
        horizontal(horizontal_),
        pixel(pixel_),
        at_once(at_once_),
        pieces(vertical_.taps, horizontal_.taps, pixel_) {}

  // The sizes of a row and of a position: what a tile's last piece writes beyond its row is in the
  // next row, which is written later, or in the gap.
  Index row() const {
    return whole_vectors<T>(pieces.groups().begin(1) * pixel);  // the first is the longest
  }
  Index step() const { return at_once * row() + winograd_gap; }

  void fill(T* v, const TileCut<Tile>& tiles, Range range, Range group) const {
    for (Index i = range.begin; i < range.end; ++i)
      for (Index piece = group.begin; piece < group.end; ++piece)
        fill_row(v + (i - range.begin) * row() + (piece - group.begin) * pixel, tiles, i, piece);
  }

 private:
  void fill_row(T* to, const TileCut<Tile>& tiles, Index tile, Index piece) const {
    const Index width = horizontal.inputs * pixel, image = vertical.inputs * width;
    const Index down = pieces.tap_down(piece) - vertical.shift;
    const Index right = pieces.tap_across(piece) - horizontal.shift;
    const auto cell = [&](Index i, Index r, Index s) {
      return x + tiles.image(i) * image + (tiles.row(i) + down + r) * width +
             (tiles.col(i) + right + s) * pixel;
    };
    const InputsInside<Tile> inside(tiles.row(tile) + down, tiles.col(tile) + right,
                                    vertical.inputs, horizontal.inputs);
    bring_cells<Tile>(cell(tile + winograd_ahead, Tile::Down::taps - 1, Tile::Across::taps - 1),
                      width, pixel);
    const T* const from = cell(tile, 0, 0);
    if (inside.whole())
      winograd_input<T, Tile, true>(to, step(), from, width, pixel, pixel, inside);
    else
      winograd_input<T, Tile, false>(to, step(), from, width, pixel, pixel, inside);
  }
};

// One tile's sums for a panel of columns, with bias and ReLU, written to the outputs that exist.
template <class T, class Tile>
void winograd_output(T* y, Index row, Index pixel, const T* m, Index step, Index columns,
                     const T* bias, bool relu, const OutputsInside<Tile>& inside) {
  using Down = typename Tile::Down;
  using Across = typename Tile::Across;
  for_vectors<T>(0, columns, [&](Index c, Index n) __attribute__((always_inline)) {
    const Vec<T> of_bias = bias ? load_count(bias + c, n) : Vec<T>{};
    winograd_both_ways<T, typename Down::ToOutputs, typename Across::ToOutputs>(
        [&](int r, int s) __attribute__((always_inline)) {
          return load(m + (Across::positions * r + s) * step + c);
        },
        [&](int r, int s, Vec<T> z) __attribute__((always_inline)) {
          if (!inside.has(r, s)) return;
          if (bias) z = z + of_bias;
          if (relu) z = max(broadcast(T(0)), z);
          store_count(y + r * row + s * pixel + c, z, n);
        });
  });
}

// A panel's sums of tiles [begin, end), transformed back.
template <class T, class Tile>
void winograd_outputs(const ConvProduct<T>& p, const TileCut<Tile>& tiles, Range range, const T* m,
                      Index step, const PanelCut<T>& panels, Index panel) {
  const Index row = p.horizontal.outputs * p.columns, image = p.vertical.outputs * row;
  const Index width = panels.vectors(panel) * lanes<T>, col = panels.first(panel);
  for (Index t = range.begin; t < range.end; ++t) {
    const Index r = tiles.row(t), c = tiles.col(t);
    winograd_output<T, Tile>(p.y + tiles.image(t) * image + r * row + c * p.columns + col, row,
                             p.columns, m + (t - range.begin) * width, step, panels.used(panel),
                             p.bias ? p.bias + col : nullptr, p.activation.kind == Activation::relu,
                             OutputsInside<Tile>(r, c, p.vertical.outputs, p.horizontal.outputs));
  }
}

// The outputs of a unit that its tiles omit, as they overlap no input.
template <class T, class Tile>
void outputs_behind(const ConvProduct<T>& p, const TileCut<Tile>& tiles) {
  const Unit& unit = tiles.unit;
  const Index height = p.vertical.outputs, width = p.horizontal.outputs;
  const Index rows = tiles.down * Tile::Down::side, cols = tiles.across * Tile::Across::side;
  if (rows >= unit.rows && cols >= width) return;
  for (Index i = unit.image; i < unit.image + unit.images; ++i)
    for (Index r = 0; r < unit.rows; ++r)
      for (Index c = r < rows ? cols : 0; c < width; ++c) {
        T* const to = p.y + ((i * height + unit.row + r) * width + c) * p.columns;
        for_vectors<T>(0, p.columns, [&](Index k, Index n) __attribute__((always_inline)) {
          Vec<T> z = p.bias ? load_count(p.bias + k, n) : Vec<T>{};
          if (p.activation.kind == Activation::relu) z = max(broadcast(T(0)), z);
          store_count(to + k, z, n);
        });
      }
}

// --- products

// Part of the contract, like longest_chunk: shorter for sums over channels, because their rounding
// errors are larger in the outputs.  With 7 positions in both directions, errors with 256 channels
// reached 7.5e-6 of the largest result when these were one sum.
constexpr Index winograd_chunk = 128;

// c (+)= a b, with rows of a separate (k adjacent) or adjacent; whole vectors of b and c.
template <class T, bool KAdjacent>
void winograd_product(T* c, Index ldc, const T* a, Index lda, const T* b, Index ldb, Index rows,
                      Index vectors, Index depth, bool add) {
  const Parts chunks(depth, parts_of(depth, KAdjacent ? winograd_chunk : longest_chunk));
  const Parts strips(rows, parts_of(rows, tallest[vectors - 1]));
  for (Index i = 0; i < chunks.count; ++i) {
    Tile<T> t{};
    const Index k = chunks.begin(i);
    t.a_step = lda;
    t.b = b + k * ldb;
    t.b_step = ldb;
    t.depth = chunks.begin(i + 1) - k;
    t.ldc = ldc;
    t.tail = lanes<T>;
    t.add = add || i > 0;
    for (Index s = 0; s < strips.count; ++s) {
      const Index first = strips.begin(s), height = strips.begin(s + 1) - first;
      t.a = KAdjacent ? a + first * lda + k : a + k * lda + first;
      t.c = c + first * ldc;
      TileKernels<T, KAdjacent, masks_are_free>::of_vectors[vectors - 1].of_height[height - 1](t);
    }
  }
}

// Packed weights, ordered by tap, transformed to positions: ordered by panel, then by position,
// then by piece.
template <class T, class Tile>
void weights_to_positions(T* to, const T* packed, const ConvProduct<T>& p) {
  using Down = typename Tile::Down;
  using Across = typename Tile::Across;
  const PanelCut<T> panels(p.columns);
  const WinogradPieces<Tile> pieces(p.vertical.taps, p.horizontal.taps, p.depth);
  const Index blocks = parts_of(p.depth, 64), tasks = panels.count() * blocks;
  const Index matrices = pieces.count() * Tile::positions;
  const double work = 16.0 * double(matrices) * double(p.depth * p.columns);
  parallel_chunks(threads_for(work, tasks), tasks, [&, to](Index task) {
    const Index j = task / blocks, width = panels.vectors(j) * lanes<T>;
    const Parts parts(p.depth, blocks);
    const T* from = packed + panels.first(j) * p.taps() * p.depth;
    T* panel = to + panels.first(j) * matrices * p.depth;
    for (Index piece = 0; piece < pieces.count(); ++piece) {
      const Index down = pieces.tap_down(piece), across = pieces.tap_across(piece);
      for (Index k = parts.begin(task % blocks); k < parts.begin(task % blocks + 1); ++k)
        for (Index c = 0; c < width; c += lanes<T>)
          winograd_both_ways<T, typename Down::OfWeights, typename Across::OfWeights>(
              [&](int r, int s) __attribute__((always_inline)) {
                if (!pieces.has(down + r, across + s)) return Vec<T>{};
                const Index tap = (down + r) * p.horizontal.taps + across + s;
                return load(from + (tap * p.depth + k) * width + c);
              },
              [&](int r, int s, Vec<T> u) __attribute__((always_inline)) {
                const Index at = Across::positions * r + s;
                store(panel + ((at * pieces.count() + piece) * p.depth + k) * width + c, u);
              });
    }
  });
}

// A unit whose first row begins a tile; uses scratch slot 0.
template <class T, class Tile>
bool winograd_unit(const ConvProduct<T>& p, const Unit& unit) {
  const PanelCut<T> panels(p.columns);
  const TileCut<Tile> tiles(unit, reached(p.vertical), reached(p.horizontal));
  const WinogradInputs<T, Tile> inputs(p.x, p.vertical, p.horizontal, p.depth);
  const Parts groups = inputs.pieces.groups();
  // The sums of a panel are transformed back when complete: with several groups all panels are
  // kept.
  const Index kept = groups.count > 1 ? panels.padded() : gather_vectors * lanes<T>;
  const Index v_step = inputs.step(), m_step = Tile::at_once * kept + winograd_gap;
  T* v = static_cast<T*>(scratch(0, sizeof(T) * Tile::positions * (v_step + m_step)));
  if (!v) return false;
  const Index depth = inputs.pieces.count() * p.depth;
  const Parts blocks(tiles.count(), parts_of(tiles.count(), Tile::at_once));
  for (Index i = 0; i < blocks.count; ++i) {
    const Range range{blocks.begin(i), blocks.begin(i + 1)};
    for (Index g = 0; g < groups.count; ++g) {
      const Range group{groups.begin(g), groups.begin(g + 1)};
      inputs.fill(v, tiles, range, group);
      for (Index j = 0; j < panels.count(); ++j) {
        const Index width = panels.vectors(j) * lanes<T>, col = panels.first(j);
        T* const m = v + Tile::positions * v_step + (groups.count > 1 ? Tile::at_once * col : 0);
        const T* const u = p.b + col * Tile::positions * depth + group.begin * p.depth * width;
        for (Index at = 0; at < Tile::positions; ++at)
          winograd_product<T, true>(m + at * m_step, width, v + at * v_step, inputs.row(),
                                    u + at * depth * width, width, range.size(), panels.vectors(j),
                                    group.size() * p.depth, g > 0);
        if (g + 1 == groups.count) winograd_outputs(p, tiles, range, m, m_step, panels, j);
      }
    }
  }
  outputs_behind(p, tiles);
  return true;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
