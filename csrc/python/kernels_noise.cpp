// Noise, and dropout of whole channels.

#include "arguments.h"
#include "kernels.h"
#include "maps.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;
py::array noise(const char* who, const char* name, Object x_, Object kind_, Object amount_,
                RandomKey key, bool backward) {
  const Argument x(who, name, x_);
  const Noise kind = enumerator<Noise>(who, "kind", kind_);
  const double amount = kind == Noise::gaussian ? number_in(who, "amount", amount_, 0.0, kInfinity)
                                                : number_in(who, "amount", amount_, 0.0, 1.0, true);
  x.needs_rank_at_least(0, "");
  const Index size = x.size();
  return map(x, x.shape(), [=](const auto& k, auto* y, const auto* xp) {
    (backward ? k.noise_backward : k.noise_forward)(y, xp, size, kind, amount, key);
  });
}
py::array noise_forward(Object x, Object kind, Object amount, Object seed, Object stream,
                        Object step) {
  const char* who = "noise_forward";
  return noise(who, "x", x, kind, amount, random_key(who, seed, stream, step), false);
}
py::array noise_backward(Object dy, Object kind, Object amount, Object seed, Object stream,
                         Object step) {
  const char* who = "noise_backward";
  return noise(who, "dy", dy, kind, amount, random_key(who, seed, stream, step), true);
}

// Forward and backward are the same map.
template <bool backward>
py::array spatial_dropout(Object x_, Object rate_, Object seed, Object stream, Object step) {
  const char* who = backward ? "spatial_dropout_backward" : "spatial_dropout_forward";
  const Argument x(who, backward ? "dy" : "x", x_);
  x.needs_rank_at_least(2, "(batch, ..., channels)");
  const double rate = number_in(who, "rate", rate_, 0.0, 1.0, true);
  const RandomKey key = random_key(who, seed, stream, step);
  Index positions = 1;
  for (int k = 1; k < x.rank() - 1; ++k) positions *= x.axis(k);
  const RowsCols dims{x.axis(0), x.axis(-1)};
  return map(x, x.shape(), [=](const auto& k, auto* y, const auto* xp) {
    k.spatial_dropout_forward(y, xp, positions, dims, rate, key);
  });
}

}  // namespace
}  // namespace python

void bind_kernels_noise(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  module.def("noise_forward", &noise_forward, arg("x"), arg("kind"), arg("amount"), arg("seed"),
             arg("stream") = 0, arg("step") = 0, "x with noise.");
  module.def("noise_backward", &noise_backward, arg("dy"), arg("kind"), arg("amount"), arg("seed"),
             arg("stream") = 0, arg("step") = 0, "dx, drawing the same noise again.");
  module.def("spatial_dropout_forward", &spatial_dropout<false>, arg("x"), arg("rate"), arg("seed"),
             arg("stream") = 0, arg("step") = 0, "Dropout of whole channels.");
  module.def("spatial_dropout_backward", &spatial_dropout<true>, arg("dy"), arg("rate"),
             arg("seed"), arg("stream") = 0, arg("step") = 0, "Its gradient.");
}

}  // namespace lamina
