#include "profile.h"

namespace lamina {

void describe(ProfileLine& line, const Operation& operation, Pass pass, Index rows, bool to_input) {
  const Cost cost = operation.cost(pass, rows, to_input);
  line.operation = operation.kind;
  line.name = operation.name;
  line.sizes = operation.sizes(rows);
  line.flop = cost.flop;
  line.elements = cost.elements;
}

}  // namespace lamina
