// What other operations need to know of a sum to absorb it.
#pragma once

#include "graph/operation.h"

namespace lamina {

// Whether `operation` is the sum of two inputs of one shape.
bool is_sum(const Operation& operation);

}  // namespace lamina
