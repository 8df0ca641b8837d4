// Batch and layer normalisation on NumPy arrays.
#include <pybind11/typing.h>

#include "../runtime/isa.h"
#include "arguments.h"
#include "array.h"
#include "kernels.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;
using Three = py::typing::Tuple<py::array, py::array, py::array>;
// Values, or nothing where the argument was not given.
template <class T>
struct Optional {
  explicit Optional(const Argument& argument) {
    if (!argument.given()) return;
    array = argument.values<T>();
    data = array.data();
  }
  py::array_t<T> array;
  const T* data = nullptr;
};

struct Mask {
  Mask(const Argument& argument, const Shape& shape) {
    if (!argument.given()) return;
    array = mask_bytes(argument, shape, "of x without its last axis");
    data = array.data();
  }
  py::array_t<std::uint8_t> array;
  const std::uint8_t* data = nullptr;
};

void needs_columns(std::initializer_list<const Argument*> arguments, Index columns) {
  for (const Argument* argument : arguments)
    if (argument->given()) argument->needs_shape({columns}, "(columns,)");
}

// --- batch normalisation

Three batch_norm_forward(Object x_, Object gamma_, Object beta_, Object mean_, Object variance_,
                         Object epsilon_, Object mask_) {
  const char* who = "batch_norm_forward";
  const Argument x(who, "x", x_);
  const OptionalArgument gamma(who, "gamma", gamma_), beta(who, "beta", beta_),
      mean(who, "mean", mean_), variance(who, "variance", variance_), mask(who, "mask", mask_);
  const double epsilon = number_in(who, "epsilon", epsilon_, 0.0, kInfinity);
  x.needs_rank_at_least(1, "(..., columns)");
  needs_columns({&gamma, &beta, &mean, &variance}, x.axis(-1));
  if (mean.given() != variance.given())
    mean.refuse("and variance must be given together, or neither");
  if (mean.given() && mask.given())
    mask.refuse("chooses the rows of the statistics; it must be None where they are given");
  return with_dtype({&x, &gamma, &beta, &mean, &variance}, [&](auto zero) -> Three {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    const Optional<T> gammas(gamma), betas(beta), means(mean), variances(variance);
    const Mask keep(mask, x.leading());
    auto y = output<T>(who, x.shape());
    auto found_mean = output<T>(who, {x.axis(-1)}), found_variance = output<T>(who, {x.axis(-1)});
    const auto sizes = x.rows_cols();
    const T* xp = xs.data();
    T *yp = y.mutable_data(), *mp = found_mean.mutable_data(), *vp = found_variance.mutable_data();
    without_gil([&] {
      const auto& k = kernels<T>();
      const bool given = means.data != nullptr;
      if (given) {
        std::copy_n(means.data, sizes.cols, mp);
        std::copy_n(variances.data, sizes.cols, vp);
      } else {
        k.column_moments(mp, vp, xp, keep.data, sizes);
      }
      k.batch_norm_forward(yp, xp, mp, vp, gammas.data, betas.data, keep.data, sizes,
                           {epsilon, !given});
    });
    return Three(py::make_tuple(y, found_mean, found_variance));
  });
}

Three batch_norm_backward(Object dy_, Object x_, Object mean_, Object variance_, Object gamma_,
                          Object epsilon_, Object batch_statistics_, Object mask_, Object dgamma_,
                          Object dbeta_) {
  const char* who = "batch_norm_backward";
  const bool batch_statistics = flag(who, "batch_statistics", batch_statistics_);
  const Argument dy(who, "dy", dy_), x(who, "x", x_), mean(who, "mean", mean_),
      variance(who, "variance", variance_);
  const OptionalArgument gamma(who, "gamma", gamma_), mask(who, "mask", mask_),
      dgamma(who, "dgamma", dgamma_), dbeta(who, "dbeta", dbeta_);
  const double epsilon = number_in(who, "epsilon", epsilon_, 0.0, kInfinity);
  x.needs_rank_at_least(1, "(..., columns)");
  dy.needs_shape(x.shape(), "of x");
  mean.needs_shape({x.axis(-1)}, "(columns,)");
  variance.needs_shape({x.axis(-1)}, "(columns,)");
  needs_columns({&gamma, &dgamma, &dbeta}, x.axis(-1));
  if (dgamma.given() != dbeta.given())
    dgamma.refuse("and dbeta must be given together, to be added to, or neither");
  for (const Argument* read :
       std::initializer_list<const Argument*>{&dy, &x, &mean, &variance, &gamma, &mask}) {
    dgamma.apart_from(*read);
    dbeta.apart_from(*read);
  }
  dgamma.apart_from(dbeta);
  const std::initializer_list<const Argument*> arrays = {&dy,    &x,      &mean, &variance,
                                                         &gamma, &dgamma, &dbeta};
  return with_dtype(arrays, [&](auto zero) -> Three {
    using T = decltype(zero);
    const auto dys = dy.values<T>(), xs = x.values<T>();
    const auto ms = mean.values<T>(), vs = variance.values<T>();
    const Optional<T> gammas(gamma);
    const Mask keep(mask, x.leading());
    auto dx = output<T>(who, x.shape());
    auto [dg, dgp_] = gradient_array<T>(dgamma, dgamma_, {x.axis(-1)}, "(columns,)");
    auto [db, dbp_] = gradient_array<T>(dbeta, dbeta_, {x.axis(-1)}, "(columns,)");
    const auto sizes = x.rows_cols();
    T *dxp = dx.mutable_data(), *dgp = dgp_, *dbp = dbp_;
    const T *dyp = dys.data(), *xp = xs.data(), *mp = ms.data(), *vp = vs.data();
    const auto add = Accumulate(dgamma.given());
    without_gil([&] {
      kernels<T>().batch_norm_backward(dxp, dgp, dbp, dyp, xp, mp, vp, gammas.data, keep.data,
                                       sizes, {epsilon, batch_statistics}, add);
    });
    return Three(py::make_tuple(dx, dg, db));
  });
}

