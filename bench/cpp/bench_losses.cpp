// Losses, forward and backward.  "FLOP" counts predictions: read it as predictions per second.
#include "bench.h"

namespace bench {

using lamina::Index;
using lamina::Loss;
using lamina::RowsCols;

struct Named {
  const char* name;
  Loss kind;
};
static const Named losses[] = {
    {"mean_squared_error", Loss::mean_squared_error},
    {"mean_absolute_error", Loss::mean_absolute_error},
    {"huber", Loss::huber},
    {"binary_crossentropy_logits", Loss::binary_crossentropy_logits},
    {"categorical_crossentropy_logits", Loss::categorical_crossentropy_logits},
};

static double parameter(Loss kind) { return kind == Loss::huber ? 1.0 : 0.0; }

static void loss_both_ways(benchmark::State& state, Loss kind, RowsCols d) {
  const Index n = d.rows * d.cols;
  Buffer loss(d.rows), dloss(d.rows), dpred(n), pred(n, -3.0, 3.0), target(n, 0.0, 1.0);
  for (auto _ : state) {
    kernels().loss_forward(loss.data(), pred.data(), target.data(), nullptr, d,
                           {kind, parameter(kind)});
    kernels().loss_backward(dpred.data(), dloss.data(), pred.data(), target.data(), nullptr, d,
                            {kind, parameter(kind)});
    benchmark::ClobberMemory();
  }
  count(state, double(n), 20.0 * double(n));
}

static void sparse_both_ways(benchmark::State& state, RowsCols d) {
  const Index n = d.rows * d.cols;
  Buffer loss(d.rows), dloss(d.rows), dpred(n), pred(n, -3.0, 3.0);
  constexpr Loss sparse = Loss::sparse_categorical_crossentropy_logits;
  std::vector<std::int32_t> labels(static_cast<std::size_t>(d.rows));
  for (Index row = 0; row < d.rows; ++row)
    labels[static_cast<std::size_t>(row)] = static_cast<std::int32_t>(row % d.cols);
  for (auto _ : state) {
    kernels().loss_forward(loss.data(), pred.data(), nullptr, labels.data(), d, {sparse, 0.0});
    kernels().loss_backward(dpred.data(), dloss.data(), pred.data(), nullptr, labels.data(), d,
                            {sparse, 0.0});
    benchmark::ClobberMemory();
  }
  count(state, double(n), 12.0 * double(n));
}

static void softmax(benchmark::State& state, RowsCols d) {
  const Index n = d.rows * d.cols;
  Buffer y(n), x(n, -3.0, 3.0);
  for (auto _ : state) {
    kernels().softmax_forward(y.data(), x.data(), d);
    benchmark::ClobberMemory();
  }
  count(state, double(n), 8.0 * double(n));
}

void register_benchmarks() {
  for (const auto& shape : read_shapes("losses.txt")) {
    const RowsCols d{size(shape[0]), size(shape[1])};
    for (const Named& named : losses) {
      const Loss kind = named.kind;
      benchmark::RegisterBenchmark(label(named.name, shape).c_str(), [=](benchmark::State& state) {
        loss_both_ways(state, kind, d);
      })->UseRealTime();
    }
    benchmark::RegisterBenchmark(label("sparse_crossentropy_logits", shape).c_str(),
                                 [=](benchmark::State& state) { sparse_both_ways(state, d); })
        ->UseRealTime();
    benchmark::RegisterBenchmark(label("softmax", shape).c_str(), [=](benchmark::State& state) {
      softmax(state, d);
    })->UseRealTime();
  }
}

}  // namespace bench
