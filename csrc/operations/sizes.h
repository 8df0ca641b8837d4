// The format of sizes in a profile, and checks of settings that several operations share.
#pragma once

#include <stdexcept>
#include <string>

#include "kernel.h"

namespace lamina {

inline std::string rows_by_cols(Index rows, Index cols) {
  return std::to_string(rows) + "x" + std::to_string(cols);
}

inline void check_rate(double rate, const char* who, const char* what) {
  if (!(rate >= 0.0 && rate < 1.0))
    throw std::invalid_argument(std::string(who) + ": " + what + " must be in [0, 1); got " +
                                std::to_string(rate));
}

}  // namespace lamina
