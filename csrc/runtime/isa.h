// The choice of the instruction set: made when the module loads, overridden by LAMINA_ISA.
#pragma once

#include <string>
#include <vector>

#include "../kernel.h"
#include "../rules/rule.h"

namespace lamina {

// The table of the current instruction set, for float or double.
template <class T>
const Kernels<T>& kernels();
template <>
const Kernels<float>& kernels<float>();
template <>
const Kernels<double>& kernels<double>();

// The float32 kernels of v4, with products of numbers rounded to bfloat16; only to be called if
// bfloat16_lacks() is "".
const Kernels<float>& bfloat16_kernels();

// Why there are no such products, or "" if there are: the build lacks them, the CPU lacks features,
// or LAMINA_ISA or use_isa chose an instruction set other than v4.
std::string bfloat16_lacks();

// The optimizers' rules for the current instruction set, with null after the last.  Every set has
// the same rules in the same places; only their step functions differ.
const Rule* const* rules();

// The features of the baseline that this CPU lacks, "" if none: to be checked before any kernel
// runs.
std::string missing_cpu_features();

// The instruction sets that were built and that this CPU supports, the best one last.
std::vector<std::string> available_isas();
std::string isa();

// Throws std::invalid_argument for a name that was not built or that the CPU does not support.
void use_isa(const std::string& name);

// The choice at load: LAMINA_ISA if it names an available set, else the best one.  An invalid name
// is ignored here; lamina._environment warns about it.
void choose_isa();

}  // namespace lamina
