// What layers record on a graph.
#include <pybind11/stl.h>

#include <array>
#include <limits>

#include "graph.h"
#include "graph/names.h"
#include "operations/operations.h"

namespace lamina {
namespace python {

namespace py = pybind11;
using namespace py::literals;

namespace {

using Optional = std::optional<Tensor>;

void bind_operations(GraphClass& graph) {
  graph
      .def(
          "dense",
          [](Graph& g, const Tensor& x, const Tensor& kernel, const Optional& bias,
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
           truth("from_logits") = false, "name"_a = "");
}

void bind_recurrent(GraphClass& graph) {
  graph.def(
      "recurrent",
      [](Graph& g, const std::string& cell, const Tensor& x, const Tensor& kernel,
         const Tensor& recurrent_kernel, const Optional& bias,
         const std::vector<Tensor>& initial_state, const Optional& mask,
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
      truth("return_sequences") = false, truth("return_state") = false,
      truth("go_backwards") = false, "dropout"_a = 0.0, "recurrent_dropout"_a = 0.0, "stream"_a = 0,
      "recurrent_stream"_a = 0, "name"_a = "",
      "[y], or with return_state [y, h] or, of an lstm, [y, h, c].");
}

// (h, w), (h, w) and (top, bottom, left, right), as Python resolved them.
using Pair = std::array<Index, 2>;
using Pads = std::array<Index, 4>;
WindowSpec window_spec(const Pair& strides, const Pair& dilation, const Pads& p) {
  return {strides[0], strides[1], dilation[0], dilation[1], p[0], p[1], p[2], p[3]};
}

void bind_windows(GraphClass& graph) {
  graph
      .def(
          "conv2d",
          [](Graph& g, const Tensor& x, const Tensor& kernel, const Optional& bias, Pair strides,
             Pair dilation, Pads padding, Index groups, const std::string& activation, double alpha,
             const std::string& name) {
            return conv2d(g, x, kernel, pointer(bias), window_spec(strides, dilation, padding),
                          groups, {activation_from_name(activation), alpha}, name);
          },
          "x"_a, "kernel"_a, "bias"_a, "strides"_a, "dilation"_a, "padding"_a, "groups"_a = 1,
          "activation"_a = "linear", "alpha"_a = 0.0, "name"_a = "",
          "0 groups: depthwise, kernel (h, w, channels, multiplier).")
      .def(
          "conv2d_transpose",
          [](Graph& g, const Tensor& x, const Tensor& kernel, const Optional& bias, Pair strides,
             Pair dilation, Pads padding, Pair size, const std::string& activation, double alpha,
             const std::string& name) {
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
          truth("batch_statistics") = true, "name"_a = "")
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
      .def("spatial_dropout", &spatial_dropout, "x"_a, "rate"_a, "stream"_a,
           truth("share_rows") = false, "name"_a = "");
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
          [](Graph& g, const Tensor& mask, const Optional& weight, const std::string& name) {
            return masked_weight(g, mask, pointer(weight), name);
          },
          "mask"_a, "weight"_a = py::none(), "name"_a = "");
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
      .def("dot", &dot, "a"_a, "b"_a, truth("transpose_a") = false, truth("transpose_b") = false,
           "name"_a = "", "The product of two matrices a row.")
      .def("unit_rows", &unit_rows, "x"_a, "name"_a = "");
}

}  // namespace

void bind_graph_operations(GraphClass& graph) {
  bind_operations(graph);
  bind_recurrent(graph);
  bind_windows(graph);
  bind_normalization(graph);
  bind_moves(graph);
  bind_elements(graph);
  bind_masks(graph);
  bind_merges(graph);
}

}  // namespace python
}  // namespace lamina
