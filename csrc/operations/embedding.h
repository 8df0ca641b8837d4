// What other operations need to know of an embedding to absorb it.
#pragma once

#include "graph/operation.h"

namespace lamina {

// The number of words in an embedding's table, 0 for any other operation.  Its inputs are ids and
// table.
Index embedded_words(const Operation& operation);

}  // namespace lamina
