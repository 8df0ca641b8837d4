// What others need to know of a pooling to take it over.
#pragma once

#include "graph/operation.h"

namespace lamina {

// The windows of a max pooling for one row, null for any other operation.
const PoolDims* max_pooling_window(const Operation& operation);

// The same of an average pooling.
const PoolDims* average_pooling_window(const Operation& operation);

// Whether one window holds the whole image.
LAMINA_INLINE constexpr bool pools_all(const PoolDims& d) {
  return out_height(d) == 1 && out_width(d) == 1 && d.pool_h - d.pad_top >= d.height &&
         d.pool_w - d.pad_left >= d.width;
}

}  // namespace lamina
