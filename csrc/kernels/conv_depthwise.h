// Convolution with narrow groups: vectors run over the channels of many groups at once.
//
// Depthwise layers have one filter per channel: y = sum over the window of x times w, lane by lane.
// If groups map 4 or 8 channels to the same number, output lane o needs the channels of its group
// one after another: a permutation of the lanes at its place in x.
#pragma once

#include "conv_product.h"
#include "conv_weights.h"

namespace lamina {
namespace LAMINA_ISA {

// Channels per group if vectors run over groups; else 0.
template <class T>
Index lanewise_depth(Index groups, Index depth, Index columns, Index taps) {
  if (groups == 1 || depth != columns) return 0;
  if (depth == 1) return 1;
  const bool fits = depth < lanes<T> && groups * depth % lanes<T> == 0;
  return (depth == 4 || depth == 8) && fits && taps * depth <= conv_chunk ? depth : 0;
}
template <class T>
Index lanewise_depth(const ConvProduct<T>& p) {
  return lanewise_depth<T>(p.groups, p.depth, p.columns, p.taps());
}
template <class T>
Index lanewise_depth(const WeightsProduct<T>& p) {
  return lanewise_depth<T>(p.d.groups, p.depth(), p.columns(), p.taps());
}

// Three taps, all steps one: adjacent windows share two of three cells.
inline bool sweeps_axis(const Axis& a) {
  return a.taps == 3 && a.scale == 1 && a.dilation == 1 && a.divide == 1;
}

#if LAMINA_VECTOR_BYTES == 64
LAMINA_INLINE vf permute(vf x, vi32 from) {
  return vf(_mm512_permutexvar_ps(__m512i(from), __m512(x)));
}
LAMINA_INLINE vd permute(vd x, vi64 from) {
  return vd(_mm512_permutexvar_pd(__m512i(from), __m512d(x)));
}
#elif LAMINA_VECTOR_BYTES == 32
LAMINA_INLINE vf permute(vf x, vi32 from) {
  return vf(_mm256_permutevar8x32_ps(__m256(x), __m256i(from)));
}
#endif

// Channel `i` of each lane's group.
template <class T, int Depth>
struct GroupLanes {
  typename Of<T>::ivec from[Depth];
  LAMINA_INLINE GroupLanes() {
    for (int i = 0; i < Depth; ++i)
      for (Index lane = 0; lane < lanes<T>; ++lane)
        from[i][lane] = decltype(from[i][lane] + 0)(lane / Depth * Depth + i);
  }
  LAMINA_INLINE Vec<T> channel(Vec<T> x, int i) const { return permute(x, from[i]); }
};
template <class T>
struct GroupLanes<T, 1> {
  LAMINA_INLINE Vec<T> channel(Vec<T> x, int) const { return x; }
};

// --- forward and backward-data

// The weights in the order of the lanes: a row for each tap and channel of a group, a column per
// output.
template <class T>
void pack_lanewise(T* to, const ConvProduct<T>& p) {
  for (Index tap = 0; tap < p.taps(); ++tap)
    for (Index k = 0; k < p.depth; ++k)
      for (Index g = 0; g < p.groups; ++g)
        for (Index j = 0; j < p.columns; ++j) *to++ = p.weight(g, tap, k, j);
}

// Positions at equal distances in one row.
template <class T>
struct EvenPlaces {
  const T *x, *w, *bias;  // at the first position and channel; bias may be null
  T* y;
  Index in_step, out_step, w_step, channels;
  const Run* runs;  // one per tap
  Index taps;
  bool relu;
};

// `Width` positions: enough chains of fma to hide its latency.
template <class T, int Depth, int Width>
LAMINA_INLINE void lanewise_tile(const EvenPlaces<T>& e, const GroupLanes<T, Depth>& groups,
                                 Index place, Index c, Index tail) {
  Vec<T> acc[Width];
  LAMINA_UNROLL
  for (int r = 0; r < Width; ++r) acc[r] = Vec<T>{};
  const T* x = e.x + place * e.in_step + c;
  for (Index t = 0; t < e.taps; ++t) {
    const T* from = x + e.runs[t].a;
    const T* w = e.w + e.runs[t].b * e.w_step + c;
    Vec<T> weight[Depth];
    LAMINA_UNROLL
    for (int i = 0; i < Depth; ++i) weight[i] = load_count(w + i * e.w_step, tail);
    LAMINA_UNROLL
    for (int r = 0; r < Width; ++r) {
      const Vec<T> v = load_count(from + r * e.in_step, tail);
      LAMINA_UNROLL
      for (int i = 0; i < Depth; ++i) acc[r] = fma(groups.channel(v, i), weight[i], acc[r]);
    }
  }
  T* to = e.y + place * e.out_step + c;
  LAMINA_UNROLL
  for (int r = 0; r < Width; ++r) {
    if (e.bias) acc[r] = acc[r] + load_count(e.bias + c, tail);
    if (e.relu) acc[r] = max(broadcast(T(0)), acc[r]);
    store_count<T>(to + r * e.out_step, acc[r], tail);
  }
}

// All channels of a few positions, in memory order.
template <class T, int Depth, int Width>
void lanewise_span(const EvenPlaces<T>& e, Index place) {
  const GroupLanes<T, Depth> groups;
  Index c = 0;
  for (; c + lanes<T> <= e.channels; c += lanes<T>)
    lanewise_tile<T, Depth, Width>(e, groups, place, c, lanes<T>);
  if (Depth == 1 && c < e.channels)
    lanewise_tile<T, Depth, Width>(e, groups, place, c, e.channels - c);
}

// Widths 6, 2, 1: six chains of fma hide most of its latency, and images of 7 to 112 columns leave
// few single positions.
template <class T, int Depth>
void lanewise_places(const EvenPlaces<T>& e, Index count) {
  Index i = 0;
  for (; i + 6 <= count; i += 6) lanewise_span<T, Depth, 6>(e, i);
  for (; i + 2 <= count; i += 2) lanewise_span<T, Depth, 2>(e, i);
  for (; i < count; ++i) lanewise_span<T, Depth, 1>(e, i);
}

// The number of positions from `first` on that are at equal distances.
inline Index even_places(const Place* first, Index count) {
  Index n = count < 2 ? count : 2;
  while (n < count && first[n].in - first[n - 1].in == first[1].in - first[0].in &&
         first[n].out - first[n - 1].out == first[1].out - first[0].out)
    ++n;
  return n;
}

// All channels at some positions of one row.
template <class T>
void lanewise_row(const ConvProduct<T>& p, const Window& window, Place first, Place step,
                  Index count) {
  const Index depth = lanewise_depth(p), channels = p.y_pixel();
  const bool flipped = depth == 1 && p.backward;  // read from the end, not packed
  EvenPlaces<T> e;
  e.x = p.x + first.in;
  e.y = p.y + first.out;
  e.w = p.b + (flipped ? (p.taps() - 1) * channels : 0);
  e.bias = p.bias;
  e.in_step = step.in;
  e.out_step = step.out;
  e.w_step = flipped ? -channels : channels;
  e.channels = channels;
  e.runs = window.runs;
  e.taps = window.chunk[window.chunks];
  e.relu = p.activation.kind == Activation::relu;
  if constexpr (lanes<T> > 8)
    if (depth == 8) lanewise_places<T, 8>(e, count);
  if constexpr (lanes<T> > 4)
    if (depth == 4) lanewise_places<T, 4>(e, count);
  if (depth == 1) lanewise_places<T, 1>(e, count);
}

// One unit and class pair.  Positions are listed for one row at a time, because a short list stays
// in the L1 cache.
template <class T>
void lanewise_class(const ConvProduct<T>& p, const Window& window, Place* places, const Unit& unit,
                    const Classes& rows, Index row_class, const Classes& cols, Index col_class) {
  const Index x_row = p.horizontal.inputs * p.x_pixel(), y_row = p.horizontal.outputs * p.y_pixel();
  Index count = 0;
  for (Index c = cols.begin[col_class]; c < cols.begin[col_class + 1]; ++c)
    places[count++] = {cols.of_output[cols.output[c]].input * p.x_pixel(),
                       cols.output[c] * p.y_pixel()};
  for (Index i = 0, n; i < count; i += n) {
    n = even_places(places + i, count - i);
    Place step{0, 0};
    if (n > 1) step = {places[i + 1].in - places[i].in, places[i + 1].out - places[i].out};
    for (Index image = unit.image; image < unit.image + unit.images; ++image)
      for (Index r = rows.begin[row_class]; r < rows.begin[row_class + 1]; ++r) {
        const Index row = rows.output[r];
        if (row < unit.row || row >= unit.row + unit.rows) continue;
        const Index in = (image * p.vertical.inputs + rows.of_output[row].input) * x_row;
        const Index out = (image * p.vertical.outputs + row) * y_row;
        lanewise_row(p, window, Place{in + places[i].in, out + places[i].out}, step, n);
      }
  }
}

}  // namespace LAMINA_ISA
}  // namespace lamina
