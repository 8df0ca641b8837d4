// Random permutations: a function of a key, the same on every machine.
#pragma once

#include "../kernel.h"

namespace lamina {

// Permutes the rows as determined by the key; size is below 2^32.
void shuffle(std::int64_t* rows, Index size, RandomKey key);

}  // namespace lamina
