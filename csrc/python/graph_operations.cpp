// What layers record besides the products: normalisation, embedding, data moved, noise, several
// inputs.
#include <pybind11/stl.h>

#include <limits>

#include "graph.h"
#include "operations/operations.h"

namespace lamina {
namespace python {

namespace py = pybind11;
using namespace py::literals;

namespace {

using GraphClass = py::class_<Graph, std::shared_ptr<Graph>>;
using Optional = std::optional<Tensor>;

const Tensor* pointer(const Optional& tensor) { return tensor ? &*tensor : nullptr; }

void bind_normalization(GraphClass& graph) {
  graph
      .def(
          "batch_norm",
          [](Graph& g, const Tensor& x, const Tensor& mean, const Tensor& variance,
             const Optional& gamma, const Optional& beta, const Optional& mask, double momentum,
             double epsilon, bool batch_statistics, const std::string& name) {
            return batch_norm(g, x, pointer(gamma), pointer(beta), mean, variance, pointer(mask),
                              {momentum, epsilon, batch_statistics}, name);
          },
          "x"_a, "moving_mean"_a, "moving_variance"_a, "gamma"_a = py::none(),
          "beta"_a = py::none(), "mask"_a = py::none(), "momentum"_a = 0.99, "epsilon"_a = 1e-3,
          "batch_statistics"_a = true, "name"_a = "")
      .def(
          "layer_norm",
          [](Graph& g, const Tensor& x, int axes, const Optional& gamma, const Optional& beta,
             double epsilon, const std::string& name) {
            return layer_norm(g, x, axes, pointer(gamma), pointer(beta), epsilon, name);
          },
          "x"_a, "axes"_a = 1, "gamma"_a = py::none(), "beta"_a = py::none(), "epsilon"_a = 1e-3,
          "name"_a = "")
      .def("embedding", &embedding, "ids"_a, "table"_a, "name"_a = "");
}

void bind_moves(GraphClass& graph) {
  graph.def("permute", &permute, "x"_a, "order"_a, "name"_a = "")
      .def("pad", &pad, "x"_a, "margins"_a, "name"_a = "")
      .def("crop", &crop, "x"_a, "margins"_a, "name"_a = "")
      .def("flip", &flip, "x"_a, "axis"_a, "name"_a = "")
      .def("repeat", &repeat, "x"_a, "times"_a, "name"_a = "")
      .def("concatenate", &concatenate, "inputs"_a, "axis"_a, "name"_a = "")
      .def("resize", &resize, "x"_a, "axis"_a, "to"_a, "name"_a = "");
}

Noise noise_from_name(const std::string& name) {
  if (name == "gaussian") return Noise::gaussian;
  if (name == "gaussian_dropout") return Noise::gaussian_dropout;
  if (name == "alpha_dropout") return Noise::alpha_dropout;
  throw std::invalid_argument(
      "noise: must be 'gaussian', 'gaussian_dropout' or 'alpha_dropout'; got '" + name + "'");
}

void bind_elements(GraphClass& graph) {
  graph
      .def(
          "bounded_relu",
          [](Graph& g, const Tensor& x, std::optional<double> max_value, double negative_slope,
             double threshold, const std::string& name) {
            const double most = max_value.value_or(std::numeric_limits<double>::infinity());
            return bounded_relu(g, x, {most, negative_slope, threshold}, name);
          },
          "x"_a, "max_value"_a = py::none(), "negative_slope"_a = 0.0, "threshold"_a = 0.0,
          "name"_a = "")
      .def("prelu", &prelu, "x"_a, "alpha"_a, "name"_a = "")
      .def(
          "noise",
          [](Graph& g, const Tensor& x, const std::string& kind, double amount,
             std::uint32_t stream, const std::string& name) {
            return noise(g, x, noise_from_name(kind), amount, stream, name);
          },
          "x"_a, "kind"_a, "amount"_a, "stream"_a, "name"_a = "")
      .def("spatial_dropout", &spatial_dropout, "x"_a, "rate"_a, "stream"_a, "name"_a = "");
}

void bind_masks(GraphClass& graph) {
  graph.def("token_mask", &token_mask, "ids"_a, "name"_a = "")
      .def("value_mask", &value_mask, "x"_a, "value"_a = 0.0, "name"_a = "")
      .def(
          "where",
          [](Graph& g, const Tensor& mask, const Tensor& x, const Optional& other, double fill,
             const std::string& name) { return where(g, mask, x, pointer(other), fill, name); },
          "mask"_a, "x"_a, "other"_a = py::none(), "fill"_a = 0.0, "name"_a = "")
      .def("masked_mean", &masked_mean, "x"_a, "mask"_a, "name"_a = "")
      .def(
          "join_masks",
          [](Graph& g, const std::vector<Optional>& masks, const std::vector<Shape>& shapes,
             std::optional<Index> axis, const std::string& name) {
            std::vector<const Tensor*> pointers;
            for (const Optional& mask : masks) pointers.push_back(pointer(mask));
            return join_masks(g, pointers, shapes, axis.value_or(-1), name);
          },
          "masks"_a, "shapes"_a, "axis"_a = py::none(), "name"_a = "")
      .def(
          "masked_weight",
          [](Graph& g, const Tensor& mask, const Optional& weight, bool normalized,
             const std::string& name) {
            return masked_weight(g, mask, pointer(weight), normalized, name);
          },
          "mask"_a, "weight"_a = py::none(), "normalized"_a = false, "name"_a = "");
}

Tensor chain(Graph& graph, Combine kind, const std::vector<Tensor>& inputs,
             const std::string& name) {
  if (inputs.empty()) throw std::invalid_argument(name + ": needs at least 1 input; got none");
  Tensor y = inputs[0];
  for (std::size_t i = 1; i < inputs.size(); ++i) y = combine(graph, kind, y, inputs[i], name);
  return y;
}

void bind_merges(GraphClass& graph) {
  const auto of_many = [&](const char* method, Combine kind) {
    graph.def(
        method,
        [kind](Graph& g, const std::vector<Tensor>& inputs, const std::string& name) {
          return chain(g, kind, inputs, name);
        },
        "inputs"_a, "name"_a = "");
  };
  of_many("add", Combine::add);
  of_many("multiply", Combine::multiply);
  of_many("maximum", Combine::maximum);
  of_many("minimum", Combine::minimum);
  graph
      .def(
          "subtract",
          [](Graph& g, const Tensor& a, const Tensor& b, const std::string& name) {
            return combine(g, Combine::subtract, a, b, name);
          },
          "a"_a, "b"_a, "name"_a = "")
      .def(
          "average",
          [](Graph& g, const std::vector<Tensor>& inputs, const std::string& name) {
            return scale(g, chain(g, Combine::add, inputs, name), 1.0 / double(inputs.size()),
                         name);
          },
          "inputs"_a, "name"_a = "")
      .def("scale", &scale, "x"_a, "factor"_a, "name"_a = "")
      .def("dot", &dot, "a"_a, "b"_a, "transpose_a"_a = false, "transpose_b"_a = false,
           "name"_a = "", "The product of two matrices a row.")
      .def("unit_rows", &unit_rows, "x"_a, "name"_a = "");
}

}  // namespace

void bind_graph_operations(py::class_<Graph, std::shared_ptr<Graph>>& graph) {
  bind_normalization(graph);
  bind_moves(graph);
  bind_elements(graph);
  bind_masks(graph);
  bind_merges(graph);
}

}  // namespace python
}  // namespace lamina
