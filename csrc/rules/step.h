// Shared by the files of rules: abbreviations for descriptions, and the loop over a run.
#pragma once

#include <math.h>

#include "../kernels/simd.h"
#include "rule.h"

namespace lamina {
namespace LAMINA_ISA {

// The start of a description: LAMINA_RULE(sgd) = {"sgd", {settings}, {slots}, ...};
#define LAMINA_RULE(name)        \
  extern const Rule rule_##name; \
  constexpr Rule rule_##name

LAMINA_INLINE constexpr RuleSetting flag(const char* name) {
  return {name, 0.0, 0.0, 1.0, false, true};
}
// Settings in [0, 1], and in [0, 1).
LAMINA_INLINE constexpr RuleSetting fraction(const char* name, double initial) {
  return {name, initial, 0.0, 1.0, false, false};
}
LAMINA_INLINE constexpr RuleSetting decay_rate(const char* name, double initial) {
  return {name, initial, 0.0, 1.0, true, false};
}
// A finite setting of at least 0.
LAMINA_INLINE constexpr RuleSetting amount(const char* name, double initial) {
  return {name, initial, 0.0, __builtin_inf(), false, false};
}

LAMINA_INLINE constexpr RuleSetting any_number(const char* name, double initial) {
  return {name, initial, -__builtin_inf(), __builtin_inf(), false, false};
}

// Calls body(i, count) for all vectors of a run, the last one partial; `flop` is the equivalent
// work per element (see threads_for).  Every element is a separate chain of operations: no bit
// depends on the chunks.
template <class T, class Body>
LAMINA_INLINE void each_vector(Index size, double flop, Body body) {
  parallel_elements(size, flop, [=](Index begin, Index end) {
    const Body own = body;  // a local copy, which no store can change, stays in registers
    for_vectors<T>(begin, end, own);
  });
}

// p -= factor u
template <class T>
LAMINA_INLINE void subtract_scaled(T* p, const T* u, double factor, Index size) {
  const Vec<T> by = broadcast(T(factor));
  each_vector<T>(size, 25, [=](Index i, Index count) {
    store_count(p + i, load_count(p + i, count) - by * load_count(u + i, count), count);
  });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
