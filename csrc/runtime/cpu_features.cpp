// Features are read with CPUID directly: GCC 10's __builtin_cpu_supports does not know all of these
// names, and a compiler given -march=x86-64-v3 may use any of the level's instructions.
#include "cpu_features.h"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace lamina {

#if defined(__x86_64__)
namespace {

// The CPUID words, and the register states that the operating system saves (XCR0).
struct Machine {
  std::uint32_t leaf_1_ecx = 0, leaf_7_ebx = 0, leaf_7_1_eax = 0, extended_1_ecx = 0;
  std::uint64_t saved_states = 0;

  Machine() {
    std::uint32_t a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d)) leaf_1_ecx = c;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
      leaf_7_ebx = b;
      if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) leaf_7_1_eax = a;
    }
    if (__get_cpuid(0x80000001u, &a, &b, &c, &d)) extended_1_ecx = c;
    constexpr std::uint32_t osxsave = 1u << 27;
    if ((leaf_1_ecx & osxsave) == 0) return;
    std::uint32_t low = 0, high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    saved_states = std::uint64_t(high) << 32 | low;
  }
};

using Word = std::uint32_t Machine::*;

struct Feature {
  int level;
  const char* name;
  Word word;
  int bit;
};

// The x86-64 psABI's table of microarchitecture levels, and the additional needs of bfloat16.
constexpr Feature features[] = {
    {2, "cmpxchg16b", &Machine::leaf_1_ecx, 13}, {2, "lahf_lm", &Machine::extended_1_ecx, 0},
    {2, "popcnt", &Machine::leaf_1_ecx, 23},     {2, "sse3", &Machine::leaf_1_ecx, 0},
    {2, "sse4.1", &Machine::leaf_1_ecx, 19},     {2, "sse4.2", &Machine::leaf_1_ecx, 20},
    {2, "ssse3", &Machine::leaf_1_ecx, 9},       {3, "avx", &Machine::leaf_1_ecx, 28},
    {3, "avx2", &Machine::leaf_7_ebx, 5},        {3, "bmi1", &Machine::leaf_7_ebx, 3},
    {3, "bmi2", &Machine::leaf_7_ebx, 8},        {3, "f16c", &Machine::leaf_1_ecx, 29},
    {3, "fma", &Machine::leaf_1_ecx, 12},        {3, "lzcnt", &Machine::extended_1_ecx, 5},
    {3, "movbe", &Machine::leaf_1_ecx, 22},      {3, "osxsave", &Machine::leaf_1_ecx, 27},
    {4, "avx512bw", &Machine::leaf_7_ebx, 30},   {4, "avx512cd", &Machine::leaf_7_ebx, 28},
    {4, "avx512dq", &Machine::leaf_7_ebx, 17},   {4, "avx512f", &Machine::leaf_7_ebx, 16},
    {4, "avx512vl", &Machine::leaf_7_ebx, 31},   {5, "avx512_bf16", &Machine::leaf_7_1_eax, 5},
};

struct SavedState {
  int level;
  const char* name;
  std::uint64_t bits;
};
constexpr SavedState states[] = {
    {3, "ymm_state", 0x06},  // SSE and AVX registers
    {4, "zmm_state", 0xe6},  // also the masks, the upper halves, the upper sixteen
};

int level_of_isa(const std::string& isa) {
  return isa == "bf16" ? 5 : isa == "v4" ? 4 : isa == "v3" ? 3 : isa == "v2" ? 2 : 0;
}

template <class Wanted>
std::vector<std::string> features_where(int level, Wanted wanted) {
  std::vector<std::string> found;
  for (const Feature& f : features)
    if (f.level <= level && wanted([&](const Machine& m) { return (m.*f.word >> f.bit & 1) != 0; }))
      found.emplace_back(f.name);
  for (const SavedState& s : states)
    if (s.level <= level &&
        wanted([&](const Machine& m) { return (m.saved_states & s.bits) == s.bits; }))
      found.emplace_back(s.name);
  return found;
}

}  // namespace

std::vector<std::string> required_features(const std::string& isa) {
  return features_where(level_of_isa(isa), [](const auto&) { return true; });
}

std::vector<std::string> missing_features(const std::string& isa) {
  static const Machine machine;
  return features_where(level_of_isa(isa), [](const auto& has) { return !has(machine); });
}

#else

std::vector<std::string> required_features(const std::string&) { return {}; }
std::vector<std::string> missing_features(const std::string&) { return {}; }

#endif

}  // namespace lamina
