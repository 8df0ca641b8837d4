// The weights' gradient of narrow groups: one chain per element, over the pixels in order.
#pragma once

#include "conv_depthwise.h"

namespace lamina {
namespace LAMINA_ISA {

// One tap and all channels of the groups, for `Vectors` vectors of outputs.
template <class T, int Depth, int Vectors>
LAMINA_INLINE void lanewise_tap(T* dw, Index ld, const T* x, const T* dz, const Run* runs,
                                Index run_count, Index x_step, Index dz_step, Index tail,
                                bool add) {
  const GroupLanes<T, Depth> groups;
  Vec<T> acc[Depth][Vectors];
  LAMINA_UNROLL
  for (int d = 0; d < Depth; ++d) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) acc[d][v] = Vec<T>{};
  }
  for (Index i = 0; i < run_count; ++i) {
    const T* a = x + runs[i].a;
    const T* b = dz + runs[i].b * dz_step;
    for (Index k = runs[i].count; k > 0; --k, a += x_step, b += dz_step) {
      LAMINA_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        const Vec<T> cell = load_count(a + v * lanes<T>, tail);
        const Vec<T> slope = load_count(b + v * lanes<T>, tail);
        LAMINA_UNROLL
        for (int d = 0; d < Depth; ++d) acc[d][v] = fma(groups.channel(cell, d), slope, acc[d][v]);
      }
    }
  }
  LAMINA_UNROLL
  for (int d = 0; d < Depth; ++d) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      T* to = dw + d * ld + v * lanes<T>;
      if (add) acc[d][v] = load_count(to, tail) + acc[d][v];
      store_count<T>(to, acc[d][v], tail);
    }
  }
}

template <class T, int Depth>
void lanewise_taps(const WeightsProduct<T>& p, const Unit& unit, T* dw, Range taps, Run* runs,
                   bool add) {
  constexpr int wide = Depth == 1 ? 4 : 2;
  const Index channels = p.d.channels, x_step = p.d.stride_w * channels;
  const T* dz = p.dz + (unit.image * p.out_h + unit.row) * p.out_w * channels;
  for (Index tap = taps.begin; tap < taps.end; ++tap) {
    const Index count = tap_runs(p, unit, tap, runs);
    T* to = dw + tap * Depth * channels;
    Index c = 0;
    for (; c + wide * lanes<T> <= channels; c += wide * lanes<T>)
      lanewise_tap<T, Depth, wide>(to + c, channels, p.x + c, dz + c, runs, count, x_step, channels,
                                   lanes<T>, add);
    for (; c < channels; c += lanes<T>) {
      const Index left = channels - c;
      lanewise_tap<T, Depth, 1>(to + c, channels, p.x + c, dz + c, runs, count, x_step, channels,
                                left < lanes<T> ? left : lanes<T>, add);
    }
  }
}

// A row of pixels for Rows tap rows of three taps each: 3 Rows chains.
template <class T, int Rows>
LAMINA_INLINE void sweep_row(Vec<T>* sums, const T* x, Index x_row, Index x_tap, Index x_step,
                             const T* dz, Index dz_step, Index count, Index tail) {
  Vec<T> acc[3 * Rows];
  LAMINA_UNROLL
  for (int t = 0; t < 3 * Rows; ++t) acc[t] = sums[t];
  for (Index k = count; k > 0; --k, x += x_step, dz += dz_step) {
    const Vec<T> slope = load_count(dz, tail);
    LAMINA_UNROLL
    for (int t = 0; t < 3 * Rows; ++t)
      acc[t] = fma(load_count(x + t / 3 * x_row + t % 3 * x_tap, tail), slope, acc[t]);
  }
  LAMINA_UNROLL
  for (int t = 0; t < 3 * Rows; ++t) sums[t] = acc[t];
}

// Lines of the next row to prefetch into the L2 cache, one of each array with every output.
template <class T>
struct LinesAhead {
  const T *x, *dz;
  Index step;
  LAMINA_INLINE void next() {
    second_cache_prefetch(x);
    second_cache_prefetch(dz);
    x += step;
    dz += step;
  }
};

