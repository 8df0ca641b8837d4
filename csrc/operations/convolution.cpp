#include "convolution.h"

#include <stdexcept>

#include "registry.h"
#include "windows.h"

namespace lamina {
namespace {

std::string text(Index n) { return std::to_string(n); }

// A signal (steps, channels) is treated as an image of height 1; no operation is recorded for it.
void check_axes(Graph& graph, const Tensor& x, const Tensor& kernel, const char* who) {
  graph.check_float(x, who);
  graph.check_whole(kernel, who);
  if (x.shape.size() != 2 && x.shape.size() != 3)
    throw std::invalid_argument(std::string(who) + ": x has shape " + to_string(x.shape) +
                                ", needs (height, width, channels) or (steps, channels)");
  if (kernel.shape.size() != x.shape.size() + 1)
    throw std::invalid_argument(std::string(who) + ": kernel has shape " + to_string(kernel.shape) +
                                ", needs " + text(Index(x.shape.size())) + " + 1 axes for inputs " +
                                to_string(x.shape));
  if (size_of(x.shape) == 0 || size_of(kernel.shape) == 0)
    throw std::invalid_argument(std::string(who) + ": x " + to_string(x.shape) + " and kernel " +
                                to_string(kernel.shape) + " must have elements");
}

ConvDims window_dims(Sides strides, Sides dilation, Padding padding, const Shape& kernel,
                     const char* who) {
  for (const Index n : {strides[0], strides[1], dilation[0], dilation[1]})
    if (n < 1)
      throw std::invalid_argument(std::string(who) + ": strides and dilation must be >= 1");
  for (const Index n : padding)
    if (n < 0) throw std::invalid_argument(std::string(who) + ": padding must be >= 0");
  ConvDims d{};
  d.images = 1;
  d.kernel_h = kernel.size() == 4 ? kernel[0] : 1;
  d.kernel_w = kernel[kernel.size() - 3];
  d.stride_h = strides[0], d.stride_w = strides[1];
  d.dilation_h = dilation[0], d.dilation_w = dilation[1];
  d.pad_top = padding[0], d.pad_bottom = padding[1];
  d.pad_left = padding[2], d.pad_right = padding[3];
  d.groups = 1;
  return d;
}

Shape image_shape(const Shape& like, Index height, Index width, Index channels) {
  return like.size() == 3 ? Shape{height, width, channels} : Shape{width, channels};
}

Tensor record_convolution(Graph& graph, const Tensor& x, const Tensor& kernel, const Tensor* bias,
                          bool transposed, const ConvDims& d, ActivationSpec spec,
                          const std::string& name) {
  const char* who = transposed ? "conv2d_transpose" : "conv2d";
  const Index outputs = transposed ? d.channels : d.filters;
  if (bias != nullptr) {
    graph.check_whole(*bias, who);
    if (bias->shape != Shape{outputs})
      throw std::invalid_argument(std::string(who) + ": bias has shape " + to_string(bias->shape) +
                                  ", needs (" + text(outputs) + ",)");
  }
  const Shape shape = transposed ? image_shape(x.shape, d.height, d.width, outputs)
                                 : image_shape(x.shape, out_height(d), out_width(d), outputs);
  size_of(shape);  // throws on overflow
  const Tensor z = graph.record(
      std::make_unique<Convolution>(
          std::vector<ValueId>{x.value, kernel.value, bias == nullptr ? -1 : bias->value},
          transposed, d, graph.products()),
      shape, name);
  return activation(graph, z, spec, name);
}

Tensor conv2d(Graph& graph, const Tensor& x, const Tensor& kernel, const Tensor* bias,
              Sides strides, Sides dilation, Padding padding, Index groups, Activation kind,
              double alpha, const std::string& name) {
  check_axes(graph, x, kernel, "conv2d");
  ConvDims d = window_dims(strides, dilation, padding, kernel.shape, "conv2d");
  d.height = x.shape.size() == 3 ? x.shape[0] : 1;
  d.width = x.shape[x.shape.size() - 2];
  d.channels = x.shape.back();
  const Index inputs = kernel.shape[kernel.shape.size() - 2];
  const bool depthwise = groups == 0;
  d.groups = depthwise ? d.channels : groups;
  d.filters = depthwise ? checked_product(d.channels, kernel.shape.back()) : kernel.shape.back();
  const bool fits = depthwise ? inputs == d.channels
                              : groups > 0 && d.filters % groups == 0 && d.channels % groups == 0 &&
                                    inputs == d.channels / groups;
  if (!fits)
    throw std::invalid_argument(
        "conv2d: the last axis but one of kernel must have the channels of x" +
        (depthwise ? "" : " divided by groups, " + text(d.channels) + " / " + text(groups)) +
        (depthwise ? "" : ", and groups must divide its filters") + "; got shape " +
        to_string(kernel.shape) + " for inputs " + to_string(x.shape));
  if (out_height(d) < 1 || out_width(d) < 1)
    throw std::invalid_argument("conv2d: kernel must fit into the padded image; got shape " +
                                to_string(kernel.shape) + " for inputs " + to_string(x.shape));
  return record_convolution(graph, x, kernel, bias, false, d, {kind, alpha}, name);
}

Tensor conv2d_transpose(Graph& graph, const Tensor& x, const Tensor& kernel, const Tensor* bias,
                        Sides strides, Sides dilation, Padding padding, Sides size, Activation kind,
                        double alpha, Index groups, const std::string& name) {
  check_axes(graph, x, kernel, "conv2d_transpose");
  ConvDims d = window_dims(strides, dilation, padding, kernel.shape, "conv2d_transpose");
  const auto [height, width] = size;
  d.height = height;
  d.width = width;
  d.groups = groups;
  d.filters = x.shape.back();
  if (kernel.shape.back() != d.filters)
    throw std::invalid_argument("conv2d_transpose: kernel has shape " + to_string(kernel.shape) +
                                ", needs " + text(d.filters) + " as its last axis for inputs " +
                                to_string(x.shape));
  if (groups < 1 || d.filters % groups != 0)
    throw std::invalid_argument("conv2d_transpose: groups must divide the " + text(d.filters) +
                                " filters of inputs " + to_string(x.shape) + "; got " +
                                text(groups));
  d.channels = checked_product(kernel.shape[kernel.shape.size() - 2], groups);
  const Index x_height = x.shape.size() == 3 ? x.shape[0] : 1;
  if (height < 1 || width < 1 || out_height(d) != x_height ||
      out_width(d) != x.shape[x.shape.size() - 2])
    throw std::invalid_argument("conv2d_transpose: an output of " + text(height) + " x " +
                                text(width) + " cannot come from inputs " + to_string(x.shape));
  return record_convolution(graph, x, kernel, bias, true, d, {kind, alpha}, name);
}

const Registration convolutions_registered[] = {
    {"conv2d",
     "x * kernel + bias (cross-correlation), then an element-wise activation.",
     conv2d,
     {{"x", "(height, width, channels), or (steps, channels): an image of height 1."},
      {"kernel", "(height, width, channels / groups, filters), a parameter."},
      {"bias", "(filters,), a parameter, or None."},
      {"strides", "(vertical, horizontal)."},
      {"dilation", "(vertical, horizontal)."},
      {"padding", "Zeros to add: (top, bottom, left, right)."},
      {"groups",
       "Groups of channels; 0 is depthwise, kernel (height, width, channels, multiplier).", 1},
      {"activation", "Activation of the result.", "linear"},
      {"alpha", "Slope of leaky_relu below 0, scale of elu, bound of clipped_relu.", 0.0}}},
    {"conv2d_transpose",
     "The transposed convolution, from the outputs of conv2d to its inputs, then an activation.",
     conv2d_transpose,
     {{"x", "(height, width, filters), or (steps, filters): an image of height 1."},
      {"kernel", "(height, width, channels / groups, filters), a parameter."},
      {"bias", "(channels,), a parameter, or None."},
      {"strides", "(vertical, horizontal)."},
      {"dilation", "(vertical, horizontal)."},
      {"padding", "Zeros around the convolution's inputs: (top, bottom, left, right)."},
      {"size", "(height, width) of the output, which the convolution maps to x."},
      {"activation", "Activation of the result.", "linear"},
      {"alpha", "Slope of leaky_relu below 0, scale of elu, bound of clipped_relu.", 0.0},
      {"groups", "Groups of channels.", 1}}},
};

}  // namespace
}  // namespace lamina
