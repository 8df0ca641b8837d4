// The binders of lamina._core's graph, execution and runtime.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <memory>
#include <optional>

#include "recorded_graph.h"

namespace lamina {

void bind_graph(pybind11::module_& module);
void bind_execution(pybind11::module_& module);
void bind_predictor(pybind11::module_& module);
void bind_searches(pybind11::module_& module);
void bind_objective(pybind11::module_& module);
void bind_runtime(pybind11::module_& module);

namespace python {

pybind11::dtype numpy_dtype(DType dtype);
pybind11::tuple shape_tuple(const Shape& shape);
// `rows` rows of `shape` over memory that `owner` keeps alive; `rows` < 0: without an axis of rows.
pybind11::array view(DType dtype, Index rows, const Shape& shape, const std::byte* data,
                     pybind11::handle owner, bool writable);

// A copy with its own memory.  NumPy would release the GIL while it copies: see gil.h.
pybind11::array copy_of(DType dtype, const Shape& shape, const std::byte* data);

// An argument of type bool: True or False, not everything that has a truth value.
inline pybind11::arg truth(const char* name) { return pybind11::arg(name).noconvert(); }

using GraphClass = pybind11::class_<RecordedGraph, std::shared_ptr<RecordedGraph>>;

// The graph inside a Python object; a TypeError for any other object.
inline Graph& graph_of(const char* who, const pybind11::handle& object) {
  pybind11::detail::make_caster<RecordedGraph> caster;
  if (object.is_none() || !caster.load(object, false))
    throw pybind11::type_error(std::string(who) + ": self must be a Graph; got " +
                               std::string(pybind11::repr(object)));
  return pybind11::detail::cast_op<RecordedGraph&>(caster);
}

// The operations, in graph_operations.cpp.
void bind_graph_operations(pybind11::module_& module, GraphClass& graph);
// A chain of element-wise operations, in expression.cpp.
void bind_graph_expression(GraphClass& graph);

inline const Tensor* pointer(const std::optional<Tensor>& tensor) {
  return tensor ? &*tensor : nullptr;
}

// A user's own operation: forward and backward on NumPy arrays, called back with the GIL held.
Tensor record_python(RecordedGraph& graph, const std::vector<Tensor>& inputs, Shape shape,
                     pybind11::object forward, pybind11::object backward, const std::string& name);

}  // namespace python
}  // namespace lamina
