// Gathering of elements by index, and sums of gradients and segments at the indices.
//
// Indices are checked where they are used: those outside are skipped, or read as a fill value. Sums
// are added in the order of the indices, each by one thread, so their bits do not depend on the
// number of threads.
#pragma once

#include "../kernel.h"

namespace lamina {

// x is outer x size x inner; `count` indices along its middle axis.
struct GatherDims {
  Index outer, size, count, inner;
  bool from_end;  // negative indices count from the end; else they are outside
};

// An element to move: only its bits matter.
template <class T>
struct Gather {
  // y[o, c, i] = x[o, index[c], i]
  static void rows(T* y_oci, const T* x_oni, const std::int32_t* index_c, GatherDims, T fill);
  // y[o, c, i] = x[o, index[o, c, i], i]
  static void elements(T* y_oci, const T* x_oni, const std::int32_t* index_oci, GatherDims, T fill);
};

// Floating-point numbers; for uint32, whose sums wrap around as those of int32 should, only
// add_rows.
template <class T>
struct Scatter {
  // y[o, index[c], i] (+)= x[o, c, i]
  static void add_rows(T* y_oni, const T* x_oci, const std::int32_t* index_c, GatherDims,
                       Accumulate);
  // y[o, index[o, c, i], i] (+)= x[o, c, i]
  static void add_elements(T* y_oni, const T* x_oci, const std::int32_t* index_oci, GatherDims,
                           Accumulate);
  // The largest for each position, NaN if there is any, minus infinity if there are no elements.
  static void largest_rows(T* y_oni, const T* x_oci, const std::int32_t* index_c, GatherDims);
  // Equal largest elements share the gradient; ties_oni is workspace.
  static void largest_backward(T* dx_oci, T* ties_oni, const T* dy_oni, const T* x_oci,
                               const T* y_oni, const std::int32_t* index_c, GatherDims);
};

}  // namespace lamina
