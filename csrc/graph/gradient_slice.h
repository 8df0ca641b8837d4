// Where a trainable parameter's gradient lies.
#pragma once

#include <string>

#include "shape.h"

namespace lamina {

// One trainable parameter in the flat gradient.
struct GradientSlice {
  std::string path;
  int slot;            // among the graph's parameters
  std::byte* weights;  // where its values lie
  Index offset, size;  // elements
  Shape shape;
};

}  // namespace lamina
