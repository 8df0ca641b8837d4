// A batch in pieces: forward and backward of each, and the step after their sums are known.
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "execution_of.h"
#include "proximal.h"

namespace lamina {

bool Execution::piece_needs_totals() const {
  const std::vector<LossTerm>& terms = graph_->losses();
  return std::any_of(terms.begin(), terms.end(), [](const LossTerm& term) {
    return term.mask >= 0 || (term.weight >= 0 && term.reduction == LossReduction::weighted_mean);
  });
}

PieceSums Execution::no_sums(bool training) const {
  PieceSums sums;
  sums.losses.resize(losses_.size());
  for (const auto& state : metric_states_) sums.metrics.emplace_back(state.size(), 0.0);
  if (training)
    for (const std::size_t slot : left_)
      sums.left.emplace_back(std::size_t(graph_->parameters()[slot].size), 0.0);
  return sums;
}

template <class T>
void ExecutionOf<T>::forward_piece(const Batch& piece, bool training) {
  const Busy busy(*this);
  if (training) check_trains();
  if (!graph_->states().empty())
    throw std::invalid_argument(graph_->states().front().name +
                                ": is stateful; it cannot be calculated in pieces");
  run_operations(piece, training);
  PieceSums& sums = piece_sums_ = no_sums(training);
  sums.rows = double(piece.rows());
  sums.refused = training && !can_settle(piece) ? 1.0 : 0.0;
  sum_losses<T>(*graph_, buffers(), piece.rows(), sums.losses);
  if (!sums.metrics.empty()) update_metrics<T>(*graph_, buffers(), piece.rows(), sums.metrics);
  if (training && sums.refused == 0.0) add_left_behind(piece);
  piece_ = piece;
  piece_.order = nullptr;  // the rows have been fetched, and the order belongs to the caller
}

// Settles on the parameters in place and then restores them, because backward still reads them.
template <class T>
void ExecutionOf<T>::add_left_behind(const Batch& piece) {
  std::vector<std::vector<T>> before;
  for (const std::size_t slot : left_) {
    const T* values = variables_.parameter_as<T>(slot);
    before.emplace_back(values, values + graph_->parameters()[slot].size);
  }
  settle(piece);
  for (std::size_t i = 0; i < left_.size(); ++i) {
    T* values = variables_.parameter_as<T>(left_[i]);
    for (std::size_t j = 0; j < before[i].size(); ++j)
      piece_sums_.left[i][j] = piece_sums_.rows * double(values[j]);
    std::copy(before[i].begin(), before[i].end(), values);
  }
}

// Stores the means over the pieces.  If an update has moved the parameter as well, that change is
// kept.
template <class T>
void ExecutionOf<T>::leave_behind(const PieceSums& totals,
                                  const std::vector<std::vector<T>>& before) {
  for (std::size_t i = 0; i < totals.left.size(); ++i) {
    T* values = variables_.parameter_as<T>(left_[i]);
    for (std::size_t j = 0; j < before[i].size(); ++j) {
      const T mean = T(totals.left[i][j] / totals.rows);
      values[j] = values[j] == before[i][j] ? mean : mean + (values[j] - before[i][j]);
    }
  }
}

template <class T>
void ExecutionOf<T>::set_buckets(std::size_t bytes) {
  const Busy busy(*this);
  std::vector<int> last(graph_->values().size(), -1);
  for (std::size_t step = 0; step < plan_.backward.size(); ++step) {
    const std::vector<ValueId>& inputs = operation(plan_.backward[step].operation).inputs;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (plan_.backward[step].wants[i]) last[std::size_t(inputs[i])] = int(step);
  }
  buckets_.clear();
  Index end = gradient_size_;
  int done = -1;
  for (std::size_t i = slices_.size(); i-- > 0;) {
    const GradientSlice& slice = slices_[i];
    const ParameterSlot& parameter = graph_->parameters()[std::size_t(slice.slot)];
    done = std::max(done, last[std::size_t(parameter.value)]);
    if (i > 0 && std::size_t(end - slice.offset) * sizeof(T) < bytes) continue;
    buckets_.push_back({slice.offset, end, done});
    end = slice.offset;
    done = -1;
  }
  std::stable_sort(
      buckets_.begin(), buckets_.end(),
      [](const GradientBucket& a, const GradientBucket& b) { return a.step < b.step; });
}

template <class T>
void ExecutionOf<T>::backward_piece(Index batch_rows, const PieceSums* totals, double loss_scale,
                                    const BucketDone& done) {
  const Busy busy(*this);
  check_trains();
  if (totals == nullptr && piece_needs_totals())
    throw std::invalid_argument(
        "backward_piece: the loss counts positions, or weights, of the "
        "whole batch; needs totals");
  std::vector<Mean> losses = totals == nullptr ? piece_sums_.losses : totals->losses;
  if (totals == nullptr)
    for (Mean& loss : losses) loss.count *= double(batch_rows) / piece_sums_.rows;
  seed_gradients<T>(*graph_, plan_, buffers(), piece_.rows(), batch_rows, losses, loss_scale);
  run_operations_back(piece_, done ? &done : nullptr);
}

// Adds the batch's losses to the sums of the execution; returns the batch's loss.
template <class T>
double ExecutionOf<T>::add_totals(const PieceSums& totals) {
  const double penalty = total_penalty<T>(*graph_, buffers());
  for (std::size_t t = 0; t < losses_.size(); ++t) losses_[t].add(totals.losses[t]);
  penalties_.add({penalty * totals.rows, totals.rows});
  for (std::size_t m = 0; m < metric_states_.size(); ++m)
    for (std::size_t i = 0; i < metric_states_[m].size(); ++i)
      metric_states_[m][i] += totals.metrics[m][i];
  const double loss = total_loss(*graph_, totals.losses) + penalty;
  return totals.refused == 0.0 ? loss : std::numeric_limits<double>::quiet_NaN();
}

template <class T>
template <class Update>
double ExecutionOf<T>::step_of_pieces(const PieceSums& totals, double loss_scale,
                                      const Update& update) {
  const Busy busy(*this);
  check_trains();
  failed_step_ = {};
  const double loss = step_loss_ = add_totals(totals);
  if (!std::isfinite(loss)) return loss;
  add_penalty_gradients<T>(*graph_, buffers(), loss_scale);
  std::vector<std::vector<T>> before;
  for (const std::size_t slot : left_) {
    const T* values = variables_.parameter_as<T>(slot);
    before.emplace_back(values, values + graph_->parameters()[slot].size);
  }
  return move(loss, update, [&] { leave_behind(totals, before); });
}

template <class T>
double ExecutionOf<T>::train_pieces(const PieceSums& totals, double learning_rate,
                                    std::int64_t step) {
  return step_of_pieces(totals, updater_.loss_scale(), [&] {
    return updater_.apply(slices_, flat(), gradient_size_, learning_rate, step);
  });
}

template <class T>
double ExecutionOf<T>::train_pieces(const PieceSums& totals, const OwnUpdate& update) {
  return step_of_pieces(totals, 1.0, [&] {
    const NotFinite found = nonfinite_gradient(slices_, flat());
    return found.kind.empty() ? update() : found;
  });
}

template <class T>
double ExecutionOf<T>::test_pieces(const PieceSums& totals) {
  const Busy busy(*this);
  return add_totals(totals);
}

#define LAMINA_INSTANTIATE(T)                                                           \
  template void ExecutionOf<T>::forward_piece(const Batch&, bool);                      \
  template void ExecutionOf<T>::set_buckets(std::size_t);                               \
  template void ExecutionOf<T>::backward_piece(Index, const PieceSums*, double,         \
                                               const BucketDone&);                      \
  template double ExecutionOf<T>::train_pieces(const PieceSums&, double, std::int64_t); \
  template double ExecutionOf<T>::train_pieces(const PieceSums&, const OwnUpdate&);     \
  template double ExecutionOf<T>::test_pieces(const PieceSums&);                        \
  template void ExecutionOf<T>::add_left_behind(const Batch&);                          \
  template void ExecutionOf<T>::leave_behind(const PieceSums&,                          \
                                             const std::vector<std::vector<T>>&);       \
  template double ExecutionOf<T>::add_totals(const PieceSums&);
LAMINA_INSTANTIATE(float)
LAMINA_INSTANTIATE(double)
#undef LAMINA_INSTANTIATE

}  // namespace lamina
