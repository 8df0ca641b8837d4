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

// Sum of all loss terms and penalties of the batch.
template <class T>
double total_loss(const Graph& graph, const Buffers& buffers, Index rows);

// d total / d loss at every position, where a gradient flows.
template <class T>
void seed_gradients(const Graph& graph, const Plan& plan, const Buffers& buffers, Index rows);

// Adds the penalties' gradients to those of the parameters.
template <class T>
void add_penalty_gradients(const Graph& graph, const Buffers& buffers);

// Adds the batch to one state for each metric.
template <class T>
void update_metrics(const Graph& graph, const Buffers& buffers, Index rows,
                    std::vector<std::vector<double>>& states);

}  // namespace lamina
