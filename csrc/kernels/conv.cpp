// Convolution layers: y = activation(x * w + b) over NHWC images, and its gradients.  The
// transposed layer runs backward-data in its forward direction.
#include "conv_chain.h"
#include "conv_reports.h"
#include "conv_weights_chunks.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

// Outputs per unit: the weights stream by once for each unit, and the images stay in the L2 cache.
constexpr Index usual_pixels = 512;

template <class T>
bool places_unit(const ConvProduct<T>& p, const ConvPlan<T>& plan, const Unit& unit) {
  char* memory = static_cast<char*>(scratch(0, plan.places_bytes + plan.window_bytes));
  if (!memory) return false;
  Place* places = reinterpret_cast<Place*>(memory);
  Window window(memory + plan.places_bytes, p.taps(), p.depth);
  for (Index r = 0; r < plan.rows.count; ++r)
    for (Index c = 0; c < plan.cols.count; ++c) {
      const bool lanewise = lanewise_depth(p) > 0;
      const Index count = lanewise ? 1 : fill_places(places, p, unit, plan.rows, r, plan.cols, c);
      if (count == 0) continue;
      fill_window(window, p.vertical, p.horizontal, plan.rows.of_class(r), plan.cols.of_class(c),
                  window_strides(p));
      if (lanewise)
        lanewise_class(p, window, places, unit, plan.rows, r, plan.cols, c);
      else
        multiply_class(p, window, places, count);
    }
  return true;
}

template <class T>
bool multiply_unit(const ConvProduct<T>& p, const ConvPlan<T>& plan, const Unit& unit) {
  if (sweeps(p)) {
    sweep_unit(p, unit);
  } else if (plan.winograd) {
    const bool memory = with_winograd_tile<T>(p.vertical, p.horizontal, false, [&](auto tile) {
      return winograd_unit<T, decltype(tile)>(p, unit);
    });
    if (!memory) return false;
  } else {
    const bool over_images = lanes_pay<T>(plan.lanes_cost, unit.images);
    if (!(over_images ? lanes_unit(p, plan, unit) : places_unit(p, plan, unit))) return false;
  }
  if (p.activation.kind != Activation::relu) {
    const Index row = p.horizontal.outputs * p.y_pixel();
    for (Index i = unit.image; i < unit.image + unit.images; ++i)
      activate(p.y + (i * p.vertical.outputs + unit.row) * row, unit.rows * row, p.activation);
  }
  return true;
}

template <class T>
double work_of(const ConvProduct<T>& p, const WinogradShape& winograd) {
  return winograd.work * p.flop();
}

template <class T>
SumParts sum_parts(const ConvProduct<T>& p, const WinogradShape& winograd) {
  const bool pairs = p.chain && p.chain->before;  // of rows are swept together
  return {p.vertical.outputs, p.horizontal.outputs, pairs ? 2 : winograd.side};
}

// The units of a batch, and the cost of vectors over images; 2 if these are not used.
struct ProductCut {
  Units units;
  double lanes_cost;
};
template <class T>
ProductCut cut_for_team(const ConvProduct<T>& p, const WinogradShape& winograd, int team) {
  // A small batch is divided more finely, into four units per thread: no bit depends on it.
  if (winograd.matrices == 0 && lanewise_depth(p) == 0 && !p.chain) {
    const double cost = lanes_cost(p);
    const Units units = lanes_units(p, team);
    // Not if more than half of the threads would have nothing to do.
    if (lanes_pay<T>(cost, units.per_unit) && 2 * units.count >= team) return {units, cost};
  }
  const Index most = p.chain ? chain_pixels(p, usual_pixels) : usual_pixels;
  const Index share = team > 1 ? p.pixels() / (4 * team) : most;
  const Index pixels = share < most ? (share < least_pixels ? least_pixels : share) : most;
  return {Units(p.images, p.vertical.outputs, p.horizontal.outputs, pixels, p.by_images(),
                p.chain ? sum_parts(p, winograd).rows : winograd.side),
          2.0};
}

template <class T>
ProductCut cut_product(const ConvProduct<T>& p, const WinogradShape& winograd) {
  const int team = threads_for(work_of(p, winograd), p.images * p.vertical.outputs);
  return cut_for_team(p, winograd, p.finished.call ? 1 : team);
}

// The sizes of the data that units read instead of the weights: panels, which Winograd's algorithm
// transforms.
template <class T>
struct WeightsRoom {
  Index packed = 0, transformed = 0;  // sizes; packed ones are needed to calculate transformed ones

  explicit WeightsRoom(const ConvProduct<T>& p) {
    const Index lanewise = lanewise_depth(p);
    const bool direct = lanewise == 1 || (lanewise > 1 && !p.backward) || reads_weights_in_place(p);
    if (!direct) packed = p.pack_size();
    transformed = PanelCut<T>(p.columns).padded() * winograd_shape(p).matrices * p.depth;
  }
  Index all() const { return packed + transformed; }
  Index kept() const { return transformed > 0 ? transformed : packed; }
};

