#include "isa.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <stdexcept>

#include "cpu_features.h"

// LAMINA_EACH_ISA expands to X(v2)X(v3)X(v4): the instruction sets that CMake compiled kernels for.
#define X(name)                                        \
  namespace lamina::name {                             \
  void fill_tables(Kernels<float>&, Kernels<double>&); \
  extern const Rule* const rules[];                    \
  }
LAMINA_EACH_ISA
#undef X

#ifdef LAMINA_BFLOAT16
namespace lamina::bf16 {
void fill_products(Kernels<float>&);
}
#endif

namespace lamina {
namespace {

struct Isa {
  const char* name;
  void (*fill)(Kernels<float>&, Kernels<double>&);
  const Rule* const* rules;
  std::once_flag* filled;
  Kernels<float> of_float{};
  Kernels<double> of_double{};
};

#define X(name) std::once_flag filled_##name;
LAMINA_EACH_ISA
#undef X

#define X(name) Isa{#name, &lamina::name::fill_tables, lamina::name::rules, &filled_##name},
std::array isas{LAMINA_EACH_ISA};
#undef X

std::atomic<const Isa*> chosen{nullptr};

std::string lacks(const std::string& isa) {
  std::string missing;
  for (const std::string& feature : missing_features(isa)) missing += " " + feature;
  return missing;
}

const Isa& in_use() {
  const Isa* isa = chosen.load(std::memory_order_acquire);
  if (isa == nullptr) {
    choose_isa();
    isa = chosen.load(std::memory_order_acquire);
  }
  return *isa;
}

}  // namespace

std::string bfloat16_lacks() {
#ifdef LAMINA_BFLOAT16
  if (const std::string missing = lacks("bf16"); !missing.empty())
    return "this CPU lacks" + missing;
  if (isa() != "v4")
    return "they need the instruction set v4, and " + isa() + " was chosen (LAMINA_ISA, use_isa)";
  return "";
#else
  return "this build of lamina was made without AVX512_BF16, which compilers have from GCC 10 and "
         "clang 9 on";
#endif
}

#ifdef LAMINA_BFLOAT16
const Kernels<float>& bfloat16_kernels() {
  static const Kernels<float> table = [] {
    Kernels<float> singles{};
    Kernels<double> doubles{};
    v4::fill_tables(singles, doubles);
    bf16::fill_products(singles);
    return singles;
  }();
  return table;
}
#else
const Kernels<float>& bfloat16_kernels() { return kernels<float>(); }
#endif

std::string missing_cpu_features() { return lacks(isas.front().name); }

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (const Isa& isa : isas)
    if (lacks(isa.name).empty()) names.emplace_back(isa.name);
  return names;
}

std::string isa() { return in_use().name; }

void use_isa(const std::string& name) {
  for (Isa& isa : isas) {
    if (name != isa.name) continue;
    if (const std::string missing = lacks(name); !missing.empty())
      throw std::invalid_argument("use_isa: this CPU cannot run '" + name + "'; it lacks" +
                                  missing);
    std::call_once(*isa.filled, [&] { isa.fill(isa.of_float, isa.of_double); });
    chosen.store(&isa, std::memory_order_release);
    return;
  }
  std::string known;
  for (const Isa& isa : isas) known += std::string(known.empty() ? "" : ", ") + isa.name;
  throw std::invalid_argument("use_isa: unknown instruction set '" + name + "'; this build has " +
                              known);
}

void choose_isa() {
  const std::vector<std::string> known = available_isas();
  const char* wanted = std::getenv("LAMINA_ISA");
  const bool has =
      wanted != nullptr && std::find(known.begin(), known.end(), wanted) != known.end();
  use_isa(has ? wanted : known.back());
}

const Rule* const* rules() { return in_use().rules; }

template <>
const Kernels<float>& kernels<float>() {
  return in_use().of_float;
}
template <>
const Kernels<double>& kernels<double>() {
  return in_use().of_double;
}

}  // namespace lamina
