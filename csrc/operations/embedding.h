// What an operation needs to know of an embedding to take it over.
#pragma once

#include "graph/operation.h"

namespace lamina {

// The words of an embedding's table, 0 for any other operation.  Its inputs are ids and table.
Index embedded_words(const Operation& operation);

}  // namespace lamina