// Calculates p.b from p.w: at `kept` or, if that is null, in scratch slot 2; false if memory is
// short.
template <class T>
bool prepare_weights(ConvProduct<T>* p, T* kept = nullptr) {
  const WeightsRoom<T> room(*p);
  p->b = p->w;
  if (room.all() == 0) return true;
  T* panels = kept;
  if (!kept || (room.packed > 0 && room.transformed > 0))
    panels = static_cast<T*>(scratch(2, sizeof(T) * std::size_t(room.all())));
  if (!panels) return false;
  if (room.packed > 0) {
    lanewise_depth(*p) > 0 ? pack_lanewise(panels, *p) : pack_weights(panels, *p);
    p->b = panels;
  }
  if (room.transformed > 0) {
    T* const positions = kept ? kept : panels + room.packed;
    with_winograd_tile<T>(p->vertical, p->horizontal, false, [&](auto tile) {
      weights_to_positions<T, decltype(tile)>(positions, p->b, *p);
      return true;
    });
    p->b = positions;
  }
  return true;
}

// The whole product; returns false if it is made image by image and memory is short.  Uses scratch
// slots 2 and 3 of this thread; units use slots 0 and 1.
template <class T>
bool multiply(ConvProduct<T> p) {
  p.vertical.prepare();
  p.horizontal.prepare();
  const WinogradShape winograd = winograd_shape(p);
  const ProductCut cut = cut_product(p, winograd);
  const Units& units = cut.units;
  const int threads = threads_for(work_of(p, winograd), units.count);
  const Index row_bytes = Classes::bytes(p.vertical.outputs);
  char* tables = static_cast<char*>(scratch(3, row_bytes + Classes::bytes(p.horizontal.outputs)));
  if (!tables || !(p.b || prepare_weights(&p))) {
    if (p.by_images() || p.chain) return false;
    parallel_chunks(threads, units.count, [&](Index i) {
      plain_unit(p, units.at(i));
      report(p, i, units.at(i));
    });
    return true;
  }
  const ConvPlan<T> plan{Classes(p.vertical, tables),
                         Classes(p.horizontal, tables + row_bytes),
                         units,
                         units.most_pixels(p.horizontal.outputs) * Index(sizeof(Place)),
                         Window::bytes(p.taps(), p.depth),
                         cut.lanes_cost,
                         winograd.matrices > 0};
  bool whole = true;
  const auto unit_of = [&plan](const ConvProduct<T>& some, const Unit& unit) {
    return multiply_unit(some, plan, unit);
  };
  const SumParts parts = sum_parts(p, winograd);
  parallel_chunks(threads, units.count, [&](Index i) {
    const Unit unit = units.at(i);
    if (p.chain || p.by_images()) {
      if (!(p.chain ? chain_unit(p, parts, unit, unit_of) : through_scratch(p, unit, unit_of)))
        __atomic_store_n(&whole, false, __ATOMIC_RELAXED);
      return;
    }
    if (!multiply_unit(p, plan, unit)) plain_unit(p, unit);
    report(p, i, unit);
  });
  if (whole && p.chain && p.chain->means) join_means(p, parts);
  return whole;
}

template <class T>
ConvProduct<T> forward_product(T* y, const T* x, const T* w, const T* b, const ConvDims& d,
                               ActivationSpec activation) {
  return {y,
          x,
          w,
          nullptr,
          b,
          activation,
          vertical_forward(d),
          horizontal_forward(d),
          d.images,
          d.groups,
          d.channels / d.groups,
          d.filters / d.groups,
          false,
          d.in_batches};
}
template <class T>
ConvProduct<T> data_product(T* dx, const T* dz, const T* w, const T* b, const ConvDims& d,
                            ActivationSpec activation) {
  return {dx,
          dz,
          w,
          nullptr,
          b,
          activation,
          vertical_backward(d),
          horizontal_backward(d),
          d.images,
          d.groups,
          d.filters / d.groups,
          d.channels / d.groups,
          true,
          true};
}

// --- the table's entries

template <class T>
void conv2d_forward(T* y, const T* x, const T* w, const T* b, ConvDims dims,
                    ActivationSpec activation, RowsHook finished) {
  ConvProduct<T> p = forward_product(y, x, w, b, upright(dims), activation);
  p.finished = finished;
  multiply(p);
}

template <class T>
Index conv2d_parts(ConvDims dims, bool to_inputs) {
  const auto of = to_inputs ? data_product<T> : forward_product<T>;
  ConvProduct<T> p = of(nullptr, nullptr, nullptr, nullptr, upright(dims), {});
  p.vertical.prepare();
  p.horizontal.prepare();
  return count_parts(p, cut_for_team(p, winograd_shape(p), 1).units);
}

template <class T>
Index conv2d_prepared_size(ConvDims dims) {
  ConvProduct<T> p = forward_product<T>(nullptr, nullptr, nullptr, nullptr, upright(dims), {});
  return WeightsRoom<T>(p).kept();
}

template <class T>
bool conv2d_prepare(T* prepared, const T* w, ConvDims dims) {
  ConvProduct<T> p = forward_product<T>(nullptr, nullptr, w, nullptr, upright(dims), {});
  return prepare_weights(&p, prepared);
}

