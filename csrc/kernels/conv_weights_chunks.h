// The gradient of a convolution's weights and bias, by whichever algorithm suits the sizes: chunks
// of units, each summed on one thread.
#pragma once

#include "conv_depthwise_weights.h"
#include "conv_lanes_weights.h"
#include "conv_winograd_weights.h"

namespace lamina {
namespace LAMINA_ISA {

// One chunk of units, some blocks of dw.  `give`: dz comes a few images at a time, into scratch
// slot 3; bands of one image are consecutive and fetch it once.
template <class T>
bool weights_chunk(const WeightsProduct<T>& whole, const WeightsCut& cut, Range range, T* to_w,
                   T* to_b, Range blocks, bool onto, const ImageHook<T>* give) {
  const Index filters = whole.d.filters, pixel = whole.out_w * filters;
  WeightsProduct<T> p = whole;
  WeightsScratch<T> s;
  const bool memory = to_w && reserve_weights(p, cut.units, &s);
  T* values = nullptr;
  if (give) {
    values = static_cast<T*>(scratch(3, sizeof(T) * cut.units.per_unit * p.out_h * pixel));
    if (!values || (to_w && !memory)) return false;
    p.dz = values;
  }
  if (p.spans_taps()) blocks = {0, p.taps()};
  Index held = -1;
  for (Index i = range.begin; i < range.end; ++i) {
    Unit unit = cut.units.at(i);
    const bool add = onto || i > range.begin;
    if (give) {
      if (held != unit.image) give->call(give->context, values, unit.image, unit.images);
      held = unit.image;
      p.x = whole.x + held * p.d.height * p.d.width * p.d.channels;
      unit.image = 0;
    }
    if (to_b)
      sum_rows(to_b, p.dz + (unit.image * p.out_h + unit.row) * pixel, filters,
               unit.pixels(p.out_w), add);
    if (!to_w) continue;
    if (memory && lanewise_depth(p) > 0)
      lanewise_weights_unit(p, unit, to_w, blocks, s.runs, add);
    else if (memory)
      weights_unit(p, unit, to_w, blocks, s, add);
    else
      plain_weights(p, unit, to_w, blocks, add);
  }
  if (range.size() == 0 && !onto) {  // an empty batch
    for (Index k = 0; to_b && k < filters; ++k) to_b[k] = T(0);
    for (Index k = 0; to_w && k < p.size(); ++k) to_w[k] = T(0);
  }
  return true;
}

// The same with vectors over images.
template <class T>
bool lanes_weights_chunk(const WeightsProduct<T>& whole, const WeightsCut& cut, Range range,
                         T* to_w, T* to_b, bool onto, const ImageHook<T>* give) {
  WeightsProduct<T> p = whole;
  const Index image = p.out_h * p.out_w * p.d.filters;
  LanesWeights<T> s;
  if (!reserve_lanes(p, &s)) return false;
  for (Index k = 0; k < s.dw_size + s.db_size; ++k) store(s.dw + k * lanes<T>, Vec<T>{});
  T* values = nullptr;
  if (give) {
    values = static_cast<T*>(scratch(3, sizeof(T) * cut.units.per_unit * image));
    if (!values) return false;
    p.dz = values;
  }
  for (Index i = range.begin; i < range.end; ++i) {
    Unit unit = cut.units.at(i);
    if (give) {
      give->call(give->context, values, unit.image, unit.images);
      p.x = whole.x + unit.image * p.d.height * p.d.width * p.d.channels;
      unit.image = 0;
    }
    lanes_weights_unit(p, unit, s, to_w != nullptr, to_b != nullptr);
  }
  if (to_w) add_lanes(to_w, s.dw, p.size(), onto);
  if (to_b) add_lanes(to_b, s.db, p.d.filters, onto);
  return true;
}

template <class T>
bool conv_weights(T* dw, T* db, const T* x, const T* dz, const ConvDims& dims,
                  Accumulate accumulate, const ImageHook<T>* give = nullptr) {
  const WeightsProduct<T> p(x, dz, dims);
  if (dw && by_winograd(p)) {
    const bool done = with_winograd_tile<T>(
        vertical_forward(dims), horizontal_forward(dims), false, [&](auto tile) {
          return winograd_weights<T, decltype(tile)>(p, dw, db, accumulate, give);
        });
    if (done) return true;
  }
  const bool over_images = lanewise_depth(p) == 0 && runs_over_images(p);
  const Index pixels = over_images ? lane_images<T> * p.out_h * p.out_w : unit_pixels(p);
  const WeightsCut cut(dims, p.out_h, p.out_w, pixels, p.size() * Index(sizeof(T)), p.flop());
  bool whole = true;
  for_weight_chunks(dw, db, p.size(), dims.filters, over_images ? 1 : p.blocks(), cut, p.flop(),
                    accumulate, [&](Range range, T* to_w, T* to_b, Range blocks, bool onto) {
                      if (over_images && lanes_weights_chunk(p, cut, range, to_w, to_b, onto, give))
                        return;
                      if (!weights_chunk(p, cut, range, to_w, to_b, blocks, onto, give))
                        __atomic_store_n(&whole, false, __ATOMIC_RELAXED);
                    });
  return whole;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