// The same if windows are a step apart: cells of 3 tap rows (`Rows`: of as many as overlap the
// image) are read once each, for three outputs whose slopes stay in registers.  x: the row's first
// cell; the windows begin `pad`, 0 or 1, to the left of it.
template <class T, int Rows>
LAMINA_INLINE void sweep_dense(Vec<T>* sums, const T* x, Index x_row, Index pixel, const T* dz,
                               LinesAhead<T> ahead, Index count, Index pad, bool right,
                               Index tail) {
  Vec<T> acc[3 * Rows];
  LAMINA_UNROLL
  for (int t = 0; t < 3 * Rows; ++t) acc[t] = sums[t];
  // The cell at `x` for the outputs with the given slopes; the window of the last one begins there.
  const auto cell = [&](const T* at, const Vec<T>* slopes, int first, int end)
                        __attribute__((always_inline)) {
                          LAMINA_UNROLL
                          for (int r = 0; r < Rows; ++r) {
                            const Vec<T> v = load_count(at + r * x_row, tail);
                            LAMINA_UNROLL
                            for (int t = 0; t < 3; ++t)
                              if (t >= first && t < end)
                                acc[3 * r + t] = fma(v, slopes[t], acc[3 * r + t]);
                          }
                        };
  Vec<T> slope[3] = {load_count(dz, tail), Vec<T>{}, Vec<T>{}};
  if (pad == 0) cell(x, slope, 0, 1);
  x += (1 - pad) * pixel;
  const auto next = [&] {
    ahead.next();
    slope[2] = slope[1];
    slope[1] = slope[0];
  };
  next();
  slope[0] = load_count(dz += pixel, tail);
  cell(x, slope, 0, 2);
  for (Index k = count - 2; k > 0; --k) {
    next();
    slope[0] = load_count(dz += pixel, tail);
    cell(x += pixel, slope, 0, 3);
  }
  next();
  cell(x += pixel, slope, 1, 3);
  next();
  if (right) cell(x + pixel, slope, 2, 3);
  LAMINA_UNROLL
  for (int t = 0; t < 3 * Rows; ++t) sums[t] = acc[t];
}

// Adjacent channels for which a row is processed before the next one: their lines are contiguous.
template <class T>
constexpr Index sweep_block = 512 / Index(sizeof(T));

// The iteration of 3 x 3 taps along a row of outputs.
template <class T>
struct TapSweep {
  Index channels, out_w, pad_left;
  Index x_row, tap_row, x_tap, x_step;  // distances between rows, tap rows, taps, outputs
  Range meets[3];                       // outputs that overlap the image at each tap of a row
  bool together;                        // all channels are processed before the next row
  bool dense, right;                    // whether sweep_dense applies, and its argument `right`

  explicit TapSweep(const WeightsProduct<T>& p)
      : channels(p.d.channels), out_w(p.out_w), pad_left(p.d.pad_left) {
    const ConvDims& d = p.d;
    const Axis cols = horizontal_forward(d);
    for (Index t = 0; t < 3; ++t) meets[t] = outputs_of_tap(cols, t);
    x_row = d.width * channels;
    tap_row = d.dilation_h * x_row;
    x_tap = d.dilation_w * channels;
    x_step = d.stride_w * channels;
    together = channels <= sweep_block<T>;
    dense = sweeps_axis(cols) && (pad_left == 0 || pad_left == 1) && out_w >= 2 &&
            out_w - pad_left < d.width;
    right = out_w - pad_left + 1 < d.width;
  }

  // The prefetching while the channels at c are processed along the row of outputs at dz, whose
  // windows begin at x, for rows a step apart.  With `together`, the vectors of a row prefetch
  // lines in memory order: 36 us per image (32x32x128, one core of a Zen 4), 65 in the vectors' own
  // order, 95 without any.
  LinesAhead<T> ahead(const T* x, const T* dz, Index c) const {
    const Index first = together ? c * out_w : c;
    return {x + 3 * x_row + first, dz + out_w * channels + first, together ? lanes<T> : channels};
  }
};

// Outputs begin .. end, some of which lack taps.
template <class T, int Rows>
LAMINA_INLINE void sweep_edge(const TapSweep<T>& s, Vec<T>* sums, const T* x, const T* dz,
                              Index begin, Index end, Index tail) {
  for (Index col = begin; col < end; ++col)
    for (Index t = 0; t < 3 * Rows; ++t) {
      if (col < s.meets[t % 3].begin || col >= s.meets[t % 3].end) continue;
      const T* cell = x + col * s.x_step + t / 3 * s.tap_row + t % 3 * s.x_tap;
      sums[t] = fma(load_count(cell, tail), load_count(dz + col * s.channels, tail), sums[t]);
    }
}

