// An image as read by products of pairs: cells of pairs, made for one unit at a time.
//
// A cell is a pixel's channels, an odd last one paired with 0.  With fewer than four channels much
// of every product would be zeros: there a cell is a row of an output's window, with its columns
// and channels in one run and zeros outside the image, and the window then has one column.
#pragma once

#include "../conv_axes.h"
#include "pairs.h"

namespace lamina {
namespace LAMINA_ISA {

using Half = std::uint16_t;  // one number in bfloat16

// `count` contiguous numbers.
inline void round_numbers(Half* to, const float* from, Index count) {
  for (Index i = 0; i < count; i += 2 * pair_lanes) {
    const Index left = count - i;
    const __m512i pairs = pairs_along(from + i, left);
    const Index used = left < 2 * pair_lanes ? left : 2 * pair_lanes;
    _mm512_mask_storeu_epi16(to + i, __mmask32((std::uint64_t(1) << used) - 1), pairs);
  }
}

struct CellSource {
  const float* x;  // rows of `width` pixels of `depth` channels
  Index width, depth;
  Axis horizontal;  // before cells span it
  bool spans;

  Index pairs() const { return pairs_of(spans ? horizontal.taps * depth : depth); }
  Index columns() const { return spans ? horizontal.outputs : width; }
  // The axis along which the window moves over cells.
  Axis over_cells() const {
    if (!spans) return horizontal;
    return {horizontal.outputs, horizontal.outputs, 1, 1, 0, 1, 1};
  }
  // Halves of a row with its border, read in whole vectors.
  Index border_row() const {
    const Index last = (horizontal.outputs - 1) * horizontal.scale;
    return (last + (horizontal.taps - 1) * horizontal.dilation + 1) * depth + 2 * pair_lanes;
  }
};

// The windows' rows over one row of pixels; `border` has room for border_row() halves.
inline void span_row(Pair* cells, Half* border, const CellSource& s, const float* row) {
  const Axis& a = s.horizontal;
  const Index size = s.border_row() - 2 * pair_lanes, shift = a.shift * s.depth;
  const Index begin = shift < size ? shift : size;
  const Index left = size - begin, numbers = s.width * s.depth < left ? s.width * s.depth : left;
  for (Index i = 0; i < begin; ++i) border[i] = 0;
  round_numbers(border + begin, row, numbers);
  for (Index i = begin + numbers; i < size; ++i) border[i] = 0;
  const Index pairs = s.pairs(), length = a.taps * s.depth;
  for (Index o = 0; o < a.outputs; ++o, cells += pairs) {
    const Half* from = border + o * a.scale * s.depth;
    if (a.dilation == 1) {
      for (Index i = 0; i < length; i += 2 * pair_lanes) {
        const Index left_here = length - i < 2 * pair_lanes ? length - i : 2 * pair_lanes;
        const auto mask = __mmask32((std::uint64_t(1) << left_here) - 1);
        store_pairs(cells + i / 2, _mm512_maskz_loadu_epi16(mask, from + i), pairs - i / 2);
      }
      continue;
    }
    for (Index i = 0; i < pairs; ++i) {
      const auto half = [&](Index k) {
        return k < length ? Pair(from[k / s.depth * a.dilation * s.depth + k % s.depth]) : Pair(0);
      };
      cells[i] = half(2 * i) | half(2 * i + 1) << 16;
    }
  }
}

// `rows` consecutive rows of pixels.
inline void make_cells(Pair* cells, Half* border, const CellSource& s, const float* from,
                       Index rows) {
  const Index step = s.columns() * s.pairs();
  if (s.spans) {
    for (Index r = 0; r < rows; ++r)
      span_row(cells + r * step, border, s, from + r * s.width * s.depth);
  } else if (s.depth % 2 == 0) {
    const Index size = rows * s.width * s.depth;
    for (Index i = 0; i < size; i += 2 * pair_lanes)
      store_pairs(cells + i / 2, pairs_along(from + i, size - i), pairs_of(size - i));
  } else {
    pack_rows(cells, s.pairs(), {from, s.depth, true}, 0, rows * s.width, 0, s.depth);
  }
}

}  // namespace LAMINA_ISA
}  // namespace lamina
