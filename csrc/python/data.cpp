#include "data.h"

#include "graph.h"

namespace lamina {
namespace python {

namespace py = pybind11;

DataView data_view(const Graph& graph, const Tensor& input, const py::array& array) {
  const Value& value = graph.values()[std::size_t(input.value)];
  const Index rows = array.ndim() > 0 ? array.shape(0) : 0;
  const bool dtype_fits =
      array.dtype().is(numpy_dtype(value.dtype)) || array.dtype().equal(numpy_dtype(value.dtype));
  if (!dtype_fits || !(array.flags() & py::array::c_style) ||
      reinterpret_cast<std::uintptr_t>(array.data()) % bytes_of(value.dtype) != 0)
    throw py::type_error("input '" + value.name + "': needs a C-contiguous " +
                         name_of(value.dtype) + " array; got " +
                         std::string(py::str(array.dtype())));
  const Shape got(array.shape(), array.shape() + array.ndim());
  Shape wanted = input.shape;
  wanted.insert(wanted.begin(), rows);
  if (got != wanted)
    throw py::value_error("input '" + value.name + "': needs shape (rows, " +
                          to_string(input.shape).substr(1) + "; got " + to_string(got));
  return {static_cast<const std::byte*>(array.data()), rows};
}

std::vector<DataView> data_views(const Graph& graph, const std::vector<py::array>& arrays) {
  if (arrays.size() != graph.inputs().size())
    throw py::value_error("the graph has " + std::to_string(graph.inputs().size()) +
                          " inputs; got " + std::to_string(arrays.size()) + " arrays");
  std::vector<DataView> views;
  for (std::size_t i = 0; i < arrays.size(); ++i)
    views.push_back(data_view(graph, graph.inputs()[i], arrays[i]));
  for (const DataView& v : views)
    if (v.rows != views.front().rows)
      throw py::value_error("all arrays need as many rows as the first, " +
                            std::to_string(views.front().rows) + "; got " + std::to_string(v.rows));
  return views;
}

}  // namespace python
}  // namespace lamina
