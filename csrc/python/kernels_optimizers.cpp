// Optimizer steps, in place on arrays the caller owns.
#include <limits>

#include "../runtime/isa.h"
#include "array.h"
#include "kernels.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;
double positive(const char* function, const char* name, const Object& value) {
  return number_in(function, name, value, 0.0, kInfinity);
}
double fraction(const char* function, const char* name, const Object& value) {
  return number_in(function, name, value, 0.0, 1.0, true);
}

// Same shape everywhere, and nothing that is written shares memory with anything else.
void check_run(std::initializer_list<const Argument*> written, const Argument& grad) {
  const Argument& param = **written.begin();
  param.needs_rank_at_least(0, "");
  grad.needs_shape(param.shape(), "of param");
  for (auto a = written.begin(); a != written.end(); ++a) {
    if (!(*a)->given()) continue;
    (*a)->needs_shape(param.shape(), "of param");
    (*a)->apart_from(grad);
    for (auto b = written.begin(); b != a; ++b) (*a)->apart_from(**b);
  }
}

template <class T>
T* optional(const Argument& argument) {
  return argument.given() ? argument.in_place<T>() : nullptr;
}

void sgd_update(Object param_, Object grad_, Object velocity_, Object learning_rate,
                Object momentum, Object nesterov) {
  const char* who = "sgd_update";
  const Argument param(who, "param", param_), grad(who, "grad", grad_);
  const OptionalArgument velocity(who, "velocity", velocity_);
  const SgdSpec spec = {positive(who, "learning_rate", learning_rate),
                        fraction(who, "momentum", momentum), flag(who, "nesterov", nesterov)};
  check_run({&param, &velocity}, grad);
  if (!velocity.given() && spec.momentum != 0.0) {
    velocity.refuse("must be given where momentum is not 0; got None");
  }
  with_dtype({&param, &velocity, &grad}, [&](auto zero) {
    using T = decltype(zero);
    const auto gs = grad.values<T>();
    const T* g = gs.data();
    T *p = param.in_place<T>(), *v = optional<T>(velocity);
    without_gil([&] { kernels<T>().sgd(p, v, g, gs.size(), spec); });
  });
}

void rmsprop_update(Object param_, Object mean_square_, Object grad_, Object buffer_,
                    Object mean_grad_, Object learning_rate, Object rho, Object momentum,
                    Object epsilon) {
  const char* who = "rmsprop_update";
  const Argument param(who, "param", param_), mean_square(who, "mean_square", mean_square_),
      grad(who, "grad", grad_);
  const OptionalArgument buffer(who, "velocity", buffer_), mean_grad(who, "mean_grad", mean_grad_);
  const RmspropSpec spec = {positive(who, "learning_rate", learning_rate),
                            fraction(who, "rho", rho), fraction(who, "momentum", momentum),
                            positive(who, "epsilon", epsilon), mean_grad.given()};
  check_run({&param, &mean_square, &buffer, &mean_grad}, grad);
  if (!buffer.given() && spec.momentum != 0.0) {
    buffer.refuse("must be given where momentum is not 0; got None");
  }
  with_dtype({&param, &mean_square, &buffer, &mean_grad, &grad}, [&](auto zero) {
    using T = decltype(zero);
    const auto gs = grad.values<T>();
    const T* g = gs.data();
    T *p = param.in_place<T>(), *s = mean_square.in_place<T>(), *b = optional<T>(buffer),
      *m = optional<T>(mean_grad);
    without_gil([&] { kernels<T>().rmsprop(p, s, b, m, g, gs.size(), spec); });
  });
}

void adam_update(Object param_, Object m_, Object v_, Object grad_, Object step, Object max_v_,
                 Object learning_rate, Object beta_1, Object beta_2, Object epsilon,
                 Object weight_decay) {
  const char* who = "adam_update";
  const Argument param(who, "param", param_), m(who, "m", m_), v(who, "v", v_),
      grad(who, "grad", grad_);
  const OptionalArgument max_v(who, "max_v", max_v_);
  AdamSpec spec = {positive(who, "learning_rate", learning_rate),
                   fraction(who, "beta_1", beta_1),
                   fraction(who, "beta_2", beta_2),
                   positive(who, "epsilon", epsilon),
                   positive(who, "weight_decay", weight_decay),
                   0};
  const auto largest = std::uint64_t(std::numeric_limits<std::int64_t>::max());
  spec.step = std::int64_t(whole_number(who, "step", step, largest));
  if (spec.step == 0) throw py::value_error("adam_update: step must be at least 1; got 0");
  check_run({&param, &m, &v, &max_v}, grad);
  with_dtype({&param, &m, &v, &max_v, &grad}, [&](auto zero) {
    using T = decltype(zero);
    const auto gs = grad.values<T>();
    const T* g = gs.data();
    T *p = param.in_place<T>(), *mp = m.in_place<T>(), *vp = v.in_place<T>(),
      *xp = optional<T>(max_v);
    without_gil([&] { kernels<T>().adam(p, mp, vp, xp, g, gs.size(), spec); });
  });
}

}  // namespace
}  // namespace python

void bind_kernels_optimizers(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  const auto none = pybind11::none();
  module.def("sgd_update", &sgd_update, arg("param"), arg("grad"), arg("velocity") = none,
             arg("learning_rate") = 0.01, arg("momentum") = 0.0, arg("nesterov") = false,
             "One step of SGD, in place.");
  module.def("rmsprop_update", &rmsprop_update, arg("param"), arg("mean_square"), arg("grad"),
             arg("velocity") = none, arg("mean_grad") = none, arg("learning_rate") = 0.001,
             arg("rho") = 0.9, arg("momentum") = 0.0, arg("epsilon") = 1e-7,
             "One step of RMSprop, in place; centered if mean_grad is given.");
  module.def("adam_update", &adam_update, arg("param"), arg("m"), arg("v"), arg("grad"),
             arg("step"), arg("max_v") = none, arg("learning_rate") = 0.001, arg("beta_1") = 0.9,
             arg("beta_2") = 0.999, arg("epsilon") = 1e-7, arg("weight_decay") = 0.0,
             "One step of Adam (AdamW, AMSGrad), in place; step is 1 for the first.");
}

}  // namespace lamina
