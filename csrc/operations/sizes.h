// Sizes as a profile shows them.
#pragma once

#include <string>

#include "kernel.h"

namespace lamina {

inline std::string rows_by_cols(Index rows, Index cols) {
  return std::to_string(rows) + "x" + std::to_string(cols);
}

}  // namespace lamina
