// An execution of a graph: planned buffers for at most so many rows, and the replay over them.
//
// One training step is one call: gather rows, forward, loss, backward, update; it allocates
// nothing.  An execution serves one caller at a time (a second gets std::runtime_error); a graph
// may have any number of them.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "graph.h"
#include "plan.h"
#include "profile.h"
#include "update.h"

namespace lamina {

// Whole data for one graph input: `rows` rows of the input's width.
struct DataView {
  const std::byte* data;
  Index rows;
};

// The rows of one batch: order[start .. stop), or rows start .. stop where order is null.
struct Batch {
  const std::int64_t* order;
  Index start, stop;
  std::uint32_t random_step;
  Index rows() const { return stop - start; }
};

struct ExecutionSettings {
  Index rows;                    // at most, a batch
  bool training = false;         // keep activations, allow train(); dropout is active
  bool input_gradients = false;  // gradients for the inputs too
  std::uint64_t seed = 0;        // of dropout and other noise
};

class Execution {
 public:
  static std::unique_ptr<Execution> create(std::shared_ptr<const Graph> graph,
                                           ExecutionSettings settings);
  virtual ~Execution() = default;

  // The data stays the caller's and must outlive the replays.  Throws std::invalid_argument.
  virtual void bind(std::vector<DataView> inputs) = 0;
  virtual void set_update(UpdateSettings settings) = 0;

  // Returns the batch's loss.  If it is not finite, nothing was updated; it is NaN where what the
  // batch would leave behind (moving statistics) is not finite.
  virtual double train(const Batch& batch, double learning_rate, std::int64_t step) = 0;
  virtual double gradients(const Batch& batch) = 0;  // forward and backward
  virtual double test(const Batch& batch) = 0;       // forward, losses, metrics
  virtual std::vector<ProfileLine> profile(const Batch& batch, double learning_rate,
                                           std::int64_t step) = 0;
  // The operation in whose output or statistics NaN or infinity first appears; "" if none.
  virtual std::string first_nonfinite(const Batch& batch) = 0;

  // Of the last batch, `last_rows` rows; valid until the next, or the next bind.
  virtual const std::byte* output(std::size_t index) const = 0;
  virtual const std::byte* input_gradient(std::size_t index) const = 0;
  Index last_rows() const { return last_rows_; }

  std::byte* gradient() const { return gradient_.data(); }
  std::size_t arena_bytes() const { return plan_.bytes; }  // values and gradients, planned
  Index gradient_size() const { return gradient_size_; }
  const std::vector<GradientSlice>& slices() const { return slices_; }

  void reset();  // zero the accumulated loss and metrics
  double mean_loss() const { return loss_rows_ > 0.0 ? loss_sum_ / loss_rows_ : 0.0; }
  const std::vector<std::vector<double>>& metrics() const { return metric_states_; }

  const Graph& graph() const { return *graph_; }
  const ExecutionSettings settings;

 protected:
  // Held by whoever works with the execution; a second caller gets std::runtime_error.
  class Busy {
   public:
    explicit Busy(Execution& owner);
    ~Busy();
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    Execution& owner_;
  };

  Execution(std::shared_ptr<const Graph> graph, ExecutionSettings settings);
  void check_labels(const std::vector<DataView>& inputs) const;

  const std::shared_ptr<const Graph> graph_;
  const Plan plan_;
  const Buffer arena_;
  const std::vector<Index> label_bounds_;  // by graph input
  std::vector<GradientSlice> slices_;
  Index gradient_size_ = 0;
  Buffer gradient_;
  std::vector<std::vector<double>> metric_states_;
  double loss_sum_ = 0.0, loss_rows_ = 0.0;
  Index last_rows_ = 0;

 private:
  std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
};

}  // namespace lamina
