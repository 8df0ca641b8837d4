// The data that many fits of one model share: its programs and optimizers.  Each fit has its own
// weights, state and executions.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "graph/execution.h"
#include "minimize/minimizer.h"

namespace lamina {

// A graph whose parameters are some of a model's weights.
struct Program {
  std::shared_ptr<const Graph> graph;
  std::vector<std::size_t> weights;  // by slot: the place among the model's weights
};

// A quasi-Newton method over all rows, used instead of an optimizer's rules.
struct Search {
  int pairs = 0;  // steps from which the curvature is estimated; 0: a matrix
  Stopping stopping;
  WolfeSettings wolfe;
};

struct FitModel {
  DType dtype;
  std::vector<Index> sizes;  // of the weights, in elements
  Program training;
  // As before the first step; the caller keeps the slots' arrays, which are only read.
  std::vector<UpdateSettings> updates;
  double loss_scale = 1.0;
  std::optional<Search> search;
};

// The weights of one fit, in one flat buffer, each on its own cache lines.
class FitWeights {
 public:
  // `first`: the initial values of each weight.
  FitWeights(const FitModel& model, const std::vector<const std::byte*>& first);

  Variables variables(const Program& program) const;
  const std::byte* weight(std::size_t place) const { return places_[place]; }
  std::vector<std::byte> copy() const;
  void restore(const std::vector<std::byte>& copied);

 private:
  std::shared_ptr<const Buffer> flat_;
  std::vector<std::byte*> places_;
};

// The data that updates need in addition to the weights, for one fit.
class FitState {
 public:
  // For an execution whose weights have their initial values.
  FitState(const FitModel& model, const Execution& execution);

  const std::vector<UpdateSettings>& updates() const { return updates_; }
  // Replaces the weights by their averages, if there are any.
  void put_averages(const Execution& execution) const;

 private:
  std::vector<UpdateSettings> updates_;
  std::vector<Buffer> kept_;
};

}  // namespace lamina
