// What a training step costs, and whether it is worth more threads than one.
#pragma once

#include "plan.h"

namespace lamina {

// Floating-point operations of so many rows, forward and backward.
double step_flop(const Graph& graph, const Plan& plan, Index rows);

constexpr double farthest_ns = 1000;  // between CPUs of one machine

// Whether a step is faster on several threads where a cache line takes `round_trip_ns` from one to
// another and back: each step moves weights and their gradients between their caches.
bool pays_on_threads(double flop, Index weights, double round_trip_ns);

}  // namespace lamina
