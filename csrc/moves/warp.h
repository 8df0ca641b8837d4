// Images sampled between their pixels: rotated, distorted, or in another perspective.
#pragma once

#include "../kernel.h"

namespace lamina {

enum class Outside { constant, nearest, wrap, mirror, reflect };

// Channels are the last axis.  One image, or one field of positions, may be used for all `count`
// outputs.
struct WarpDims {
  Index count, height, width, channels;  // of the input images
  Index to_height, to_width;             // of the outputs
  bool one_image, one_field;
};

struct Reading {
  bool linear;  // bilinear interpolation rather than the nearest pixel
  Outside outside;
  double fill;  // for Outside::constant
};

// float and double.  Pixel i is at position i; positions that are not finite give NaN.
// y_nhwc = x_nhwc at (row_nhw, column_nhw)
template <class T>
void warp_forward(T* y_nhwc, const T* x_nhwc, const T* row_nhw, const T* column_nhw, WarpDims,
                  Reading);
// One thread handles each image and adds in the order of the output pixels.
template <class T>
void warp_backward_image(T* dx_nhwc, const T* dy_nhwc, const T* row_nhw, const T* column_nhw,
                         WarpDims, Reading);
// For linear sampling; either gradient may be null.
template <class T>
void warp_backward_places(T* drow_nhw, T* dcolumn_nhw, const T* dy_nhwc, const T* x_nhwc,
                          const T* row_nhw, const T* column_nhw, WarpDims, Reading);

}  // namespace lamina
