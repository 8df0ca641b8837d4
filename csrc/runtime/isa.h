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
