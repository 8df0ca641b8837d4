// Convolution with few outputs per pixel: vectors run over images.
//
// Six filters leave most lanes of a vector over filters empty.  Here an element of 16 images fills
// whole vectors, which are transposed on input and output, and a tile is a few outputs at a few
// pixels.  Each output is the same chain as in conv_product.h, so the choice may depend on the
// number of images.
#pragma once

#include "conv_product.h"
#include "pack.h"

namespace lamina {
namespace LAMINA_ISA {

// Images per unit; if there are more images than lanes, groups of lanes follow one another.
template <class T>
constexpr Index lane_images = lanes<T> < 16 ? 16 : lanes<T>;
template <class T>
constexpr Index lane_groups = lane_images<T> / lanes<T>;

// --- transposing images to lanes and back

// Squares of elements and images; the last one of a row is moved back to end at `size`.
template <class Square>
LAMINA_INLINE void for_squares(Index size, Index side, Square&& square) {
  for (Index k = 0; k < size; k += side) square(k + side <= size ? k : size - side);
}
// `size` elements of each image, which are `image` apart, to groups of lanes of `group` elements
// each; lanes without an image are zeros.
template <class T>
void images_to_lanes(T* to, Index group, const T* from, Index image, Index size, Index images,
                     Index groups = lane_groups<T>) {
  constexpr Index side = square<T>;
  for (Index first = 0; first < groups * lanes<T>; first += side) {
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
void lanes_to_images(T* to, Index apart, const T* from, Index size, Index images) {
  constexpr Index side = square<T>;
  for (Index first = 0; first < images; first += side) {
    const T* lane = from + first / lanes<T> * size * lanes<T> + first % lanes<T>;
    T* image = to + first * apart;
    const Index count = images - first < side ? images - first : side;
    if (count == side && size >= side)
      for_squares(size, side, [&](Index k) {
        const T* row[side];
        for (Index i = 0; i < side; ++i) row[i] = lane + (k + i) * lanes<T>;
        transpose_square(image + k, apart, row, 0);
      });
    else
      for (Index i = 0; i < count; ++i)
        for (Index k = 0; k < size; ++k) image[i * apart + k] = lane[k * lanes<T> + i];
  }
}

// --- choice

// The maximum number of input rows that so many rows of outputs overlap.
template <class T>
Index lanes_inputs(const ConvProduct<T>& p, Index rows) {
  const Axis& a = p.vertical;
  const Index met = ((rows - 1) * a.scale + (a.taps - 1) * a.dilation) / a.divide + 2;
  return met < a.inputs ? met : a.inputs;
}
template <class T>
Index lanes_bytes(const ConvProduct<T>& p, Index rows) {
  return (lanes_inputs(p, rows) * p.horizontal.inputs * p.x_pixel() +
          rows * p.horizontal.outputs * p.y_pixel()) *
         lane_images<T> * Index(sizeof(T));
}
// Images that fill lanes: all of their rows, or bands of them if there are many.  If most of a band
// would have to be copied again for the next one, count is 0.  6 MB exceed an L2 cache of 1 MB, but
// were faster (with 2.3 MB 5.5 times).
template <class T>
Units lanes_units(const ConvProduct<T>& p, int threads) {
  const Index height = p.vertical.outputs, width = p.horizontal.outputs;
  Units units(p.images, height, width, lane_images<T> * height * width, true);
  const Index groups = units.count, least = p.vertical.taps + p.vertical.scale - 1;
  const auto fits = [&] { return lanes_bytes(p, units.band_rows) <= 6 << 20; };
  while (!p.by_images() && units.bands < height &&
         (!fits() || (units.bands * groups < threads && units.band_rows >= 2 * least))) {
    ++units.bands;
    units.band_rows = (height + units.bands - 1) / units.bands;
  }
  units.bands = (height + units.band_rows - 1) / units.band_rows;
  units.count = fits() && (units.bands == 1 || units.band_rows >= least) ? groups * units.bands : 0;
  return units;
}
// The cost relative to vectors over filters, in multiply-adds: a tile of one vector over filters
// waits for its broadcasts, and transposing an element takes the time of eight.  (Zen 4, AVX-512: 6
// outputs of 5x5x16 27 and 92 GFLOP/s, 16 of 5x5x6 80 and 98, 32 of 3x3x3 87 and 70.)
template <class T>
double lanes_cost(const ConvProduct<T>& p) {
  const PanelCut<T> panels(p.columns);
  if (panels.count() > 1) return 2.0;
  const double cells = double(p.taps()) / double(p.vertical.divide * p.horizontal.divide);
  const double each =
      double(p.vertical.outputs * p.horizontal.outputs) * cells * double(p.x_pixel());
  const double over_filters = (panels.vectors(0) == 1 ? 1.4 : 1.1) * double(panels.padded());
  return (1.15 * each * double(p.columns) + 8.0 * double(p.x_image() + p.y_image())) /
         (each * over_filters);
}
// Whether so many images fill enough lanes.
template <class T>
bool lanes_pay(double cost, Index images) {
  return cost * double((images + lanes<T> - 1) / lanes<T> * lanes<T>) < 0.95 * double(images);
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

// Four pixels (two if registers are few), two or one, by up to six outputs.
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

// The input rows that some rows of outputs overlap.
template <class T>
Range rows_met(const ConvProduct<T>& p, const Classes& rows, const Unit& unit) {
  Range met{p.vertical.inputs, 0};
  for (Index r = unit.row; r < unit.row + unit.rows; ++r) {
    const Position& at = rows.of_output[r];
    const Index last = at.input + (at.count - 1) * p.vertical.input_step;
    if (at.count > 0 && at.input < met.begin) met.begin = at.input;
    if (at.count > 0 && last >= met.end) met.end = last + 1;
  }
  return met.begin < met.end ? met : Range{0, 0};
}

// One unit of lanes_units.  Uses scratch slot 0; returns false if memory is short.
template <class T>
bool lanes_unit(const ConvProduct<T>& p, const ConvPlan<T>& plan, const Unit& unit) {
  const Index groups = (unit.images + lanes<T> - 1) / lanes<T>;
  const Index x_row = p.horizontal.inputs * p.x_pixel();
  const Index y_row = p.horizontal.outputs * p.y_pixel();
  const Range met = rows_met(p, plan.rows, unit);
  const Index x_size = met.size() * x_row, y_size = unit.rows * y_row;
  const Index values = (x_size + y_size) * lane_images<T> * Index(sizeof(T));
  const Index places_bytes = groups * unit.rows * p.horizontal.outputs * Index(sizeof(Place));
  char* memory = static_cast<char*>(scratch(0, values + places_bytes + plan.window_bytes));
  if (!memory) return false;
  T* x = reinterpret_cast<T*>(memory);
  T* y = x + x_size * lane_images<T>;
  Place* places = reinterpret_cast<Place*>(memory + values);
  Window window(memory + values + places_bytes, p.taps(), p.depth);
  images_to_lanes(x, x_size, p.x + unit.image * p.x_image() + met.begin * x_row, p.x_image(),
                  x_size, unit.images, groups);
  ConvProduct<T> band = p;  // its images are the groups of lanes, its rows those of the unit
  band.x = x - met.begin * x_row * lanes<T>;
  band.y = y - unit.row * y_row * lanes<T>;
  band.vertical.inputs = met.size();
  band.vertical.outputs = unit.rows;
  const Unit all{0, groups, unit.row, unit.rows};
  for (Index r = 0; r < plan.rows.count; ++r)
    for (Index c = 0; c < plan.cols.count; ++c) {
      const Index count = fill_places(places, band, all, plan.rows, r, plan.cols, c);
      if (count == 0) continue;
      fill_window(window, p.vertical, p.horizontal, plan.rows.of_class(r), plan.cols.of_class(c),
                  window_strides(p));
      lanes_class(band, window, places, count);
    }
  lanes_to_images(p.y + unit.image * p.y_image() + unit.row * y_row, p.y_image(), y, y_size,
                  unit.images);
  return true;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
