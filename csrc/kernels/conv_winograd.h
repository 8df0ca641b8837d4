// Winograd's convolution F(4x4, 3x3): 36 multiplications for 16 outputs of a 3x3 window, not 144.
//
// An image is cut into tiles of 4x4 outputs, from its first row and column on whatever part of it a
// unit holds.  The 6x6 inputs of a tile and the weights are taken to 36 positions, where channels
// are summed by 36 matrix products, and the sums are taken back (Lavin and Gray, 2015,
// https://arxiv.org/abs/1509.09308).  The transforms evaluate polynomials at 0, +-sqrt(1/2),
// +-sqrt(2) and infinity.  With the usual 0, +-1, +-2 the largest error of a layer of 64 channels
// was 6e-6 of the largest output in float32, with these 1.1e-6, and by plain sums 0.8e-6.
#pragma once

#include "conv_product.h"

namespace lamina {
namespace LAMINA_ISA {

constexpr Index winograd_side = 4;   // outputs of a tile along an axis
constexpr Index winograd_reach = 6;  // its inputs
constexpr Index winograd_positions = 36;
// Tiles that pass through all 36 products together: what they hold stays in the second cache.
constexpr Index winograd_tiles = 24;
// Numbers between the tiles of two positions, so that 36 lines do not fall into one cache set.
constexpr Index winograd_gap = 16;

inline Index winograd_tiles_along(Index outputs) {
  return (outputs + winograd_side - 1) / winograd_side;
}

// Whether it pays, by the shape of one image alone.  With fewer channels or filters the transforms
// cost what the products save, and of small images one row would pay for transforming the weights:
// forward and backward take plain sums 1.11 times as long on 6x6 images of 16 channels and 32
// filters, 1.33 times on 7x7 of 16 and 16 (bench/winograd.py, one thread).
template <class T>
bool winograd_pays(Index height, Index width, Index channels, Index filters) {
  if (sizeof(T) != sizeof(float) || channels < 16 || filters < 16) return false;
  const Index tiles = winograd_tiles_along(height) * winograd_tiles_along(width);
  return height * width >= 49 && 9 * height * width >= 56 * tiles && winograd_allowed();
}
template <class T>
bool by_winograd(const ConvProduct<T>& p) {
  const Axis &v = p.vertical, &h = p.horizontal;
  return v.taps == 3 && h.taps == 3 && v.scale == 1 && h.scale == 1 && v.divide == 1 &&
         h.divide == 1 && v.dilation == 1 && h.dilation == 1 && p.groups == 1 &&
         winograd_pays<T>(v.outputs, h.outputs, p.depth, p.columns);
}

// A product's share of the work of plain sums, transforms included: 0.40 to 0.45 of the time.
constexpr double winograd_work = 0.4;

// --- transforms along one axis, on vectors: x[0], x[step], ...

#define LAMINA_ROOT(name, value) \
  template <class T>             \
  LAMINA_INLINE Vec<T> name() {  \
    return broadcast(T(value));  \
  }
LAMINA_ROOT(root_half, 0.70710678118654752440)
LAMINA_ROOT(root_two, 1.41421356237309504880)
#undef LAMINA_ROOT

// B' d: six inputs to six positions.
template <class T>
LAMINA_INLINE void winograd_of_inputs(Vec<T> (&v)[6], const Vec<T> (&d)[6]) {
  const Vec<T> a = root_half<T>(), b = root_two<T>(), half = broadcast(T(0.5));
  const Vec<T> two = broadcast(T(2)), most = broadcast(T(2.5));
  const Vec<T> even_a = d[4] - two * d[2], odd_a = a * (d[3] - two * d[1]);
  const Vec<T> even_b = d[4] - half * d[2], odd_b = b * (d[3] - half * d[1]);
  v[0] = (d[4] + d[0]) - most * d[2];
  v[1] = even_a + odd_a;
  v[2] = even_a - odd_a;
  v[3] = even_b + odd_b;
  v[4] = even_b - odd_b;
  v[5] = (d[5] + d[1]) - most * d[3];
}

// G g: three weights to six positions.
template <class T>
LAMINA_INLINE void winograd_of_weights(Vec<T> (&u)[6], const Vec<T> (&g)[3]) {
  const Vec<T> a = root_half<T>(), b = root_two<T>(), half = broadcast(T(0.5));
  const Vec<T> third = broadcast(T(-2.0 / 3.0)), sixth = broadcast(T(1.0 / 6.0));
  const Vec<T> even_a = g[0] + half * g[2], odd_a = a * g[1];
  const Vec<T> even_b = g[0] + (g[2] + g[2]), odd_b = b * g[1];
  u[0] = g[0];
  u[1] = third * (even_a + odd_a);
  u[2] = third * (even_a - odd_a);
  u[3] = sixth * (even_b + odd_b);
  u[4] = sixth * (even_b - odd_b);
  u[5] = g[2];
}

// A' m: six positions to four outputs.
template <class T>
LAMINA_INLINE void winograd_to_outputs(Vec<T> (&y)[4], const Vec<T> (&m)[6]) {
  const Vec<T> a = root_half<T>(), b = root_two<T>(), half = broadcast(T(0.5));
  const Vec<T> even_a = m[1] + m[2], odd_a = a * (m[1] - m[2]);
  const Vec<T> even_b = m[3] + m[4], odd_b = b * (m[3] - m[4]);
  y[0] = m[0] + (even_a + even_b);
  y[1] = odd_a + odd_b;
  y[2] = half * even_a + (even_b + even_b);
  y[3] = (half * odd_a + (odd_b + odd_b)) + m[5];
}

// Columns first, then rows: element (r, s) of the tile is load(r, s), and store(r, s, value) gets
// each of the results; along(to, from) is the transform of a column or of a row.
template <class T, int From, int To, class Along, class Load, class Store>
LAMINA_INLINE void winograd_both_ways(const Along& along, const Load& load, const Store& store) {
  Vec<T> part[To][From];
  for (int s = 0; s < From; ++s) {
    Vec<T> from[From], to[To];
    LAMINA_UNROLL
    for (int r = 0; r < From; ++r) from[r] = load(r, s);
    along(to, from);
    LAMINA_UNROLL
    for (int r = 0; r < To; ++r) part[r][s] = to[r];
  }
  for (int r = 0; r < To; ++r) {
    Vec<T> to[To];
    along(to, part[r]);
    LAMINA_UNROLL
    for (int s = 0; s < To; ++s) store(r, s, to[s]);
  }
}

// --- an image's tiles

// Rows and columns that exist of a window whose first cell may lie outside.
struct Inside {
  Index row_begin, row_end, col_begin, col_end;
  Inside(Index top, Index left, Index height, Index width, Index side)
      : row_begin(top < 0 ? -top : 0),
        row_end(height - top < side ? height - top : side),
        col_begin(left < 0 ? -left : 0),
        col_end(width - left < side ? width - left : side) {}
  bool has(Index r, Index s) const {
    return r >= row_begin && r < row_end && s >= col_begin && s < col_end;
  }
  bool whole(Index side) const {
    return row_begin <= 0 && row_end >= side && col_begin <= 0 && col_end >= side;
  }
};

// Where the tiles of a unit lie.
struct TileCut {
  Unit unit;
  Index down, across;
  TileCut(const Unit& unit_, Index width)
      : unit(unit_), down(winograd_tiles_along(unit_.rows)), across(winograd_tiles_along(width)) {}
  Index count() const { return unit.images * down * across; }
  Index image(Index tile) const { return unit.image + tile / (down * across); }
  Index row(Index tile) const { return unit.row + tile / across % down * winograd_side; }
  Index col(Index tile) const { return tile % across * winograd_side; }
};

// One tile's inputs at all positions: to[position * step + channel].  `x` is the window's first
// cell, which may lie outside the image.
template <class T, bool Whole>
void winograd_input(T* to, Index step, const T* x, Index row, Index pixel, Index channels,
                    const Inside& inside) {
  for (Index c = 0; c < channels; c += lanes<T>) {
    const Index n = channels - c < lanes<T> ? channels - c : lanes<T>;
    winograd_both_ways<T, 6, 6>(
        winograd_of_inputs<T>,
        [&](int r, int s) __attribute__((always_inline)) {
          return Whole || inside.has(r, s) ? load_count(x + r * row + s * pixel + c, n) : Vec<T>{};
        },
        [&](int r, int s, Vec<T> v)
            __attribute__((always_inline)) { store_count(to + (6 * r + s) * step + c, v, n); });
  }
}

// The inputs of tiles [begin, end) of a unit of images: rows of v[position], one a tile.
template <class T>
void winograd_inputs(T* v, Index step, const T* x, const TileCut& tiles, Range range,
                     const Axis& vertical, const Axis& horizontal, Index pixel) {
  const Index row = horizontal.inputs * pixel, image = vertical.inputs * row;
  for (Index i = range.begin; i < range.end; ++i) {
    const Index top = tiles.row(i) - vertical.shift, left = tiles.col(i) - horizontal.shift;
    const Inside inside(top, left, vertical.inputs, horizontal.inputs, winograd_reach);
    const T* at = x + tiles.image(i) * image + top * row + left * pixel;
    T* to = v + (i - range.begin) * pixel;
    if (inside.whole(winograd_reach))
      winograd_input<T, true>(to, step, at, row, pixel, pixel, inside);
    else
      winograd_input<T, false>(to, step, at, row, pixel, pixel, inside);
  }
}

// One tile's sums of a panel of columns, with bias and ReLU, to the outputs that exist.
template <class T>
void winograd_output(T* y, Index row, Index pixel, const T* m, Index step, Index columns,
                     const T* bias, bool relu, const Inside& inside) {
  for (Index c = 0; c < columns; c += lanes<T>) {
    const Index n = columns - c < lanes<T> ? columns - c : lanes<T>;
    const Vec<T> of_bias = bias ? load_count(bias + c, n) : Vec<T>{};
    winograd_both_ways<T, 6, 4>(
        winograd_to_outputs<T>,
        [&](int r, int s)
            __attribute__((always_inline)) { return load(m + (6 * r + s) * step + c); },
        [&](int r, int s, Vec<T> z) __attribute__((always_inline)) {
          if (!inside.has(r, s)) return;
          if (bias) z = z + of_bias;
          if (relu) z = max(broadcast(T(0)), z);
          store_count(y + r * row + s * pixel + c, z, n);
        });
  }
}

// --- products

// c (+)= a b, with rows of a that lie apart (k adjacent) or side by side; whole vectors of b and c.
template <class T, bool KAdjacent>
void winograd_product(T* c, Index ldc, const T* a, Index lda, const T* b, Index ldb, Index rows,
                      Index vectors, Index depth, bool add) {
  const Parts chunks(depth, parts_of(depth, longest_chunk));
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

// Packed weights, 9 taps, to positions: panel by panel, and in each position by position.
template <class T>
void winograd_weights(T* to, const T* packed, const ConvProduct<T>& p) {
  const PanelCut<T> panels(p.columns);
  const Index blocks = parts_of(p.depth, 64), tasks = panels.count() * blocks;
  const double work = 16.0 * double(winograd_positions) * double(p.depth * p.columns);
  parallel_chunks(threads_for(work, tasks), tasks, [&, to](Index task) {
    const Index j = task / blocks, width = panels.vectors(j) * lanes<T>;
    const Parts parts(p.depth, blocks);
    const T* from = packed + panels.first(j) * 9 * p.depth;
    T* panel = to + panels.first(j) * winograd_positions * p.depth;
    for (Index k = parts.begin(task % blocks); k < parts.begin(task % blocks + 1); ++k)
      for (Index c = 0; c < width; c += lanes<T>)
        winograd_both_ways<T, 3, 6>(
            winograd_of_weights<T>,
            [&](int r, int s) __attribute__((always_inline)) {
              return load(from + ((3 * r + s) * p.depth + k) * width + c);
            },
            [&](int r, int s, Vec<T> u) __attribute__((always_inline)) {
              store(panel + ((6 * r + s) * p.depth + k) * width + c, u);
            });
  });
}

// A unit whose first row begins a tile; takes scratch slot 0.
template <class T>
bool winograd_unit(const ConvProduct<T>& p, const Unit& unit) {
  const PanelCut<T> panels(p.columns);
  const TileCut tiles(unit, p.horizontal.outputs);
  const Index v_step = winograd_tiles * p.depth + winograd_gap;
  const Index m_step = winograd_tiles * gather_vectors * lanes<T> + winograd_gap;
  T* v = static_cast<T*>(scratch(0, sizeof(T) * winograd_positions * (v_step + m_step)));
  if (!v) return false;
  T* m = v + winograd_positions * v_step;
  const Index row = p.horizontal.outputs * p.columns, image = p.vertical.outputs * row;
  const Parts blocks(tiles.count(), parts_of(tiles.count(), winograd_tiles));
  for (Index i = 0; i < blocks.count; ++i) {
    const Range range{blocks.begin(i), blocks.begin(i + 1)};
    winograd_inputs(v, v_step, p.x, tiles, range, p.vertical, p.horizontal, p.depth);
    for (Index j = 0; j < panels.count(); ++j) {
      const Index width = panels.vectors(j) * lanes<T>, col = panels.first(j);
      const T* u = p.b + col * winograd_positions * p.depth;
      for (Index at = 0; at < winograd_positions; ++at)
        winograd_product<T, true>(m + at * m_step, width, v + at * v_step, p.depth,
                                  u + at * p.depth * width, width, range.size(), panels.vectors(j),
                                  p.depth, false);
      for (Index t = range.begin; t < range.end; ++t) {
        const Index r = tiles.row(t), c = tiles.col(t);
        winograd_output(p.y + tiles.image(t) * image + r * row + c * p.columns + col, row,
                        p.columns, m + (t - range.begin) * width, m_step, panels.used(j),
                        p.bias ? p.bias + col : nullptr, p.activation.kind == Activation::relu,
                        Inside(r, c, p.vertical.outputs, p.horizontal.outputs, winograd_side));
      }
    }
  }
  return true;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
