// Connectionist temporal classification: minus the log-probability that steps spell labels.
//
// Graves et al. 2006, "Connectionist temporal classification", sections 4.1 and 4.2, in logarithms
// and in double, so that no path underflows however extreme the logits are.
#pragma once

#include "../kernel.h"

namespace lamina {

struct CtcDims {
  Index rows, steps, classes, labels;
  Index blank;
};

// Doubles of workspace.
std::size_t ctc_doubles(CtcDims);

// Each row has `steps` steps of `classes` logits and up to `labels` labels, of both as many as its
// counts say; outside [0, steps] and [0, labels] these count as the nearest.  Where no path spells
// the labels the loss is infinite, and dx, which may be null, 0.
template <class T>
void ctc(T* loss_n, T* dx_ntc, const T* x_ntc, const std::int32_t* label_nl,
         const std::int32_t* label_count_n, const std::int32_t* step_count_n, double* workspace,
         CtcDims);

}  // namespace lamina
