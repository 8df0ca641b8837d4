// Concurrent inference: each caller takes an execution from a small pool.
//
// Memory is bounded by the plan, regardless of the number of rows: a batch is divided into blocks
// of rows that stay in the caches of the threads that work on them, or are as large as the weights
// (results do not depend on it), and the pool keeps `pool_bytes` or a single execution.
//
// The pool has no lock of its own: callers that take and give back hold Python's.  A fork() from
// Python happens under that lock too, so a child never inherits a pool in the middle of a change.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "execution.h"

namespace lamina {

class Predictor {
 public:
  Predictor(std::shared_ptr<const Graph> graph, Variables variables);

  // How many of `rows` rows to take at a time: all of them if the outputs combine all rows.
  Index block(Index rows);
  // The same for rows that a caller wants to see as one batch: all of them if states, noise or the
  // user's own operations would notice the division.
  Index batch(Index rows) { return sees_batches_ ? rows : block(rows); }

  // An execution with room for `rows` rows, for the exclusive use of the caller until it is given
  // back.
  std::unique_ptr<Execution> take(Index rows);
  void give_back(std::unique_ptr<Execution> execution);

  // Memory of the idle executions.
  std::size_t pooled_bytes() const;

  // Whether outputs of a row depend on the other rows of its batch.
  bool joins_rows() const { return joins_rows_; }

  const Graph& graph() const { return *graph_; }
  const std::vector<Index>& label_bounds() const { return label_bounds_; }  // by graph input

 private:
  std::size_t near_bytes() const;  // target for the values of one block
  static constexpr std::size_t pool_bytes = 4 * block_bytes;

  const std::shared_ptr<const Graph> graph_;
  const Variables variables_;
  const std::vector<Index> label_bounds_;
  const bool sees_batches_, joins_rows_;
  Index fits_ = 0, too_many_ = std::numeric_limits<Index>::max();  // block sizes that fit, or not
  std::vector<std::unique_ptr<Execution>> idle_;
};

// Runs all rows in batches of at most `batch_size` and copies output i to outputs[i] (rows x its
// width).  Any number of threads may do so at once, each with its own execution.  Noise depends on
// the seed and on `step`, the step of the first batch; each batch has the next step.  `between`, if
// given, is called between the batches, and may throw to stop.
void predict(Execution& execution, const std::vector<DataView>& inputs, Index batch_size,
             const std::vector<std::byte*>& outputs, std::uint64_t seed = 0,
             std::uint32_t random_step = 0, const std::function<void()>& between = {});

}  // namespace lamina
