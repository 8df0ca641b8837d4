// Metrics on NumPy arrays: states to which batches are added.
#include <limits>

#include "../runtime/isa.h"
#include "arguments.h"
#include "kernels.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;

py::array metric_state(Object kind, Object columns) {
  const char* who = "metric_state";
  const Metric metric = enumerator<Metric>(who, "kind", kind);
  const auto cols = whole_number(who, "columns", columns, std::numeric_limits<Index>::max() / 32);
  auto state = output<double>(who, {metric_state_size(metric, Index(cols))});
  std::fill_n(state.mutable_data(), state.size(), 0.0);
  return state;
}

template <class T>
void update_typed(double* state, const Argument& y_true, const Argument& y_pred,
                  const Argument& weight, const MetricSpec& spec) {
  const auto sizes = y_pred.rows_cols();
  const bool sums = spec.kind == Metric::sums, sparse = sums || takes_labels(spec.kind);
  const Index bound = sums ? Index(spec.parameter) : sizes.cols;
  const auto labels = sparse ? y_true.labels(bound) : py::array_t<std::int32_t>();
  const auto ts = sparse ? py::array_t<T>() : y_true.values<T>();
  const auto ps = y_pred.values<T>();
  const auto ws = weight.given() ? weight.values<T>() : py::array_t<T>();
  const T *pp = ps.data(), *tp = sparse ? nullptr : ts.data(),
          *wp = weight.given() ? ws.data() : nullptr;
  const std::int32_t* lp = sparse ? labels.data() : nullptr;
  without_gil([&] { kernels<T>().metric_update(state, pp, tp, lp, wp, sizes, spec); });
}

void metric_update(Object kind, Object state_, Object y_true_, Object y_pred_, Object weight_,
                   Object threshold) {
  const char* who = "metric_update";
  const Argument state(who, "state", state_), y_true(who, "y_true", y_true_),
      y_pred(who, "y_pred", y_pred_);
  const OptionalArgument weight(who, "sample_weight", weight_);
  const double infinity = std::numeric_limits<double>::infinity();
  MetricSpec spec = {enumerator<Metric>(who, "kind", kind),
                     number_in(who, "threshold", threshold, -infinity, infinity)};
  y_pred.needs_rank_at_least(1, "(..., columns)");
  y_pred.needs_columns();
  const bool sums = spec.kind == Metric::sums, sparse = sums || takes_labels(spec.kind);
  y_true.needs_shape(takes_labels(spec.kind) ? y_pred.leading() : y_pred.shape(), "");
  if (weight.given()) weight.needs_shape(y_pred.leading(), "(...,)");
  if (sums) {
    state.needs_rank_at_least(1, "(sums,)");
    spec.parameter = double(state.axis(0));
  }
  const Index columns = sums ? state.axis(0) : y_pred.axis(-1);
  state.needs_shape({metric_state_size(spec.kind, columns)}, "(metric_state,)");
  for (const Argument* read : std::initializer_list<const Argument*>{&y_true, &y_pred, &weight})
    state.apart_from(*read);
  double* p = state.in_place<double>();
  const OptionalArgument absent(who, "", py::none());
  if (common_dtype({&y_pred, sparse ? &absent : &y_true, &weight}) == Dtype::float32) {
    update_typed<float>(p, y_true, y_pred, weight, spec);
  } else {
    update_typed<double>(p, y_true, y_pred, weight, spec);
  }
}

}  // namespace
}  // namespace python

void bind_kernels_metrics(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  module.def("metric_state", &metric_state, arg("kind"), arg("columns") = 1,
             "A zeroed state for metric_update, float64.");
  module.def("metric_update", &metric_update, arg("kind"), arg("state"), arg("y_true"),
             arg("y_pred"), arg("sample_weight") = pybind11::none(), arg("threshold") = 0.5,
             "Add a batch to `state` in place.");
}

}  // namespace lamina
