// The cells of the window that overlap the image, axis by axis.
//
// One axis of a convolution pairs an output position o and a tap t with the input position
//   (o * scale - shift + t * dilation) / divide,
// which exists if the division has no remainder and the result is inside.  Forward has divide = 1;
// backward-data is the same with dy as input, taps counted from the end, scale = 1 and divide =
// stride.  Positions that overlap the same taps form a class: their products have the same form, so
// that padding needs neither a copy nor a multiplication by zero, and a stride in backward-data
// becomes a few dense products.
#pragma once

#include "conv_tile.h"
#include "gemm.h"

namespace lamina {
namespace LAMINA_ISA {

struct Axis {
  Index outputs, inputs, taps;
  Index scale, shift, dilation, divide;
  Index tap_step = 1, input_step = 1;  // between adjacent taps of one position

  void prepare() {
    Index a = divide, b = dilation;
    while (b != 0) {
      const Index rest = a % b;
      a = b;
      b = rest;
    }
    tap_step = divide / a;
    input_step = dilation / a;
  }
};

LAMINA_INLINE Index floor_divide(Index a, Index b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

struct Position {
  Index tap, count;  // the first tap that overlaps the input, and the number of taps
  Index input;       // the position of the first one
  bool alike(const Position& o) const { return tap == o.tap && count == o.count; }
};

inline Position position(const Axis& axis, Index output) {
  const Index at = output * axis.scale - axis.shift;
  Index tap = at < 0 ? -floor_divide(at, axis.dilation) : 0;
  for (Index tried = 0; (at + tap * axis.dilation) % axis.divide != 0; ++tap)
    if (++tried == axis.tap_step) return {0, 0, 0};
  Index last = floor_divide((axis.inputs - 1) * axis.divide - at, axis.dilation);
  if (last > axis.taps - 1) last = axis.taps - 1;
  if (tap > last) return {0, 0, 0};
  return {tap, (last - tap) / axis.tap_step + 1, (at + tap * axis.dilation) / axis.divide};
}

// Outputs whose cell at `tap` is inside the input; the inputs are not spread out (divide = 1).
inline Range outputs_of_tap(const Axis& axis, Index tap) {
  const Index at = tap * axis.dilation - axis.shift;
  const Index first = at >= 0 ? 0 : (-at + axis.scale - 1) / axis.scale;
  const Index last = axis.inputs - 1 - at;
  Index end = last < 0 ? 0 : last / axis.scale + 1;
  if (end > axis.outputs) end = axis.outputs;
  return {first < end ? first : end, end};
}

// Pairs of an output and a tap that overlap the input.
inline Index meeting_cells(const Axis& axis) {
  Index cells = 0;
  for (Index tap = 0; tap < axis.taps; ++tap) cells += outputs_of_tap(axis, tap).size();
  return cells;
}

// The outputs of one axis sorted by class; the caller provides the memory of the tables.
struct Classes {
  Index count;
  Index* begin;         // [outputs + 1]: where each class starts in `output`
  Index* output;        // [outputs], ascending within a class
  Position* of_output;  // [outputs]

  static Index bytes(Index outputs) {
    return outputs * Index(2 * sizeof(Index) + sizeof(Position)) + 2 * Index(sizeof(Index));
  }
  const Position& of_class(Index c) const { return of_output[output[begin[c]]]; }

  Classes(const Axis& axis, void* memory) : count(0) {
    of_output = static_cast<Position*>(memory);
    begin = reinterpret_cast<Index*>(of_output + axis.outputs);
    output = begin + axis.outputs + 2;
    // `output` holds the first member of each class until the members have been counted.
    for (Index o = 0; o < axis.outputs; ++o) {
      of_output[o] = position(axis, o);
      if (find(o) == count) output[count++] = o;
    }
    sort(axis);
  }

 private:
  Index find(Index o) const {
    for (Index c = count - 1; c >= 0; --c)
      if (of_output[output[c]].alike(of_output[o])) return c;
    return count;
  }
  void sort(const Axis& axis) {
    for (Index c = 0; c < count; ++c) begin[c] = output[c];
    Index filled = 0;
    for (Index c = 0; c < count; ++c) {
      const Index first = begin[c];
      const Position key = of_output[first];
      begin[c] = filled;
      for (Index o = first; o < axis.outputs; ++o)
        if (of_output[o].alike(key)) output[filled++] = o;
    }
    begin[count] = filled;
  }
};

// The window cells that a pair of classes overlaps, as runs divided into chunks of the sum.
struct Window {
  Run* runs;
  Index* chunk;  // chunk[i] .. chunk[i + 1]: the runs of chunk i
  Index chunks;

  static Index most_runs(Index taps, Index depth) {
    return taps + parts_of(taps * depth, conv_chunk) + 1;
  }
  static Index bytes(Index taps, Index depth) {
    return most_runs(taps, depth) * Index(sizeof(Run)) +
           (parts_of(taps * depth, conv_chunk) + 2) * Index(sizeof(Index));
  }
  Window(void* memory, Index taps, Index depth)
      : runs(static_cast<Run*>(memory)),
        chunk(reinterpret_cast<Index*>(runs + most_runs(taps, depth))),
        chunks(0) {}
};

// The distances between neighbours of the input (row, column) and the elements per tap (channels of
// a group).
struct WindowStrides {
  Index row, column, depth, kernel_w;
};

// Runs are extended while both sides remain contiguous; b counts rows of the weights.
inline void fill_window(Window& w, const Axis& ay, const Axis& ax, const Position& y,
                        const Position& x, const WindowStrides& s) {
  const Index total = y.count * x.count * s.depth;
  const Index parts = parts_of(total, conv_chunk);
  const Index length = (total + parts - 1) / parts;
  Index count = 0, room = length;
  w.chunks = 0;
  w.chunk[0] = 0;
  for (Index j = 0; j < y.count; ++j)
    for (Index i = 0; i < x.count; ++i) {
      Run run{j * ay.input_step * s.row + i * ax.input_step * s.column,
              ((y.tap + j * ay.tap_step) * s.kernel_w + x.tap + i * ax.tap_step) * s.depth,
              s.depth};
      while (run.count > 0) {
        if (room == 0) {
          w.chunk[++w.chunks] = count;
          room = length;
        }
        const Index take = run.count < room ? run.count : room;
        Run* last = count > w.chunk[w.chunks] ? &w.runs[count - 1] : nullptr;
        if (last && last->a + last->count == run.a && last->b + last->count == run.b)
          last->count += take;
        else
          w.runs[count++] = {run.a, run.b, take};
        run = {run.a + take, run.b + take, run.count - take};
        room -= take;
      }
    }
  w.chunk[++w.chunks] = count;
}

// A part of the batch for one thread: some images, or rows of one image.
struct Unit {
  Index image, images;
  Index row, rows;
  Index pixels(Index width) const { return images * rows * width; }
};

struct Units {
  Index images, height, per_unit, bands, band_rows, count;
  // Units of about `pixels` outputs; `whole`: not less than an image; `step`: the first row is a
  // multiple of it.  Dividing the images evenly, instead of leaving a short last unit, gained
  // nothing (65 of 128 on one thread of two).
  Units(Index images_, Index height_, Index width, Index pixels, bool whole = false, Index step = 1)
      : images(images_), height(height_) {
    const Index area = height * width;
    per_unit = area >= pixels ? 1 : (pixels + area - 1) / area;
    if (per_unit > images) per_unit = images;
    bands = 1;
    if (!whole && area >= 2 * pixels) {
      const Index rows = (pixels + width - 1) / width;
      bands = height / rows > 0 ? height / rows : 1;
    }
    band_rows = ((height + bands - 1) / bands + step - 1) / step * step;
    bands = (height + band_rows - 1) / band_rows;
    count = per_unit > 0 ? (images + per_unit - 1) / per_unit * bands : 0;
  }
  Unit at(Index i) const {
    const Index image = i / bands * per_unit, row = i % bands * band_rows;
    return {image, images - image < per_unit ? images - image : per_unit, row,
            height - row < band_rows ? height - row : band_rows};
  }
  Index most_pixels(Index width) const { return per_unit * band_rows * width; }
};

// A unit of a product whose outputs or inputs are in scratch slot 1: multiply(product, unit).
template <class Product, class Multiply>
bool through_scratch(Product p, Unit unit, const Multiply& multiply) {
  const Index image = unit.image, size = unit.images * (p.take ? p.y_image() : p.x_image());
  auto* values = static_cast<decltype(p.y)>(scratch(1, sizeof(*p.y) * std::size_t(size)));
  if (!values) return false;
  if (p.give) p.give->call(p.give->context, values, image, unit.images);
  p.x = p.give ? values : p.x + image * p.x_image();
  p.y = p.take ? values : p.y + image * p.y_image();
  unit.image = 0;
  if (!multiply(p, unit)) return false;
  if (p.take) p.take->call(p.take->context, values, image, unit.images);
  return true;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
