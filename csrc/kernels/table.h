// The table of this instruction set.
#pragma once

#include "../kernel.h"

namespace lamina {
namespace LAMINA_ISA {

// Every family of kernels has a file with
//
//     template <class T>
//     void fill_family(Kernels<T>&);
//
// which enters its kernels, instantiated there for both types.  CMake finds it.

// Both tables; the runtime calls it once.
void fill_tables(Kernels<float>&, Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
