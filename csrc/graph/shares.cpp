#include "shares.h"

#include "step_work.h"

namespace lamina {
namespace {

// Floating-point operations of a step that is cut.  20-h-h-1 on two cores of a Zen 4, both at work,
// us without shares and with them, then on one thread: 2.6 MFLOP (h 32, 256 rows) 32 and 38, 32 and
// 33; 8.4 (64, 256) 92 and 64, 95 and 98; 29 (128, 256) 266 and 224, 325 and 316; 59 (128, 512) 486
// and 616.
constexpr double least_step = 6e6, most_step = 40e6;
// Three shares of 256 rows through 76-128-64-1: 344 to 366 us on one thread, two: 352; two of 64
// rows through 4-64-64-2: 31 to 34.
constexpr Index least_rows = 64;
// A share has a gradient of its own, to be added: so many operations a number.
constexpr double gradient_work = 100;

const Operation& operation_of(const Graph& graph, int index) {
  return *graph.operations()[std::size_t(index)];
}

// Gradients of what has no rows are added up over the shares, if they are added to at all.
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
  if (rows < most_shares * least_rows || !row_by_row(graph, plan)) return {};
  const double flop = step_flop(graph, plan, rows);
  const bool pays =
      flop >= least_step && flop <= most_step && gradient_work * double(gradient_size) <= flop;
  return {pays ? most_shares : 1, flop};
}

}  // namespace lamina
