// What a convolution needs to know of a max pooling to take it over.
#pragma once

#include "graph/operation.h"

namespace lamina {

// The windows of a max pooling for one row, null for any other operation.
const PoolDims* max_pooling_window(const Operation& operation);

}  // namespace lamina
