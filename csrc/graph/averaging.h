// Averages of the weights over the steps, kept beside them.
#pragma once

#include "shape.h"

namespace lamina {

struct Averaging {
  enum class Kind { none, exponential, equal };
  Kind kind = Kind::none;
  // exponential: a = momentum a + (1 - momentum) w after every step, and w itself after the first;
  // the weights are set to the average every `overwrite` steps (0: never).
  double momentum = 0.99;
  std::int64_t overwrite = 0;
  // equal: the mean of the weights after the steps start, start + period, start + 2 period, ...
  // (Izmailov et al. 2018); before that the weights themselves.
  std::int64_t start = 1, period = 1;
};

// `done` is the number of earlier steps.
template <class T>
void follow_average(const Averaging& averaging, T* average, T* weights, Index size,
                    std::int64_t done);

}  // namespace lamina
