#include "step_work.h"

namespace lamina {
namespace {

// Time on two threads relative to one, on two cores of a Zen 4, for 784-256-128-10 with 8, 16, 32,
// 64, 128 and 256 rows, which is 34 to 1,097 operations per weight.  With a common cache (50 to 75
// ns): 0.74, 0.71, 0.65, 0.61, 0.57 and 0.54; without one (300 to 340 ns): 3.1, 2.4, 1.7, 1.3, 1.0
// to 1.2 and 0.8 to 1.1.  Layers of 256 and 512 units with 64 rows (320 operations): 0.68 and 0.58,
// 1.41 and 1.20.  `higgs` and `ae` (bench/; 595 and 1,290): 0.60 and 0.60, 1.04 to 1.26 and 0.91.
constexpr double near_ns = 100, flop_per_ns = 4;  // per weight
// Smaller steps have no operation that uses threads.  Larger weights come from memory rather than
// from another cache: layers of 1024 and 2048 units, 8 and 34 MB, take 0.91 and 0.57 at 330 ns.
constexpr double least_flop = 1e6, most_bytes = 4 << 20;

}  // namespace

double step_flop(const Graph& graph, const Plan& plan, Index rows) {
  const auto operation_of = [&](int index) -> const Operation& {
    return *graph.operations()[std::size_t(index)];
  };
  double flop = 0.0;
  for (const int index : plan.forward) {
    const Operation& operation = operation_of(index);
    flop += operation.cost(Pass::forward, operation.rows_in(rows), false).flop;
  }
  for (const Plan::Step& step : plan.backward) {
    const Operation& operation = operation_of(step.operation);
    const bool to_input = !step.wants.empty() && step.wants[0];
    flop += operation.cost(Pass::backward, operation.rows_in(rows), to_input).flop;
  }
  return flop;
}

bool StepWork::pays_on_threads(double round_trip_ns) const {
  if (flop < least_flop || bytes > most_bytes) return true;
  return flop >= flop_per_ns * (round_trip_ns - near_ns) * double(weights);
}

}  // namespace lamina
