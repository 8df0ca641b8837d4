// A variable metric method that backtracks: J. C. Nash, "Compact numerical methods for computers",
// 2nd edition (1990), algorithm 21, which R's nnet() and optim(method = "BFGS") run.
//
// The step is -H g, a fifth as long each time the value does not fall enough; H begins as the
// identity, is improved by each step (Broyden, Fletcher, Goldfarb, Shanno), and begins anew where
// nothing more is won.  The search ends where nothing is won along the gradient itself.
// Evaluations, restarts and iterations are those of R's function: what it reports is the same.
#pragma once

#include <functional>
#include <limits>
#include <vector>

#include "function.h"
#include "symmetric_matrix.h"

namespace lamina {

struct SearchSettings {
  std::int64_t most_iterations = 100;
  // The end: the value is not above `absolute`, or changes by no more than
  // relative * (|value| + relative).
  double absolute = -std::numeric_limits<double>::infinity(), relative = 1e-8;
  std::vector<Index> moving;  // the elements of the point that may change
};

enum class SearchEnd { converged, stopped, not_finite, interrupted };

struct SearchResult {
  std::vector<double> point;
  double initial = 0.0, value = 0.0;  // at the start and at the point
  SearchEnd end = SearchEnd::converged;
  std::int64_t iterations = 0, evaluations = 0, gradients = 0;
};

// Told the value after each pass, with the number of iterations so far; returns whether to go on.
// The first pass is number 0, at the start.
using SearchWatch = std::function<bool(std::int64_t iterations, double value)>;

SearchResult search_variable_metric(Function& function, std::vector<double> start,
                                    const SearchSettings& settings, const SearchWatch& watch = {});

}  // namespace lamina
