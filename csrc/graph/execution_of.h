// An execution in one floating-point type: the addresses from the plan, and the parts of a replay.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "execution.h"
#include "proximal.h"
#include "reports.h"
#include "shares.h"
#include "step_work.h"

namespace lamina {

// Where NaN or infinity begins: in the forward operation at `place`, in the layer of this name.
struct NonfinitePlace {
  std::size_t place;
  std::string name;
};

template <class T>
class ExecutionOf final : public Execution {
 public:
  ExecutionOf(std::shared_ptr<const Graph> graph, Variables variables, ExecutionSettings settings);

  void bind(std::vector<DataView> inputs) override;
  void set_updates(std::vector<UpdateSettings> updates, double loss_scale) override;
  void set_rates(std::vector<double> rates) override;

  double train(const Batch& batch, double learning_rate, std::int64_t step) override;
  double train(const Batch& batch, const OwnUpdate& update) override;
  double gradients(const Batch& batch, bool leaves) override;
  double loss(const Batch& batch) override;
  void backward(const Batch& batch) override;
  double test(const Batch& batch) override;
  void forward_piece(const Batch& piece, bool training) override;
  void set_buckets(std::size_t bytes) override;
  void backward_piece(Index batch_rows, const PieceSums* totals, double loss_scale,
                      const BucketDone& done) override;
  double train_pieces(const PieceSums& totals, double learning_rate, std::int64_t step) override;
  double train_pieces(const PieceSums& totals, const OwnUpdate& update) override;
  double test_pieces(const PieceSums& totals) override;
  std::vector<ProfileLine> profile(const Batch& batch, double learning_rate,
                                   std::int64_t step) override;
  std::string first_nonfinite(const Batch& batch) override;
  bool leaves() const override { return !settling_.empty() || !graph_->states().empty(); }

  const std::byte* output(std::size_t index) const override {
    return values_[std::size_t(graph_->outputs()[index].value)];
  }
  bool place_output(std::size_t index, std::byte* where) override;
  std::size_t held_bytes() const override;
  const std::byte* input_gradient(std::size_t index) const override {
    return gradients_[std::size_t(graph_->inputs()[index].value)];
  }

 private:
  // The destination of each input's gradient, determined by the plan.
  struct Prepared {
    const Operation* operation;
    std::byte* saved;
    std::byte* workspace;
    std::vector<T*> input_gradients;
    Accumulate accumulate = Accumulate::no;
    bool beside = false;  // may run in parallel with the preceding operation
    struct Begin {
      T* gradient;
      Index size;
    };
    std::vector<Begin> zeroed;  // to zero first: gradients not begun that are added to
    struct Sum {
      T* into;
      const T* from;
      ValueId value;
    };
    std::vector<Sum> sums;
  };

  struct Lent {
    std::byte* saved;
    std::byte* workspace;
    const Buffer* prepared = nullptr;
  };
  struct StandIn {
    ValueId id, input;
  };

  T* flat() const { return reinterpret_cast<T*>(gradient_.data()); }
  State& state(std::size_t slot) const { return *variables_.states()[slot]; }
  T* value(ValueId id) const { return id < 0 ? nullptr : reinterpret_cast<T*>(values_[id]); }
  Buffers buffers() const { return {values_, gradients_}; }
  std::byte* place(std::size_t offset) const {
    return offset == Plan::nowhere ? nullptr : arena_.data() + offset;
  }
  static Index rows_of(const Operation& operation, const Batch& batch) {
    return operation.rows_in(batch.rows());
  }
  const Operation& operation(int index) const { return *graph_->operations()[std::size_t(index)]; }
  Lent lent(int operation) const {
    return {place(plan_.saved_offset[std::size_t(operation)]),
            place(plan_.workspace_offset[std::size_t(operation)]), prepared(operation)};
  }
  const Buffer* prepared(int operation) const {
    if (prepared_.empty() || prepared_[std::size_t(operation)].size() == 0) return nullptr;
    return &prepared_[std::size_t(operation)];
  }
  Call<T> call(const Operation& operation, const Batch& batch, bool training, const Lent& lent,
               const std::vector<T*>& input_gradients = none_, Accumulate = Accumulate::no) const;
  Call<T> settling_call(int index, const Batch& batch) const;
  std::optional<Reports<T>> reports_of(const Operation& operation, Pass, const Batch& batch) const;
  void run(const Operation& operation, Pass, Call<T> call, const Batch& batch) const;

