// Element-wise expressions compared with a copy, and single operations with the kernels of layers.
// "FLOP" counts elements: read it as elements per second.  `from_memory` uses other arrays in each
// round, which are in no cache; a copy then shows the speed of memory.
#include <algorithm>

#include "bench.h"
#include "operations/element_program.h"

namespace bench {

using lamina::Activation;
using lamina::ElementOp;
using lamina::Formula;
using lamina::Index;

static lamina::CompiledProgram compiled(const Formula& formula, int result, int inputs, Index n) {
  return {formula,
          std::vector<lamina::ElementShape>(std::size_t(inputs), {{n}, false}),
          {n},
          false,
          {{result}}};
}

constexpr Index beyond_caches = Index(1) << 25;  // elements: 128 MB

static void run(benchmark::State& state, const lamina::CompiledProgram& program, int inputs,
                Index n, Index stored = 0) {
  const Index size = std::max(n, stored);
  Buffer y(size), a(size), b(size);
  Index at = 0;
  for (auto _ : state) {
    void* const output = y.data() + at;
    const void* const input[] = {a.data() + at, b.data() + at};
    program.run(kernels(), &output, input, 1, lamina::Accumulate::no);
    benchmark::ClobberMemory();
    at = at + 2 * n > size ? 0 : at + n;
  }
  count(state, double(n), 4.0 * double(inputs + 1) * double(n));
}

static void copy(benchmark::State& state, Index n, Index stored = 0) {
  const Index size = std::max(n, stored);
  Buffer y(size), x(size);
  lamina::StridedSpec spec{};
  spec.axes = 1;
  spec.size[0] = n;
  spec.y_stride[0] = spec.x_stride[0] = 1;
  Index at = 0;
  for (auto _ : state) {
    kernels().strided_copy(y.data() + at, x.data() + at, spec);
    benchmark::ClobberMemory();
    at = at + 2 * n > size ? 0 : at + n;
  }
  count(state, double(n), 8.0 * double(n));
}

// Ten cheap operations, each with a constant.
static void chain_of_ten(benchmark::State& state, Index n, Index stored = 0) {
  const ElementOp ops[] = {ElementOp::add, ElementOp::multiply, ElementOp::maximum,
                           ElementOp::subtract, ElementOp::minimum};
  Formula formula;
  int last = formula.input(0);
  for (int i = 0; i < 10; ++i)
    last = formula.apply(ops[i % 5], last, formula.constant(0.37 + 0.1 * i));
  run(state, compiled(formula, last, 1, n), 1, n, stored);
}

static void single(benchmark::State& state, ElementOp op, Index n) {
  Formula formula;
  const int inputs = lamina::operands_of(op);
  const int x = formula.input(0);
  const int y = formula.apply(op, x, inputs > 1 ? formula.input(1) : -1);
  run(state, compiled(formula, y, inputs, n), inputs, n);
}

static void combine(benchmark::State& state, Index n) {
  Buffer y(n), a(n), b(n);
  for (auto _ : state) {
    kernels().combine_forward(y.data(), a.data(), b.data(), n, lamina::Combine::add);
    benchmark::ClobberMemory();
  }
  count(state, double(n), 12.0 * double(n));
}

static void activation(benchmark::State& state, Activation kind, Index n) {
  Buffer y(n), x(n);
  for (auto _ : state) {
    kernels().activation_forward(y.data(), x.data(), n, {kind, 0.0});
    benchmark::ClobberMemory();
  }
  count(state, double(n), 8.0 * double(n));
}

void register_benchmarks() {
  for (const auto& shape : read_shapes("activations.txt")) {
    const Index n = size(shape[0]);
    const auto add = [&](const char* name, auto body) {
      benchmark::RegisterBenchmark(label(name, shape).c_str(), body)->UseRealTime();
    };
    add("copy", [=](benchmark::State& s) { copy(s, n); });
    add("chain_of_ten", [=](benchmark::State& s) { chain_of_ten(s, n); });
    if (n >= Index(1) << 20) {
      add("copy_from_memory", [=](benchmark::State& s) { copy(s, n, beyond_caches); });
      add("chain_of_ten_from_memory",
          [=](benchmark::State& s) { chain_of_ten(s, n, beyond_caches); });
    }
    add("add", [=](benchmark::State& s) { single(s, ElementOp::add, n); });
    add("combine_forward", [=](benchmark::State& s) { combine(s, n); });
    add("exp", [=](benchmark::State& s) { single(s, ElementOp::exp, n); });
    add("exponential_forward",
        [=](benchmark::State& s) { activation(s, Activation::exponential, n); });
    add("tanh", [=](benchmark::State& s) { single(s, ElementOp::tanh, n); });
    add("tanh_forward", [=](benchmark::State& s) { activation(s, Activation::tanh, n); });
  }
}

}  // namespace bench
