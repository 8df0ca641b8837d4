// Lines sorted along one axis; x is outer x size x inner.
//
// Equal elements, zeros of both signs among them, stay in their order; NaN counts as the largest.
#pragma once

#include "../kernel.h"

namespace lamina {

struct SortDims {
  Index outer, size, inner;
  Index kept;  // the first so many of each sorted line
};

// float, double and int32; values or places may be null.  False where there is no memory.
template <class T>
bool sort_lines(T* values_oki, std::int32_t* places_oki, const T* x_oni, SortDims, bool descending);

// Each gradient to where its value came from, zeros elsewhere.
template <class T>
void sort_backward(T* dx_oni, const T* dvalues_oki, const std::int32_t* places_oki, SortDims);

}  // namespace lamina
