// The matrix product for the shapes in shapes/gemm.txt.
#include "bench.h"

namespace bench {

using lamina::Index;

static void gemm(benchmark::State& state, const std::string& op, Index m, Index n, Index k) {
  const bool transpose_a = op[0] == 'T', transpose_b = op[1] == 'T';
  Buffer a(m * k), b(k * n), c(m * n);
  const Index lda = transpose_a ? m : k, ldb = transpose_b ? k : n;
  for (auto _ : state) {
    kernels().gemm(c.data(), a.data(), b.data(), m, n, k, n, lda, ldb, transpose_a, transpose_b,
                   lamina::Accumulate::no);
    benchmark::ClobberMemory();
  }
  count(state, 2.0 * double(m) * double(n) * double(k),
        4.0 * (double(m) * double(k) + double(k) * double(n) + double(m) * double(n)));
}

void register_benchmarks() {
  for (const auto& shape : read_shapes("gemm.txt")) {
    const Index m = size(shape[1]), n = size(shape[2]), k = size(shape[3]);
    benchmark::RegisterBenchmark(label("gemm", shape).c_str(), [=](benchmark::State& state) {
      gemm(state, shape[0], m, n, k);
    })->UseRealTime();
  }
}

}  // namespace bench
