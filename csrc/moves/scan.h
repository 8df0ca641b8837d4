// Cumulative sums and products along one axis: x is outer x size x inner.
//
// They are calculated in the order of the axis, in double, and rounded when they are stored; int32
// results wrap around.
#pragma once

#include "../kernel.h"

namespace lamina {

// float, double and int32; `reverse`: from the last position to the first.
template <class T>
void running_sum(T* y_oni, const T* x_oni, ReduceDims, bool reverse);
template <class T>
void running_product(T* y_oni, const T* x_oni, ReduceDims, bool reverse);

// dx, calculated without a division, for float and double; y and `reverse` are those of forward.
template <class T>
void running_product_backward(T* dx_oni, const T* dy_oni, const T* x_oni, const T* y_oni,
                              ReduceDims, bool reverse);

}  // namespace lamina