template <class T>
void conv2d_forward_prepared(T* y, const T* x, const T* w, const T* prepared, const T* b,
                             ConvDims dims, ActivationSpec activation) {
  ConvProduct<T> p = forward_product(y, x, w, b, upright(dims), activation);
  p.b = prepared;
  multiply(p);
}

template <class T>
ConvProduct<T> stage_product(T* y, const T* x, const ConvStage<T>& s) {
  ConvProduct<T> p = forward_product(y, x, s.w_rsco, s.b_o, upright(s.dims), s.activation);
  p.b = s.prepared;
  return p;
}

template <class T>
bool conv2d_runs_behind(const ConvDims& before, const ConvDims& dims) {
  return runs_behind(forward_product<T>(nullptr, nullptr, nullptr, nullptr, upright(before), {}),
                     forward_product<T>(nullptr, nullptr, nullptr, nullptr, upright(dims), {}));
}

template <class T>
bool conv2d_chain_forward(T* y, T* sums, const T* x, const ConvStage<T>* before,
                          const ConvStage<T>& stage) {
  ConvProduct<T> first{};
  if (before) {
    first = stage_product<T>(nullptr, x, *before);
    first.b = first.w;  // depthwise weights are read as they are
  }
  ConvProduct<T> p = stage_product<T>(sums ? nullptr : y, before ? nullptr : x, stage);
  const ConvChain<T> chain{before ? &first : nullptr, before ? before->behind : PixelsHook<T>{},
                           stage.behind, sums ? y : nullptr, sums};
  p.chain = &chain;
  return multiply(p);
}

// dx = dz * w flipped,  dw (+)= windows of x^T dz,  db (+)= sums of dz over the pixels.
template <class T>
void conv2d_backward(T* dx, T* dw, T* db, const T* dz, const T* x, const T* w, ConvDims dims,
                     Accumulate accumulate, RowsHook finished) {
  const ConvDims d = upright(dims);
  if (dw || db) conv_weights(dw, db, x, dz, d, accumulate);
  ConvProduct<T> p = data_product<T>(dx, dz, w, nullptr, d, {});
  p.finished = finished;
  if (dx) multiply(p);
}

template <class T>
bool conv2d_forward_images(ImageHook<T> take, const T* x, const T* w, const T* prepared, const T* b,
                           ConvDims dims, ActivationSpec activation) {
  ConvProduct<T> p = forward_product<T>(nullptr, x, w, b, upright(dims), activation);
  p.b = prepared;
  p.take = &take;
  return multiply(p);
}

template <class T>
bool conv2d_backward_images(T* dx, T* dw, T* db, ImageHook<T> give, const T* x, const T* w,
                            ConvDims dims, Accumulate accumulate) {
  const ConvDims d = upright(dims);
  if ((dw || db) && !conv_weights<T>(dw, db, x, nullptr, d, accumulate, &give)) return false;
  ConvProduct<T> p = data_product<T>(dx, nullptr, w, nullptr, d, {});
  p.give = &give;
  return !dx || multiply(p);
}

template <class T>
void conv2d_transpose_forward(T* y, const T* x, const T* w, const T* b, ConvDims dims,
                              ActivationSpec activation, RowsHook finished) {
  ConvProduct<T> p = data_product(y, x, w, b, upright(dims), activation);
  p.finished = finished;
  multiply(p);
}

// dz is the image of `dims` here, x its output: their roles in dw are swapped.
template <class T>
void conv2d_transpose_backward(T* dx, T* dw, T* db, const T* dz, const T* x, const T* w,
                               ConvDims dims, Accumulate accumulate, RowsHook finished) {
  const ConvDims d = upright(dims);
  if (dw) conv_weights<T>(dw, nullptr, dz, x, d, accumulate);
  if (db) sum_columns(db, dz, {d.images * d.height * d.width, d.channels}, accumulate);
  ConvProduct<T> p = forward_product<T>(dx, dz, w, nullptr, d, {});
  p.finished = finished;
  if (dx) multiply(p);
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_convolution(Kernels<T>& k) {
  k.conv2d_forward = conv2d_forward<T>;
  k.conv2d_parts = conv2d_parts<T>;
  k.conv2d_prepared_size = conv2d_prepared_size<T>;
  k.conv2d_prepare = conv2d_prepare<T>;
  k.conv2d_forward_prepared = conv2d_forward_prepared<T>;
  k.conv2d_backward = conv2d_backward<T>;
  k.conv2d_runs_behind = conv2d_runs_behind<T>;
  k.conv2d_chain_forward = conv2d_chain_forward<T>;
  k.conv2d_forward_images = conv2d_forward_images<T>;
  k.conv2d_backward_images = conv2d_backward_images<T>;
  k.conv2d_transpose_forward = conv2d_transpose_forward<T>;
  k.conv2d_transpose_backward = conv2d_transpose_backward<T>;
}
template void fill_convolution<float>(Kernels<float>&);
template void fill_convolution<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
