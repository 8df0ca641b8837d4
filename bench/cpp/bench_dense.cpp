// Dense layers with bias and ReLU fused in forward; backward calculates all three gradients.
#include "bench.h"

namespace bench {

using lamina::DenseDims;
using lamina::Index;

static double product(DenseDims d) { return 2.0 * double(d.rows * d.inputs) * double(d.units); }
static double bytes(DenseDims d) {
  return 4.0 * double(d.rows * d.inputs + d.inputs * d.units + d.rows * d.units + d.units);
}

static void dense_forward(benchmark::State& state, DenseDims d) {
  Buffer y(d.rows * d.units), x(d.rows * d.inputs), w(d.inputs * d.units), b(d.units);
  const lamina::ActivationSpec relu{lamina::Activation::relu, 0.0};
  for (auto _ : state) {
    kernels().dense_forward(y.data(), x.data(), w.data(), b.data(), d, relu, {});
    benchmark::ClobberMemory();
  }
  count(state, product(d), bytes(d));
}

static void dense_backward(benchmark::State& state, DenseDims d) {
  Buffer dx(d.rows * d.inputs), dw(d.inputs * d.units), db(d.units);
  Buffer dz(d.rows * d.units), x(d.rows * d.inputs), w(d.inputs * d.units);
  for (auto _ : state) {
    kernels().dense_backward(dx.data(), dw.data(), db.data(), dz.data(), x.data(), w.data(), d,
                             false, lamina::Accumulate::no);
    benchmark::ClobberMemory();
  }
  count(state, 2.0 * product(d), 2.0 * bytes(d));
}

void register_benchmarks() {
  for (const auto& shape : read_shapes("dense.txt")) {
    const DenseDims d{size(shape[0]), size(shape[1]), size(shape[2])};
    benchmark::RegisterBenchmark(label("dense_forward", shape).c_str(),
                                 [=](benchmark::State& state) { dense_forward(state, d); })
        ->UseRealTime();
    benchmark::RegisterBenchmark(label("dense_backward", shape).c_str(),
                                 [=](benchmark::State& state) { dense_backward(state, d); })
        ->UseRealTime();
  }
}

}  // namespace bench
