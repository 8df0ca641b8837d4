// Concurrent inference: each caller takes an execution from a small pool.
//
// The pool has no lock of its own: whoever takes and gives back holds Python's.  A fork() from
// Python happens under that lock too, so a child never inherits a pool in the middle of a change.
#pragma once

#include <memory>
#include <vector>

#include "execution.h"

namespace lamina {

class Predictor {
 public:
  explicit Predictor(std::shared_ptr<const Graph> graph);

  // An execution with room for `rows`, for the caller alone until given back.
  std::unique_ptr<Execution> take(Index rows);
  void give_back(std::unique_ptr<Execution> execution);

  const Graph& graph() const { return *graph_; }

 private:
  const std::shared_ptr<const Graph> graph_;
  std::vector<std::unique_ptr<Execution>> idle_;
};

// Runs all rows in batches of at most `batch_size` and copies output i to outputs[i] (rows x its
// width).  Any number of threads may do so at once, each with its own execution.
void predict(Execution& execution, const std::vector<DataView>& inputs, Index batch_size,
             const std::vector<std::byte*>& outputs);

}  // namespace lamina