  // The parts of a replay, in order.
  void prepare(const Plan::Step& step);
  void lend_prepared();
  void check_trains() const;
  void take_order(const Batch& batch);
  void fetch(const Batch& batch);
  void copy_rows(std::size_t input, const Batch& batch);
  bool next_runs_beside(std::size_t place, const Batch& batch) const;
  void run_with_next(std::size_t place, const Batch& batch, bool learns);
  void run_operations(const Batch& batch, bool training);
  bool runs_alone(const Operation& operation, const Batch& batch) const {
    return rows_of(operation, batch) <= operation.rows_alone();
  }
  void run_back(const Prepared& step, const Batch& batch) const;
  void run_back_with_next(std::size_t place, const Batch& batch) const;
  void add_sums(const Prepared& step, const Batch& batch) const;
  double run_forward(const Batch& batch, bool training, double loss_scale = 1.0);
  double add_losses(Index rows);
  bool can_settle(const Batch& batch) const;
  void reserve_states(const Batch& batch);
  void leave_states(const Batch& batch);
  void run_operations_back(const Batch& batch, const BucketDone* done = nullptr);
  void run_backward(const Batch& batch, double loss_scale = 1.0);
  void settle(const Batch& batch);
  template <class Update, class Leave>
  double move(double loss, const Update& update, const Leave& leave);
  template <class Update>
  double run_step(const Batch& batch, double loss_scale, const Update& update);
  double run_rule(const Batch& batch, double learning_rate, std::int64_t step);
  bool is_finite(const Operation& operation, Index rows) const;
  NonfinitePlace place_of_nonfinite(const Batch& batch);

  bool stays_on_one_thread(Index rows);

  // The parts of a step that is divided into shares.
  bool cut(Index rows);
  void plan_sharers();
  ExecutionOf& sharer(Index share);
  Batch share_of(const Batch& batch, Index share) const;
  double run_forward_in_shares(const Batch& batch);
  void join_outputs(const Batch& batch);
  void run_backward_in_shares(const Batch& batch, double loss_scale);

  // The parts of a batch in pieces.
  void add_left_behind(const Batch& piece);
  void leave_behind(const PieceSums& totals, const std::vector<std::vector<T>>& before);
  double add_totals(const PieceSums& totals);
  template <class Update>
  double step_of_pieces(const PieceSums& totals, double loss_scale, const Update& update);

  static inline const std::vector<T*> none_;  // static, because calls refer to it

  std::vector<std::byte*> values_, gradients_;
  std::vector<StandIn> stand_ins_;  // values that are aliases of a graph input
  std::vector<DataView> data_;
  std::vector<std::int64_t> order_;  // the rows of the batch: a private copy
  std::vector<Prepared> backward_;
  std::vector<int> settling_;      // operations with side effects in a training step
  Batch piece_{nullptr, 0, 0, 0};  // the piece whose backward may follow
  Shares shares_;
  Index shared_rows_ = 0;  // the number of rows that shares_ is for
  StepWork work_{};
  Index counted_rows_ = -1;                            // the number of rows that work_ is for
  std::vector<std::unique_ptr<ExecutionOf>> sharers_;  // for the shares after the first
  Updater<T> updater_;
  const Kernels<T>* k_ = nullptr;
  Profiler profiler_;
};

// update() moves the parameters, or moves nothing and tells what is not finite.  leave() stores
// everything else that the batch leaves behind.
template <class T>
template <class Update, class Leave>
double ExecutionOf<T>::move(double loss, const Update& update, const Leave& leave) {
  profiler_.timed(
      "update", "",
      [&] {
        note_sides<T>(*graph_, buffers(), sides_);
        failed_step_ = update();
        if (!failed_step_.kind.empty()) return;
        if (!sides_.empty()) stop_at_zero<T>(*graph_, buffers(), sides_);
        leave();
        ++completed_steps_;
      },
      [&](ProfileLine& line) {
        line.operation = "optimizer";
        line.sizes = std::to_string(gradient_size_);
        line.elements = double(gradient_size_) * double(3 + 2 * updater_.slots());
      });
  return failed_step_.kind.empty() ? loss : std::numeric_limits<double>::quiet_NaN();
}

extern template class ExecutionOf<float>;
extern template class ExecutionOf<double>;

}  // namespace lamina
