// The order in which a permutation reads the axes of a row.
#pragma once

#include <vector>

#include "shape.h"

namespace lamina {

// Axis i of the output is axis order[i] of the input, a row of `shape`.
struct Permutation {
  Shape shape;
  std::vector<Index> order;

  bool operator==(const Permutation& other) const {
    return shape == other.shape && order == other.order;
  }
  Shape result() const;
  // Whether any element changes its place in memory: axes of length 1 may move freely.
  bool moves() const;
  // This permutation followed by another, whose shape is this one's result.
  Permutation then(const Permutation& next) const;
};

}  // namespace lamina
