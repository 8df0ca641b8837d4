// Dropout as an operation, which dense layers recognise to fuse with it.
#pragma once

#include <optional>

#include "graph/operation.h"

namespace lamina {

struct DropoutSettings {
  double rate = 0.0;
  std::uint32_t stream = 0;  // of random numbers
  bool always = false;       // outside training too

  bool drops(bool training) const { return rate > 0.0 && (training || always); }
  // The argument of kernels: the call's key with this stream, and rate 0 if nothing is dropped.
  DropoutSpec in_call(RandomKey key, bool training) const {
    return {drops(training) ? rate : 0.0, {key.seed, stream, key.step}};
  }
};

// The settings of an operation that is a dropout.
std::optional<DropoutSettings> dropout_of(const Operation& operation);

}  // namespace lamina
