// Elements gathered by index, and gradients and segments summed where indices say.
//
// Indices are checked where they are used: those outside are skipped, or read as a fill value.
// Sums are added in the order of the indices, each by one thread, so their bits depend on no other.
#pragma once

#include "../kernel.h"

namespace lamina {

// x is outer x size x inner; `count` indices along its middle axis.
struct GatherDims {
  Index outer, size, count, inner;
  bool from_end;  // whether negative indices count from the end; else they are outside
};

// An element that is moved: its bits alone count.
template <class T>
struct Gather {
  // y[o, c, i] = x[o, index[c], i]
  static void rows(T* y_oci, const T* x_oni, const std::int32_t* index_c, GatherDims, T fill);
  // y[o, c, i] = x[o, index[o, c, i], i]
  static void elements(T* y_oci, const T* x_oni, const std::int32_t* index_oci, GatherDims, T fill);
};

// Floating-point numbers; of uint32, whose sums wrap around as those of int32 should, add_rows
// alone.
template <class T>
struct Scatter {
  // y[o, index[c], i] (+)= x[o, c, i]
  static void add_rows(T* y_oni, const T* x_oci, const std::int32_t* index_c, GatherDims,
                       Accumulate);
  // y[o, index[o, c, i], i] (+)= x[o, c, i]
  static void add_elements(T* y_oni, const T* x_oci, const std::int32_t* index_oci, GatherDims,
                           Accumulate);
  // The largest of each place, NaN where there is one, minus infinity of none.
  static void largest_rows(T* y_oni, const T* x_oci, const std::int32_t* index_c, GatherDims);
  // The largest ones of a place share its gradient; ties_oni is workspace.
  static void largest_backward(T* dx_oci, T* ties_oni, const T* dy_oni, const T* x_oci,
                               const T* y_oni, const std::int32_t* index_c, GatherDims);
};

}  // namespace lamina
