// Scores of outputs with respect to targets, as in scikit-learn's estimators.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "graph/shape.h"

namespace lamina {

// Larger is better; NaN if an output is not finite.
class OutputScore {
 public:
  virtual ~OutputScore() = default;
  // Takes the outputs of all rows in order, `width` numbers each.
  virtual double of(const std::byte* outputs) const = 0;
};

// Rows of outputs, and the weight of each row; without weights: 1.
struct ScoredRows {
  DType dtype = DType::float64;  // of the outputs
  Index rows = 0, width = 1;
  std::vector<double> weights;
};

// R2, 1 - sum w (y - p)^2 / sum w (y - mean y)^2, averaged over the outputs.  An output without
// residuals scores 1; one with residuals and constant targets scores 0.
std::unique_ptr<OutputScore> determination(ScoredRows rows, std::vector<double> targets);

// The fraction of rows whose largest output, the first of equal ones, has the index of the class.
std::unique_ptr<OutputScore> accuracy(ScoredRows rows, std::vector<std::int32_t> classes);

// The fraction of rows in which exactly the outputs that should be above 0.5 are.
std::unique_ptr<OutputScore> accuracy_of_labels(ScoredRows rows, std::vector<bool> labels);

}  // namespace lamina
