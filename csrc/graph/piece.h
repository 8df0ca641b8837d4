// A batch in pieces: what each adds to the batch.
//
// The loss of a batch is a mean over all its rows, so that the gradients of pieces, each of its
// share in that mean, add up to the batch's; so do losses and metrics.  What depends on the rows of
// a batch as a whole, such as the statistics of a batch normalisation, depends on those of a piece,
// and what is left behind is the mean over the pieces, each weighing as many as its rows.  Which
// execution calculates a piece, and in which process, decides no bit.
#pragma once

#include <vector>

#include "terms.h"

namespace lamina {

// All are sums: those of all pieces, added up one by one, are the batch's.
struct PieceSums {
  double rows = 0.0;
  double refused = 0.0;      // pieces that would leave something behind that is not finite
  std::vector<Mean> losses;  // by loss term
  std::vector<std::vector<double>> metrics;
  // Of each parameter that moves in `Operation::settle`, by slot: rows times what is left in it.
  // None in inference.
  std::vector<std::vector<double>> left;

  std::vector<double> flat() const;
  // Takes over what `flat` of sums of the same form gave; std::invalid_argument for another length.
  void take(const std::vector<double>& flat);
};

// A run of the flat gradient that is whole once a step of the backward pass is done.
struct GradientBucket {
  Index begin, end;
  int step;  // -1: before the first
};

}  // namespace lamina
