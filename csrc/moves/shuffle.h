// Orders at random: a function of a key, the same on every machine.
#pragma once

#include "../kernel.h"

namespace lamina {

// Puts rows into the order that the key draws; size is below 2^32.
void shuffle(std::int64_t* rows, Index size, RandomKey key);

}  // namespace lamina
