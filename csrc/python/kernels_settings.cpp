// The settings of operations, as arguments of functions on arrays.
#include <pybind11/stl.h>

#include <stdexcept>

#include "arguments.h"
#include "kernels.h"

namespace lamina {
namespace python {

ActivationSpec activation_spec(const char* function, const py::object& name,
                               const py::object& alpha) {
  ActivationSpec spec;
  spec.kind = enumerator<Activation>(function, "activation", name);
  // The derivative is determined from the output's sign: alpha must not be negative.
  const double infinity = std::numeric_limits<double>::infinity();
  spec.alpha = alpha.is_none() ? default_alpha(spec.kind)
                               : number_in(function, "alpha", alpha, 0.0, infinity);
  return spec;
}

namespace {

using Object = py::object;

double number_within(const std::string& function, const std::string& name, const Object& value,
                     double low, double high, bool open_above) {
  return number_in(function.c_str(), name.c_str(), value, low, high, open_above);
}

double alpha_of(const std::string& function, const Object& activation, const Object& alpha) {
  return activation_spec(function.c_str(), activation, alpha).alpha;
}

// The loss described by the arguments.
LossSpec law(const char* function, const Object& kind, const Object& from_logits,
             const Object& smoothing_, const Object& delta_) {
  const bool logits = flag(function, "from_logits", from_logits);
  const double smoothing = number_in(function, "label_smoothing", smoothing_, 0.0, 1.0);
  const double delta = number_in(function, "delta", delta_, 0.0, kInfinity);
  const Loss named = enumerator<Loss>(function, "kind", kind);
  const LossParameter parameter = facts_of(named).parameter;
  if (smoothing != 0.0 && parameter != LossParameter::smoothing)
    throw py::value_error(text(function,
                               ": label_smoothing is for binary_crossentropy and "
                               "categorical_crossentropy; got kind '",
                               name_of(named), "'"));
  try {
    return {logits ? logits_form(named) : named,
            parameter == LossParameter::delta ? delta : smoothing};
  } catch (const std::invalid_argument& error) {
    throw py::value_error(text(function, ": ", error.what()));
  }
}

std::pair<double, bool> loss_law(const std::string& function, const Object& kind,
                                 const Object& from_logits, const Object& smoothing,
                                 const Object& delta) {
  const LossSpec spec = law(function.c_str(), kind, from_logits, smoothing, delta);
  return {spec.parameter, takes_labels(spec.kind)};
}

}  // namespace
}  // namespace python

void bind_kernels_settings(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  module.def("number_within", &number_within, arg("function"), arg("name"), arg("value"),
             arg("low") = 0.0, arg("high") = kInfinity, arg("open_above") = false,
             "A finite number in a range.");
  module.def("alpha_of", &alpha_of, arg("function"), arg("activation"), arg("alpha"),
             "An activation's parameter, Keras's default for None.");
  module.def("loss_law", &loss_law, arg("function"), arg("kind"), arg("from_logits"),
             arg("label_smoothing"), arg("delta"),
             "A loss's parameter, and whether it takes labels.");
}

}  // namespace lamina
