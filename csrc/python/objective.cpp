// Objective for Python: a graph's loss as a function of one vector of weights.
#include "graph/objective.h"

#include <pybind11/stl.h>

#include "data.h"
#include "gil.h"
#include "graph.h"

namespace lamina {

namespace py = pybind11;
using namespace py::literals;

namespace python {
namespace {

using Vector = py::array_t<double, py::array::c_style>;

class BoundObjective {
 public:
  BoundObjective(const std::shared_ptr<RecordedGraph>& graph, std::vector<py::array> arrays,
                 std::uint64_t seed, bool own)
      : arrays_(std::move(arrays)),
        rows_(arrays_.empty() ? 0 : Index(arrays_.front().shape(0))),
        objective_(graph, variables(*graph, own), data_views(*graph, arrays_), seed) {}

  Index size() const { return objective_.size(); }
  std::vector<std::string> paths() const {
    std::vector<std::string> paths;
    for (const GradientSlice& slice : objective_.slices()) paths.push_back(slice.path);
    return paths;
  }
  Vector weights() const {
    Vector theta(size());
    objective_.point(theta.mutable_data());
    return theta;
  }
  double value(const py::object& theta) {
    const Vector given = checked(theta);
    const WithoutGil released;
    return objective_.value(given.data());
  }
  py::tuple value_and_gradient(const py::object& theta) {
    const Vector given = checked(theta);
    Vector gradient(size());
    double* into = gradient.mutable_data();
    double value = 0.0;
    {
      const WithoutGil released;
      value = objective_.value_and_gradient(given.data(), into);
    }
    return py::make_tuple(value, gradient);
  }
  py::tuple of_rows(const py::object& theta) {
    const Vector given = checked(theta);
    Vector values(rows_), gradients(std::vector<py::ssize_t>{rows_, size()});
    double *into_values = values.mutable_data(), *into_gradients = gradients.mutable_data();
    {
      const WithoutGil released;
      objective_.of_rows(given.data(), into_values, into_gradients);
    }
    return py::make_tuple(values, gradients);
  }

 private:
  static Variables variables(const RecordedGraph& graph, bool own) {
    return own ? Variables::copy_of(graph, graph.variables()) : graph.variables();
  }
  Vector checked(const py::object& theta) const {
    if (!py::isinstance<Vector>(theta))
      throw py::type_error("theta: needs a C-contiguous float64 array; got " +
                           std::string(py::str(py::type::of(theta))));
    const auto given = py::reinterpret_borrow<Vector>(theta);
    if (given.ndim() != 1 || given.size() != size())
      throw py::value_error("theta: needs shape (" + std::to_string(size()) + ",); got " +
                            to_string(Shape(given.shape(), given.shape() + given.ndim())));
    return given;
  }

  const std::vector<py::array> arrays_;  // kept alive
  const Index rows_;
  Objective objective_;
};

}  // namespace
}  // namespace python

void bind_objective(py::module_& module) {
  using python::BoundObjective;
  py::class_<BoundObjective>(
      module, "Objective",
      "The loss over all rows as a function of the trainable weights, for an external optimizer.")
      .def(py::init<const std::shared_ptr<python::RecordedGraph>&, std::vector<py::array>,
                    std::uint64_t, bool>(),
           "graph"_a.none(false), "arrays"_a, "seed"_a = 0, python::truth("own") = false,
           "`own`: the parameters are copied, and those of the graph do not change.")
      .def_property_readonly("size", &BoundObjective::size)
      .def("paths", &BoundObjective::paths, "The paths of the parameters in theta, in its order.")
      .def("weights", &BoundObjective::weights, "A copy of the current parameters as theta.")
      .def("value", &BoundObjective::value, "theta"_a,
           "Set the parameters, or the copy of them; returns the loss.")
      .def("value_and_gradient", &BoundObjective::value_and_gradient, "theta"_a)
      .def("of_rows", &BoundObjective::of_rows, "theta"_a,
           "Value and gradient for each single row: arrays of shape (rows,) and (rows, size).");
}

}  // namespace lamina
