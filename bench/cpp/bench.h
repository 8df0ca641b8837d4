// Shared by the micro-benchmarks: shape files, aligned buffers, counters.
//
// Each program has one `register_benchmarks()`, which adds a benchmark for every line of its shape
// file (bench/shapes/*.txt); bench_main.cpp parses --isa and --threads and runs them.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "runtime/isa.h"

namespace bench {

void register_benchmarks();

// The words of every line of `file` that is neither empty nor a comment.
std::vector<std::vector<std::string>> read_shapes(const std::string& file);

// `size` numbers, uniform in [low, high), on a 64-byte boundary like the engine's own storage.
class Buffer {
 public:
  explicit Buffer(lamina::Index size, double low = -1.0, double high = 1.0);
  float* data() { return data_.get(); }

 private:
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  std::unique_ptr<float, Free> data_;
};

// Counters for one iteration's work: shown as FLOP/s, unless 0, and bytes/s.
void count(benchmark::State& state, double flop, double bytes);

// "name/32x64x19"
std::string label(const std::string& name, const std::vector<std::string>& words);

inline lamina::Index size(const std::string& word) { return std::stoll(word); }
inline const lamina::Kernels<float>& kernels() { return lamina::kernels<float>(); }

}  // namespace bench
