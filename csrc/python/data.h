// Arrays for the inputs of a graph.
#pragma once

#include <pybind11/numpy.h>

#include <vector>

#include "graph/execution.h"

namespace lamina {
namespace python {

// An array for graph input `input`: (rows, *shape), C-contiguous, of the input's dtype.  The array
// keeps its memory.  TypeError or ValueError if it does not fit.
DataView data_view(const Graph& graph, const Tensor& input, const pybind11::array& array);

// One for each input, all with the same number of rows.
std::vector<DataView> data_views(const Graph& graph, const std::vector<pybind11::array>& arrays);

}  // namespace python
}  // namespace lamina
