// Arrays that are fed to the inputs of a graph.
#pragma once

#include <pybind11/numpy.h>

#include <vector>

#include "graph/execution.h"

namespace lamina {
namespace python {

// An array for graph input `input`: (rows, *shape), C-contiguous, of the input's dtype.  Its memory
// stays the array's.  TypeError or ValueError where it does not fit.
DataView data_view(const Graph& graph, const Tensor& input, const pybind11::array& array);

// One for each input, all of as many rows.
std::vector<DataView> data_views(const Graph& graph, const std::vector<pybind11::array>& arrays);

}  // namespace python
}  // namespace lamina
