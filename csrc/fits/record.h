// What a fit leaves behind.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/execution.h"

namespace lamina {

// Losses and sums of metrics over a pass.
struct Sums {
  double loss = 0.0;
  std::vector<double> losses;                // of each loss term
  std::vector<std::vector<double>> metrics;  // the state of each
};

struct EpochRecord {
  int epoch = 0;
  Sums training;
  std::optional<Sums> validation;
  std::optional<double> rate;   // where the logs have it
  std::optional<double> score;  // of the rows that are scored
};

// A step whose loss, or whose result, was not finite.
struct Divergence {
  double loss = 0.0, rate = 0.0;
  int epoch = 0;          // from 1
  std::int64_t step = 0;  // of the epoch, from 1
  // What of a step with a finite loss was not, as NotFinite has it, and whose.
  std::string kind, weight;
  std::string where;  // the operation in which NaN or infinity began
};

enum class FitEnd { done, diverged, cancelled };

struct FitRecord {
  FitEnd end = FitEnd::cancelled;
  bool stopped = false;  // by a rule, or by a search that is at its end
  Divergence divergence;
  std::vector<EpochRecord> epochs;
  int kept_epoch = -1;  // whose weights were put back; -1: those of the last step stayed
  std::vector<std::vector<std::byte>> weights;
  std::optional<Sums> held_out;
  // Of each output of the model, for rows held out and for others.
  std::vector<std::vector<std::byte>> held_out_outputs, predictions;
  double seconds = 0.0;
  std::string failure;  // what was thrown, if anything
};

}  // namespace lamina
