// Element-wise expressions beside a copy, and single operations beside the kernels that layers
// have.  "FLOP" counts elements: read it as elements a second.
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

static void run(benchmark::State& state, const lamina::CompiledProgram& program, int inputs,
                Index n) {
  Buffer y(n), a(n), b(n);
  void* const output = y.data();
  const void* const input[] = {a.data(), b.data()};
  for (auto _ : state) {
    program.run(kernels(), &output, input, 1, lamina::Accumulate::no);
    benchmark::ClobberMemory();
  }
  count(state, double(n), 4.0 * double(inputs + 1) * double(n));
}

static void copy(benchmark::State& state, Index n) {
  Buffer y(n), x(n);
  lamina::StridedSpec spec{};
  spec.axes = 1;
  spec.size[0] = n;
  spec.y_stride[0] = spec.x_stride[0] = 1;
  for (auto _ : state) {
    kernels().strided_copy(y.data(), x.data(), spec);
    benchmark::ClobberMemory();
  }
  count(state, double(n), 8.0 * double(n));
}

// Ten cheap operations, each with a constant.
static void chain_of_ten(benchmark::State& state, Index n) {
  const ElementOp ops[] = {ElementOp::add, ElementOp::multiply, ElementOp::maximum,
                           ElementOp::subtract, ElementOp::minimum};
  Formula formula;
  int last = formula.input(0);
  for (int i = 0; i < 10; ++i)
    last = formula.apply(ops[i % 5], last, formula.constant(0.37 + 0.1 * i));
  run(state, compiled(formula, last, 1, n), 1, n);
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
