#include <fstream>
#include <iostream>
#include <new>
#include <sstream>
#include <stdexcept>

#include "bench.h"
#include "runtime/threads.h"

namespace bench {

std::vector<std::vector<std::string>> read_shapes(const std::string& file) {
  const std::string path = std::string(LAMINA_SHAPES) + "/" + file;
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::vector<std::vector<std::string>> shapes;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::vector<std::string> shape;
    for (std::string word; words >> word;) shape.push_back(word);
    if (!shape.empty()) shapes.push_back(shape);
  }
  return shapes;
}

Buffer::Buffer(lamina::Index size, double low, double high) {
  const std::size_t bytes = (sizeof(float) * static_cast<std::size_t>(size) + 63) / 64 * 64;
  data_.reset(static_cast<float*>(std::aligned_alloc(64, bytes + 64)));
  if (!data_) throw std::bad_alloc();
  std::uint64_t word = 88172645463325252u;  // xorshift: the values hardly matter
  for (lamina::Index i = 0; i < size; ++i) {
    word ^= word << 13, word ^= word >> 7, word ^= word << 17;
    const double unit = static_cast<double>(word >> 11) * 0x1p-53;
    data_.get()[i] = static_cast<float>(low + (high - low) * unit);
  }
}

void count(benchmark::State& state, double flop, double bytes) {
  using benchmark::Counter;
  if (flop > 0.0) state.counters["FLOP"] = Counter(flop, Counter::kIsIterationInvariantRate);
  state.counters["bytes"] =
      Counter(bytes, Counter::kIsIterationInvariantRate, Counter::OneK::kIs1000);
}

std::string label(const std::string& name, const std::vector<std::string>& words) {
  std::string text = name + "/";
  for (std::size_t i = 0; i < words.size(); ++i) text += (i ? "x" : "") + words[i];
  return text;
}

// Removes "--key=value" from the arguments; returns the value, "" if absent.
std::string take(int& argc, char** argv, const std::string& key) {
  const std::string prefix = "--" + key + "=";
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.rfind(prefix, 0) != 0) continue;
    for (int j = i; j + 1 < argc; ++j) argv[j] = argv[j + 1];
    --argc;
    return argument.substr(prefix.size());
  }
  return "";
}

}  // namespace bench

int main(int argc, char** argv) {
  try {
    const std::string isa = bench::take(argc, argv, "isa");
    const std::string threads = bench::take(argc, argv, "threads");
    if (isa.empty())
      lamina::choose_isa();
    else
      lamina::use_isa(isa);
    if (!threads.empty()) lamina::set_num_threads(std::stoi(threads));
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::AddCustomContext("isa", lamina::isa());
    benchmark::AddCustomContext("threads", std::to_string(lamina::get_num_threads()));
    bench::register_benchmarks();
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
  } catch (const std::exception& error) {
    std::cerr << argv[0] << ": " << error.what() << '\n';
    return 1;
  }
  return 0;
}
