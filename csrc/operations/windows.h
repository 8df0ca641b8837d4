// The movement of a window over an image, height first; a signal (steps, channels) is an image of
// height 1.
#pragma once

#include <array>

#include "kernel.h"

namespace lamina {

using Sides = std::array<Index, 2>;    // vertical, horizontal
using Padding = std::array<Index, 4>;  // top, bottom, left, right

}  // namespace lamina
