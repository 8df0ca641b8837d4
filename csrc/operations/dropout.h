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
  // What a kernel needs in a call whose key has no stream yet; nothing is dropped unless `drops`.
  DropoutSpec in_call(RandomKey key, bool training) const {
    return {drops(training) ? rate : 0.0, {key.seed, stream, key.step}};
  }
};

// The settings of an operation that is a dropout.
std::optional<DropoutSettings> dropout_of(const Operation& operation);

}  // namespace lamina
