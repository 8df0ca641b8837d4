// A training step in shares: forward and backward of each, and the sum of their gradients.
#include <cstring>

#include "execution_of.h"
#include "moves/parallel.h"

namespace lamina {

// Determines the shares of a training step of `rows` rows; returns whether there are several.  More
// rows than were planned for are not divided, as the whole step refuses them.
template <class T>
bool ExecutionOf<T>::cut(Index rows) {
  if (!settings.training || settings.input_gradients || profiler_.records()) return false;
  if (rows > settings.rows) return false;
  if (rows != shared_rows_) {
    shares_ = shares_of(*graph_, plan_, rows, gradient_size_);
    shared_rows_ = rows;
  }
  if (shares_.count > 1) plan_sharers();
  return shares_.count > 1;
}

// A smaller batch may have fewer, hence larger shares.
template <class T>
void ExecutionOf<T>::plan_sharers() {
  ExecutionSettings of_share = settings;
  of_share.rows = (settings.rows + shares_.count - 1) / shares_.count;
  if (!sharers_.empty() && sharers_.front()->settings.rows < of_share.rows) sharers_.clear();
  while (Index(sharers_.size()) + 1 < shares_.count) {
    sharers_.push_back(std::make_unique<ExecutionOf<T>>(graph_, variables_, of_share));
    sharers_.back()->data_ = data_;
  }
}

// The first share uses this execution, each of the others an additional one.
template <class T>
ExecutionOf<T>& ExecutionOf<T>::sharer(Index share) {
  return share == 0 ? *this : *sharers_[std::size_t(share) - 1];
}

template <class T>
std::size_t ExecutionOf<T>::held_bytes() const {
  std::size_t bytes = Execution::held_bytes();
  for (const auto& sharer : sharers_) bytes += sharer->held_bytes();
  return bytes;
}

template <class T>
Batch ExecutionOf<T>::share_of(const Batch& batch, Index share) const {
  Batch part = batch;
  part.start = batch.start + shares_.begin(share, batch.rows());
  part.stop = batch.start + shares_.begin(share + 1, batch.rows());
  part.seed += Shares::seed(share);
  return part;
}

// Copies the outputs of the other shares behind those of the first.
template <class T>
void ExecutionOf<T>::join_outputs(const Batch& batch) {
  for (const Tensor& output : graph_->outputs()) {
    const auto id = std::size_t(output.value);
    const Value& value = graph_->values()[id];
    for (Index s = 1; s < shares_.count && !value.whole; ++s) {
      const std::size_t row_bytes = std::size_t(value.width) * bytes_of(value.dtype);
      const ExecutionOf& other = sharer(s);
      std::byte* to = values_[id] + std::size_t(shares_.begin(s, batch.rows())) * row_bytes;
      if (to != other.values_[id])
        std::memcpy(to, other.values_[id], std::size_t(other.last_rows_) * row_bytes);
    }
  }
  last_rows_ = batch.rows();
}

template <class T>
double ExecutionOf<T>::run_forward_in_shares(const Batch& batch) {
  side_by_side(shares_.count, shares_.flop, [&](Index s) {
    ExecutionOf& own = sharer(s);
    own.run_operations(share_of(batch, s), true);
    sum_losses<T>(*graph_, own.buffers(), own.last_rows_, own.batch_losses_);
  });
  for (Index s = 0; s < shares_.count; ++s) {
    ExecutionOf& own = sharer(s);
    for (std::size_t t = 0; s > 0 && t < losses_.size(); ++t)
      batch_losses_[t].add(own.batch_losses_[t]);
    if (!metric_states_.empty())
      update_metrics<T>(*graph_, own.buffers(), own.last_rows_, metric_states_);
  }
  join_outputs(batch);
  return add_losses(batch.rows());
}

template <class T>
void ExecutionOf<T>::run_backward_in_shares(const Batch& batch, double loss_scale) {
  side_by_side(shares_.count, shares_.flop, [&](Index s) {
    ExecutionOf& own = sharer(s);
    const Batch part = share_of(batch, s);
    seed_gradients<T>(*graph_, own.plan_, own.buffers(), part.rows(), batch.rows(), batch_losses_,
                      loss_scale);
    own.run_operations_back(part);
  });
  constexpr double moved = 6.0;  // data from another thread count as several elements
  parallel_units(gradient_size_, moved * double(shares_.count - 1), [&](Index begin, Index end) {
    for (Index s = 1; s < shares_.count; ++s)
      k_->add_into(flat() + begin, sharer(s).flat() + begin, end - begin);
  });
  add_penalty_gradients<T>(*graph_, buffers(), loss_scale);
}

#define LAMINA_INSTANTIATE(T)                                          \
  template bool ExecutionOf<T>::cut(Index);                            \
  template void ExecutionOf<T>::plan_sharers();                        \
  template ExecutionOf<T>& ExecutionOf<T>::sharer(Index);              \
  template std::size_t ExecutionOf<T>::held_bytes() const;             \
  template Batch ExecutionOf<T>::share_of(const Batch&, Index) const;  \
  template void ExecutionOf<T>::join_outputs(const Batch&);            \
  template double ExecutionOf<T>::run_forward_in_shares(const Batch&); \
  template void ExecutionOf<T>::run_backward_in_shares(const Batch&, double);
LAMINA_INSTANTIATE(float)
LAMINA_INSTANTIATE(double)
#undef LAMINA_INSTANTIATE

}  // namespace lamina
