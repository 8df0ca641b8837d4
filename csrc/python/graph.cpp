// Parameter, Tensor and Graph for Python.
#include "graph.h"

#include <pybind11/stl.h>

#include <array>

#include "graph/names.h"
#include "operations/operations.h"

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

namespace {

DType dtype_from_name(const std::string& name) {
  if (name == "float32") return DType::float32;
  if (name == "float64") return DType::float64;
  throw std::invalid_argument("dtype: must be 'float32' or 'float64'; got '" + name + "'");
}

const Tensor* pointer(const std::optional<Tensor>& tensor) { return tensor ? &*tensor : nullptr; }

void bind_parameter(py::module_& module) {
  py::class_<Parameter, std::shared_ptr<Parameter>>(
      module, "Parameter", "One array of weights; `allocate` gives it a place.")
      .def(py::init([](std::string name, Shape shape, const std::string& dtype, bool trainable) {
             return std::make_shared<Parameter>(std::move(name), std::move(shape),
                                                dtype_from_name(dtype), trainable);
           }),
           "name"_a, "shape"_a, "dtype"_a, "trainable"_a = true)
      .def_readonly("name", &Parameter::name)
      .def_property_readonly("shape", [](const Parameter& p) { return shape_tuple(p.shape); })
      .def_property_readonly("dtype", [](const Parameter& p) { return name_of(p.dtype); })
      .def_readonly("size", &Parameter::size)
      .def_readwrite("trainable", &Parameter::trainable)
      .def_property_readonly("allocated", &Parameter::allocated,
                             "Whether the parameter has values yet.")
      .def_property_readonly(
          "array",
          [](const std::shared_ptr<Parameter>& p) {
            return view(p->dtype, -1, p->shape, p->data(), py::cast(p), true);
          },
          "A writable view of the live values.");
  module.def("allocate", &allocate, "parameters"_a,
             "Give parameters without a home one flat, zeroed storage.");
}

void bind_tensor(py::module_& module) {
  py::class_<Tensor>(module, "Tensor", "A value of a graph; shapes leave out the row axis.")
      .def_property_readonly("shape", [](const Tensor& t) { return shape_tuple(t.shape); });
}

template <class Class>
void bind_operations(Class& graph) {
  graph
      .def(
          "dense",
          [](Graph& g, const Tensor& x, const Tensor& kernel, const std::optional<Tensor>& bias,
             const std::string& activation, double alpha, const std::string& name) {
            return dense(g, x, kernel, pointer(bias), {activation_from_name(activation), alpha},
                         name);
          },
          "x"_a, "kernel"_a, "bias"_a = py::none(), "activation"_a = "linear", "alpha"_a = 0.0,
          "name"_a = "")
      .def(
          "activation",
          [](Graph& g, const Tensor& x, const std::string& kind, double alpha,
             const std::string& name) {
            return activation(g, x, {activation_from_name(kind), alpha}, name);
          },
          "x"_a, "kind"_a, "alpha"_a = 0.0, "name"_a = "")
      .def("softmax", &softmax, "x"_a, "name"_a = "")
      .def("log_softmax", &log_softmax, "x"_a, "name"_a = "")
      .def("dropout", &dropout, "x"_a, "rate"_a, "stream"_a, "name"_a = "")
      .def(
          "reshape",
          [](const Graph& g, const Tensor& x, Shape shape, const std::string&) {
            return reshape(g, x, std::move(shape));
          },
          "x"_a, "shape"_a, "name"_a = "")
      .def("fold", &fold, "x"_a, "The steps of a row, its first axis, as rows of their own.")
      .def("unfold", &unfold, "x"_a, "steps"_a)
      .def("normalize", &normalize, "x"_a, "mean"_a, "std"_a, "name"_a = "")
      .def("python", &record_python, "inputs"_a, "shape"_a, "forward"_a, "backward"_a,
           "name"_a = "")
      .def("loss", &loss, "kind"_a, "prediction"_a, "target"_a, "parameter"_a = 0.0,
           "from_logits"_a = false, "name"_a = "");
}

template <class Class>
void bind_recurrent(Class& graph) {
  graph.def(
      "recurrent",
      [](Graph& g, const std::string& cell, const Tensor& x, const Tensor& kernel,
         const Tensor& recurrent_kernel, const std::optional<Tensor>& bias,
         const std::vector<Tensor>& initial_state, const std::optional<Tensor>& mask,
         const std::string& activation, double alpha, const std::string& recurrent_activation,
         double recurrent_alpha, bool return_sequences, bool return_state, bool go_backwards,
         double dropout, double recurrent_dropout, std::uint32_t stream,
         std::uint32_t recurrent_stream, const std::string& name) {
        const RecurrentSpec spec{cell_from_name(cell),
                                 {activation_from_name(activation), alpha},
                                 {activation_from_name(recurrent_activation), recurrent_alpha},
                                 return_sequences,
                                 return_state,
                                 go_backwards,
                                 dropout,
                                 recurrent_dropout,
                                 stream,
                                 recurrent_stream};
        return recurrent(g, x, kernel, recurrent_kernel, pointer(bias), initial_state,
                         pointer(mask), spec, name);
      },
      "cell"_a, "x"_a, "kernel"_a, "recurrent_kernel"_a, "bias"_a = py::none(),
      "initial_state"_a = std::vector<Tensor>(), "mask"_a = py::none(), "activation"_a = "tanh",
      "alpha"_a = 0.0, "recurrent_activation"_a = "sigmoid", "recurrent_alpha"_a = 0.0,
      "return_sequences"_a = false, "return_state"_a = false, "go_backwards"_a = false,
      "dropout"_a = 0.0, "recurrent_dropout"_a = 0.0, "stream"_a = 0, "recurrent_stream"_a = 0,
      "name"_a = "", "[y], or with return_state [y, h] or, of an lstm, [y, h, c].");
}

void bind_state(py::module_& module) {
  py::class_<State, std::shared_ptr<State>>(module, "State",
                                            "What each batch leaves to the next, row by row.")
      .def(py::init([](Shape shape, const std::string& dtype) {
             return std::make_shared<State>(std::move(shape), dtype_from_name(dtype));
           }),
           "shape"_a, "dtype"_a)
      .def("reset", &State::reset, "rows"_a = 0, "Zeros, for batches of `rows` rows; 0 for any.")
      .def_property_readonly("rows", &State::rows, "Of the batches; 0 before the first one.")
      .def_property_readonly(
          "array",
          [](const State& s) -> py::object {
            if (s.data() == nullptr) return py::none();
            Shape full = s.shape;
            full.insert(full.begin(), s.rows());
            return py::array(numpy_dtype(s.dtype), full, s.data());
          },
          "A copy; None before the first batch.");
}

template <class Class>
void bind_states(Class& graph) {
  graph
      .def("state", &Graph::state, "state"_a, "name"_a = "",
           "What the batch begins with: the state that the last one left.")
      .def("carry", &Graph::carry, "state"_a, "value"_a, "name"_a = "",
           "Leave a value to the next batch.");
}

// (h, w), (h, w) and (top, bottom, left, right), as Python resolved them.
using Pair = std::array<Index, 2>;
using Pads = std::array<Index, 4>;
WindowSpec window_spec(const Pair& strides, const Pair& dilation, const Pads& p) {
  return {strides[0], strides[1], dilation[0], dilation[1], p[0], p[1], p[2], p[3]};
}

template <class Class>
void bind_windows(Class& graph) {
  graph
      .def(
          "conv2d",
          [](Graph& g, const Tensor& x, const Tensor& kernel, const std::optional<Tensor>& bias,
             Pair strides, Pair dilation, Pads padding, Index groups, const std::string& activation,
             double alpha, const std::string& name) {
            return conv2d(g, x, kernel, pointer(bias), window_spec(strides, dilation, padding),
                          groups, {activation_from_name(activation), alpha}, name);
          },
          "x"_a, "kernel"_a, "bias"_a, "strides"_a, "dilation"_a, "padding"_a, "groups"_a = 1,
          "activation"_a = "linear", "alpha"_a = 0.0, "name"_a = "",
          "0 groups: depthwise, kernel (h, w, channels, multiplier).")
      .def(
          "conv2d_transpose",
          [](Graph& g, const Tensor& x, const Tensor& kernel, const std::optional<Tensor>& bias,
             Pair strides, Pair dilation, Pads padding, Pair size, const std::string& activation,
             double alpha, const std::string& name) {
            return conv2d_transpose(g, x, kernel, pointer(bias),
                                    window_spec(strides, dilation, padding), size[0], size[1],
                                    {activation_from_name(activation), alpha}, name);
          },
          "x"_a, "kernel"_a, "bias"_a, "strides"_a, "dilation"_a, "padding"_a, "size"_a,
          "activation"_a = "linear", "alpha"_a = 0.0, "name"_a = "",
          "To an output of `size` (h, w), which the convolution maps to x.")
      .def(
          "pool2d",
          [](Graph& g, const std::string& kind, const Tensor& x, Pair pool, Pair strides,
             Pads padding, const std::string& name) {
            return pool2d(g, kind, x, pool[0], pool[1], window_spec(strides, {1, 1}, padding),
                          name);
          },
          "kind"_a, "x"_a, "pool"_a, "strides"_a, "padding"_a, "name"_a = "");
}

template <class Class>
void bind_terms(Class& graph) {
  graph
      .def(
          "add_loss",
          [](Graph& g, const Tensor& loss, const std::optional<Tensor>& weight, double scale) {
            g.add_loss(loss, pointer(weight), scale);
          },
          "loss"_a, "weight"_a = py::none(), "scale"_a = 1.0,
          "total += scale * mean over rows and positions of weight * loss")
      .def("add_penalty", &Graph::add_penalty, "parameter"_a, "l1"_a, "l2"_a,
           "total += l1 sum|w| + l2 sum w^2")
      .def(
          "add_metric",
          [](Graph& g, const std::string& kind, const Tensor& prediction, const Tensor& target,
             const std::optional<Tensor>& weight, double parameter) {
            return g.add_metric({metric_from_name(kind), parameter}, prediction, target,
                                pointer(weight));
          },
          "kind"_a, "prediction"_a, "target"_a, "weight"_a = py::none(), "parameter"_a = 0.0)
      .def("add_output", &Graph::add_output, "x"_a);
}

}  // namespace
}  // namespace python

