// L1 penalties that produce exact zeros.  The gradient of a weight other than zero includes that of
// the penalty; a weight at zero moves only if the loss alone is steeper than l1; and a weight that
// a step would take across zero, or away from zero against the gradient, is set to zero.
//
// Under plain gradient descent that is the proximal step (soft thresholding at rate times l1),
// except that a weight which would jump over both thresholds stays at zero for one step.  When a
// rule (including one with momentum) has converged, all weights satisfy the optimality conditions
// of the penalised loss.  Andrew and Gao, "Scalable training of L1-regularized log-linear models",
// 2007.
#pragma once

#include <vector>

#include "terms.h"

namespace lamina {

// Adds the penalty's gradient to that of the rest of the loss; the result may be 0.
template <class T>
void add_proximal_gradient(T* gradient, const T* w, Index size, double l1);

// Stores the side of zero on which each such weight may be after the step, as -1, 0 or 1.
template <class T>
void note_sides(const Graph& graph, const Buffers& buffers, std::vector<signed char>& sides);

// Sets the weights that are on another side to zero.
template <class T>
void stop_at_zero(const Graph& graph, const Buffers& buffers,
                  const std::vector<signed char>& sides);

}  // namespace lamina
