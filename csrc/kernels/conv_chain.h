// What runs in one pass with a convolution, unit by unit, in predictions: the depthwise convolution
// that calculates its inputs, and the means of its outputs over each image.
//
// The rows between the stages stay in the caches.  32 images of 32x32x128 by 3x3 depthwise and 1x1
// from 128 to 128, with means, on two cores of a Zen 4: 5.8 to 6.1 ms instead of 6.9 to 7.1 in
// three passes, and one image 178 instead of 187 us.  Prefetching the rows of the next unit during
// the products lost: 32 predictions took 6.8 instead of 6.0 ms.
#pragma once

#include "column_sums.h"
#include "conv_depthwise_3x3.h"
#include "row_chunks.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T>
struct ConvChain {
  const ConvProduct<T>* before;  // calculates x, or null
  PixelsHook<T> behind_before, behind;
  T *means, *sums;  // images x columns, and of parts of them; or null: the outputs are stored
};

// Outputs are summed in parts of whole rows, fixed by the sizes of an image; units do not divide
// them.
struct SumParts {
  Index rows, per_image;
  SumParts(Index height, Index width, Index step) {
    const Index enough = (least_pixels + width - 1) / width;
    const Index few = (height + most_conv_sums - 1) / most_conv_sums;
    rows = ((enough > few ? enough : few) + step - 1) / step * step;
    per_image = (height + rows - 1) / rows;
  }
};

template <class T>
bool runs_behind(const ConvProduct<T>& before, const ConvProduct<T>& p) {
  const auto by_pixels = [](const Axis& a) {
    return a.taps == 1 && a.scale == 1 && a.shift == 0 && a.outputs == a.inputs;
  };
  // As many as the widest vector has elements, so that the answer is the same for all kernels. With
  // fewer channels the products are too short to hide that rows of the image come from memory:
  // 32 images of 112x112x32 take up to 14 % longer in one pass.
  constexpr Index least_channels = 64;
  const bool same_image = before.vertical.outputs == p.vertical.inputs &&
                          before.horizontal.outputs == p.horizontal.inputs &&
                          before.y_pixel() == p.x_pixel();
  return sweeps(before) && same_image && by_pixels(p.vertical) && by_pixels(p.horizontal) &&
         p.groups == 1 && p.depth >= least_channels;
}

// Pixels per unit: the rows between the stages take at most 128 KB.
template <class T>
Index chain_pixels(const ConvProduct<T>& p, Index usual) {
  if (!p.chain->before) return usual;
  const Index near = (Index(128) << 10) / (p.x_pixel() * Index(sizeof(T)));
  return near < 64 ? 64 : near < usual ? near : usual;
}

template <class T>
void sum_unit(const ConvProduct<T>& p, const SumParts& parts, const Unit& unit, const T* y) {
  const Index y_row = p.horizontal.outputs * p.y_pixel();
  for (Index i = unit.image; i < unit.image + unit.images; ++i)
    for (Index row = unit.row, end = row + unit.rows; row < end; row += parts.rows) {
      const Index rows = end - row < parts.rows ? end - row : parts.rows;
      sum_rows(p.chain->sums + (i * parts.per_image + row / parts.rows) * p.y_pixel(), y,
               p.y_pixel(), rows * p.horizontal.outputs, false);
      y += rows * y_row;
    }
}

// One unit of the pass; multiply(product, unit) calculates the convolution itself.
template <class T, class Multiply>
bool chain_unit(ConvProduct<T> p, const SumParts& parts, const Unit& unit,
                const Multiply& multiply) {
  const ConvChain<T>& chain = *p.chain;
  const Index rows = unit.images * unit.rows, image = unit.image;
  const Index x_row = p.horizontal.inputs * p.x_pixel();
  const Index y_row = p.horizontal.outputs * p.y_pixel();
  const Index given = chain.before ? (rows * x_row + lanes<T> - 1) / lanes<T> * lanes<T> : 0;
  const Index taken = chain.means ? rows * y_row : 0;
  auto* values = static_cast<T*>(scratch(1, sizeof(T) * std::size_t(given + taken)));
  if (!values) return false;
  if (chain.before) {
    for (Index i = 0; i < unit.images; ++i)
      sweep_rows(*chain.before, image + i, unit.row, unit.rows, values + i * unit.rows * x_row,
                 LargeOutput<T>());
    if (chain.before->activation.kind != Activation::relu)
      activate(values, rows * x_row, chain.before->activation);
    chain.behind_before.change(values, rows * p.horizontal.inputs);
  }
  p.x = chain.before ? values - unit.row * x_row : p.x + image * p.x_image();
  T* const y = chain.means ? values + given : p.y + image * p.y_image() + unit.row * y_row;
  p.y = y - unit.row * y_row;
  if (!multiply(p, Unit{0, unit.images, unit.row, unit.rows})) return false;
  chain.behind.change(y, rows * p.horizontal.outputs);
  if (chain.means) sum_unit(p, parts, unit, y);
  return true;
}

template <class T>
void join_means(const ConvProduct<T>& p, const SumParts& parts) {
  const Index cols = p.y_pixel();
  const T area = T(p.vertical.outputs * p.horizontal.outputs);
  parallel_rows({p.images, parts.per_image * cols}, sum_work, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const T* of_image = p.chain->sums + i * parts.per_image * cols;
      for_vectors<T>(0, cols, [&](Index j, Index n) {
        Vec<T> total = load_count(of_image + j, n);
        for (Index k = 1; k < parts.per_image; ++k)
          total = total + load_count(of_image + k * cols + j, n);
        store_count<T>(p.chain->means + i * cols + j, total / broadcast(area), n);
      });
    }
  });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
