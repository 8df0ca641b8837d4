// The cost of a training step, and whether it is faster on several threads.
#pragma once

#include "plan.h"

namespace lamina {

// Floating-point operations for `rows` rows, forward and backward.
double step_flop(const Graph& graph, const Plan& plan, Index rows);

struct StepWork {
  double flop;
  Index weights;  // the number of trainable weights
  double bytes;   // of the weights

  // Whether the step is faster on several threads if a cache line takes `round_trip_ns` from one to
  // another and back: each step moves weights and their gradients between their caches.
  bool pays_on_threads(double round_trip_ns) const;
};

constexpr double farthest_ns = 1000;  // a round trip between CPUs of one machine

}  // namespace lamina
