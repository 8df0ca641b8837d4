// Memory planned once: where every value and gradient of an execution lives in one arena.
#pragma once

#include <vector>

#include "graph.h"

namespace lamina {

struct Plan {
  static constexpr std::size_t nowhere = std::size_t(-1);

  // By value id; `nowhere` for parameters and for values that stand for another (see `stands_for`).
  std::vector<std::size_t> value_offset;
  std::vector<std::size_t> gradient_offset;  // `nowhere` where no gradient flows
  // A value that is another's under a new name: the output of an operation that does nothing here.
  std::vector<ValueId> stands_for;

  struct Step {
    int operation;
    std::vector<bool> wants;              // by input: whether its gradient is needed
    std::vector<bool> adds;               // by input: whether to add to what others wrote
    std::vector<std::size_t> sum_offset;  // by input: scratch when a value's gradient is summed
    std::size_t workspace_offset;         // `nowhere` without one
    bool beside;                          // may run beside the one before
  };
  std::vector<int> forward;             // operations in order
  std::vector<bool> beside;             // by place in `forward`: may run beside the one before
  std::vector<Step> backward;           // in order of execution
  std::vector<bool> flows;              // by value: whether a gradient reaches it and is wanted
  std::vector<ValueId> only_penalized;  // parameters that learn from their penalty alone
  // By operation, `nowhere` without one: what it keeps for backward, and scratch for forward.
  std::vector<std::size_t> saved_offset, workspace_offset;
  std::size_t bytes = 0;
};

// For `rows` rows.  `training`: activations are kept for the backward pass.  `input_gradients`:
// gradients flow to the graph's floating-point inputs too and stay readable.
Plan make_plan(const Graph& graph, Index rows, bool training, bool input_gradients);

// What the plan of a pass over more data than one batch may take where nobody asks for a batch of
// so many rows: enough for the kernels to work at full speed, little enough for a CPU's caches.
constexpr std::size_t block_bytes = std::size_t(16) << 20;

// The most rows, at least 1 and at most `rows`, whose plan for inference takes at most `bytes`.
Index rows_within(const Graph& graph, Index rows, std::size_t bytes = block_bytes);

}  // namespace lamina
