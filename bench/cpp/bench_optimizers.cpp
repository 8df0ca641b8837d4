// One update over a flat run of parameters.
#include "bench.h"

namespace bench {

using lamina::Index;

static void sgd(benchmark::State& state, Index n) {
  Buffer p(n), velocity(n), g(n);
  for (auto _ : state) {
    kernels().sgd(p.data(), velocity.data(), g.data(), n, {1e-9, 0.9, true});
    benchmark::ClobberMemory();
  }
  count(state, 6.0 * double(n), 20.0 * double(n));
}

static void rmsprop(benchmark::State& state, Index n) {
  Buffer p(n), square(n, 0.0, 1.0), g(n);
  for (auto _ : state) {
    kernels().rmsprop(p.data(), square.data(), nullptr, nullptr, g.data(), n,
                      {1e-9, 0.9, 0.0, 1e-7, false});
    benchmark::ClobberMemory();
  }
  count(state, 8.0 * double(n), 20.0 * double(n));
}

static void adam(benchmark::State& state, Index n, double weight_decay) {
  Buffer p(n), m(n), v(n, 0.0, 1.0), g(n);
  std::int64_t step = 0;
  for (auto _ : state) {
    kernels().adam(p.data(), m.data(), v.data(), nullptr, g.data(), n,
                   {1e-9, 0.9, 0.999, 1e-7, weight_decay, ++step});
    benchmark::ClobberMemory();
  }
  count(state, 12.0 * double(n), 28.0 * double(n));
}

void register_benchmarks() {
  for (const auto& shape : read_shapes("optimizers.txt")) {
    const Index n = size(shape[0]);
    benchmark::RegisterBenchmark(label("sgd_nesterov", shape).c_str(),
                                 [=](benchmark::State& state) { sgd(state, n); })
        ->UseRealTime();
    benchmark::RegisterBenchmark(label("rmsprop", shape).c_str(), [=](benchmark::State& state) {
      rmsprop(state, n);
    })->UseRealTime();
    benchmark::RegisterBenchmark(label("adam", shape).c_str(), [=](benchmark::State& state) {
      adam(state, n, 0.0);
    })->UseRealTime();
    benchmark::RegisterBenchmark(label("adamw", shape).c_str(), [=](benchmark::State& state) {
      adam(state, n, 0.004);
    })->UseRealTime();
  }
}

}  // namespace bench
