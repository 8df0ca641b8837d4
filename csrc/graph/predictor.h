// Concurrent inference: each caller takes an execution from a small pool.
//
// Memory is bounded by the plan, whatever the rows need: a batch is cut into blocks of rows that
// stay near the threads that work on them (results do not depend on it), and the pool keeps
// `pool_bytes` at most.
//
// The pool has no lock of its own: whoever takes and gives back holds Python's.  A fork() from
// Python happens under that lock too, so a child never inherits a pool in the middle of a change.
#pragma once

#include <limits>
#include <memory>
#include <vector>

#include "execution.h"

namespace lamina {

class Predictor {
 public:
  Predictor(std::shared_ptr<const Graph> graph, Variables variables);

  // How many of `rows` rows to take at a time: all where what they give is made of all of them.
  Index block(Index rows);
  // The same for rows that a caller asked to see as one batch: all of them where states, noise or
  // the user's own operations would notice.
  Index batch(Index rows) { return sees_batches_ ? rows : block(rows); }

  // An execution with room for `rows`, for the caller alone until given back.
  std::unique_ptr<Execution> take(Index rows);
  void give_back(std::unique_ptr<Execution> execution);

  // Memory of the executions that wait for a caller.
  std::size_t pooled_bytes() const;

  // Whether outputs of a row depend on the other rows of its batch.
  bool joins_rows() const { return joins_rows_; }

  const Graph& graph() const { return *graph_; }
  const std::vector<Index>& label_bounds() const { return label_bounds_; }  // by graph input

 private:
  static std::size_t near_bytes();  // of the values of one block
  static constexpr std::size_t pool_bytes = 4 * block_bytes;

  const std::shared_ptr<const Graph> graph_;
  const Variables variables_;
  const std::vector<Index> label_bounds_;
  const bool sees_batches_, joins_rows_;
  Index fits_ = 0, too_many_ = std::numeric_limits<Index>::max();  // rows of a block
  std::vector<std::unique_ptr<Execution>> idle_;
};

// Runs all rows in batches of at most `batch_size` and copies output i to outputs[i] (rows x its
// width).  Any number of threads may do so at once, each with its own execution.  What noise draws
// follows from the seed and the step, that of the first batch; each one has the next.
void predict(Execution& execution, const std::vector<DataView>& inputs, Index batch_size,
             const std::vector<std::byte*>& outputs, std::uint64_t seed = 0,
             std::uint32_t random_step = 0);

}  // namespace lamina