// One row of outputs; x: the start of its first window, maybe outside the image.
template <class T, int Rows, bool Whole>
void sweep_taps(const TapSweep<T>& s, Vec<T>* sums, const T* x, const T* dz,
                const LinesAhead<T>& ahead, Index count) {
  const Index tail = Whole ? lanes<T> : count;  // decided here, not at every load
  if (s.dense) {
    sweep_dense<T, Rows>(sums, x + s.pad_left * s.channels, s.tap_row, s.channels, dz, ahead,
                         s.out_w, s.pad_left, s.right, tail);
    return;
  }
  // The range in which all three overlap the image; taps further right start and end further left.
  const Index begin = s.meets[0].begin;
  const Index end = begin < s.meets[2].end ? s.meets[2].end : begin;
  sweep_edge<T, Rows>(s, sums, x, dz, 0, begin, tail);
  sweep_row<T, Rows>(sums, x + begin * s.x_step, s.tap_row, s.x_tap, s.x_step,
                     dz + begin * s.channels, s.channels, end - begin, tail);
  sweep_edge<T, Rows>(s, sums, x, dz, end, s.out_w, tail);
}

// Some channels over a unit of a depthwise layer of 3 x 3 taps.
template <class T>
void sweep_weights(const WeightsProduct<T>& p, const TapSweep<T>& s, const Unit& unit, T* dw,
                   Index begin, Index end, bool add) {
  const ConvDims& d = p.d;
  Vec<T> sums[sweep_block<T> / lanes<T>][9] = {};
  for (Index i = unit.image; i < unit.image + unit.images; ++i)
    for (Index row = unit.row; row < unit.row + unit.rows; ++row) {
      const Index top = row * d.stride_h - d.pad_top;
      const T* x = p.x + (i * d.height + top) * s.x_row - d.pad_left * s.channels;
      const T* dz = p.dz + (i * p.out_h + row) * p.out_w * s.channels;
      bool meets[3];
      for (Index ky = 0; ky < 3; ++ky) {
        const Index at = top + ky * d.dilation_h;
        meets[ky] = at >= 0 && at < d.height;
      }
      const bool all = meets[0] && meets[1] && meets[2];
      for_vectors<T>(begin, end, [&](Index c, Index tail) {
        Vec<T>* to = sums[(c - begin) / lanes<T>];
        const auto three = tail == lanes<T> ? sweep_taps<T, 3, true> : sweep_taps<T, 3, false>;
        const auto one = tail == lanes<T> ? sweep_taps<T, 1, true> : sweep_taps<T, 1, false>;
        const LinesAhead<T> ahead = s.ahead(x, dz, c);
        if (all) return three(s, to, x + c, dz + c, ahead, tail);
        for (Index ky = 0; ky < 3; ++ky)
          if (meets[ky]) one(s, to + 3 * ky, x + ky * s.tap_row + c, dz + c, ahead, tail);
      });
    }
  for_vectors<T>(begin, end, [&](Index c, Index tail) {
    for (Index t = 0; t < 9; ++t) {
      T* to = dw + t * s.channels + c;
      const Vec<T> sum = sums[(c - begin) / lanes<T>][t];
      store_count<T>(to, add ? load_count(to, tail) + sum : sum, tail);
    }
  });
}

template <class T>
void lanewise_weights_unit(const WeightsProduct<T>& p, const Unit& unit, T* dw, Range taps,
                           Run* runs, bool add) {
  const Index depth = lanewise_depth(p);
  if constexpr (lanes<T> > 8)
    if (depth == 8) return lanewise_taps<T, 8>(p, unit, dw, taps, runs, add);
  if constexpr (lanes<T> > 4)
    if (depth == 4) return lanewise_taps<T, 4>(p, unit, dw, taps, runs, add);
  const bool sweep = p.d.kernel_h == 3 && p.d.kernel_w == 3 && taps.size() == 9;
  if (!sweep) return lanewise_taps<T, 1>(p, unit, dw, taps, runs, add);
  const TapSweep<T> s(p);
  for (Index c = 0; c < p.d.channels; c += sweep_block<T>) {
    const Index end = c + sweep_block<T> < p.d.channels ? c + sweep_block<T> : p.d.channels;
    sweep_weights(p, s, unit, dw, c, end, add);
  }
}

}  // namespace LAMINA_ISA
}  // namespace lamina
