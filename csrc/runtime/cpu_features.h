// What an instruction set needs of the CPU and of the operating system.
#pragma once

#include <string>
#include <vector>

namespace lamina {

// Features of the x86-64 level that an instruction set is named after (v2, v3, v4), those of the
// levels below it included; of "bf16" those of v4 and AVX512_BF16.  Empty where the build has no
// levels.
std::vector<std::string> required_features(const std::string& isa);

// Those that this machine does not offer.
std::vector<std::string> missing_features(const std::string& isa);

}  // namespace lamina
