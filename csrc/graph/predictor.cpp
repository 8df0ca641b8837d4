#include "predictor.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace lamina {

namespace {

bool any_sees_batches(const Graph& graph) {
  const auto& operations = graph.operations();
  return !graph.states().empty() ||
         std::any_of(operations.begin(), operations.end(),
                     [](const auto& operation) { return operation->sees_batches(); });
}

bool any_joins_rows(const Graph& graph) {
  const auto& operations = graph.operations();
  return graph.rows() != 0 ||
         std::any_of(operations.begin(), operations.end(),
                     [](const auto& operation) { return operation->joins_rows(); });
}

}  // namespace

Predictor::Predictor(std::shared_ptr<const Graph> graph, Variables variables)
    : graph_(std::move(graph)),
      variables_(std::move(variables)),
      sees_batches_(any_sees_batches(*graph_)),
      joins_rows_(any_joins_rows(*graph_)) {}

std::size_t Predictor::pooled_bytes() const {
  std::size_t bytes = 0;
  for (const auto& execution : idle_) bytes += execution->arena_bytes();
  return bytes;
}

Index Predictor::block(Index rows) {
  if (joins_rows_ || rows <= fits_) return rows;
  if (rows < too_many_) {
    fits_ = rows_within(*graph_, rows);
    if (fits_ < rows) too_many_ = fits_ + 1;
  }
  return fits_;
}

// One that is too small makes way for a larger.
std::unique_ptr<Execution> Predictor::take(Index rows) {
  graph_->check_batch(rows);
  if (!idle_.empty()) {
    std::unique_ptr<Execution> last = std::move(idle_.back());
    idle_.pop_back();
    if (last->settings.rows >= rows) return last;
  }
  ExecutionSettings settings;
  settings.rows = std::max<Index>(rows, 1);
  return Execution::create(graph_, variables_, settings);
}

void Predictor::give_back(std::unique_ptr<Execution> execution) {
  std::size_t bytes = execution->arena_bytes();
  for (const auto& other : idle_) bytes += other->arena_bytes();
  // A single row takes what it takes.
  if (bytes <= pool_bytes || (idle_.empty() && execution->settings.rows == 1))
    idle_.push_back(std::move(execution));
}

void predict(Execution& execution, const std::vector<DataView>& inputs, Index batch_size,
             const std::vector<std::byte*>& outputs, std::uint64_t seed,
             std::uint32_t random_step) {
  const Graph& graph = execution.graph();
  const Index rows = inputs.empty() ? 0 : inputs.front().rows;
  for (const Tensor& output : graph.outputs())
    if (rows == 0 && graph.values()[std::size_t(output.value)].whole)
      throw std::invalid_argument("predict: an output without rows needs at least 1 row; got 0");
  graph.check_batch(std::min(rows, batch_size));
  if (rows % batch_size != 0) graph.check_batch(rows % batch_size);  // the last, before the first
  execution.bind(inputs);
  for (Index start = 0; start < rows; start += batch_size) {
    const Batch batch{nullptr, start, std::min(rows, start + batch_size), random_step++, seed};
    execution.test(batch);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const Tensor& output = graph.outputs()[i];
      const DType dtype = graph.values()[std::size_t(output.value)].dtype;
      const std::size_t row_bytes = std::size_t(size_of(output.shape)) * bytes_of(dtype);
      if (graph.values()[std::size_t(output.value)].whole) {
        if (batch.rows() != rows)
          throw std::invalid_argument(
              "predict: an output made of all rows needs them in one batch; got " +
              std::to_string(rows) + " rows in batches of " + std::to_string(batch_size));
        std::memcpy(outputs[i], execution.output(i), row_bytes);
        continue;
      }
      std::memcpy(outputs[i] + std::size_t(start) * row_bytes, execution.output(i),
                  std::size_t(batch.rows()) * row_bytes);
    }
  }
  execution.bind({});
}

}  // namespace lamina
