// Losses on NumPy arrays.
#include <stdexcept>

#include "../runtime/isa.h"
#include "arguments.h"
#include "kernels.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;

// The loss as the arguments name it.
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

void check_shapes(const Argument& y_true, const Argument& y_pred, bool sparse) {
  y_pred.needs_rank_at_least(1, "(..., columns)");
  y_pred.needs_columns();
  if (sparse) {
    y_true.needs_shape(y_pred.leading(), "(...,)");
  } else {
    y_true.needs_shape(y_pred.shape(), "of y_pred");
  }
}

// What y_true becomes: class labels or values.
template <class T>
struct Truth {
  py::array_t<std::int32_t> labels;
  py::array_t<T> values;
  Truth(const Argument& y_true, bool sparse, Index classes) : sparse_(sparse) {
    if (sparse) {
      labels = y_true.labels(classes);
    } else {
      values = y_true.values<T>();
    }
  }
  const T* value_data() const { return sparse_ ? nullptr : values.data(); }
  const std::int32_t* label_data() const { return sparse_ ? labels.data() : nullptr; }

 private:
  const bool sparse_;
};

// Labels never decide the dtype.
Dtype loss_dtype(const LossSpec& spec, const Argument& y_pred, const Argument& y_true,
                 const Argument* dloss) {
  const OptionalArgument absent("", "", py::none());
  return common_dtype(
      {&y_pred, takes_labels(spec.kind) ? &absent : &y_true, dloss ? dloss : &absent});
}

template <class T>
py::array forward_typed(const LossSpec& spec, const Argument& y_true, const Argument& y_pred) {
  const auto sizes = y_pred.rows_cols();
  const Truth<T> truth(y_true, takes_labels(spec.kind), sizes.cols);
  const auto ys = y_pred.values<T>();
  auto loss = output<T>(y_pred.function, y_pred.leading());
  const T *pp = ys.data(), *tp = truth.value_data();
  const std::int32_t* lp = truth.label_data();
  T* out = loss.mutable_data();
  without_gil([&] { kernels<T>().loss_forward(out, pp, tp, lp, sizes, spec); });
  return loss;
}

py::array loss_forward(Object kind, Object y_true_, Object y_pred_, Object from_logits,
                       Object label_smoothing, Object delta) {
  const char* who = "loss_forward";
  const Argument y_true(who, "y_true", y_true_), y_pred(who, "y_pred", y_pred_);
  const LossSpec spec = law(who, kind, from_logits, label_smoothing, delta);
  check_shapes(y_true, y_pred, takes_labels(spec.kind));
  return loss_dtype(spec, y_pred, y_true, nullptr) == Dtype::float32
             ? forward_typed<float>(spec, y_true, y_pred)
             : forward_typed<double>(spec, y_true, y_pred);
}

template <class T>
py::array backward_typed(const LossSpec& spec, const Argument& y_true, const Argument& y_pred,
                         const Argument& dloss) {
  const auto sizes = y_pred.rows_cols();
  const Truth<T> truth(y_true, takes_labels(spec.kind), sizes.cols);
  const auto ys = y_pred.values<T>();
  auto ones = dloss.given() ? dloss.values<T>() : output<T>(y_pred.function, {sizes.rows});
  if (!dloss.given()) std::fill_n(ones.mutable_data(), sizes.rows, T(1));
  auto dpred = output<T>(y_pred.function, y_pred.shape());
  const T *dp = ones.data(), *pp = ys.data(), *tp = truth.value_data();
  const std::int32_t* lp = truth.label_data();
  T* out = dpred.mutable_data();
  without_gil([&] { kernels<T>().loss_backward(out, dp, pp, tp, lp, sizes, spec); });
  return dpred;
}

py::array loss_backward(Object kind, Object y_true_, Object y_pred_, Object dloss_,
                        Object from_logits, Object label_smoothing, Object delta) {
  const char* who = "loss_backward";
  const Argument y_true(who, "y_true", y_true_), y_pred(who, "y_pred", y_pred_);
  const OptionalArgument dloss(who, "dloss", dloss_);
  const LossSpec spec = law(who, kind, from_logits, label_smoothing, delta);
  check_shapes(y_true, y_pred, takes_labels(spec.kind));
  if (dloss.given()) dloss.needs_shape(y_pred.leading(), "(...,)");
  return loss_dtype(spec, y_pred, y_true, &dloss) == Dtype::float32
             ? backward_typed<float>(spec, y_true, y_pred, dloss)
             : backward_typed<double>(spec, y_true, y_pred, dloss);
}

}  // namespace
}  // namespace python

void bind_kernels_losses(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  module.def("loss_forward", &loss_forward, arg("kind"), arg("y_true"), arg("y_pred"),
             arg("from_logits") = false, arg("label_smoothing") = 0.0, arg("delta") = 1.0,
             "The loss of every row.");
  module.def("loss_backward", &loss_backward, arg("kind"), arg("y_true"), arg("y_pred"),
             arg("dloss") = pybind11::none(), arg("from_logits") = false,
             arg("label_smoothing") = 0.0, arg("delta") = 1.0,
             "The gradient at y_pred, row by row times dloss (None: 1).");
}

}  // namespace lamina
