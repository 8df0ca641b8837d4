// The likeliest labels that steps spell: a search among beginnings.
#pragma once

#include "ctc.h"

namespace lamina {

// Of `width` beginnings that are kept at each step, the `paths` likeliest at the end: their labels,
// filled up with -1, and log-probabilities, all ways to spell them counted; -infinity where there
// are no more.  Hannun et al. 2014, "First-pass large vocabulary continuous speech recognition",
// algorithm 1, without a language model.
template <class T>
void ctc_beams(std::int32_t* label_npt, T* score_np, const T* x_ntc,
               const std::int32_t* step_count_n, CtcDims, Index width, Index paths);

}  // namespace lamina
