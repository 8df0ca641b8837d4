// Means of the weights over the steps, kept beside them.
#pragma once

#include "shape.h"

namespace lamina {

struct Averaging {
  enum class Kind { none, exponential, equal };
  Kind kind = Kind::none;
  // exponential: a = momentum a + (1 - momentum) w after every step, w itself after the first; the
  // weights become the mean every `overwrite` steps (0: never).
  double momentum = 0.99;
  std::int64_t overwrite = 0;
  // equal: the mean of the weights after the steps start, start + period, start + 2 period, ...
  // (Izmailov et al. 2018); until then the weights themselves.
  std::int64_t start = 1, period = 1;
};

// `done` steps came before this one.
template <class T>
void follow_average(const Averaging& averaging, T* average, T* weights, Index size,
                    std::int64_t done);

}  // namespace lamina
