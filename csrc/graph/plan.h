// The memory plan: the place of every value and gradient of an execution in one arena.
#pragma once

#include <vector>

#include "graph.h"

namespace lamina {

struct Plan {
  static constexpr std::size_t nowhere = std::size_t(-1);

  // By value id; `nowhere` for parameters and for values that are aliases (see `stands_for`).
  std::vector<std::size_t> value_offset;
  std::vector<std::size_t> gradient_offset;  // `nowhere` if the value has no gradient
  // The value of which this one is an alias: the output of an operation that does nothing here.
  std::vector<ValueId> stands_for;

  struct Step {
    int operation;
    std::vector<bool> wants;              // by input: whether its gradient is needed
    std::vector<bool> adds;               // by input: whether to add to existing contributions
    std::vector<std::size_t> sum_offset;  // by input: scratch if a value's gradient is summed
    std::size_t workspace_offset;         // `nowhere` if there is none
    bool beside;                          // may run in parallel with the preceding one
  };
  std::vector<int> forward;             // operations in order
  std::vector<bool> beside;             // by place in `forward`: the same
  std::vector<Step> backward;           // in order of execution
  std::vector<bool> flows;              // by value: whether a gradient reaches it and is needed
  std::vector<ValueId> only_penalized;  // parameters whose only gradient is that of their penalty
  // By operation, `nowhere` if there is none: its data for backward, and scratch for forward.
  std::vector<std::size_t> saved_offset, workspace_offset;
  std::size_t bytes = 0;
};

// A plan for `rows` rows.  `training`: activations are kept for the backward pass.
// `input_gradients`: the graph's floating-point inputs have gradients too, which stay readable.
Plan make_plan(const Graph& graph, Index rows, bool training, bool input_gradients);

// The size limit for the plan of a pass over more rows than one batch if the caller specifies no
// batch size: large enough for the kernels to run at full speed, small enough for a CPU's caches.
constexpr std::size_t block_bytes = std::size_t(16) << 20;

// What a plan for inference takes for any number of rows, such as a recurrent layer's copy of its
// weights.
std::size_t fixed_bytes(const Graph& graph);

// The largest number of rows, from 1 to `rows`, whose plan for inference takes at most `bytes` more
// than that.
Index rows_within(const Graph& graph, Index rows, std::size_t bytes = block_bytes);

}  // namespace lamina
