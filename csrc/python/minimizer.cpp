#include "minimizer.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>

#include "gil.h"

namespace lamina {

namespace py = pybind11;
using namespace py::literals;

namespace python {
namespace {

std::unique_ptr<InverseHessian> curvature_of(Index size, int pairs) {
  return pairs == 0 ? dense_memory(size) : limited_memory(size, pairs);
}

const char* name_of_progress(Progress progress) {
  switch (progress) {
    case Progress::moved:
      return "moved";
    case Progress::converged:
      return "converged";
    case Progress::stalled:
      return "stalled";
    case Progress::not_finite:
      break;
  }
  return "not finite";
}

}  // namespace

BoundMinimizer::BoundMinimizer(Execution& execution, std::vector<std::int64_t> order, Index rows,
                               std::uint32_t random_step, int pairs, Stopping stopping,
                               WolfeSettings wolfe)
    : execution_(execution),
      order_(std::move(order)),
      objective_(execution, Batch{order_.empty() ? nullptr : order_.data(), 0, rows, random_step}),
      minimizer_(objective_, curvature_of(objective_.size(), pairs), stopping, wolfe) {}

std::pair<std::string, double> BoundMinimizer::iterate(double rate) {
  Progress progress;
  {
    const WithoutGil released;
    const std::int64_t before = minimizer_.evaluations();
    progress = minimizer_.iterate(rate);
    if (progress != Progress::not_finite) {
      objective_.leave(minimizer_.evaluations() > before);
      execution_.count_step();
    }
  }
  return {name_of_progress(progress), minimizer_.value()};
}

double BoundMinimizer::largest_gradient() const {
  double most = 0.0;
  for (const double g : minimizer_.gradient()) most = std::max(most, std::abs(g));
  return most;
}

py::array_t<double> BoundMinimizer::memory() {
  const std::vector<double> memory = minimizer_.curvature().memory();
  return py::array_t<double>(py::ssize_t(memory.size()), memory.data());
}

void BoundMinimizer::go_on(
    const py::array_t<double, py::array::c_style | py::array::forcecast>& memory) {
  minimizer_.go_on({memory.data(), memory.data() + memory.size()});
}

}  // namespace python

void bind_minimizer(py::module_& module) {
  using python::BoundMinimizer;
  py::class_<BoundMinimizer>(module, "Minimizer",
                             "A quasi-Newton method over the weights of an execution: see "
                             "`Execution.minimizer`.")
      .def("iterate", &BoundMinimizer::iterate, "rate"_a,
           "One step; returns its outcome (\"moved\", \"converged\", \"stalled\" or \"not "
           "finite\") and the loss, whose sums are those of the new weights.")
      .def("memory", &BoundMinimizer::memory, "A copy of the curvature estimates.")
      .def("go_on", &BoundMinimizer::go_on, "memory"_a,
           "Set the curvature estimates from those of another, at the current weights.")
      .def_property_readonly("evaluations", &BoundMinimizer::evaluations,
                             "The number of evaluations of the loss and its gradient so far.")
      .def_property_readonly("largest_gradient", &BoundMinimizer::largest_gradient,
                             "The largest element of the gradient at the weights.");
}

}  // namespace lamina
