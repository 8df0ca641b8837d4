// The axes of a convolution layer for its three products.
#pragma once

#include "conv_plan.h"

namespace lamina {
namespace LAMINA_ISA {

// A signal of one row is treated as one column: the memory is the same, and units can be cut from
// it.
inline ConvDims upright(ConvDims d) {
  if (d.height != 1 || d.kernel_h != 1 || d.pad_top != 0 || d.pad_bottom != 0) return d;
  d.height = d.width;
  d.kernel_h = d.kernel_w;
  d.stride_h = d.stride_w;
  d.dilation_h = d.dilation_w;
  d.pad_top = d.pad_left;
  d.pad_bottom = d.pad_right;
  d.width = d.kernel_w = d.stride_w = d.dilation_w = 1;
  d.pad_left = d.pad_right = 0;
  return d;
}

inline Axis forward_axis(Index in, Index out, Index taps, Index stride, Index dilation, Index pad) {
  return {out, in, taps, stride, pad, dilation, 1};
}
inline Axis backward_axis(Index in, Index out, Index taps, Index stride, Index dilation,
                          Index pad) {
  return {in, out, taps, 1, (taps - 1) * dilation - pad, dilation, stride};
}
inline Axis vertical_forward(const ConvDims& d) {
  return forward_axis(d.height, out_height(d), d.kernel_h, d.stride_h, d.dilation_h, d.pad_top);
}
inline Axis horizontal_forward(const ConvDims& d) {
  return forward_axis(d.width, out_width(d), d.kernel_w, d.stride_w, d.dilation_w, d.pad_left);
}
inline Axis vertical_backward(const ConvDims& d) {
  return backward_axis(d.height, out_height(d), d.kernel_h, d.stride_h, d.dilation_h, d.pad_top);
}
inline Axis horizontal_backward(const ConvDims& d) {
  return backward_axis(d.width, out_width(d), d.kernel_w, d.stride_w, d.dilation_w, d.pad_left);
}

}  // namespace LAMINA_ISA
}  // namespace lamina
