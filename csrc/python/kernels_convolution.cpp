// Convolution and pooling on NumPy arrays, over one or two spatial axes.
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <array>

#include "../runtime/isa.h"
#include "arguments.h"
#include "array.h"
#include "kernels.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;
using Gradients = py::typing::Tuple<py::array, py::array, py::array>;  // dx, dkernel, dbias
using Name = const std::string&;

// Strides, dilation and padding as Python resolved them: (h, w), (h, w), (top, bottom, left,
// right).  A signal's axis is w; its h is 1.
struct WindowSettings {
  std::array<Index, 2> strides;
  std::array<Index, 2> dilation;
  std::array<Index, 4> padding;
};

// The size of a spatial axis (0: height, 1: width) of an image or kernel that begins at `first`.
Index spatial(const Argument& a, int first, int rank, int axis) {
  if (rank == 2) return a.axis(first + axis);
  return axis == 0 ? 1 : a.axis(first);
}
void needs_image(const Argument& x, int rank) {
  x.needs_rank(rank + 2,
               rank == 2 ? "(batch, height, width, channels)" : "(batch, steps, channels)");
  for (int k = 1; k < rank + 2; ++k) {
    if (x.axis(k) == 0) {
      x.refuse("must have at least one element along every axis but the first; got shape " +
               text_of(x.shape()));
    }
  }
}
Shape image_shape(int rank, Index images, Index height, Index width, Index channels) {
  if (rank == 2) return {images, height, width, channels};
  return {images, width, channels};
}

// --- convolution

void needs_kernel(const Argument& kernel, int rank, Index groups, bool transposed) {
  kernel.needs_rank(
      rank + 2,
      transposed ? (rank == 2 ? "(height, width, filters, channels)" : "(size, filters, channels)")
                 : (rank == 2 ? "(height, width, channels / groups, filters)"
                              : "(size, channels / groups, filters)"));
  if (kernel.size() == 0) {
    kernel.refuse("must have at least one element; got shape " + text_of(kernel.shape()));
  }
  if (kernel.axis(-1) % groups != 0) {
    kernel.refuse(text("must have a last axis that groups, ", groups, ", divide; got shape ",
                       text_of(kernel.shape())));
  }
}

ConvDims dims_of(const Argument& kernel, int rank, const WindowSettings& w, Index groups) {
  ConvDims d{};
  d.kernel_h = spatial(kernel, 0, rank, 0);
  d.kernel_w = spatial(kernel, 0, rank, 1);
  d.stride_h = w.strides[0];
  d.stride_w = w.strides[1];
  d.dilation_h = w.dilation[0];
  d.dilation_w = w.dilation[1];
  d.pad_top = w.padding[0];
  d.pad_bottom = w.padding[1];
  d.pad_left = w.padding[2];
  d.pad_right = w.padding[3];
  d.groups = groups;
  d.channels = kernel.axis(-2) * groups;
  d.filters = kernel.axis(-1);
  return d;
}

ConvDims conv_dims(const Argument& x, const Argument& kernel, int rank, const WindowSettings& w,
                   Index groups) {
  needs_image(x, rank);
  needs_kernel(kernel, rank, groups, false);
  ConvDims d = dims_of(kernel, rank, w, groups);
  d.images = x.axis(0);
  d.height = spatial(x, 1, rank, 0);
  d.width = spatial(x, 1, rank, 1);
  if (d.channels != x.axis(-1)) {
    kernel.refuse(text("must have the channels of x over groups, ", x.axis(-1), " / ", groups,
                       ", as its last axis but one; got shape ", text_of(kernel.shape()),
                       " for x of shape ", text_of(x.shape())));
  }
  if (out_height(d) < 1 || out_width(d) < 1) {
    kernel.refuse(text("must fit into the padded image; got shape ", text_of(kernel.shape()),
                       " for x of shape ", text_of(x.shape())));
  }
  return d;
}

