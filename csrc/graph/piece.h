// A batch in pieces: the contribution of each piece.
//
// The loss of a batch is a mean over all its rows.  If the gradient of each piece is that of its
// share in the mean, these gradients add up to the batch's gradient; the same holds for losses and
// metrics.  Results that depend on the rows of a batch as a whole, such as the statistics of a
// batch normalisation, depend on the rows of a piece instead, and what is left behind is the mean
// over the pieces, weighted by their numbers of rows.  The bits do not depend on which execution
// calculates a piece, nor on its process.
#pragma once

#include <vector>

#include "terms.h"

namespace lamina {

// All members are sums: adding those of all pieces, one by one, gives those of the batch.
struct PieceSums {
  double rows = 0.0;
  double refused = 0.0;      // number of pieces that would leave behind non-finite values
  std::vector<Mean> losses;  // by loss term
  std::vector<std::vector<double>> metrics;
  // For each parameter that `Operation::settle` updates, by slot: the number of rows times its new
  // value.  Empty in inference.
  std::vector<std::vector<double>> left;

  std::vector<double> flat() const;
  // Reads what `flat` of sums of the same form returned; std::invalid_argument for another length.
  void take(const std::vector<double>& flat);
};

// A run of the flat gradient that is complete after a step of the backward pass.
struct GradientBucket {
  Index begin, end;
  int step;  // -1: before the first step
};

}  // namespace lamina
