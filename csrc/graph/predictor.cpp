#include "predictor.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "runtime/threads.h"

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

// What the operations read for any number of rows.
std::size_t weights_bytes(const Graph& graph) {
  double elements = 0.0;
  for (const auto& operation : graph.operations()) {
    if (operation->whole) continue;
    const double one = operation->cost(Pass::forward, 1, false).elements;
    const double two = operation->cost(Pass::forward, 2, false).elements;
    elements += std::max(0.0, 2.0 * one - two);
  }
  return std::size_t(elements) * bytes_of(graph.dtype);
}

// How many rows give each thread a part of the operations that use one thread for a few rows.
Index rows_of_all_threads(const Graph& graph) {
  Index alone = 0;
  for (const auto& operation : graph.operations()) alone = std::max(alone, operation->rows_alone());
  return alone * get_num_threads();
}

}  // namespace

Predictor::Predictor(std::shared_ptr<const Graph> graph, Variables variables)
    : graph_(std::move(graph)),
      variables_(std::move(variables)),
      label_bounds_(graph_->label_bounds()),
      sees_batches_(any_sees_batches(*graph_)),
      joins_rows_(any_joins_rows(*graph_)) {}

std::size_t Predictor::pooled_bytes() const {
  std::size_t bytes = 0;
  for (const auto& execution : idle_) bytes += execution->held_bytes();
  return bytes;
}

// The values stay in the L2 caches or, if the weights are larger, take as much memory as these,
// which pass through the caches once per block.  On one core:
// - depthwise and 1x1 convolutions of 128 channels on 32 x 32 pixels, 1 MB per row, 64 kB of
//   weights, on a Zen 4 with 1 MB of L2 cache: 1.45 ms per row in blocks of 1 or 2 rows, 1.50 in
//   blocks of 4, 1.78 in blocks of 16;
// - twelve 3x3 convolutions of 32 to 512 filters, 1 MB per row, 40 MB of weights, on a Zen 3: 64
//   rows in 854 ms in blocks of 1 row, 394 in blocks of 3, 278 in blocks of 7, 231 in blocks of 14;
// - three dense layers of 1024 units, 12 MB of weights, on a Zen 3: 4096 rows in 367 ms in blocks
//   of 256, 288 in blocks of 512, 281 in blocks of 2048.
std::size_t Predictor::near_bytes() const {
  const std::size_t a_thread = std::size_t(2) << 20;
  return std::min(block_bytes,
                  std::max(a_thread * std::size_t(get_num_threads()), weights_bytes(*graph_)));
}

Index Predictor::block(Index rows) {
  if (joins_rows_ || rows <= fits_) return rows;
  if (rows < too_many_) {
    fits_ = rows_within(*graph_, rows, near_bytes());
    // A thread that runs recurrent layers reads all their weights at each step for its rows: 32
    // rows through two LSTM(256) over 500 steps took 374 ms in blocks of 4 rows and 313 in blocks
    // of 16 on one core of a Zen 3, 396 and 189 in blocks of 8 and 32 on two.
    const Index together = rows_of_all_threads(*graph_);
    if (fits_ < std::min(rows, together)) fits_ = rows_within(*graph_, std::min(rows, together));
    // Fewer rows in a last round would leave threads without work.
    if (together > 0 && fits_ > together && fits_ < rows) fits_ -= fits_ % together;
    if (fits_ < rows) too_many_ = fits_ + 1;
  }
  return fits_;
}

// An idle execution that is too small is replaced by a larger one.
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
  std::size_t bytes = execution->held_bytes();
  for (const auto& other : idle_) bytes += other->held_bytes();
  // The first may take more: for a single row, or what any number of rows needs.
  if (bytes <= pool_bytes || (idle_.empty() && (execution->settings.rows == 1 ||
                                                bytes <= pool_bytes + fixed_bytes(*graph_))))
    idle_.push_back(std::move(execution));
}

namespace {

// Outputs of at most this many bytes are copied: predictions of one row take this path, and placing
// an output looks at every value of the graph.  Not tuned.
constexpr std::size_t copied_bytes = 16384;

// Where the rows of an output are written.
struct Result {
  std::byte* data;
  std::size_t bytes;  // per row; in total if it has no rows
  bool whole;
};

std::vector<Result> results_of(const Graph& graph, const std::vector<std::byte*>& outputs) {
  std::vector<Result> results;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& output = graph.outputs()[i];
    const Value& value = graph.values()[std::size_t(output.value)];
    results.push_back(
        {outputs[i], std::size_t(size_of(output.shape)) * bytes_of(value.dtype), value.whole});
  }
  return results;
}

// A large output is written directly to its destination; the others are copied there.
void predict_batch(Execution& execution, const Batch& batch, const std::vector<Result>& results) {
  const auto bytes = [&](const Result& r) {
    return r.whole ? r.bytes : std::size_t(batch.rows()) * r.bytes;
  };
  const auto data = [&](const Result& r) {
    return r.whole ? r.data : r.data + std::size_t(batch.start) * r.bytes;
  };
  for (std::size_t i = 0; i < results.size(); ++i)
    if (bytes(results[i]) > copied_bytes) execution.place_output(i, data(results[i]));
  execution.test(batch);
  for (std::size_t i = 0; i < results.size(); ++i)
    if (std::byte* to = data(results[i]); execution.output(i) != to)
      std::memcpy(to, execution.output(i), bytes(results[i]));
  for (std::size_t i = 0; i < results.size(); ++i)
    if (bytes(results[i]) > copied_bytes) execution.place_output(i, nullptr);
}

}  // namespace

void predict(Execution& execution, const std::vector<DataView>& inputs, Index batch_size,
             const std::vector<std::byte*>& outputs, std::uint64_t seed, std::uint32_t random_step,
             const std::function<void()>& between) {
  const Graph& graph = execution.graph();
  const Index rows = inputs.empty() ? 0 : inputs.front().rows;
  const std::vector<Result> results = results_of(graph, outputs);
  for (const Result& result : results) {
    if (result.whole && rows == 0)
      throw std::invalid_argument("predict: an output without rows needs at least 1 row; got 0");
    if (result.whole && batch_size < rows)
      throw std::invalid_argument(
          "predict: an output made of all rows needs them in one batch; got " +
          std::to_string(rows) + " rows in batches of " + std::to_string(batch_size));
  }
  graph.check_batch(std::min(rows, batch_size));
  if (rows % batch_size != 0) graph.check_batch(rows % batch_size);  // before running any batch
  execution.bind(inputs);
  for (Index start = 0; start < rows; start += batch_size) {
    if (between && start > 0) between();
    predict_batch(execution,
                  {nullptr, start, std::min(rows, start + batch_size), random_step++, seed},
                  results);
  }
  execution.bind({});
}

}  // namespace lamina
