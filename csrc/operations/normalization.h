// Checks of normalisations when they are recorded.
#pragma once

#include <cmath>
#include <stdexcept>
#include <string>

#include "graph/graph.h"

namespace lamina {

inline void check_weight(const Graph& graph, const Tensor* weight, Index cols, const Tensor& x,
                         const char* who, const char* which) {
  if (weight == nullptr) return;
  graph.check_whole(*weight, who);
  if (size_of(weight->shape) != cols)
    throw std::invalid_argument(std::string(who) + ": " + which + " has shape " +
                                to_string(weight->shape) + ", needs " + std::to_string(cols) +
                                " elements for inputs " + to_string(x.shape));
}

inline void check_epsilon(double epsilon, const char* who) {
  if (!(epsilon >= 0.0) || !std::isfinite(epsilon))
    throw std::invalid_argument(std::string(who) + ": epsilon must be at least 0; got " +
                                std::to_string(epsilon));
}

inline ValueId id_of(const Tensor* tensor) { return tensor == nullptr ? -1 : tensor->value; }

}  // namespace lamina
