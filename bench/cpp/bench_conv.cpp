// Convolutions with bias and ReLU fused in forward; backward calculates all three gradients.  The
// transposed layer maps the outputs of the same convolution to its inputs.
#include <algorithm>

#include "bench.h"

namespace bench {

using lamina::ConvDims;
using lamina::Index;

struct Sizes {
  explicit Sizes(ConvDims d)
      : x(d.images * d.height * d.width * d.channels),
        w(d.kernel_h * d.kernel_w * (d.channels / d.groups) * d.filters),
        y(d.images * out_height(d) * out_width(d) * d.filters) {}
  Index x, w, y;
};

// Multiply-adds of all windows, including those that reach into the padding.
static double product(ConvDims d) {
  return 2.0 * double(Sizes(d).y) * double(Sizes(d).w / d.filters);
}
static double bytes(ConvDims d) {
  const Sizes n(d);
  return 4.0 * double(n.x + n.w + n.y);
}
static lamina::ActivationSpec relu() { return {lamina::Activation::relu, 0.0}; }

static void forward(benchmark::State& state, ConvDims d) {
  const Sizes n(d);
  Buffer y(n.y), x(n.x), w(n.w, -0.1, 0.1), b(d.filters);
  for (auto _ : state) {
    kernels().conv2d_forward(y.data(), x.data(), w.data(), b.data(), d, relu(), {});
    benchmark::ClobberMemory();
  }
  count(state, product(d), bytes(d));
}

static void backward(benchmark::State& state, ConvDims d) {
  const Sizes n(d);
  Buffer dx(n.x), dw(n.w), db(d.filters), dz(n.y), x(n.x), w(n.w, -0.1, 0.1);
  for (auto _ : state) {
    kernels().conv2d_backward(dx.data(), dw.data(), db.data(), dz.data(), x.data(), w.data(), d,
                              lamina::Accumulate::no, {});
    benchmark::ClobberMemory();
  }
  count(state, 2.0 * product(d), 2.0 * bytes(d));
}

static void transposed_forward(benchmark::State& state, ConvDims d) {
  const Sizes n(d);
  Buffer y(n.x), x(n.y), w(n.w, -0.1, 0.1), b(d.channels);
  for (auto _ : state) {
    kernels().conv2d_transpose_forward(y.data(), x.data(), w.data(), b.data(), d, relu(), {});
    benchmark::ClobberMemory();
  }
  count(state, product(d), bytes(d));
}

static void transposed_backward(benchmark::State& state, ConvDims d) {
  const Sizes n(d);
  Buffer dx(n.y), dw(n.w), db(d.channels), dz(n.x), x(n.y), w(n.w, -0.1, 0.1);
  for (auto _ : state) {
    kernels().conv2d_transpose_backward(dx.data(), dw.data(), db.data(), dz.data(), x.data(),
                                        w.data(), d, lamina::Accumulate::no, {});
    benchmark::ClobberMemory();
  }
  count(state, 2.0 * product(d), 2.0 * bytes(d));
}

// A line of conv.txt; if the image has one row, so do the window and the padding.
static ConvDims dims(const std::vector<std::string>& shape) {
  const Index kernel = size(shape[5]), stride = size(shape[6]), pad = size(shape[7]);
  ConvDims d{};
  d.images = size(shape[0]);
  d.height = size(shape[1]);
  d.width = size(shape[2]);
  d.channels = size(shape[3]);
  d.filters = size(shape[4]);
  d.kernel_w = kernel;
  d.kernel_h = std::min(kernel, d.height);
  d.stride_h = d.stride_w = stride;
  d.dilation_h = d.dilation_w = 1;
  d.pad_left = d.pad_right = pad;
  d.pad_top = d.pad_bottom = d.height > 1 ? pad : 0;
  d.groups = shape.size() > 8 ? size(shape[8]) : 1;
  return d;
}

void register_benchmarks() {
  using Run = void (*)(benchmark::State&, ConvDims);
  const std::pair<const char*, Run> runs[] = {{"forward", forward},
                                              {"backward", backward},
                                              {"transposed_forward", transposed_forward},
                                              {"transposed_backward", transposed_backward}};
  for (const auto& shape : read_shapes("conv.txt")) {
    const ConvDims d = dims(shape);
    const std::string kind = d.groups == 1            ? "conv2d_"
                             : d.groups == d.channels ? "depthwise_"
                                                      : "grouped_";
    for (const auto& run : runs)
      benchmark::RegisterBenchmark(
          label(kind + run.first, shape).c_str(),
          [d, call = run.second](benchmark::State& state) { call(state, d); })
          ->UseRealTime();
  }
}

}  // namespace bench
