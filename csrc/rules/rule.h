// An optimizer's rule: its settings, its slots, and its step over a run of parameters.
//
// Each file of this room is one rule, under its own name: csrc/rules/sgd.cpp holds the rule "sgd".
// It is compiled once per instruction set, as the kernels are, and what kernel.h says of bits,
// alignment and shared symbols holds for it too.  Nothing else in C++ names a rule: CMake lists the
// files (table.cpp), the engine looks a rule up by name and Python reads its description.
#pragma once

#include "../specs.h"

namespace lamina {

// A number between two bounds, or a flag, which is 0 or 1.
struct RuleSetting {
  const char* name;
  double initial;
  double low, high;
  bool open_above;  // `high` itself is not allowed
  bool flag;
};

// An array as long as the parameters, kept from step to step.
struct RuleSlot {
  const char* name;
  const char* when;   // needed only where this setting is not 0; null: always
  const char* start;  // the setting that gives its values before the first step; null: zeros
};

// One step over one run.
template <class T>
struct RuleStep {
  T* param;
  T* const* slots;  // by place; one that is not needed may be null, or given all the same
  const T* grad;
  Index size;
  const double* settings;  // by place
  double learning_rate;
  double weight_decay;  // for a rule that says `decays`; 0: none
  std::int64_t step;    // 1 for the first
};

struct Rule {
  static constexpr int most = 8;

  const char* name;
  RuleSetting settings[most];  // those behind the last have no name
  RuleSlot slots[most];
  // The setting that keeps divisors away from 0; null where the rule divides by nothing else.
  const char* divisor;
  // Decoupled weight decay is part of the step.  For other rules parameters are scaled before it.
  bool decays;
  void (*of_float)(const RuleStep<float>&);
  void (*of_double)(const RuleStep<double>&);
};

LAMINA_INLINE int setting_count(const Rule& rule) {
  int count = 0;
  while (count < Rule::most && rule.settings[count].name != nullptr) ++count;
  return count;
}
LAMINA_INLINE int slot_count(const Rule& rule) {
  int count = 0;
  while (count < Rule::most && rule.slots[count].name != nullptr) ++count;
  return count;
}

}  // namespace lamina
