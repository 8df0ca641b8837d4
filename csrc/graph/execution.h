// An execution of a graph: planned buffers for a maximum number of rows, and the replay over them.
//
// One training step is one call: gather rows, forward, loss, backward, update.  It allocates
// nothing, except that expressions compile their derivatives in the first step.  An execution
// serves one caller at a time (a second gets std::runtime_error); a graph may have any number of
// executions, over the same or different variables.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph.h"
#include "piece.h"
#include "plan.h"
#include "profile.h"
#include "runtime/denormals.h"
#include "terms.h"
#include "update.h"
#include "variables.h"

namespace lamina {

// The complete data for one graph input: `rows` rows of the input's width.
struct DataView {
  const std::byte* data;
  Index rows;
};

// The rows of one batch: order[start .. stop), or rows start .. stop if order is null.
struct Batch {
  const std::int64_t* order;
  Index start, stop;
  std::uint32_t random_step;
  std::uint64_t seed = 0;  // added to the execution's seed
  Index rows() const { return stop - start; }
};

struct ExecutionSettings {
  Index rows;                    // the maximum per batch
  bool training = false;         // keep activations, allow train(); dropout is active
  bool input_gradients = false;  // also calculate gradients of the inputs
  std::uint64_t seed = 0;        // of dropout and other noise
};

class Execution {
 public:
  // Throws std::invalid_argument if the variables do not match the graph.
  static std::unique_ptr<Execution> create(std::shared_ptr<const Graph> graph, Variables variables,
                                           ExecutionSettings settings);
  virtual ~Execution() = default;

  // The data remains the caller's and must outlive the replays.  Throws std::invalid_argument.
  virtual void bind(std::vector<DataView> inputs) = 0;
  // See Updater.
  virtual void set_updates(std::vector<UpdateSettings> updates, double loss_scale) = 0;
  virtual void set_rates(std::vector<double> rates) = 0;

  // Returns the batch's loss.  If the loss is not finite, nothing was updated; it is NaN if the
  // batch would leave something behind that is not finite: moving statistics, or the step (see
  // `failed_step`).
  virtual double train(const Batch& batch, double learning_rate, std::int64_t step) = 0;
  // The same with an update supplied by the caller, which must move nothing if something is not
  // finite.
  using OwnUpdate = std::function<NotFinite()>;
  virtual double train(const Batch& batch, const OwnUpdate& update) = 0;
  // Forward and backward.  With `leaves` they are those of a training step, in its shares, and
  // moving statistics and states advance.  Otherwise they are the same as `loss` and `backward`.
  virtual double gradients(const Batch& batch, bool leaves = true) = 0;
  virtual double loss(const Batch& batch) = 0;    // as `gradients`, forward only, no side effects
  virtual void backward(const Batch& batch) = 0;  // the rest of `gradients`, after `loss`
  virtual double test(const Batch& batch) = 0;    // forward, losses, metrics
  virtual std::vector<ProfileLine> profile(const Batch& batch, double learning_rate,
                                           std::int64_t step) = 0;
  // The operation in whose output or statistics the first NaN or infinity appears; "" if none.
  virtual std::string first_nonfinite(const Batch& batch) = 0;

  // --- a batch in pieces, each calculated by its own execution, here or in another process, as
  // described in `piece.h`.  Stateful graphs do not support it.

  // Calculates one piece; its contribution to the batch is `piece_sums`.  No sums of this execution
  // change, and nothing is left behind.
  virtual void forward_piece(const Batch& piece, bool training) = 0;
  const PieceSums& piece_sums() const { return piece_sums_; }
  PieceSums no_sums(bool training) const;  // the sums over no pieces
  // Whether the gradient of a piece depends on the totals over all pieces: see `backward_piece`.
  bool piece_needs_totals() const;
  // Buckets of at least `bytes` bytes of the gradient, in the order in which backward completes
  // them.
  virtual void set_buckets(std::size_t bytes) = 0;
  const std::vector<GradientBucket>& buckets() const { return buckets_; }
  // The gradient of the last piece's share in a batch of `batch_rows` rows, without penalties.
  // `totals` may be null if the gradient does not depend on them; `done` is called with the number
  // of each completed bucket.
  using BucketDone = std::function<void(std::size_t)>;
  virtual void backward_piece(Index batch_rows, const PieceSums* totals, double loss_scale,
                              const BucketDone& done) = 0;
  // Completes a step or an evaluation, as in `train` and `test`, when `gradient` is the sum over
  // all pieces and `totals` are their sums.
  virtual double train_pieces(const PieceSums& totals, double learning_rate, std::int64_t step) = 0;
  virtual double train_pieces(const PieceSums& totals, const OwnUpdate& update) = 0;
  virtual double test_pieces(const PieceSums& totals) = 0;

