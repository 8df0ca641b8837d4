// Rules between the epochs of whole fits, for Python.
#include "epoch_rules.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>

#include "gil.h"
#include "graph.h"

namespace lamina {

namespace py = pybind11;
using namespace py::literals;

namespace python {
namespace {

std::optional<double> term_of(const Sums& sums, int term) {
  return term < 0 ? sums.loss : sums.losses.at(std::size_t(term));
}

const Sums* sums_of(const EpochRecord& record, bool validation) {
  if (!validation) return &record.training;
  return record.validation ? &*record.validation : nullptr;
}

BoundQuantity loss_quantity(int term, bool validation) {
  return {[=](const EpochRecord& record) -> std::optional<double> {
    const Sums* sums = sums_of(record, validation);
    return sums == nullptr ? std::nullopt : term_of(*sums, term);
  }};
}

BoundQuantity loss_less(int term, double share) {
  return {[=](const EpochRecord& record) -> std::optional<double> {
    const double less = share * record.training.losses.at(std::size_t(term));
    return record.training.loss - less;
  }};
}

BoundQuantity score_quantity() {
  return {[](const EpochRecord& record) { return record.score; }};
}

// A Python function that is released with the GIL held.
std::shared_ptr<const py::object> held(py::object function) {
  return {new py::object(std::move(function)), [](const py::object* object) {
            const WithGil gil;
            delete object;
          }};
}

// function(*arguments) as a number, on any thread; an exception is rethrown as plain text.
template <class... Arguments>
double number_from(const py::object& function, const Arguments&... arguments) {
  const WithGil gil;
  try {
    return py::cast<double>(call_python(function, py::make_tuple(arguments...)));
  } catch (const std::exception& error) {
    throw std::runtime_error(error.what());
  }
}

// The value of a function of a metric's sums; without one, the first sum divided by the second.
BoundQuantity metric_quantity(std::size_t index, bool validation, const py::object& function) {
  const auto value = function.is_none() ? nullptr : held(function);
  return {[=](const EpochRecord& record) -> std::optional<double> {
    const Sums* sums = sums_of(record, validation);
    if (sums == nullptr) return std::nullopt;
    const std::vector<double>& state = sums->metrics.at(index);
    if (value == nullptr) return state[1] != 0.0 ? state[0] / state[1] : 0.0;
    const WithGil gil;
    return number_from(*value, py::array_t<double>(Index(state.size()), state.data()));
  }};
}

}  // namespace
}  // namespace python

void bind_epoch_rules(py::module_& module) {
  using namespace python;
  py::class_<BoundQuantity>(module, "FitQuantity", "A quantity of each epoch of a fit.")
      .def_static("loss", &loss_quantity, "term"_a = -1, truth("validation") = false,
                  "The loss, or one of its terms.")
      .def_static("loss_less", &loss_less, "term"_a, "share"_a,
                  "The loss minus a multiple of one of the terms.")
      .def_static("score", &score_quantity, "The score on the held-out rows.")
      .def_static(
          "metric", &metric_quantity, "index"_a, truth("validation") = false,
          "function"_a = py::none(),
          "The value of a function of a metric's sums; None: the first divided by the second.");
  py::class_<BoundRule>(module, "EpochRule", "A rule that is applied between the epochs of a fit.")
      .def_static(
          "early_stopping",
          [](const BoundQuantity& quantity, double sign, double min_delta, std::int64_t patience,
             std::optional<double> baseline, bool restores, std::int64_t start) {
            return BoundRule{early_stopping(
                {{quantity.quantity, sign, min_delta}, patience, start, baseline, restores})};
          },
          "quantity"_a, "sign"_a, "min_delta"_a, "patience"_a, "baseline"_a, "restores"_a,
          "start_from_epoch"_a)
      .def_static(
          "reduce_on_plateau",
          [](const BoundQuantity& quantity, double sign, double min_delta, double factor,
             double lowest, std::int64_t patience, std::int64_t cooldown) {
            return BoundRule{reduce_on_plateau(
                {{quantity.quantity, sign, min_delta}, factor, lowest, patience, cooldown})};
          },
          "quantity"_a, "sign"_a, "min_delta"_a, "factor"_a, "lowest"_a, "patience"_a, "cooldown"_a)
      .def_static(
          "while_better",
          [](const BoundQuantity& quantity, bool larger, double tolerance, double patience,
             double divisor, double smallest) {
            return BoundRule{
                while_better({quantity.quantity, larger, tolerance, patience, divisor, smallest})};
          },
          "quantity"_a, truth("larger"), "tolerance"_a, "patience"_a, "divisor"_a = 0.0,
          "smallest"_a = 0.0,
          "The rule of scikit-learn's networks; the rate is divided if divisor is not 0.")
      .def_static(
          "inverse_scaling",
          [](double first, double power, std::int64_t rows) {
            return BoundRule{inverse_scaling({first, power, rows})};
          },
          "first"_a, "power"_a, "rows"_a)
      .def_static(
          "rate_by_epoch",
          [](const py::object& function) {
            const auto kept = held(function);
            return BoundRule{rate_by_epoch(
                [kept](int epoch, double rate) { return number_from(*kept, epoch, rate); })};
          },
          "function"_a, "function(epoch, rate) returns the epoch's learning rate.");
}

}  // namespace lamina
