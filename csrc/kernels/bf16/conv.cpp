// Convolution layers with products of numbers rounded to bfloat16: see conv.cpp in the parent
// folder.  Groups of channels, including depthwise layers, remain in float32, and so do layers that
// are faster there by Winograd's algorithm.
#include "../conv_winograd_weights.h"
#include "conv_forward.h"
#include "conv_weights.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {

// Outputs per unit, and pairs of pixels per unit of the weights' gradient.
constexpr Index usual_pixels = 512, usual_pixel_pairs = 256;

bool multiply(PairConvolution p) {
  p.vertical.prepare();
  p.horizontal.prepare();
  const CellSource source = p.cells();
  Axis over_cells = source.over_cells();
  over_cells.prepare();
  const int team = threads_for(p.flop(), p.images * p.vertical.outputs);
  const Index share = team > 1 ? p.pixels() / (4 * team) : usual_pixels;
  const Index pixels = share < usual_pixels ? (share < 24 ? 24 : share) : usual_pixels;
  const Units units(p.images, p.vertical.outputs, p.horizontal.outputs, pixels, p.by_images());
  const Index row_bytes = Classes::bytes(p.vertical.outputs);
  char* tables =
      static_cast<char*>(scratch(3, std::size_t(row_bytes + Classes::bytes(over_cells.outputs))));
  auto* panels = static_cast<Pair*>(scratch(2, sizeof(Pair) * std::size_t(panel_pairs(p))));
  if (!tables || !panels) return false;
  pack_weights(panels, p);
  const Axis& v = p.vertical;
  const Index met = ((units.band_rows - 1) * v.scale + (v.taps - 1) * v.dilation) / v.divide + 2;
  const Index rows = met < v.inputs ? met : v.inputs;
  const Index cells = units.per_unit * rows * source.columns() * source.pairs();
  const PairConvolutionPlan plan{
      Classes(v, tables),
      Classes(over_cells, tables + row_bytes),
      units,
      over_cells,
      panels,
      whole_lines(units.most_pixels(p.horizontal.outputs) * Index(sizeof(Place))),
      whole_lines(Window::bytes(p.taps(), source.pairs())),
      whole_lines(cells * Index(sizeof(Pair))),
      source.spans ? source.border_row() * Index(sizeof(Half)) : 0};
  bool whole = true;
  const auto unit_of = [&plan](const PairConvolution& some, const Unit& unit) {
    return multiply_unit(some, plan, unit);
  };
  parallel_chunks(threads_for(p.flop(), units.count), units.count, [&](Index i) {
    if (!(p.by_images() ? through_scratch(p, units.at(i), unit_of) : unit_of(p, units.at(i))))
      __atomic_store_n(&whole, false, __ATOMIC_RELAXED);
  });
  return whole;
}

