// Connectionist temporal classification: minus the log-probability that steps spell labels.
//
// Graves et al. 2006, "Connectionist temporal classification", sections 4.1 and 4.2, with
// logarithms in double, so that no path underflows, even for extreme logits.
#pragma once

#include "../kernel.h"

namespace lamina {

struct CtcDims {
  Index rows, steps, classes, labels;
  Index blank;
};

// The size of the workspace in doubles.
std::size_t ctc_doubles(CtcDims);

// Each row has `steps` steps of `classes` logits and up to `labels` labels; its counts give the
// number of each that is used, clipped to [0, steps] and [0, labels].  If no path spells the
// labels, the loss is infinite, and dx, which may be null, is 0.
template <class T>
void ctc(T* loss_n, T* dx_ntc, const T* x_ntc, const std::int32_t* label_nl,
         const std::int32_t* label_count_n, const std::int32_t* step_count_n, double* workspace,
         CtcDims);

}  // namespace lamina
