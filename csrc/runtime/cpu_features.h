// The features of the CPU and the operating system that an instruction set needs.
#pragma once

#include <string>
#include <vector>

namespace lamina {

// The features of the x86-64 level that an instruction set is named after (v2, v3, v4), including
// those of the levels below it; for "bf16" those of v4 and AVX512_BF16.  Empty if the build has no
// levels.
std::vector<std::string> required_features(const std::string& isa);

// The required features that this machine lacks.
std::vector<std::string> missing_features(const std::string& isa);

}  // namespace lamina
