// A variable metric method with backtracking: J. C. Nash, "Compact numerical methods for
// computers", 2nd edition (1990), algorithm 21, which R's nnet() and optim(method = "BFGS") use.
//
// The step is -H g, shortened to a fifth as long as the value does not decrease enough.  H starts
// as the identity, is updated by each step (Broyden, Fletcher, Goldfarb, Shanno), and is reset when
// no progress is made.  The search ends when no progress is made along the gradient itself.  The
// evaluations, restarts and iterations are those of R's function, and so are the reported counts.
#pragma once

#include <functional>
#include <limits>
#include <vector>

#include "function.h"
#include "symmetric_matrix.h"

namespace lamina {

struct SearchSettings {
  std::int64_t most_iterations = 100;
  // The search ends when the value is not above `absolute`, or changes by no more than relative *
  // (|value| + relative).
  double absolute = -std::numeric_limits<double>::infinity(), relative = 1e-8;
  std::vector<Index> moving;  // the elements of the point that may change
};

enum class SearchEnd { converged, stopped, not_finite, interrupted };

struct SearchResult {
  std::vector<double> point;
  double initial = 0.0, value = 0.0;  // at the start and at the result
  SearchEnd end = SearchEnd::converged;
  std::int64_t iterations = 0, evaluations = 0, gradients = 0;
};

// Called after each pass with the number of iterations so far and the value; returns whether to
// continue.  Pass 0 is the start.
using SearchWatch = std::function<bool(std::int64_t iterations, double value)>;

SearchResult search_variable_metric(Function& function, std::vector<double> start,
                                    const SearchSettings& settings, const SearchWatch& watch = {});

}  // namespace lamina