// The convolution whose input is the transposed layer's output of `size`.
ConvDims transpose_dims(const Argument& x, const Argument& kernel, int rank,
                        const WindowSettings& w, Index groups, std::array<Index, 2> size) {
  needs_image(x, rank);
  needs_kernel(kernel, rank, groups, true);
  ConvDims d = dims_of(kernel, rank, w, groups);
  d.images = x.axis(0);
  d.height = size[0];
  d.width = size[1];
  if (d.filters != x.axis(-1)) {
    kernel.refuse(text("must have the channels of x, ", x.axis(-1),
                       ", as its last axis; got shape ", text_of(kernel.shape()),
                       " for x of shape ", text_of(x.shape())));
  }
  if (out_height(d) != spatial(x, 1, rank, 0) || out_width(d) != spatial(x, 1, rank, 1)) {
    x.refuse(text("must be what a convolution of an output of ", size[0], " x ", size[1],
                  " gives, ", out_height(d), " x ", out_width(d), "; got shape ",
                  text_of(x.shape())));
  }
  return d;
}

Shape output_shape(const ConvDims& d, int rank) {
  return image_shape(rank, d.images, out_height(d), out_width(d), d.filters);
}
Shape input_shape(const ConvDims& d, int rank) {
  return image_shape(rank, d.images, d.height, d.width, d.channels);
}

template <class Choose>
py::array forward(const Argument& x, const Argument& kernel, const Argument& bias,
                  const ConvDims& dims, const Shape& shape, ActivationSpec spec, Choose choose) {
  if (bias.given()) bias.needs_shape({shape.back()}, "(filters,)");
  return with_dtype({&x, &kernel, &bias}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto xs = x.values<T>(), ws = kernel.values<T>();
    const auto bs = bias.given() ? bias.values<T>() : py::array_t<T>();
    auto y = output<T>(x.function, shape);
    T* yp = y.mutable_data();
    const T *xp = xs.data(), *wp = ws.data(), *bp = bias.given() ? bs.data() : nullptr;
    without_gil([&] { choose(kernels<T>())(yp, xp, wp, bp, dims, spec); });
    return y;
  });
}

py::array conv_forward(Name who, int rank, Object x_, Object kernel_, Object bias_,
                       const WindowSettings& window, Index groups, Object activation,
                       Object alpha) {
  const Argument x(who.c_str(), "x", x_), kernel(who.c_str(), "kernel", kernel_);
  const OptionalArgument bias(who.c_str(), "bias", bias_);
  const ActivationSpec spec = activation_spec(who.c_str(), activation, alpha);
  const ConvDims d = conv_dims(x, kernel, rank, window, groups);
  return forward(x, kernel, bias, d, output_shape(d, rank), spec,
                 [](const auto& k) { return k.conv2d_forward; });
}

py::array conv_transpose_forward(Name who, int rank, Object x_, Object kernel_, Object bias_,
                                 const WindowSettings& window, Index groups,
                                 std::array<Index, 2> size, Object activation, Object alpha) {
  const Argument x(who.c_str(), "x", x_), kernel(who.c_str(), "kernel", kernel_);
  const OptionalArgument bias(who.c_str(), "bias", bias_);
  const ActivationSpec spec = activation_spec(who.c_str(), activation, alpha);
  const ConvDims d = transpose_dims(x, kernel, rank, window, groups, size);
  return forward(x, kernel, bias, d, input_shape(d, rank), spec,
                 [](const auto& k) { return k.conv2d_transpose_forward; });
}

template <class Choose>
Gradients backward(const Argument& dz, const Argument& x, const Argument& kernel,
                   const Argument& dkernel, const Argument& dbias, const Object& dkernel_,
                   const Object& dbias_, const ConvDims& dims, const Shape& dz_shape,
                   Choose choose) {
  dz.needs_shape(dz_shape, "of the output");
  if (dkernel.given() != dbias.given()) {
    dkernel.refuse("and dbias must be given together, to be added to, or neither");
  }
  for (const Argument* read : std::initializer_list<const Argument*>{&dz, &x, &kernel}) {
    dkernel.apart_from(*read);
    dbias.apart_from(*read);
  }
  dkernel.apart_from(dbias);
  return with_dtype({&dz, &x, &kernel, &dkernel, &dbias}, [&](auto zero) -> Gradients {
    using T = decltype(zero);
    const auto dzs = dz.values<T>(), xs = x.values<T>(), ws = kernel.values<T>();
    auto dx = output<T>(x.function, x.shape());
    auto [dw, dwp_] = gradient_array<T>(dkernel, dkernel_, kernel.shape(), "of the kernel");
    auto [db, dbp_] = gradient_array<T>(dbias, dbias_, {dz_shape.back()}, "(filters,)");
    T *dxp = dx.mutable_data(), *dwp = dwp_, *dbp = dbp_;
    const T *dzp = dzs.data(), *xp = xs.data(), *wp = ws.data();
    const auto add = Accumulate(dkernel.given());
    without_gil([&] { choose(kernels<T>())(dxp, dwp, dbp, dzp, xp, wp, dims, add); });
    return Gradients(py::make_tuple(dx, dw, db));
  });
}

