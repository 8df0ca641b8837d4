// An execution of a graph: planned buffers for at most so many rows, and the replay over them.
//
// One training step is one call: gather rows, forward, loss, backward, update; it allocates
// nothing, but that expressions compile their derivatives in the first.  An execution serves one
// caller at a time (a second gets std::runtime_error); a graph may have any number of them, over
// the same or over different variables.
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
  std::uint64_t seed = 0;  // added to the execution's
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
  // Throws std::invalid_argument where the variables are not the graph's.
  static std::unique_ptr<Execution> create(std::shared_ptr<const Graph> graph, Variables variables,
                                           ExecutionSettings settings);
  virtual ~Execution() = default;

  // The data stays the caller's and must outlive the replays.  Throws std::invalid_argument.
  virtual void bind(std::vector<DataView> inputs) = 0;
  // See Updater.
  virtual void set_updates(std::vector<UpdateSettings> updates, double loss_scale) = 0;
  virtual void set_rates(std::vector<double> rates) = 0;

  // Returns the batch's loss.  If it is not finite, nothing was updated; it is NaN where what the
  // batch would leave behind is not finite: moving statistics, or the step (see `failed_step`).
  virtual double train(const Batch& batch, double learning_rate, std::int64_t step) = 0;
  // The same with an update of the caller's: where something is not finite it moves nothing.
  using OwnUpdate = std::function<NotFinite()>;
  virtual double train(const Batch& batch, const OwnUpdate& update) = 0;
  // Forward and backward; `leaves`: those of a step, in its shares, after which moving statistics
  // and states go on.  Else those of `loss` and `backward`.
  virtual double gradients(const Batch& batch, bool leaves = true) = 0;
  virtual double loss(const Batch& batch) = 0;    // as gradients, forward alone: nothing is left
  virtual void backward(const Batch& batch) = 0;  // what `gradients` does after `loss` of the same
  virtual double test(const Batch& batch) = 0;    // forward, losses, metrics
  virtual std::vector<ProfileLine> profile(const Batch& batch, double learning_rate,
                                           std::int64_t step) = 0;
  // The operation in whose output or statistics NaN or infinity first appears; "" if none.
  virtual std::string first_nonfinite(const Batch& batch) = 0;

  // --- a batch in pieces, each calculated by an execution of its own, here or in other processes,
  // as `piece.h` says.  Stateful graphs have none.

  // One piece; what it adds to the batch is `piece_sums`.  Nothing is added up here or left behind.
  virtual void forward_piece(const Batch& piece, bool training) = 0;
  const PieceSums& piece_sums() const { return piece_sums_; }
  PieceSums no_sums(bool training) const;  // those of no piece
  // Whether the gradient of a piece depends on what the others count: see `backward_piece`.
  bool piece_needs_totals() const;
  // Buckets of at least so many bytes of the gradient, in the order in which backward leaves them.
  virtual void set_buckets(std::size_t bytes) = 0;
  const std::vector<GradientBucket>& buckets() const { return buckets_; }
  // The gradient of that piece's share in a batch of so many rows, without penalties.  `totals` may
  // be null where it does not depend on them; `done` is told the number of each bucket.
  using BucketDone = std::function<void(std::size_t)>;
  virtual void backward_piece(Index batch_rows, const PieceSums* totals, double loss_scale,
                              const BucketDone& done) = 0;
  // A step, or an evaluation, as `train` and `test` do it, once `gradient` is that of all pieces
  // and `totals` are their sums.
  virtual double train_pieces(const PieceSums& totals, double learning_rate, std::int64_t step) = 0;
  virtual double train_pieces(const PieceSums& totals, const OwnUpdate& update) = 0;
  virtual double test_pieces(const PieceSums& totals) = 0;

  // Of the last batch, `last_rows` rows; valid until the next, or the next bind.
  virtual const std::byte* output(std::size_t index) const = 0;
  // Of the batches that follow, an output is written where the caller wants it, until `nullptr`
  // takes it back into the plan.  False, and nothing changed, where it is another value by name.
  virtual bool place_output(std::size_t index, std::byte* where) = 0;
  virtual const std::byte* input_gradient(std::size_t index) const = 0;
  Index last_rows() const { return last_rows_; }

  std::byte* gradient() const { return gradient_.data(); }
  std::size_t arena_bytes() const { return plan_.bytes; }  // values and gradients, planned
  // The same with what is prepared of weights, and with executions of its own for halves of a
  // batch.
  virtual std::size_t held_bytes() const;
  Index gradient_size() const { return gradient_size_; }
  const std::vector<GradientSlice>& slices() const { return slices_; }
  const Variables& variables() const { return variables_; }

  void reset();  // zero the accumulated losses and metrics
  // What was added up since reset: the sum of each loss term and what it is divided by, then those
  // of the penalties; then the state of each metric.
  std::vector<std::vector<double>> sums() const;
  // Takes over the `sums` of another execution, of a graph with the same losses and metrics.
  void resume(const std::vector<std::vector<double>>& sums);
  // Over all batches since reset, as if they were one: of each loss term, and of all with the
  // penalties (those of the weights at each batch, averaged over its rows).
  std::vector<double> mean_losses() const;
  double mean_loss() const { return total_loss(*graph_, losses_) + penalties_.value(); }
  const std::vector<std::vector<double>>& metrics() const { return metric_states_; }

  // What was not finite in the last step although its loss, `step_loss`, was.
  const NotFinite& failed_step() const { return failed_step_; }
  double step_loss() const { return step_loss_; }
  std::int64_t completed_steps() const { return completed_steps_; }  // that moved the parameters
  void count_step() { ++completed_steps_; }  // one that a caller did, or left out
  // Whether something goes on after a step beside the parameters: moving statistics, states.
  virtual bool leaves() const = 0;

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
    const FlushDenormals flush_;
  };

  Execution(std::shared_ptr<const Graph> graph, Variables variables, ExecutionSettings settings);
  void check_labels(std::size_t input, const std::int32_t* labels, Index rows,
                    const std::int64_t* order, Index first) const;

  const std::shared_ptr<const Graph> graph_;
  const Variables variables_;
  const Plan plan_;
  const Buffer arena_;
  std::vector<Buffer> prepared_;           // by operation; none in training
  const std::vector<Index> label_bounds_;  // by graph input
  std::vector<GradientSlice> slices_;
  Index gradient_size_ = 0;
  Buffer gradient_;
  std::vector<std::vector<double>> metric_states_;
  std::vector<Mean> losses_, batch_losses_;  // by loss term
  Mean penalties_;
  std::vector<std::size_t> left_;  // the slots of parameters that `Operation::settle` moves
  PieceSums piece_sums_;
  std::vector<GradientBucket> buckets_;
  std::vector<signed char> sides_;  // of zero, of weights with penalties that stop them there
  NotFinite failed_step_;
  double step_loss_ = 0.0;
  std::int64_t completed_steps_ = 0;
  Index last_rows_ = 0;

 private:
  std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
};

}  // namespace lamina
