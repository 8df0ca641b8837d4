// Pooling over images.  It is bound by memory: read bytes/s; "FLOP" counts the cells of the
// windows.
#include <algorithm>

#include "bench.h"

namespace bench {

using lamina::Index;
using lamina::PoolDims;

static Index cells_in(PoolDims d) { return d.images * d.height * d.width * d.channels; }
static Index cells_out(PoolDims d) { return d.images * out_height(d) * out_width(d) * d.channels; }
static void count_pass(benchmark::State& state, PoolDims d, double index_bytes) {
  const double out = double(cells_out(d));
  count(state, out * double(d.pool_h * d.pool_w),
        4.0 * double(cells_in(d)) + (4.0 + index_bytes) * out);
}

static void max_forward(benchmark::State& state, PoolDims d) {
  Buffer y(cells_out(d)), index(cells_out(d)), x(cells_in(d));  // an index takes at most 4 bytes
  for (auto _ : state) {
    kernels().max_pool2d_forward(y.data(), index.data(), x.data(), d, false);
    benchmark::ClobberMemory();
  }
  count_pass(state, d, double(pool_index_bytes(d)));
}

static void max_backward(benchmark::State& state, PoolDims d) {
  Buffer y(cells_out(d)), index(cells_out(d)), x(cells_in(d)), dx(cells_in(d)), dy(cells_out(d));
  kernels().max_pool2d_forward(y.data(), index.data(), x.data(), d, false);
  for (auto _ : state) {
    kernels().max_pool2d_backward(dx.data(), dy.data(), index.data(), d);
    benchmark::ClobberMemory();
  }
  count_pass(state, d, double(pool_index_bytes(d)));
}

static void average_forward(benchmark::State& state, PoolDims d) {
  Buffer y(cells_out(d)), x(cells_in(d));
  for (auto _ : state) {
    kernels().average_pool2d_forward(y.data(), nullptr, x.data(), d);
    benchmark::ClobberMemory();
  }
  count_pass(state, d, 0.0);
}

static void average_backward(benchmark::State& state, PoolDims d) {
  Buffer dx(cells_in(d)), dy(cells_out(d));
  for (auto _ : state) {
    kernels().average_pool2d_backward(dx.data(), dy.data(), nullptr, d);
    benchmark::ClobberMemory();
  }
  count_pass(state, d, 0.0);
}

// A line of pool.txt; if the image has one row, so do the window and the padding.
static PoolDims dims(const std::vector<std::string>& shape) {
  const Index pool = size(shape[5]), stride = size(shape[6]), pad = size(shape[7]);
  PoolDims d{};
  d.images = size(shape[1]);
  d.height = size(shape[2]);
  d.width = size(shape[3]);
  d.channels = size(shape[4]);
  d.pool_w = pool;
  d.pool_h = std::min(pool, d.height);
  d.stride_h = d.stride_w = stride;
  d.pad_left = d.pad_right = pad;
  d.pad_top = d.pad_bottom = d.height > 1 ? pad : 0;
  return d;
}

void register_benchmarks() {
  for (const auto& shape : read_shapes("pool.txt")) {
    const PoolDims d = dims(shape);
    const bool max = shape[0] == "max";
    const std::string name = shape[0] + "_pool2d_";
    const std::vector<std::string> sizes(shape.begin() + 1, shape.end());
    benchmark::RegisterBenchmark(label(name + "forward", sizes).c_str(),
                                 [d, call = max ? max_forward : average_forward](
                                     benchmark::State& state) { call(state, d); })
        ->UseRealTime();
    benchmark::RegisterBenchmark(label(name + "backward", sizes).c_str(),
                                 [d, call = max ? max_backward : average_backward](
                                     benchmark::State& state) { call(state, d); })
        ->UseRealTime();
  }
}

}  // namespace bench
