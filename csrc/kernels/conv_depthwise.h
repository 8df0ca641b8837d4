// Depthwise convolution, one filter a channel: vectors run over the channels.
#pragma once

#include "conv_product.h"
#include "conv_weights.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T>
bool is_depthwise(const ConvProduct<T>& p) {
  return p.groups > 1 && p.depth == 1 && p.columns == 1;
}

// Height pixels by Vectors of channels: y = sum over the window of x times w, channel by channel.
template <class T, int Height, int Vectors>
LAMINA_INLINE void depthwise_tile(const ConvProduct<T>& p, const Window& window,
                                  const Place* places, Index channel, Index tail) {
  const Index channels = p.groups;
  const Index w_step = p.backward ? -channels : channels;
  const T* w = p.w + channel + (p.backward ? (p.taps() - 1) * channels : 0);
  const T* x = p.x + channel;
  Vec<T> acc[Height][Vectors];
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) acc[r][v] = Vec<T>{};
  }
  const Index runs = window.chunk[window.chunks];
  for (Index i = 0; i < runs; ++i)
    for (Index k = 0; k < window.runs[i].count; ++k) {
      const Index a = window.runs[i].a + k;
      const T* from = w + (window.runs[i].b + k) * w_step;
      LAMINA_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        const Vec<T> weight = load_tile<T, Vectors>(from, v, tail);
        LAMINA_UNROLL
        for (int r = 0; r < Height; ++r)
          acc[r][v] = fma(load_tile<T, Vectors>(x + places[r].in + a, v, tail), weight, acc[r][v]);
      }
    }
  const T* bias = p.bias ? p.bias + channel : nullptr;
  LAMINA_UNROLL
  for (int r = 0; r < Height; ++r) {
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      if (bias) acc[r][v] = acc[r][v] + load_tile<T, Vectors>(bias, v, tail);
      if (p.activation.kind == Activation::relu) acc[r][v] = max(broadcast(T(0)), acc[r][v]);
      store_tile<T, Vectors>(p.y + places[r].out + channel, acc[r][v], v, tail);
    }
  }
}

template <class T, int Vectors>
void depthwise_pixels(const ConvProduct<T>& p, const Window& window, const Place* places,
                      Index count, Index channel, Index tail) {
  Index i = 0;
  for (; i + 4 <= count; i += 4)
    depthwise_tile<T, 4, Vectors>(p, window, places + i, channel, tail);
  for (; i < count; ++i) depthwise_tile<T, 1, Vectors>(p, window, places + i, channel, tail);
}

template <class T>
void depthwise_class(const ConvProduct<T>& p, const Window& window, const Place* places,
                     Index count) {
  const Index channels = p.groups;
  Index c = 0;
  for (; c + 2 * lanes<T> <= channels; c += 2 * lanes<T>)
    depthwise_pixels<T, 2>(p, window, places, count, c, lanes<T>);
  if (channels - c > lanes<T>)
    depthwise_pixels<T, 2>(p, window, places, count, c, channels - c - lanes<T>);
  else if (channels > c)
    depthwise_pixels<T, 1>(p, window, places, count, c, channels - c);
}

// --- the weights' gradient

template <class T, int Vectors>
LAMINA_INLINE void depthwise_tap(T* dw, const T* x, const T* dz, const Run* runs, Index run_count,
                                 Index x_step, Index dz_step, Index tail, bool add) {
  Vec<T> acc[Vectors];
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) acc[v] = Vec<T>{};
  for (Index i = 0; i < run_count; ++i) {
    const T* a = x + runs[i].a;
    const T* b = dz + runs[i].b * dz_step;
    for (Index k = runs[i].count; k > 0; --k, a += x_step, b += dz_step) {
      LAMINA_UNROLL
      for (int v = 0; v < Vectors; ++v)
        acc[v] = fma(load_tile<T, Vectors>(a, v, tail), load_tile<T, Vectors>(b, v, tail), acc[v]);
    }
  }
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    if (add) acc[v] = load_tile<T, Vectors>(dw, v, tail) + acc[v];
    store_tile<T, Vectors>(dw, acc[v], v, tail);
  }
}

template <class T>
void depthwise_weights_unit(const WeightsProduct<T>& p, const Unit& unit, T* dw, Range taps,
                            Run* runs, bool add) {
  const Index channels = p.d.channels, x_step = p.d.stride_w * channels;
  const T* dz = p.dz + (unit.image * p.out_h + unit.row) * p.out_w * channels;
  for (Index tap = taps.begin; tap < taps.end; ++tap) {
    const Index count = tap_runs(p, unit, tap, runs);
    T* to = dw + tap * channels;
    Index c = 0;
    for (; c + 4 * lanes<T> <= channels; c += 4 * lanes<T>)
      depthwise_tap<T, 4>(to + c, p.x + c, dz + c, runs, count, x_step, channels, lanes<T>, add);
    for (; c < channels; c += lanes<T>) {
      const Index left = channels - c;
      depthwise_tap<T, 1>(to + c, p.x + c, dz + c, runs, count, x_step, channels,
                          left < lanes<T> ? left : lanes<T>, add);
    }
  }
}

}  // namespace LAMINA_ISA
}  // namespace lamina
