// A chain of element-wise operations as one recorded operation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formula.h"
#include "graph/graph.h"

namespace lamina {

// The node `result` of a formula whose input i is inputs[i]: values row by row or without rows,
// numbers, int32 or truth values.  Their shapes broadcast by NumPy's rules, row by row.  The
// output's type is `dtype`: the graph's, bool (what is not 0) or int32 (towards zero).
//
// Graph::build makes one operation of two where one alone reads the other.
Tensor expression(Graph& graph, const Formula& formula, int result,
                  const std::vector<Tensor>& inputs, DType dtype, const std::string& name);

// The activation that an operation is, recorded as one or as an expression that is nothing else.
std::optional<ActivationSpec> activation_of(const Operation& operation);
// What an expression adds to `x`, values whose last axis is `units`, if it does nothing else and it
// is a vector without rows along that axis; else -1.
ValueId added_vector(const Operation& operation, ValueId x, Index units);
// What an operation, recorded as a sum or as an expression, adds to `x` if it does nothing else and
// it is values of the same rows and shape; else -1.
ValueId added_values(const Operation& operation, ValueId x);

}  // namespace lamina
