// What outputs are worth beside targets, as scikit-learn's estimators score them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "graph/shape.h"

namespace lamina {

// Larger is better; NaN where an output is not finite.
class OutputScore {
 public:
  virtual ~OutputScore() = default;
  // Outputs of all rows in order, each of `width` numbers.
  virtual double of(const std::byte* outputs) const = 0;
};

// Rows of outputs, and what each row counts; no weights: 1.
struct ScoredRows {
  DType dtype = DType::float64;  // of the outputs
  Index rows = 0, width = 1;
  std::vector<double> weights;
};

// R2, 1 - sum w (y - p)^2 / sum w (y - mean y)^2, the mean over the outputs; an output without
// residuals scores 1, one whose targets are all the same and that has some scores 0.
std::unique_ptr<OutputScore> determination(ScoredRows rows, std::vector<double> targets);

// The share of rows whose largest output, the first of equal ones, is the one of that number.
std::unique_ptr<OutputScore> accuracy(ScoredRows rows, std::vector<std::int32_t> classes);

// The share of rows of whose outputs just those are above 0.5 that should be.
std::unique_ptr<OutputScore> accuracy_of_labels(ScoredRows rows, std::vector<bool> labels);

}  // namespace lamina
