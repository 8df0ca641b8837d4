// Which instruction set's kernels run: chosen when the module loads, overridden by LAMINA_ISA.
#pragma once

#include <string>
#include <vector>

#include "../kernel.h"
#include "../rules/rule.h"

namespace lamina {

// The table of the instruction set in use, for float or double.
template <class T>
const Kernels<T>& kernels();
template <>
const Kernels<float>& kernels<float>();
template <>
const Kernels<double>& kernels<double>();

// The float32 kernels of v4, with products of numbers rounded to bfloat16; only to be called where
// bfloat16_lacks() is "".
const Kernels<float>& bfloat16_kernels();

// Why there are no such products, "" where there are: the build has none, the CPU lacks features,
// or LAMINA_ISA or use_isa chose an instruction set other than v4.
std::string bfloat16_lacks();

// The optimizers' rules of the instruction set in use, null behind the last.  Every set has the
// same rules at the same places; only their steps differ.
const Rule* const* rules();

// What this CPU lacks of the baseline, "" if nothing: to be asked before any kernel runs.
std::string missing_cpu_features();

// Instruction sets that were built and that this CPU has, the best last.
std::vector<std::string> available_isas();
std::string isa();

// Throws std::invalid_argument for a name that was not built or that the CPU lacks.
void use_isa(const std::string& name);

// The choice at load: LAMINA_ISA if set, else the best.  Throws std::invalid_argument.
void choose_isa();

}  // namespace lamina
