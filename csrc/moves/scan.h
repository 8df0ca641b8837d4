// Running sums and products along one axis: x is outer x size x inner.
//
// One after the other in the order of the axis, calculated in double and rounded where they are
// stored; int32 ones wrap around.
#pragma once

#include "../kernel.h"

namespace lamina {

// float, double and int32; `reverse`: from the last position to the first.
template <class T>
void running_sum(T* y_oni, const T* x_oni, ReduceDims, bool reverse);
template <class T>
void running_product(T* y_oni, const T* x_oni, ReduceDims, bool reverse);

// dx, without a division, of float and double; y and `reverse` are forward's.
template <class T>
void running_product_backward(T* dx_oni, const T* dy_oni, const T* x_oni, const T* y_oni,
                              ReduceDims, bool reverse);

}  // namespace lamina