void bind_graph(py::module_& module) {
  python::bind_parameter(module);
  python::bind_tensor(module);
  python::bind_state(module);
  py::class_<Graph, std::shared_ptr<Graph>> graph(
      module, "Graph", "Operations recorded once, frozen by build(), replayed by executions.");
  graph
      .def(py::init([](const std::string& dtype) {
             return std::make_shared<Graph>(python::dtype_from_name(dtype));
           }),
           "dtype"_a)
      .def(
          "input",
          [](Graph& g, Shape shape, const std::string& name, const std::string& dtype) {
            if (dtype != "float" && dtype != "int32" && dtype != "bool")
              throw std::invalid_argument("input: dtype must be 'float', 'int32' or 'bool'; got '" +
                                          dtype + "'");
            return g.input(std::move(shape), name,
                           dtype == "float"   ? g.dtype
                           : dtype == "int32" ? DType::int32
                                              : DType::boolean);
          },
          "shape"_a, "name"_a = "", "dtype"_a = "float")
      .def("parameter", &Graph::parameter, "parameter"_a)
      .def("build", &Graph::build, "Freeze: fuse activations, drop what nothing reads.")
      .def(
          "dtype_of",
          [](const Graph& g, const Tensor& t) {
            const DType dtype = g.check(t, "dtype_of").dtype;
            return is_floating(dtype) ? "float" : name_of(dtype);
          },
          "tensor"_a)
      .def(
          "operations",
          [](const Graph& g) {
            std::vector<std::string> kinds;
            for (const auto& operation : g.operations()) kinds.push_back(operation->kind);
            return kinds;
          },
          "Kinds of the operations in order, fused ones after build().")
      .def_property_readonly("built", &Graph::built)
      .def_property_readonly("inputs", &Graph::inputs)
      .def_property_readonly("outputs", &Graph::outputs)
      .def_property_readonly("dtype", [](const Graph& g) { return name_of(g.dtype); });
  python::bind_operations(graph);
  python::bind_recurrent(graph);
  python::bind_states(graph);
  python::bind_windows(graph);
  python::bind_graph_operations(graph);
  python::bind_terms(graph);
}

}  // namespace lamina