Gradients conv_backward(Name who, int rank, Object dz_, Object x_, Object kernel_,
                        const WindowSettings& window, Index groups, Object dkernel_,
                        Object dbias_) {
  const Argument dz(who.c_str(), "dz", dz_), x(who.c_str(), "x", x_),
      kernel(who.c_str(), "kernel", kernel_);
  const OptionalArgument dkernel(who.c_str(), "dkernel", dkernel_),
      dbias(who.c_str(), "dbias", dbias_);
  const ConvDims d = conv_dims(x, kernel, rank, window, groups);
  return backward(dz, x, kernel, dkernel, dbias, dkernel_, dbias_, d, output_shape(d, rank),
                  [](const auto& k) { return k.conv2d_backward; });
}

Gradients conv_transpose_backward(Name who, int rank, Object dz_, Object x_, Object kernel_,
                                  const WindowSettings& window, Index groups,
                                  std::array<Index, 2> size, Object dkernel_, Object dbias_) {
  const Argument dz(who.c_str(), "dz", dz_), x(who.c_str(), "x", x_),
      kernel(who.c_str(), "kernel", kernel_);
  const OptionalArgument dkernel(who.c_str(), "dkernel", dkernel_),
      dbias(who.c_str(), "dbias", dbias_);
  const ConvDims d = transpose_dims(x, kernel, rank, window, groups, size);
  return backward(dz, x, kernel, dkernel, dbias, dkernel_, dbias_, d, input_shape(d, rank),
                  [](const auto& k) { return k.conv2d_transpose_backward; });
}

// --- pooling

PoolDims pool_dims(const char* who, const Shape& x, int rank, std::array<Index, 2> pool,
                   const WindowSettings& w) {
  const PoolDims d{x[0],         rank == 2 ? x[1] : 1, x[x.size() - 2], x.back(),     pool[0],
                   pool[1],      w.strides[0],         w.strides[1],    w.padding[0], w.padding[1],
                   w.padding[2], w.padding[3]};
  const bool padded = d.pad_top >= d.pool_h || d.pad_bottom >= d.pool_h || d.pad_left >= d.pool_w ||
                      d.pad_right >= d.pool_w;
  if (padded) {
    throw py::value_error(text(who, ": padding must be smaller than the pool size; got ", d.pad_top,
                               ", ", d.pad_bottom, ", ", d.pad_left, ", ", d.pad_right,
                               " around a pool of ", d.pool_h, " x ", d.pool_w));
  }
  if (out_height(d) < 1 || out_width(d) < 1) {
    throw py::value_error(text(who, ": pool_size must fit into the padded image; got ", d.pool_h,
                               " x ", d.pool_w, " for x of shape ", text_of(x)));
  }
  return d;
}
Shape pooled_shape(const PoolDims& d, int rank) {
  return image_shape(rank, d.images, out_height(d), out_width(d), d.channels);
}

py::tuple max_pool_forward(Name who, int rank, Object x_, std::array<Index, 2> pool,
                           const WindowSettings& window) {
  const Argument x(who.c_str(), "x", x_);
  needs_image(x, rank);
  const PoolDims d = pool_dims(who.c_str(), x.shape(), rank, pool, window);
  const Shape shape = pooled_shape(d, rank);
  return with_dtype({&x}, [&](auto zero) -> py::tuple {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    auto y = output<T>(who.c_str(), shape);
    const bool bytes = pool_index_bytes(d) == 1;
    py::array index = bytes ? py::array(py::array_t<std::uint8_t>(shape))
                            : py::array(py::array_t<std::int32_t>(shape));
    T* yp = y.mutable_data();
    void* ip = index.mutable_data();
    const T* xp = xs.data();
    without_gil([&] { kernels<T>().max_pool2d_forward(yp, ip, xp, d, false); });
    return py::make_tuple(y, index);
  });
}

