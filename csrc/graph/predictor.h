// Concurrent inference: each caller takes an execution from a small pool.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "execution.h"

namespace lamina {

class Predictor {
 public:
  explicit Predictor(std::shared_ptr<const Graph> graph);

  // Runs all rows in batches of at most `batch_size` and copies output i to outputs[i]
  // (rows x its width).  Any number of threads may call at once.
  void predict(const std::vector<DataView>& inputs, Index batch_size,
               const std::vector<std::byte*>& outputs);

  const Graph& graph() const { return *graph_; }

 private:
  std::unique_ptr<Execution> take(Index rows);
  void give_back(std::unique_ptr<Execution> execution);

  const std::shared_ptr<const Graph> graph_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Execution>> idle_;
};

}  // namespace lamina
