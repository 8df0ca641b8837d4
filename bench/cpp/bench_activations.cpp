// Element-wise activations and dropout.  "FLOP" counts elements: read it as elements per second.
#include "bench.h"

namespace bench {

using lamina::Activation;
using lamina::Index;

struct Named {
  const char* name;
  Activation kind;
};
#define LAMINA_NAMED(name, ...) {#name, Activation::name},
static const Named activations[] = {LAMINA_ACTIVATIONS(LAMINA_NAMED)};
#undef LAMINA_NAMED

static void forward(benchmark::State& state, Activation kind, Index n) {
  Buffer y(n), x(n, -4.0, 4.0);
  for (auto _ : state) {
    kernels().activation_forward(y.data(), x.data(), n, {kind, 0.2});
    benchmark::ClobberMemory();
  }
  count(state, double(n), 8.0 * double(n));
}

static void backward(benchmark::State& state, Activation kind, Index n) {
  Buffer dx(n), dy(n), saved(n, 0.01, 0.99);
  for (auto _ : state) {
    kernels().activation_backward(dx.data(), dy.data(), saved.data(), n, {kind, 0.2});
    benchmark::ClobberMemory();
  }
  count(state, double(n), 12.0 * double(n));
}

static void dropout(benchmark::State& state, Index n) {
  Buffer y(n), x(n);
  std::uint32_t step = 0;
  for (auto _ : state) {
    kernels().dropout_forward(y.data(), x.data(), n, 0.4, {7, 1, step++});
    benchmark::ClobberMemory();
  }
  count(state, double(n), 8.0 * double(n));
}

void register_benchmarks() {
  for (const auto& shape : read_shapes("activations.txt")) {
    const Index n = size(shape[0]);
    for (const Named& named : activations) {
      const Activation kind = named.kind;
      const std::string name = named.name;
      benchmark::RegisterBenchmark(label(name + "_forward", shape).c_str(),
                                   [=](benchmark::State& state) { forward(state, kind, n); })
          ->UseRealTime();
      benchmark::RegisterBenchmark(label(name + "_backward", shape).c_str(),
                                   [=](benchmark::State& state) { backward(state, kind, n); })
          ->UseRealTime();
    }
    benchmark::RegisterBenchmark(label("dropout_forward", shape).c_str(),
                                 [=](benchmark::State& state) { dropout(state, n); })
        ->UseRealTime();
  }
}

}  // namespace bench
