// Permutations of the lanes of two vectors.
#pragma once

#include <utility>

#include "transpose.h"

namespace lamina {
namespace LAMINA_ISA {

// The source of lane p when the halves of two vectors are folded: the vectors hold runs of `run`
// lanes, and the first half of each run is added to the second.
template <class T>
constexpr int place_in_run(int p, int run) {
  constexpr int half_lanes = int(lanes<T> / 2);
  const int q = p % half_lanes, half = run / 2;
  return q / half * run + q % half + (p < half_lanes ? 0 : int(lanes<T>));
}
template <class T, int run, int... p>
LAMINA_INLINE Vec<T> fold_runs(Vec<T> a, Vec<T> b, std::integer_sequence<int, p...>) {
  return pick<place_in_run<T>(p, run)...>(a, b) +
         pick<(place_in_run<T>(p, run) + run / 2)...>(a, b);
}

// The sums of the lanes of `run` vectors, in order: halves are folded onto each other, as in
// sum_lanes.
template <class T, int run = int(lanes<T>)>
LAMINA_INLINE Vec<T> sums_of_lanes(Vec<T> (&v)[lanes<T>]) {
  if constexpr (run == 1) {
    return v[0];
  } else {
    LAMINA_UNROLL
    for (int i = 0; i < run / 2; ++i)
      v[i] = fold_runs<T, run>(v[2 * i], v[2 * i + 1],
                               std::make_integer_sequence<int, int(lanes<T>)>());
    return sums_of_lanes<T, run / 2>(v);
  }
}

}  // namespace LAMINA_ISA
}  // namespace lamina
