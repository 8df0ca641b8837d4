// Convolution with few outputs a pixel: vectors run over images.
//
// Six filters leave most lanes of a vector over filters empty.  Here an element of 16 images fills
// whole vectors, which are transposed on the way in and out, and a tile is a few outputs at a few
// pixels.  Each output is the same chain as in conv_product.h, so the number of images may choose.
#pragma once

#include "conv_product.h"
#include "pack.h"

namespace lamina {
namespace LAMINA_ISA {

// Images of one unit; where they are more than lanes, groups of lanes lie one after the other.
template <class T>
constexpr Index lane_images = lanes<T> < 16 ? 16 : lanes<T>;
template <class T>
constexpr Index lane_groups = lane_images<T> / lanes<T>;

// --- images into lanes and back

// Squares of elements and images; the last one of a row steps back to end at `size`.
template <class Square>
LAMINA_INLINE void for_squares(Index size, Index side, Square&& square) {
  for (Index k = 0; k < size; k += side) square(k + side <= size ? k : size - side);
}
// `size` elements of each image, `image` apart, to lanes of which a group is `group` elements long;
// lanes without an image are zeros.
template <class T>
void images_to_lanes(T* to, Index group, const T* from, Index image, Index size, Index images) {
  constexpr Index side = square<T>;
  for (Index first = 0; first < lane_images<T>; first += side) {
    T* lane = to + first / lanes<T> * group * lanes<T> + first % lanes<T>;
    const Index count = images - first < side ? images - first : side;
    const T* row[side];
    for (Index i = 0; i < side; ++i) row[i] = from + (first + i) * image;
    if (count == side && size >= side)
      for_squares(size, side,
                  [&](Index k) { transpose_square(lane + k * lanes<T>, lanes<T>, row, k); });
    else
      for (Index k = 0; k < size; ++k)
        for (Index i = 0; i < side; ++i) lane[k * lanes<T> + i] = i < count ? row[i][k] : T(0);
  }
}
template <class T>
void lanes_to_images(T* to, const T* from, Index size, Index images) {
  constexpr Index side = square<T>;
  for (Index first = 0; first < images; first += side) {
    const T* lane = from + first / lanes<T> * size * lanes<T> + first % lanes<T>;
    T* image = to + first * size;
    const Index count = images - first < side ? images - first : side;
    if (count == side && size >= side)
      for_squares(size, side, [&](Index k) {
        const T* row[side];
        for (Index i = 0; i < side; ++i) row[i] = lane + (k + i) * lanes<T>;
        transpose_square(image + k, size, row, 0);
      });
    else
      for (Index i = 0; i < count; ++i)
        for (Index k = 0; k < size; ++k) image[i * size + k] = lane[k * lanes<T> + i];
  }
}

// --- where it pays

// Memory of one unit's lanes.  Beyond a second cache of 1 MB it paid still (2.3 MB: 5.5 times).
template <class T>
Index lanes_bytes(const ConvProduct<T>& p) {
  return (p.x_image() + p.y_image()) * lane_images<T> * Index(sizeof(T));
}
// In multiply-adds: a tile of one vector over filters waits for its broadcasts, and an element
// takes the time of eight to change places.  (Zen 4, AVX-512: 6 outputs of 5x5x16 27 and 92
// GFLOP/s, 16 of 5x5x6 80 and 98, 32 of 3x3x3 87 and 70.)
template <class T>
bool runs_over_images(const ConvProduct<T>& p, int threads) {
  const PanelCut<T> panels(p.columns);
  if (4 * p.images < lane_images<T> || panels.count() > 1 || lanes_bytes(p) > 4 << 20) return false;
  // More than half of the threads would have nothing to do.
  if (threads > 1 && 2 * (p.images + lane_images<T> - 1) / lane_images<T> < threads) return false;
  const double cells = double(p.taps()) / double(p.vertical.divide * p.horizontal.divide);
  const double each =
      double(p.vertical.outputs * p.horizontal.outputs) * cells * double(p.x_pixel());
  const double over_filters = (panels.vectors(0) == 1 ? 1.4 : 1.1) * double(panels.padded());
  return 1.15 * each * double(p.columns) + 8.0 * double(p.x_image() + p.y_image()) <
         0.95 * each * over_filters;
}

// --- tiles

template <class T>
struct LanesTile {
  const T *x, *w;  // w: a row for each cell of the window, `w_step` apart
  T* y;
  const Place* places;
  const Run* runs;
  Index run_count, w_step;
  const T* bias;  // of the first output, or null
  bool add, relu;
};

template <class T, int Height, int Vectors>
void lanes_tile(const LanesTile<T>& t) {
  Vec<T> acc[Height][Vectors];
  const T* x[Vectors];
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    x[v] = t.x + t.places[v].in * lanes<T>;
    LAMINA_UNROLL
    for (int r = 0; r < Height; ++r) acc[r][v] = Vec<T>{};
  }
  const Index w_step = t.w_step;
  for (Index i = 0; i < t.run_count; ++i) {
    Index at = t.runs[i].a * lanes<T>;
    const T* w = t.w + t.runs[i].b * w_step;
    for (Index k = t.runs[i].count; k > 0; --k, at += lanes<T>, w += w_step) {
      Vec<T> cell[Vectors];
      LAMINA_UNROLL
      for (int v = 0; v < Vectors; ++v) cell[v] = load(x[v] + at);
      LAMINA_UNROLL
      for (int r = 0; r < Height; ++r) {
        const Vec<T> weight = broadcast(w[r]);
        LAMINA_UNROLL
        for (int v = 0; v < Vectors; ++v) fma_into(acc[r][v], weight, cell[v]);
      }
    }
  }
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      T* to = t.y + (t.places[v].out + r) * lanes<T>;
      if (t.add) acc[r][v] = load(to) + acc[r][v];
      if (t.bias) acc[r][v] = acc[r][v] + broadcast(t.bias[r]);
      if (t.relu) acc[r][v] = max(broadcast(T(0)), acc[r][v]);
      store(to, acc[r][v]);
    }
  }
}