  // The output for the last batch, `last_rows` rows; valid until the next batch or the next bind.
  virtual const std::byte* output(std::size_t index) const = 0;
  // Makes the following batches write an output at `where`, until a call with `nullptr` returns it
  // to the plan.  Returns false and changes nothing if the output is an alias of another value.
  virtual bool place_output(std::size_t index, std::byte* where) = 0;
  virtual const std::byte* input_gradient(std::size_t index) const = 0;
  Index last_rows() const { return last_rows_; }

  std::byte* gradient() const { return gradient_.data(); }
  std::size_t arena_bytes() const { return plan_.bytes; }  // planned memory of values and gradients
  // The same, including prepared weights and the additional executions for shares of a batch.
  virtual std::size_t held_bytes() const;
  Index gradient_size() const { return gradient_size_; }
  const std::vector<GradientSlice>& slices() const { return slices_; }
  const Variables& variables() const { return variables_; }

  void reset();  // zero the accumulated losses and metrics
  // The sums accumulated since reset: for each loss term its sum and divisor, then those of the
  // penalties; then the state of each metric.
  std::vector<std::vector<double>> sums() const;
  // Continues from the `sums` of another execution, of a graph with the same losses and metrics.
  void resume(const std::vector<std::vector<double>>& sums);
  // Means over all batches since reset, as if they were one: of each loss term, and of the total
  // with penalties (those of the weights at each batch, averaged over rows).
  std::vector<double> mean_losses() const;
  double mean_loss() const { return total_loss(*graph_, losses_) + penalties_.value(); }
  const std::vector<std::vector<double>>& metrics() const { return metric_states_; }

  // What was not finite in the last step although its loss, `step_loss`, was finite.
  const NotFinite& failed_step() const { return failed_step_; }
  double step_loss() const { return step_loss_; }
  std::int64_t completed_steps() const { return completed_steps_; }  // that moved the parameters
  void count_step() { ++completed_steps_; }  // counts a step that the caller performed or skipped
  // Whether a step changes anything besides the parameters: moving statistics, states.
  virtual bool leaves() const = 0;

  const Graph& graph() const { return *graph_; }
  const ExecutionSettings settings;

 protected:
  // Held during every use of the execution; a second caller gets std::runtime_error.
  class Busy {
   public:
    explicit Busy(Execution& owner);
    ~Busy();
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    Execution& owner_;
    const FlushDenormals flush_;
  };

  Execution(std::shared_ptr<const Graph> graph, Variables variables, ExecutionSettings settings);
  void check_labels(std::size_t input, const std::int32_t* labels, Index rows,
                    const std::int64_t* order, Index first) const;

  const std::shared_ptr<const Graph> graph_;
  const Variables variables_;
  const Plan plan_;
  const Buffer arena_;
  std::vector<Buffer> prepared_;           // by operation; empty in training
  const std::vector<Index> label_bounds_;  // by graph input
  std::vector<GradientSlice> slices_;
  Index gradient_size_ = 0;
  Buffer gradient_;
  std::vector<std::vector<double>> metric_states_;
  std::vector<Mean> losses_, batch_losses_;  // by loss term
  Mean penalties_;
  std::vector<std::size_t> left_;  // the slots of parameters that `Operation::settle` updates
  PieceSums piece_sums_;
  std::vector<GradientBucket> buckets_;
  std::vector<signed char> sides_;  // signs of weights that may not cross zero
  NotFinite failed_step_;
  double step_loss_ = 0.0;
  std::int64_t completed_steps_ = 0;
  Index last_rows_ = 0;

 private:
  std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
};

}  // namespace lamina