// --- layer normalisation

Three layer_norm_forward(Object x_, Object gamma_, Object beta_, Object epsilon_) {
  const char* who = "layer_norm_forward";
  const Argument x(who, "x", x_);
  const OptionalArgument gamma(who, "gamma", gamma_), beta(who, "beta", beta_);
  const double epsilon = number_in(who, "epsilon", epsilon_, 0.0, kInfinity);
  x.needs_rank_at_least(1, "(..., columns)");
  x.needs_columns();
  needs_columns({&gamma, &beta}, x.axis(-1));
  return with_dtype({&x, &gamma, &beta}, [&](auto zero) -> Three {
    using T = decltype(zero);
    const auto xs = x.values<T>();
    const Optional<T> gammas(gamma), betas(beta);
    auto y = output<T>(who, x.shape());
    auto mean = output<T>(who, x.leading()), inverse = output<T>(who, x.leading());
    const auto sizes = x.rows_cols();
    const T* xp = xs.data();
    T *yp = y.mutable_data(), *mp = mean.mutable_data(), *ip = inverse.mutable_data();
    without_gil([&] {
      kernels<T>().layer_norm_forward(yp, mp, ip, xp, gammas.data, betas.data, sizes, epsilon);
    });
    return Three(py::make_tuple(y, mean, inverse));
  });
}

Three layer_norm_backward(Object dy_, Object x_, Object mean_, Object inverse_, Object gamma_,
                          Object dgamma_, Object dbeta_) {
  const char* who = "layer_norm_backward";
  const Argument dy(who, "dy", dy_), x(who, "x", x_), mean(who, "mean", mean_),
      inverse(who, "inverse", inverse_);
  const OptionalArgument gamma(who, "gamma", gamma_), dgamma(who, "dgamma", dgamma_),
      dbeta(who, "dbeta", dbeta_);
  x.needs_rank_at_least(1, "(..., columns)");
  x.needs_columns();
  dy.needs_shape(x.shape(), "of x");
  mean.needs_shape(x.leading(), "of x without its last axis");
  inverse.needs_shape(x.leading(), "of x without its last axis");
  needs_columns({&gamma, &dgamma, &dbeta}, x.axis(-1));
  if (dgamma.given() != dbeta.given())
    dgamma.refuse("and dbeta must be given together, to be added to, or neither");
  for (const Argument* read :
       std::initializer_list<const Argument*>{&dy, &x, &mean, &inverse, &gamma}) {
    dgamma.apart_from(*read);
    dbeta.apart_from(*read);
  }
  dgamma.apart_from(dbeta);
  return with_dtype({&dy, &x, &mean, &inverse, &gamma, &dgamma, &dbeta}, [&](auto zero) -> Three {
    using T = decltype(zero);
    const auto dys = dy.values<T>(), xs = x.values<T>();
    const auto ms = mean.values<T>(), is = inverse.values<T>();
    const Optional<T> gammas(gamma);
    auto dx = output<T>(who, x.shape());
    auto [dg, dgp_] = gradient_array<T>(dgamma, dgamma_, {x.axis(-1)}, "(columns,)");
    auto [db, dbp_] = gradient_array<T>(dbeta, dbeta_, {x.axis(-1)}, "(columns,)");
    const auto sizes = x.rows_cols();
    T *dxp = dx.mutable_data(), *dgp = dgp_, *dbp = dbp_;
    const T *dyp = dys.data(), *xp = xs.data(), *mp = ms.data(), *ip = is.data();
    const auto add = Accumulate(dgamma.given());
    without_gil([&] {
      kernels<T>().layer_norm_backward(dxp, dgp, dbp, dyp, xp, mp, ip, gammas.data, sizes, add);
    });
    return Three(py::make_tuple(dx, dg, db));
  });
}

}  // namespace
}  // namespace python

void bind_kernels_normalization(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  const auto none = pybind11::none();
  module.def("batch_norm_forward", &batch_norm_forward, arg("x"), arg("gamma") = none,
             arg("beta") = none, arg("mean") = none, arg("variance") = none, arg("epsilon") = 1e-3,
             arg("mask") = none,
             "(y, mean, variance); the moments are those of x where not given.");
  module.def("batch_norm_backward", &batch_norm_backward, arg("dy"), arg("x"), arg("mean"),
             arg("variance"), arg("gamma") = none, arg("epsilon") = 1e-3,
             arg("batch_statistics") = true, arg("mask") = none, arg("dgamma") = none,
             arg("dbeta") = none, "(dx, dgamma, dbeta).");
  module.def("layer_norm_forward", &layer_norm_forward, arg("x"), arg("gamma") = none,
             arg("beta") = none, arg("epsilon") = 1e-3, "(y, mean, 1 / std), row by row.");
  module.def("layer_norm_backward", &layer_norm_backward, arg("dy"), arg("x"), arg("mean"),
             arg("inverse"), arg("gamma") = none, arg("dgamma") = none, arg("dbeta") = none,
             "(dx, dgamma, dbeta).");
}

}  // namespace lamina