namespace {

PairConvolution forward_product(float* y, const float* x, const float* w, const float* b,
                                const ConvDims& d, ActivationSpec activation) {
  return {y,
          x,
          w,
          b,
          activation,
          vertical_forward(d),
          horizontal_forward(d),
          d.images,
          d.channels,
          d.filters,
          false,
          d.in_batches};
}
PairConvolution data_product(float* dx, const float* dz, const float* w, const float* b,
                             const ConvDims& d, ActivationSpec activation) {
  return {dx,
          dz,
          w,
          b,
          activation,
          vertical_backward(d),
          horizontal_backward(d),
          d.images,
          d.filters,
          d.channels,
          true,
          true};
}

// One chunk of units, some blocks of dw.  `give`: dz comes a unit at a time, into scratch slot 3;
// bands of one pair of images are consecutive and fetch it once.  Without memory for pairs the
// unit's products are calculated in float32.
bool weights_chunk(const PairWeights& whole, const WeightsCut& cut, Range range, float* to_w,
                   float* to_b, Range blocks, bool onto, const ImageHook<float>* give) {
  const WeightsProduct<float>& layer = whole.of;
  const Index filters = layer.d.filters, row = layer.out_w * filters, image = layer.out_h * row;
  PairWeights p = whole;
  PairWeightsScratch s{};
  const bool memory = to_w && reserve_weights(p, cut.units, &s);
  float* values = nullptr;
  if (give) {
    values = static_cast<float*>(
        scratch(3, sizeof(float) * std::size_t(2 * cut.units.per_unit * image)));
    if (!values) return false;
    p.of.dz = values;
  }
  if (layer.spans_taps()) blocks = {0, layer.taps()};
  Index held = -1;
  for (Index i = range.begin; i < range.end; ++i) {
    Unit unit = cut.units.at(i);
    const bool add = onto || i > range.begin;
    const Index first = 2 * unit.image, left = layer.d.images - first;
    const Index images = left < 2 * unit.images ? left : 2 * unit.images;
    if (give) {
      if (held != first) give->call(give->context, values, first, images);
      held = first;
      p.of.x = layer.x + first * layer.d.height * layer.d.width * layer.d.channels;
      p.of.d.images = images;
      unit.image = 0;
    }
    const Unit each{2 * unit.image, images, unit.row, unit.rows};
    for (Index k = 0; to_b && k < images; ++k)
      sum_rows(to_b, p.of.dz + (each.image + k) * image + unit.row * row, filters,
               unit.rows * layer.out_w, add || k > 0);
    if (memory)
      weights_unit(p, unit, to_w, blocks, s, add);
    else if (to_w)
      plain_weights(p.of, each, to_w, blocks, add);
  }
  if (range.size() == 0 && !onto) {  // an empty batch
    for (Index k = 0; to_b && k < filters; ++k) to_b[k] = 0;
    for (Index k = 0; to_w && k < layer.size(); ++k) to_w[k] = 0;
  }
  return true;
}

bool conv_weights(float* dw, float* db, const float* x, const float* dz, const ConvDims& dims,
                  Accumulate accumulate, const ImageHook<float>* give = nullptr) {
  const PairWeights p{WeightsProduct<float>(x, dz, dims)};
  ConvDims pairs = dims;
  pairs.images = (dims.images + 1) / 2;
  const WeightsCut cut(pairs, p.of.out_h, p.of.out_w, usual_pixel_pairs,
                       p.of.size() * Index(sizeof(float)), p.of.flop());
  bool whole = true;
  for_weight_chunks(dw, db, p.of.size(), dims.filters, p.of.blocks(), cut, p.of.flop(), accumulate,
                    [&](Range range, float* to_w, float* to_b, Range blocks, bool onto) {
                      if (!weights_chunk(p, cut, range, to_w, to_b, blocks, onto, give))
                        __atomic_store_n(&whole, false, __ATOMIC_RELAXED);
                    });
  return whole;
}

// --- layers that remain in float32: groups, which have few terms, and layers that are faster there
// by Winograd's algorithm

bool stays_exact(const PairConvolution& p) {
  return winograd_shape_of<float>(p, sums_in_bfloat16).matrices > 0;
}

// The gradients except that of the inputs.
bool parameter_gradients(float* dw, float* db, const float* x, const float* dz, const ConvDims& d,
                         Accumulate accumulate, const ImageHook<float>* give = nullptr) {
  if (!by_winograd(WeightsProduct<float>(x, dz, d), sums_in_bfloat16))
    return conv_weights(dw, db, x, dz, d, accumulate, give);
  if (give) return exact.conv2d_backward_images(nullptr, dw, db, *give, x, nullptr, d, accumulate);
  exact.conv2d_backward(nullptr, dw, db, dz, x, nullptr, d, accumulate, {});
  return true;
}

// --- the table's entries; these do not report finished rows

void conv2d_forward(float* y, const float* x, const float* w, const float* b, ConvDims dims,
                    ActivationSpec activation, RowsHook) {
  const PairConvolution p = forward_product(y, x, w, b, upright(dims), activation);
  if (dims.groups != 1 || stays_exact(p) || !multiply(p))
    exact.conv2d_forward(y, x, w, b, dims, activation, {});
}

// dx = dz * w flipped,  dw (+)= windows of x^T dz,  db (+)= sums of dz, which are not rounded.
void conv2d_backward(float* dx, float* dw, float* db, const float* dz, const float* x,
                     const float* w, ConvDims dims, Accumulate accumulate, RowsHook) {
  if (dims.groups != 1) return exact.conv2d_backward(dx, dw, db, dz, x, w, dims, accumulate, {});
  const ConvDims d = upright(dims);
  if (dw || db) parameter_gradients(dw, db, x, dz, d, accumulate);
  if (!dx) return;
  const PairConvolution p = data_product(dx, dz, w, nullptr, d, {});
  if (stays_exact(p) || !multiply(p))
    exact.conv2d_backward(dx, nullptr, nullptr, dz, x, w, dims, accumulate, {});
}

bool conv2d_forward_images(ImageHook<float> take, const float* x, const float* w,
                           const float* prepared, const float* b, ConvDims dims,
                           ActivationSpec activation) {
  PairConvolution p = forward_product(nullptr, x, w, b, upright(dims), activation);
  if (dims.groups != 1 || stays_exact(p))
    return exact.conv2d_forward_images(take, x, w, prepared, b, dims, activation);
  p.take = &take;
  return multiply(p);
}

bool conv2d_backward_images(float* dx, float* dw, float* db, ImageHook<float> give, const float* x,
                            const float* w, ConvDims dims, Accumulate accumulate) {
  if (dims.groups != 1)
    return exact.conv2d_backward_images(dx, dw, db, give, x, w, dims, accumulate);
  const ConvDims d = upright(dims);
  if ((dw || db) && !parameter_gradients(dw, db, x, nullptr, d, accumulate, &give)) return false;
  if (!dx) return true;
  PairConvolution p = data_product(dx, nullptr, w, nullptr, d, {});
  if (stays_exact(p))
    return exact.conv2d_backward_images(dx, nullptr, nullptr, give, x, w, dims, accumulate);
  p.give = &give;
  return multiply(p);
}

void conv2d_transpose_forward(float* y, const float* x, const float* w, const float* b,
                              ConvDims dims, ActivationSpec activation, RowsHook) {
  const PairConvolution p = data_product(y, x, w, b, upright(dims), activation);
  if (dims.groups != 1 || stays_exact(p) || !multiply(p))
    exact.conv2d_transpose_forward(y, x, w, b, dims, activation, {});
}

// dz is the image of `dims` here, x its output: their roles in dw are swapped.
void conv2d_transpose_backward(float* dx, float* dw, float* db, const float* dz, const float* x,
                               const float* w, ConvDims dims, Accumulate accumulate, RowsHook) {
  if (dims.groups != 1)
    return exact.conv2d_transpose_backward(dx, dw, db, dz, x, w, dims, accumulate, {});
  const ConvDims d = upright(dims);
  if (dw) parameter_gradients(dw, nullptr, dz, x, d, accumulate);
  if (db) exact.column_sums(db, dz, {d.images * d.height * d.width, d.channels}, accumulate);
  if (!dx) return;
  const PairConvolution p = forward_product(dx, dz, w, nullptr, d, {});
  if (stays_exact(p) || !multiply(p))
    exact.conv2d_transpose_backward(dx, nullptr, nullptr, dz, x, w, dims, accumulate, {});
}

}  // namespace

[[gnu::cold]] void fill_convolution(Kernels<float>& k) {
  k.conv2d_forward = conv2d_forward;
  k.conv2d_backward = conv2d_backward;
  k.conv2d_forward_images = conv2d_forward_images;
  k.conv2d_backward_images = conv2d_backward_images;
  k.conv2d_transpose_forward = conv2d_transpose_forward;
  k.conv2d_transpose_backward = conv2d_transpose_backward;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
