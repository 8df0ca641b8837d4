// Measures the limits of some CPUs, for bench/limits.py: multiplications and additions in
// registers, and reading memory.
//
//     limits THREADS
//
// Each line of input is answered with two numbers: GFLOP/s and GB/s of all threads together, each
// the best of a few short measurements.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

#if defined(__AVX512F__)
constexpr int bytes = 64;
#elif defined(__AVX__)
constexpr int bytes = 32;
#else
constexpr int bytes = 16;
#endif
constexpr int lanes = bytes / int(sizeof(float));
typedef float Vec __attribute__((vector_size(bytes)));

constexpr int chains = 12;  // independent sums: two begin in each cycle, and one takes four cycles
constexpr int repeats = 5;
constexpr long steps = 4'000'000;
constexpr std::size_t memory = std::size_t(256) << 20;  // per thread, beyond every cache

float multiply_add(float factor) {
  Vec sum[chains];
#pragma GCC unroll 12
  for (int i = 0; i < chains; ++i) sum[i] = Vec{} + float(i);
  const Vec a = Vec{} + factor, b = Vec{} + 1e-3f;
  for (long k = 0; k < steps; ++k) {
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) sum[i] = sum[i] * a + b;  // contracted to one instruction
  }
  Vec total = sum[0];
#pragma GCC unroll 12
  for (int i = 1; i < chains; ++i) total += sum[i];
  return total[0];
}

float read(const std::vector<float>& values) {
  Vec sum[4] = {};
  const float* p = values.data();
  for (std::size_t i = 0; i + 4 * lanes <= values.size(); i += 4 * lanes)
    for (int j = 0; j < 4; ++j) {
      Vec v;
      __builtin_memcpy(&v, p + i + std::size_t(j) * lanes, sizeof v);
      sum[j] += v;
    }
  return sum[0][0] + sum[1][0] + sum[2][0] + sum[3][0];
}

// The shortest time, in seconds, of work(thread) on all threads, which begin together.
double seconds(int threads, const std::function<void(int)>& work) {
  double best = 1e30;
  for (int r = 0; r < repeats; ++r) {
    std::atomic<int> ready{0};
    std::atomic<bool> go{false};
    std::vector<std::thread> others;
    for (int t = 0; t < threads; ++t)
      others.emplace_back([&, t] {
        ++ready;
        while (!go) {
        }
        work(t);
      });
    while (ready < threads) std::this_thread::yield();
    const auto begin = std::chrono::steady_clock::now();
    go = true;
    for (std::thread& other : others) other.join();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count());
  }
  return best;
}

}  // namespace

int main(int count, char** words) {
  const int threads = count > 1 ? std::max(1, std::atoi(words[1])) : 1;
  std::vector<std::vector<float>> values(static_cast<std::size_t>(threads));
  for (auto& each : values) each.assign(memory / sizeof(float), 1.0f);
  std::atomic<float> sink{0};
  for (std::string line; std::getline(std::cin, line);) {
    const double arithmetic = seconds(threads, [&](int) { sink = multiply_add(0.999f); });
    const double reading =
        seconds(threads, [&](int t) { sink = read(values[static_cast<std::size_t>(t)]); });
    const double all = threads;
    std::cout << all * 2e-9 * double(steps) * chains * lanes / arithmetic << ' '
              << all * 1e-9 * double(memory) / reading << std::endl;
  }
}
