// One axis of a row, and the sizes before and after it.
#pragma once

#include <stdexcept>
#include <string>

#include "graph/shape.h"

namespace lamina {

struct RowAxis {
  Index outer, size, inner;
};

inline RowAxis axis_of(const Shape& shape, Index axis, const char* who) {
  if (axis < 0 || std::size_t(axis) >= shape.size())
    throw std::invalid_argument(std::string(who) + ": axis must be in [0, " +
                                std::to_string(shape.size()) + ") for inputs " + to_string(shape) +
                                "; got " + std::to_string(axis));
  const auto at = shape.begin() + axis;
  return {size_of(Shape(shape.begin(), at)), *at, size_of(Shape(at + 1, shape.end()))};
}

}  // namespace lamina
