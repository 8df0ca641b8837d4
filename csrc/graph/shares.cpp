#include "shares.h"

#include "step_work.h"

namespace lamina {
namespace {

// The floating-point operations of steps that are divided.  20-h-h-1 on two cores of a Zen 4, both
// busy; us without and with two shares, then the same on one thread: 2.6 MFLOP (h 32, 256 rows) 32
// and 38, 32 and 33; 8.4 (64, 256) 92 and 64, 95 and 98; 29 (128, 256) 266 and 224, 325 and 316.
constexpr double least_step = 6e6, most_step = 150e6;
// 256 rows through 76-128-64-1 on one thread: 344 to 366 us in three shares, 352 in two; 64 rows
// through 4-64-64-2 in two shares: 31 to 34.
constexpr Index least_rows = 64;
// Each share has its own gradient, which must be added: this many operations per number.
constexpr double small_step_gradient_work = 100;
// Larger steps have more shares, so that more threads can help, and need fewer weights: 50 MFLOP
// (64, 2000) 1.23 times as fast as undivided with two shares or four, 117 (128, 1000) 1.09
// and 1.13, 48 (4-32-16-4, 12000) 1.07 and 1.14; still larger, 205 (784-128-10, 512) 1.05 and 1.00,
// 271 (784-128-32-128-784, 256) 1.02 and 0.96, 320 (20-64-64-3, 10000) 1.05 and 0.98.  Smaller
// steps take longer in four shares than in two, 28 MFLOP (76-128-64-1, 256) 1.06 times.  All
// measured on two cores; more than four threads cannot help a step in shares.
constexpr double small_step = 40e6, large_step_gradient_work = 1000;
constexpr Index small_step_shares = 2, large_step_shares = most_shares;

const Operation& operation_of(const Graph& graph, int index) {
  return *graph.operations()[std::size_t(index)];
}

// Gradients of values without rows are added up over the shares, which requires that they
// accumulate.
bool row_by_row(const Graph& graph, const Plan& plan) {
  if (graph.rows() > 0 || !graph.states().empty()) return false;
  for (const int index : plan.forward) {
    const Operation& operation = operation_of(graph, index);
    if (!operation.row_by_row() || operation.whole || operation.settles()) return false;
  }
  for (const Plan::Step& step : plan.backward) {
    const Operation& operation = operation_of(graph, step.operation);
    for (std::size_t i = 0; i < operation.inputs.size(); ++i)
      if (step.wants[i] && graph.values()[std::size_t(operation.inputs[i])].whole &&
          !operation.accumulates(int(i)))
        return false;
  }
  return true;
}

}  // namespace

Shares shares_of(const Graph& graph, const Plan& plan, Index rows, Index gradient_size) {
  if (rows < small_step_shares * least_rows || !row_by_row(graph, plan)) return {};
  const double flop = step_flop(graph, plan, rows);
  const bool small = flop <= small_step;
  const Index count = small ? small_step_shares : large_step_shares;
  const double added =
      (small ? small_step_gradient_work : large_step_gradient_work) * double(gradient_size);
  const bool pays = flop >= least_step && flop <= most_step && added <= flop;
  return {pays && rows >= count * least_rows ? count : 1, flop};
}

}  // namespace lamina
