// The table of this instruction set.
#pragma once

#include "../kernel.h"

namespace lamina {
namespace LAMINA_ISA {

// Every family of kernels has a file with
//
//     template <class T>
//     [[gnu::cold]] void fill_family(Kernels<T>&);
//
// which fills in its kernels, instantiated there for both types.  CMake finds it.  Cold functions
// are adjacent in memory: an import, which calls them all, then reads few pages of the module.

// Both tables; the runtime calls this once.
void fill_tables(Kernels<float>&, Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
