// Permutations of the lanes of two vectors.
#pragma once

#include <utility>

#include "transpose.h"

namespace lamina {
namespace LAMINA_ISA {

// Folds two vectors of runs of `run` lanes: the two halves of each run are added.  The sums of a's
// runs are in the first halves of the runs of the result, those of b's in the second halves.  Half
// of the lanes stay in place, so only one vector has to be permuted.
template <class T, int run, int... p>
LAMINA_INLINE Vec<T> fold_runs(Vec<T> a, Vec<T> b, std::integer_sequence<int, p...>) {
  constexpr int half = run / 2, in_b = int(lanes<T>);
  const Vec<T> stay = pick<(p & half ? in_b + p : p)...>(a, b);
  const Vec<T> move = pick<(p & half ? p : in_b + p)...>(a, b);
  return stay + pick<(p ^ half)...>(move, move);
}

// The sums of runs of `run` lanes of `run` vectors: run by run, in the order of the vectors. Halves
// are folded onto each other, as in sum_lanes.
template <class T, int run = int(lanes<T>)>
LAMINA_INLINE Vec<T> sums_of_lanes(Vec<T>* v) {
  if constexpr (run == 1) {
    return v[0];
  } else {
    LAMINA_UNROLL
    for (int i = 0; i < run / 2; ++i)
      v[i] =
          fold_runs<T, run>(v[i], v[i + run / 2], std::make_integer_sequence<int, int(lanes<T>)>());
    return sums_of_lanes<T, run / 2>(v);
  }
}

}  // namespace LAMINA_ISA
}  // namespace lamina