// Four pixels (two where registers are few), two or one, by up to six outputs.
template <class T, int Vectors>
void lanes_outputs(LanesTile<T> t, Index outputs) {
  for (Index j = 0; j < outputs;) {
    const int height = gather_next(outputs - j, 6);
    switch (height) {
      case 1:
        lanes_tile<T, 1, Vectors>(t);
        break;
      case 2:
        lanes_tile<T, 2, Vectors>(t);
        break;
      case 3:
        lanes_tile<T, 3, Vectors>(t);
        break;
      case 4:
        lanes_tile<T, 4, Vectors>(t);
        break;
      default:
        lanes_tile<T, 6, Vectors>(t);
        break;
    }
    j += height;
    t.w += height;
    t.y += height * lanes<T>;
    if (t.bias) t.bias += height;
  }
}
template <class T>
void lanes_places(LanesTile<T> t, const Place* places, Index count, Index outputs) {
  constexpr int most = gather_vectors;
  Index i = 0;
  for (t.places = places; i + most <= count; i += most, t.places += most)
    lanes_outputs<T, most>(t, outputs);
  if constexpr (most > 2)
    for (; i + 2 <= count; i += 2, t.places += 2) lanes_outputs<T, 2>(t, outputs);
  for (; i < count; ++i, ++t.places) lanes_outputs<T, 1>(t, outputs);
}

// One pair of classes; x and y of `p` are lanes.
template <class T>
void lanes_class(const ConvProduct<T>& p, const Window& window, const Place* places, Index count) {
  const PanelCut<T> panels(p.columns);
  const Index width = panels.padded(), k = p.taps() * p.depth;
  for (Index g = 0; g < p.groups; ++g)
    for (Index i = 0; i < window.chunks; ++i) {
      const bool last = i == window.chunks - 1;
      LanesTile<T> t;
      t.x = p.x + g * p.depth * lanes<T>;
      t.w = p.b + g * width * k;
      t.y = p.y + g * p.columns * lanes<T>;
      t.runs = window.runs + window.chunk[i];
      t.run_count = window.chunk[i + 1] - window.chunk[i];
      t.w_step = width;
      t.bias = last && p.bias ? p.bias + g * p.columns : nullptr;
      t.add = i > 0;
      t.relu = last && p.activation.kind == Activation::relu;
      lanes_places(t, places, count, p.columns);
    }
}

// A unit of images, all of their rows.  Takes scratch slot 0; false where there is no memory.
template <class T>
bool lanes_unit(const ConvProduct<T>& whole, const ConvPlan<T>& plan, const Unit& unit) {
  ConvProduct<T> p = whole;
  const Index pixels = lane_groups<T> * p.vertical.outputs * p.horizontal.outputs;
  const Index values = lanes_bytes(p), places_bytes = pixels * Index(sizeof(Place));
  char* memory = static_cast<char*>(scratch(0, values + places_bytes + plan.window_bytes));
  if (!memory) return false;
  T* x = reinterpret_cast<T*>(memory);
  T* y = x + p.x_image() * lane_images<T>;
  Place* places = reinterpret_cast<Place*>(memory + values);
  Window window(memory + values + places_bytes, p.taps(), p.depth);
  images_to_lanes(x, p.x_image(), p.x + unit.image * p.x_image(), p.x_image(), p.x_image(),
                  unit.images);
  p.x = x;
  p.y = y;
  const Unit all{0, lane_groups<T>, 0, p.vertical.outputs};
  for (Index r = 0; r < plan.rows.count; ++r)
    for (Index c = 0; c < plan.cols.count; ++c) {
      const Index count = fill_places(places, p, all, plan.rows, r, plan.cols, c);
      fill_window(window, p.vertical, p.horizontal, plan.rows.of_class(r), plan.cols.of_class(c),
                  window_strides(p));
      lanes_class(p, window, places, count);
    }
  lanes_to_images(whole.y + unit.image * p.y_image(), y, p.y_image(), unit.images);
  return true;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
