// What other operations need to know of a pooling to absorb it.
#pragma once

#include "graph/operation.h"

namespace lamina {

// The windows of a max pooling for one row, null for any other operation.
const PoolDims* max_pooling_window(const Operation& operation);

// The same for an average pooling.
const PoolDims* average_pooling_window(const Operation& operation);

// The same windows on an image cut to the rows and columns that they read.
LAMINA_INLINE constexpr PoolDims without_unread(PoolDims d) {
  const Index rows = (out_height(d) - 1) * d.stride_h + d.pool_h - d.pad_top;
  const Index cols = (out_width(d) - 1) * d.stride_w + d.pool_w - d.pad_left;
  if (rows < d.height) d.height = rows, d.pad_bottom = 0;
  if (cols < d.width) d.width = cols, d.pad_right = 0;
  return d;
}

// How many numbers the images have.
LAMINA_INLINE constexpr Index cells_of(const PoolDims& d) {
  return d.images * d.height * d.width * d.channels;
}

// Whether one window covers the whole image.
LAMINA_INLINE constexpr bool pools_all(const PoolDims& d) {
  return out_height(d) == 1 && out_width(d) == 1 && d.pool_h - d.pad_top >= d.height &&
         d.pool_w - d.pad_left >= d.width;
}

}  // namespace lamina
