// The location of a trainable parameter's gradient.
#pragma once

#include <string>

#include "shape.h"

namespace lamina {

// One trainable parameter in the flat gradient.
struct GradientSlice {
  std::string path;
  int slot;            // among the graph's parameters
  std::byte* weights;  // where its values are
  Index offset, size;  // elements
  Shape shape;
};

}  // namespace lamina
