// Movement of truth values of one byte each.
#pragma once

#include "../kernel.h"

namespace lamina {

// As Kernels::strided_copy.
void copy_bytes(std::uint8_t* y, const std::uint8_t* x, const StridedSpec& spec);

}  // namespace lamina
