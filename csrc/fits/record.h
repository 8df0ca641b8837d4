// The results of a fit.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/execution.h"

namespace lamina {

// Losses and sums of metrics over a pass.
struct Sums {
  double loss = 0.0;
  std::vector<double> losses;                // by loss term
  std::vector<std::vector<double>> metrics;  // the state of each metric
};

struct EpochRecord {
  int epoch = 0;
  Sums training;
  std::optional<Sums> validation;
  std::optional<double> rate;   // if the logs include it
  std::optional<double> score;  // of the rows to be scored
};

// A step whose loss, or whose update, was not finite.
struct Divergence {
  double loss = 0.0, rate = 0.0;
  int epoch = 0;          // counted from 1
  std::int64_t step = 0;  // in the epoch, counted from 1
  // What was not finite although the loss was, as in NotFinite, and of which weight.
  std::string kind, weight;
  std::string where;  // the operation in which NaN or infinity first appeared
};

enum class FitEnd { done, diverged, cancelled };

struct FitRecord {
  FitEnd end = FitEnd::cancelled;
  bool stopped = false;  // by a rule, or by a search that has ended
  Divergence divergence;
  std::vector<EpochRecord> epochs;
  int kept_epoch = -1;  // whose weights were restored; -1: those of the last step remain
  std::vector<std::vector<std::byte>> weights;
  std::optional<Sums> held_out;
  // For each output of the model, for held-out rows and for others.
  std::vector<std::vector<std::byte>> held_out_outputs, predictions;
  double seconds = 0.0;
  std::string failure;  // the message of an exception, if any
};

}  // namespace lamina
