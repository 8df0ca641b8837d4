// Recurrent layers over whole sequences, with the outputs of all steps; backward calculates the
// weights' gradients and no input gradient, as the first layer of a model needs none.
#include <algorithm>

#include "bench.h"

namespace bench {

using lamina::Cell;
using lamina::Index;
using lamina::RecurrentDims;

struct Layer {
  explicit Layer(RecurrentDims dims)
      : d(dims),
        gates(lamina::cell_gates(d.cell) * d.units),
        sizes(kernels().recurrent_sizes(d)),
        x(d.rows * d.steps * d.inputs),
        w(d.inputs * gates, -0.1, 0.1),
        u(d.units * gates, -0.1, 0.1),
        b(2 * gates),
        y(d.rows * d.steps * d.units),
        saved(sizes.saved),
        workspace(std::max(sizes.forward, sizes.backward)) {}

  lamina::RecurrentInputs<float> inputs() {
    lamina::RecurrentInputs<float> in{};
    in.x_nti = x.data();
    in.w_ig = w.data();
    in.u_ug = u.data();
    in.b = b.data();
    return in;
  }
  void forward() {
    kernels().recurrent_forward(y.data(), nullptr, nullptr, saved.data(), workspace.data(),
                                inputs(), d);
  }
  double product() const {
    return 2.0 * double(d.rows * d.steps) * double(d.inputs + d.units) * double(gates);
  }
  double bytes() const { return 4.0 * double(sizes.saved + 2 * d.rows * d.steps * d.units); }

  RecurrentDims d;
  Index gates;
  lamina::RecurrentSizes sizes;
  Buffer x, w, u, b, y, saved, workspace;
};

static void forward(benchmark::State& state, RecurrentDims d) {
  Layer layer(d);
  for (auto _ : state) {
    layer.forward();
    benchmark::ClobberMemory();
  }
  count(state, layer.product(), layer.bytes());
}

static void backward(benchmark::State& state, RecurrentDims d) {
  Layer layer(d);
  Buffer dw(d.inputs * layer.gates), du(d.units * layer.gates), db(2 * layer.gates);
  layer.forward();
  const lamina::RecurrentGradients<float> out{nullptr,   dw.data(), du.data(),
                                              db.data(), nullptr,   nullptr};
  for (auto _ : state) {
    kernels().recurrent_backward(out, layer.workspace.data(), layer.y.data(), nullptr, nullptr,
                                 layer.saved.data(), layer.inputs(), d, lamina::Accumulate::no);
    benchmark::ClobberMemory();
  }
  count(state, 2.0 * layer.product(), layer.bytes());
}

static Cell cell(const std::string& name) {
  if (name == "simple_rnn") return Cell::simple_rnn;
  if (name == "lstm") return Cell::lstm;
  return name == "gru" ? Cell::gru : Cell::gru_reset_before;
}

void register_benchmarks() {
  for (const auto& shape : read_shapes("recurrence.txt")) {
    RecurrentDims d{};
    d.cell = cell(shape[0]);
    d.rows = size(shape[1]);
    d.steps = size(shape[2]);
    d.inputs = size(shape[3]);
    d.units = size(shape[4]);
    d.activation.kind = lamina::Activation::tanh;
    d.recurrent_activation.kind = lamina::Activation::sigmoid;
    d.sequences = true;
    benchmark::RegisterBenchmark(label("forward", shape).c_str(), [=](benchmark::State& state) {
      forward(state, d);
    })->UseRealTime();
    benchmark::RegisterBenchmark(label("backward", shape).c_str(), [=](benchmark::State& state) {
      backward(state, d);
    })->UseRealTime();
  }
}

}  // namespace bench
