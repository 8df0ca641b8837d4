// L1 penalties that leave true zeros: of a weight away from zero the gradient is that of the
// penalty; one at zero moves only where the loss alone is steeper than l1; and no step takes a
// weight across zero, or off it against the gradient: it stops there.
//
// Under plain gradient descent that is the proximal step (soft thresholding at rate times l1), but
// that a weight which would jump over both thresholds waits at zero for one step.  Where a rule
// comes to rest, momentum and all, zeros and others satisfy the optimality conditions of the
// penalised loss.  Andrew and Gao, "Scalable training of L1-regularized log-linear models", 2007.
#pragma once

#include <vector>

#include "terms.h"

namespace lamina {

// Adds the penalty's gradient to that of everything else, which may leave 0 of it.
template <class T>
void add_proximal_gradient(T* gradient, const T* w, Index size, double l1);

// Notes on which side of zero each such weight may be after the step, as -1, 0 or 1.
template <class T>
void note_sides(const Graph& graph, const Buffers& buffers, std::vector<signed char>& sides);

// Puts zero in place of those that are on another.
template <class T>
void stop_at_zero(const Graph& graph, const Buffers& buffers,
                  const std::vector<signed char>& sides);

}  // namespace lamina
