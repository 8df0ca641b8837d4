// Sorting along one axis; x is outer x size x inner.
//
// Equal elements, including zeros of both signs, keep their order; NaN counts as the largest.
#pragma once

#include "../kernel.h"

namespace lamina {

struct SortDims {
  Index outer, size, inner;
  Index kept;  // the number of elements to keep, from the start of each line
};

// float, double and int32; values or places may be null.  Returns false if memory is short.
template <class T>
bool sort_lines(T* values_oki, std::int32_t* places_oki, const T* x_oni, SortDims, bool descending);

// Writes each gradient to the position that its value came from, and zeros elsewhere.
template <class T>
void sort_backward(T* dx_oni, const T* dvalues_oki, const std::int32_t* places_oki, SortDims);

}  // namespace lamina
