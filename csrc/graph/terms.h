// Sums of a training graph over a batch: loss terms, penalties and metrics.
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

// A sum and its divisor: adding those of several batches gives the mean over all of them.
struct Mean {
  double sum = 0.0, count = 0.0;
  double value() const { return count != 0.0 ? sum / count : 0.0; }
  void add(const Mean& more) { sum += more.sum, count += more.count; }
};

// The value of a loss term, from the sums of one or several batches.
inline double reduced(const LossTerm& term, const Mean& sums) {
  return term.reduction == LossReduction::sum ? sums.sum : sums.value();
}

// For each loss term, the batch's sum of weight * loss and the divisor of its mean: the number of
// positions, or the sum of their weights.
template <class T>
void sum_losses(const Graph& graph, const Buffers& buffers, Index rows, std::vector<Mean>& sums);

template <class T>
double total_penalty(const Graph& graph, const Buffers& buffers);

// The sum of the terms' means, each times its scale.
double total_loss(const Graph& graph, const std::vector<Mean>& losses);

// loss_scale d total / d loss at every position that has a gradient; `sums` are those of the whole
// batch of `batch_rows` rows, of which `rows` may be a piece.
template <class T>
void seed_gradients(const Graph& graph, const Plan& plan, const Buffers& buffers, Index rows,
                    Index batch_rows, const std::vector<Mean>& sums, double loss_scale);

// Adds the penalties' gradients, times loss_scale, to those of the parameters.
template <class T>
void add_penalty_gradients(const Graph& graph, const Buffers& buffers, double loss_scale);

// Adds the batch to the state of each metric.
template <class T>
void update_metrics(const Graph& graph, const Buffers& buffers, Index rows,
                    std::vector<std::vector<double>>& states);

}  // namespace lamina
