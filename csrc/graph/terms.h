// What a training graph adds up over a batch: loss terms, penalties and metrics.
#pragma once

#include <vector>

#include "graph.h"
#include "plan.h"

namespace lamina {

// The values and gradients of an execution, by value id.
struct Buffers {
  const std::vector<std::byte*>& values;
  const std::vector<std::byte*>& gradients;
};

// A sum and what it is divided by: those of several batches add up to the mean over all of them.
struct Mean {
  double sum = 0.0, count = 0.0;
  double value() const { return count != 0.0 ? sum / count : 0.0; }
  void add(const Mean& more) { sum += more.sum, count += more.count; }
};

// What a loss term comes to, of the sums of one batch or of several.
inline double reduced(const LossTerm& term, const Mean& sums) {
  return term.reduction == LossReduction::sum ? sums.sum : sums.value();
}

// Of each loss term the batch's sum of weight * loss, and what its mean is divided by: the number
// of positions, or the sum of their weights.
template <class T>
void sum_losses(const Graph& graph, const Buffers& buffers, Index rows, std::vector<Mean>& sums);

template <class T>
double total_penalty(const Graph& graph, const Buffers& buffers);

// What the terms' means come to, each times its scale.
double total_loss(const Graph& graph, const std::vector<Mean>& losses);

// loss_scale d total / d loss at every position, where a gradient flows; `sums` are those of the
// batch, of whose `batch_rows` rows these may be a piece.
template <class T>
void seed_gradients(const Graph& graph, const Plan& plan, const Buffers& buffers, Index rows,
                    Index batch_rows, const std::vector<Mean>& sums, double loss_scale);

// Adds the penalties' gradients, times loss_scale, to those of the parameters.
template <class T>
void add_penalty_gradients(const Graph& graph, const Buffers& buffers, double loss_scale);

// Adds the batch to one state for each metric.
template <class T>
void update_metrics(const Graph& graph, const Buffers& buffers, Index rows,
                    std::vector<std::vector<double>>& states);

}  // namespace lamina
