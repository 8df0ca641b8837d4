// What a training step costs, and whether it is worth more threads than one.
#pragma once

#include "plan.h"

namespace lamina {

// Floating-point operations of so many rows, forward and backward.
double step_flop(const Graph& graph, const Plan& plan, Index rows);

struct StepWork {
  double flop;
  Index weights;  // that are trained
  double bytes;   // of the weights

  // Whether the step is faster on several threads where a cache line takes so long from one to
  // another and back: each step moves weights and their gradients between their caches.
  bool pays_on_threads(double round_trip_ns) const;
};

constexpr double farthest_ns = 1000;  // a round trip between CPUs of one machine

}  // namespace lamina