py::array max_pool_backward(Name who, int rank, Object dy_, Object index_, const Shape& shape,
                            std::array<Index, 2> pool, const WindowSettings& window) {
  const Argument dy(who.c_str(), "dy", dy_), index(who.c_str(), "index", index_);
  const PoolDims d = pool_dims(who.c_str(), shape, rank, pool, window);
  dy.needs_shape(pooled_shape(d, rank), "of the output");
  index.needs_shape(pooled_shape(d, rank), "of the output");
  const bool narrow = pool_index_bytes(d) == 1;
  std::optional<py::array_t<std::uint8_t>> bytes;
  py::array_t<std::int32_t> wide;
  if (narrow) bytes = index.bytes(d.pool_h * d.pool_w);
  if (!bytes) {
    wide = index.labels(d.pool_h * d.pool_w);
    if (narrow) {
      bytes.emplace(wide.size());
      std::copy_n(wide.data(), wide.size(), bytes->mutable_data());
    }
  }
  const void* ip = narrow ? static_cast<const void*>(bytes->data()) : wide.data();
  return with_dtype({&dy}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto dys = dy.values<T>();
    auto dx = output<T>(who.c_str(), shape);
    T* dxp = dx.mutable_data();
    const T* dyp = dys.data();
    without_gil([&] { kernels<T>().max_pool2d_backward(dxp, dyp, ip, d); });
    return dx;
  });
}

py::array average_pool_forward(Name who, int rank, Object x_, std::array<Index, 2> pool,
                               const WindowSettings& window) {
  const Argument x(who.c_str(), "x", x_);
  needs_image(x, rank);
  const PoolDims d = pool_dims(who.c_str(), x.shape(), rank, pool, window);
  return with_dtype({&x}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    auto y = output<T>(who.c_str(), pooled_shape(d, rank));
    T* yp = y.mutable_data();
    const T* xp = xs.data();
    without_gil([&] { kernels<T>().average_pool2d_forward(yp, xp, d); });
    return y;
  });
}

py::array average_pool_backward(Name who, int rank, Object dy_, const Shape& shape,
                                std::array<Index, 2> pool, const WindowSettings& window) {
  const Argument dy(who.c_str(), "dy", dy_);
  const PoolDims d = pool_dims(who.c_str(), shape, rank, pool, window);
  dy.needs_shape(pooled_shape(d, rank), "of the output");
  return with_dtype({&dy}, [&](auto zero) -> py::array {
    using T = decltype(zero);
    const auto dys = dy.values<T>();
    auto dx = output<T>(who.c_str(), shape);
    T* dxp = dx.mutable_data();
    const T* dyp = dys.data();
    without_gil([&] { kernels<T>().average_pool2d_backward(dxp, dyp, d); });
    return dx;
  });
}

}  // namespace
}  // namespace python

void bind_kernels_convolution(pybind11::module_& module) {
  using namespace python;
  py::class_<WindowSettings>(module, "WindowSettings",
                             "Strides (h, w), dilation (h, w), padding (top, bottom, left, right).")
      .def(py::init([](std::array<Index, 2> strides, std::array<Index, 2> dilation,
                       std::array<Index, 4> padding) {
             return WindowSettings{strides, dilation, padding};
           }),
           py::arg("strides"), py::arg("dilation"), py::arg("padding"));
  module.def("conv_forward", &conv_forward, "activation(x * kernel + bias) over images.");
  module.def("conv_backward", &conv_backward,
             "(dx, dkernel, dbias) from the gradient at the pre-activation.");
  module.def("conv_transpose_forward", &conv_transpose_forward,
             "The transposed convolution, to an output of the size given.");
  module.def("conv_transpose_backward", &conv_transpose_backward,
             "(dx, dkernel, dbias) of the transposed convolution.");
  module.def("max_pool_forward", &max_pool_forward, "(y, index of the maximum in its window).");
  module.def("max_pool_backward", &max_pool_backward, "dx from dy and the index.");
  module.def("average_pool_forward", &average_pool_forward, "Means over the windows' real cells.");
  module.def("average_pool_backward", &average_pool_backward, "dx from dy.");
}

}  // namespace lamina
