// What many fits of one model share: its programs, and what moves the weights.  Each fit has
// weights, state and executions of its own.
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
  std::vector<std::size_t> weights;  // by slot: its place among the model's
};

// A quasi-Newton method over all rows, in the place of an optimizer's rules.
struct Search {
  int pairs = 0;  // that the curvature is known from; 0: a matrix
  Stopping stopping;
  WolfeSettings wolfe;
};

struct FitModel {
  DType dtype;
  std::vector<Index> sizes;  // of the weights, in elements
  Program training;
  // As before the first step; what the slots point at is the caller's to keep, and only read.
  std::vector<UpdateSettings> updates;
  double loss_scale = 1.0;
  std::optional<Search> search;
};

// The weights of one fit, in one flat buffer, each on cache lines of its own.
class FitWeights {
 public:
  // `first`: the values of each.
  FitWeights(const FitModel& model, const std::vector<const std::byte*>& first);

  Variables variables(const Program& program) const;
  const std::byte* weight(std::size_t place) const { return places_[place]; }
  std::vector<std::byte> copy() const;
  void restore(const std::vector<std::byte>& copied);

 private:
  std::shared_ptr<const Buffer> flat_;
  std::vector<std::byte*> places_;
};

// What updates need beside the weights, of one fit.
class FitState {
 public:
  // Of an execution whose weights have their first values.
  FitState(const FitModel& model, const Execution& execution);

  const std::vector<UpdateSettings>& updates() const { return updates_; }
  // Puts means of the weights, where they are followed, in the weights' place.
  void put_averages(const Execution& execution) const;

 private:
  std::vector<UpdateSettings> updates_;
  std::vector<Buffer> kept_;
};

}  // namespace lamina
