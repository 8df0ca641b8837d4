// A chain of element-wise operations as one recorded operation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formula.h"
#include "graph/graph.h"

namespace lamina {

// Records the node `result` of a formula whose input i is inputs[i]: with or without rows, of
// numbers, int32 or truth values.  The shapes broadcast by NumPy's rules, row by row.  The output
// has the type `dtype`: the graph's, bool (true where not 0) or int32 (rounded towards zero).
//
// Graph::build fuses two expressions if one is the only reader of the other.
Tensor expression(Graph& graph, const Formula& formula, int result,
                  const std::vector<Tensor>& inputs, DType dtype, const std::string& name);

// The activation that an operation is, recorded as such or as an expression of nothing else.
std::optional<ActivationSpec> activation_of(const Operation& operation);
// Lets an operation that applies `own` apply the activation that `follower` is instead.  Returns
// false if it applies one already, or if backward, which reads only the output, needs the input.
bool absorb_activation(Operation& operation, ActivationSpec& own, const Operation& follower,
                       bool in_inference);
// The operand that an expression adds to `x`, whose last axis is `units`, if it does nothing else
// and the operand is a vector without rows along that axis; else -1.
ValueId added_vector(const Operation& operation, ValueId x, Index units);
// The operand that an operation, recorded as a sum or as an expression, adds to `x`, if it does
// nothing else and the operand has the same rows and shape; else -1.
ValueId added_values(const Operation& operation, ValueId x);

}  // namespace lamina
