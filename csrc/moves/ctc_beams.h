// The most likely labels that steps spell: a beam search over prefixes.
#pragma once

#include "ctc.h"

namespace lamina {

// Keeps `width` prefixes at each step and returns the `paths` most likely ones at the end: their
// labels, padded with -1, and their log-probabilities, summed over all paths; -infinity if there
// are no more.  Hannun et al. 2014, "First-pass large vocabulary continuous speech recognition",
// algorithm 1, without a language model.
template <class T>
void ctc_beams(std::int32_t* label_npt, T* score_np, const T* x_ntc,
               const std::int32_t* step_count_n, CtcDims, Index width, Index paths);

}  // namespace lamina
