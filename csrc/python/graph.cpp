// Parameter, Tensor and Graph for Python.
#include "graph.h"

#include <pybind11/stl.h>

#include <cstring>

#include "array.h"
#include "gil.h"
#include "graph/names.h"
#include "graph/plan.h"

namespace lamina {

namespace py = pybind11;
using namespace py::literals;

namespace python {

py::dtype numpy_dtype(DType dtype) {
  return dtype == DType::float32   ? py::dtype::of<float>()
         : dtype == DType::float64 ? py::dtype::of<double>()
         : dtype == DType::int32   ? py::dtype::of<std::int32_t>()
                                   : py::dtype::of<bool>();
}

py::tuple shape_tuple(const Shape& shape) { return py::tuple(py::cast(shape)); }

py::array view(DType dtype, Index rows, const Shape& shape, const std::byte* data, py::handle owner,
               bool writable) {
  Shape full = shape;
  if (rows >= 0) full.insert(full.begin(), rows);
  py::array array(numpy_dtype(dtype), full, data, owner);
  if (!writable) array.attr("flags").attr("writeable") = false;
  return array;
}

py::array copy_of(DType dtype, const Shape& shape, const std::byte* data) {
  py::array array(numpy_dtype(dtype), shape);
  if (array.nbytes() > 0) std::memcpy(array.mutable_data(), data, std::size_t(array.nbytes()));
  return array;
}

namespace {

DType dtype_from_name(const std::string& name) {
  if (name == "float32") return DType::float32;
  if (name == "float64") return DType::float64;
  throw std::invalid_argument("dtype: must be 'float32' or 'float64'; got '" + name + "'");
}

void bind_parameter(py::module_& module) {
  py::class_<Parameter, std::shared_ptr<Parameter>>(
      module, "Parameter", "One array of weights; `allocate` gives it memory.")
      .def(py::init([](std::string name, Shape shape, const std::string& dtype, bool trainable) {
             return std::make_shared<Parameter>(std::move(name), std::move(shape),
                                                dtype_from_name(dtype), trainable);
           }),
           "name"_a, "shape"_a, "dtype"_a, truth("trainable") = true)
      .def_readonly("name", &Parameter::name)
      .def_property_readonly("shape", [](const Parameter& p) { return shape_tuple(p.shape); })
      .def_property(
          "dtype", [](const Parameter& p) { return name_of(p.dtype); },
          [](Parameter& p, const std::string& dtype) {
            if (p.allocated())
              throw std::invalid_argument("parameter '" + p.name + "': holds " + name_of(p.dtype) +
                                          " values; got dtype " + dtype);
            p.dtype = dtype_from_name(dtype);
          })
      .def_readonly("size", &Parameter::size)
      .def_property(
          "trainable", [](const Parameter& p) { return p.trainable; },
          [](Parameter& p, const py::object& value) {
            p.trainable = flag("Parameter", "trainable", value);
          })
      .def_property_readonly("allocated", &Parameter::allocated,
                             "Whether the parameter has values yet.")
      .def_property_readonly(
          "array",
          [](const std::shared_ptr<Parameter>& p) {
            return view(p->dtype, -1, p->shape, p->data(), py::cast(p), true);
          },
          "A writable view of the live values.");
  module.def(
      "allocate",
      [](const std::vector<std::shared_ptr<Parameter>>& parameters) {
        for (const auto& parameter : parameters)
          if (parameter == nullptr) throw py::type_error("allocate: needs parameters; got None");
        allocate(parameters);
      },
      "parameters"_a, "Give parameters without values one flat, zeroed storage.");
}

void bind_tensor(py::module_& module) {
  py::class_<Tensor>(module, "Tensor", "A value of a graph; shapes leave out the row axis.")
      .def_property_readonly("shape", [](const Tensor& t) { return shape_tuple(t.shape); });
}

void bind_state(py::module_& module) {
  py::class_<State, std::shared_ptr<State>>(
      module, "State", "The state that each batch passes to the next, row by row.")
      .def(py::init([](Shape shape, const std::string& dtype) {
             return std::make_shared<State>(std::move(shape), dtype_from_name(dtype));
           }),
           "shape"_a, "dtype"_a)
      .def("reset", &State::reset, "rows"_a = 0,
           "Reset to zeros, for batches of `rows` rows; 0 for any number.")
      .def_property_readonly("rows", &State::rows,
                             "The number of rows per batch; 0 before the first one.")
      .def_property_readonly(
          "array",
          [](const State& s) -> py::object {
            const std::vector<std::byte> copy = s.copy();
            if (copy.empty()) return py::none();
            Shape full = s.shape;
            full.insert(full.begin(), Index(copy.size() / bytes_of(s.dtype)) / size_of(s.shape));
            return copy_of(s.dtype, full, copy.data());
          },
          "A copy; None before the first batch. RuntimeError while a batch runs.")
      .def(
          "set",
          [](State& s, const py::array& values) {
            const auto take = [&](auto zero) {
              using T = decltype(zero);
              const py::array_t<T, py::array::c_style | py::array::forcecast> given(values);
              const Shape sizes(given.shape(), given.shape() + given.ndim());
              if (sizes.empty() || Shape(sizes.begin() + 1, sizes.end()) != s.shape)
                throw py::value_error("State.set: needs rows of shape " + python::text_of(s.shape) +
                                      "; got " + python::text_of(sizes));
              s.set(reinterpret_cast<const std::byte*>(given.data()), sizes[0]);
            };
            s.dtype == DType::float32 ? take(0.0f) : take(0.0);
          },
          "values"_a, "Set the state for the next batch. RuntimeError while a batch runs.");
}

void bind_states(GraphClass& graph) {
  graph
      .def("state", &RecordedGraph::state_of, "state"_a.none(false), "name"_a = "",
           "The state with which the batch begins, left by the last one.")
      .def("carry", &RecordedGraph::carry_of, "state"_a.none(false), "value"_a, "name"_a = "",
           "Pass a value to the next batch.");
}

LossReduction reduction_from_name(const std::string& name) {
  if (name == "mean") return LossReduction::mean;
  if (name == "sum") return LossReduction::sum;
  if (name == "weighted_mean") return LossReduction::weighted_mean;
  throw std::invalid_argument(
      "add_loss: reduction must be 'mean', 'sum' or 'weighted_mean'; got '" + name + "'");
}

void bind_terms(GraphClass& graph) {
  graph
      .def(
          "add_loss",
          [](RecordedGraph& g, const Tensor& loss, const std::optional<Tensor>& weight,
             double scale, const std::optional<Tensor>& mask, const std::string& reduction) {
            return g.add_loss(loss, pointer(weight), pointer(mask), scale,
                              reduction_from_name(reduction));
          },
          "loss"_a, "weight"_a = py::none(), "scale"_a = 1.0, "mask"_a = py::none(),
          "reduction"_a = "mean",
          "total += scale * mean of weight * loss over rows and positions, those that the mask\n"
          "keeps; returns its index in Execution.mean_losses.  The reduction is 'mean', 'sum' or\n"
          "'weighted_mean', the sum of weight * loss over that of the weights.")
      .def("add_penalty", &Graph::add_penalty, "parameter"_a, "l1"_a, "l2"_a,
           truth("proximal") = false,
           "total += l1 sum|w| + l2 sum w^2; with proximal, l1 yields exact zeros")
      .def(
          "add_metric",
          [](RecordedGraph& g, const std::string& kind, const Tensor& prediction,
             const Tensor& target, const std::optional<Tensor>& weight, double parameter) {
            return g.add_metric({from_name<Metric>(kind), parameter}, prediction, target,
                                pointer(weight));
          },
          "kind"_a, "prediction"_a, "target"_a, "weight"_a = py::none(), "parameter"_a = 0.0)
      .def(
          "add_sums",
          [](RecordedGraph& g, const Tensor& amounts, const std::optional<Tensor>& places,
             const std::optional<Tensor>& weight,
             Index count) { return g.add_sums(amounts, pointer(places), pointer(weight), count); },
          "amounts"_a.none(false), "places"_a, "weight"_a, "count"_a,
          "Add each amount, times the weight of its row or position, to the sum at its place, an\n"
          "integer tensor of the amounts' shape, or to that of its column; returns the index in\n"
          "Execution.metrics, where the sums are float64.  Amounts with a place outside are "
          "ignored.")
      .def("add_output", &Graph::add_output, "x"_a);
}

}  // namespace
}  // namespace python

void bind_graph(py::module_& module) {
  python::bind_parameter(module);
  python::bind_tensor(module);
  python::bind_state(module);
  python::GraphClass graph(module, "Graph",
                           "Operations recorded once, frozen by build(), replayed by executions.");
  graph
      .def(py::init([](const std::string& dtype) {
             return std::make_shared<python::RecordedGraph>(python::dtype_from_name(dtype));
           }),
           "dtype"_a)
      .def(
          "input",
          [](python::RecordedGraph& g, Shape shape, const std::string& name,
             const std::string& dtype) {
            if (dtype != "float" && dtype != "int32" && dtype != "bool")
              throw std::invalid_argument("input: dtype must be 'float', 'int32' or 'bool'; got '" +
                                          dtype + "'");
            return g.input(std::move(shape), name,
                           dtype == "float"   ? g.dtype
                           : dtype == "int32" ? DType::int32
                                              : DType::boolean);
          },
          "shape"_a, "name"_a = "", "dtype"_a = "float")
      .def("parameter", &python::RecordedGraph::parameter_of, "parameter"_a.none(false),
           py::arg("own").noconvert() = false)
      .def("train_only", &python::RecordedGraph::train_only, "parameters"_a,
           "Make parameters recorded from here on trainable only if they are among these.")
      .def("stand_in", &python::RecordedGraph::stand_in, "parameter"_a.none(false), "tensor"_a,
           "Make `parameter` return this tensor from now on; None: the parameter itself.")
      .def(
          "constant",
          [](python::RecordedGraph& g, const py::array& array) {
            for (const DType dtype : {g.dtype, DType::int32, DType::boolean})
              if (array.dtype().equal(python::numpy_dtype(dtype)) &&
                  (array.flags() & py::array::c_style))
                return g.constant(Shape(array.shape(), array.shape() + array.ndim()),
                                  static_cast<const std::byte*>(array.data()), dtype);
            throw py::type_error("constant: needs a C-contiguous array of " +
                                 std::string(name_of(g.dtype)) + ", int32 or bool; got " +
                                 std::string(py::str(array.dtype())));
          },
          "array"_a, "Constant values without an axis of rows; they are copied.")
      .def(
          "dtype_of",
          [](const python::RecordedGraph& g, const Tensor& x) {
            return name_of(g.check(x, "dtype_of").dtype);
          },
          "x"_a)
      .def(
          "whole",
          [](const python::RecordedGraph& g, const Tensor& x) {
            g.check(x, "whole");
            return g.whole(x);
          },
          "x"_a,
          "Whether a tensor has no axis of rows: parameters, constants, results of all rows.")
      .def_property(
          "products",
          [](const python::RecordedGraph& g) {
            return g.products() == Products::bfloat16 ? "bfloat16" : name_of(g.dtype);
          },
          [](python::RecordedGraph& g, const std::string& name) {
            if (name != "bfloat16" && name != name_of(g.dtype))
              throw std::invalid_argument(std::string("products: must be 'bfloat16' or the graph's "
                                                      "own '") +
                                          name_of(g.dtype) + "'; got '" + name + "'");
            g.set_products(name == "bfloat16" ? Products::bfloat16 : Products::of_graph);
          },
          "The type of the products of operations recorded from here on: the graph's, or "
          "'bfloat16'.")
      .def(
          "require_rows",
          [](python::RecordedGraph& g, Index rows) { g.require_rows(rows, "require_rows"); },
          "rows"_a, "Require batches of exactly this many rows, as `all_rows` does.")
      .def("enter", &python::RecordedGraph::enter, "name"_a,
           "Record inside a layer of that name until `leave`: it becomes part of parameter paths.")
      .def("leave", &python::RecordedGraph::leave)
      .def_property_readonly(
          "paths",
          [](const python::RecordedGraph& g) {
            std::vector<std::string> paths;
            for (const ParameterSlot& slot : g.parameters()) paths.push_back(slot.path);
            return paths;
          },
          "The paths of the parameters, in the order of their slots.")
      .def_property_readonly("parameters", &python::RecordedGraph::parameters_given,
                             "The parameters passed to executions, by slot.")
      .def(
          "origin",
          [](const python::RecordedGraph& g, const Tensor& t) {
            g.check(t, "origin");
            return g.origin(t);
          },
          "x"_a,
          "The origin of a tensor, ignoring dropout: an activation's name or an operation's kind.")
      .def(
          "build",
          [](python::RecordedGraph& g, bool inference) {
            const python::WithoutGil released;
            g.build(inference);
          },
          python::truth("inference") = false,
          "Freeze the graph: evaluate constants, merge equal operations, fuse, and drop unused "
          "ones.  "
          "For `inference` more is fused, and no execution may train.")
      .def(
          "operations",
          [](const python::RecordedGraph& g) {
            std::vector<std::string> kinds;
            for (const auto& operation : g.operations()) kinds.push_back(operation->kind);
            return kinds;
          },
          "The kinds of the operations in order, after build() with fused ones.")
      .def(
          "block", [](const python::RecordedGraph& g, Index rows) { return rows_within(g, rows); },
          "rows"_a,
          "How many of `rows` rows fit into a plan of a few megabytes in inference, at least 1.")
      .def_property_readonly("built", &Graph::built)
      .def_property_readonly(
          "rows",
          [](const python::RecordedGraph& g) {
            return g.rows() == 0 ? std::optional<Index>() : g.rows();
          },
          "The number of rows that every batch must have; None for any number.")
      .def_property_readonly("inputs", &Graph::inputs)
      .def_property_readonly("outputs", &Graph::outputs)
      .def_property_readonly("dtype",
                             [](const python::RecordedGraph& g) { return name_of(g.dtype); });
  python::bind_states(graph);
  python::bind_graph_operations(module, graph);
  python::bind_graph_expression(graph);
  python::bind_terms(graph);
}

}  // namespace lamina
