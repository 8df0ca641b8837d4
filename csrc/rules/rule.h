// An optimizer's rule: its settings, its slots, and its step over a run of parameters.
//
// Each file in this folder is one rule, under its own name: csrc/rules/sgd.cpp holds the rule
// "sgd". It is compiled once per instruction set, as the kernels are, and the requirements of
// kernel.h on bits, alignment and shared symbols apply to it too.  No other C++ code names a rule:
// CMake lists the files (table.cpp), the engine looks a rule up by name, and Python reads its
// description.
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

// How many numbers a slot keeps for one weight array.
enum class Extent : unsigned char {
  elements,  // one for each of its elements
  vectors,   // the same, but none for an array of two axes or more
  rows,      // of two axes or more: one per row (shared along the last axis), else none
  columns    // of two axes or more: one per column (shared along the last axis but one), else none
};

// Numbers that are kept from step to step.
struct RuleSlot {
  const char* name;
  const char* when;  // needed only if this setting is not 0; null: always
  // The setting that gives the values before the first step, or "weight" for the weight's own
  // values; null: zeros.
  const char* start;
  Extent extent = Extent::elements;
};

template <class T>
struct Kernels;

// What a rule for whole weight arrays is told of one of them.
template <class T>
struct RuleWeight {
  const Index* shape;
  int axes;
  T* workspace;  // of the size that the rule asked for
  const Kernels<T>* kernels;
};

// One step over a run of weights, or over one weight array.
template <class T>
struct RuleStep {
  T* param;
  T* const* slots;  // by place; one that is not needed may be null or not
  const T* grad;
  Index size;
  const double* settings;  // by place
  double learning_rate;
  double weight_decay;        // for a rule with `decays`; 0: none
  std::int64_t step;          // 1 for the first
  RuleWeight<T> weight = {};  // for a rule with `workspace`
};

struct Rule {
  static constexpr int most = 12, most_slots = 4;

  const char* name;
  RuleSetting settings[most];  // places after the last have no name
  RuleSlot slots[most_slots];
  // The setting that keeps divisors away from 0; null if the rule needs none.
  const char* divisor;
  // Decoupled weight decay is part of the step.  For other rules it is applied before the step.
  bool decays;
  void (*of_float)(const RuleStep<float>&);
  void (*of_double)(const RuleStep<double>&);
  // For a rule that is given one weight array at a time, with its shape: the number of elements of
  // memory that a step over it needs.  Null: the rule is given runs of adjacent weights.
  Index (*workspace)(const Index* shape, int axes) = nullptr;
};

LAMINA_INLINE int setting_count(const Rule& rule) {
  int count = 0;
  while (count < Rule::most && rule.settings[count].name != nullptr) ++count;
  return count;
}
LAMINA_INLINE int slot_count(const Rule& rule) {
  int count = 0;
  while (count < Rule::most_slots && rule.slots[count].name != nullptr) ++count;
  return count;
}

LAMINA_INLINE Index elements(const Index* shape, int axes) {
  Index size = 1;
  for (int axis = 0; axis < axes; ++axis) size *= shape[axis];
  return size;
}
LAMINA_INLINE Index slot_size(Extent extent, const Index* shape, int axes) {
  const Index size = elements(shape, axes);
  if (extent == Extent::elements) return size;
  if (extent == Extent::vectors) return axes < 2 ? size : 0;
  if (axes < 2 || size == 0) return 0;
  return size / shape[extent == Extent::rows ? axes - 1 : axes - 2];
}

}  // namespace lamina
