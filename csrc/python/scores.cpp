// Scores of outputs with respect to targets, for Python.
#include "scores.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "array.h"
#include "graph.h"

namespace lamina {

namespace py = pybind11;
using namespace py::literals;

namespace python {
namespace {

template <class T>
using Given = py::array_t<T, py::array::c_style | py::array::forcecast>;
using Weights = std::optional<Given<double>>;

template <class T, class Array>
std::vector<T> values_in(const Array& array) {
  return std::vector<T>(array.data(), array.data() + array.size());
}

ScoredRows rows_of(Index rows, Index width, const std::string& dtype, const Weights& weights) {
  ScoredRows found{dtype == "float32" ? DType::float32 : DType::float64, rows, width, {}};
  if (rows < 1 || width < 1)
    throw py::value_error("FitScore: needs targets of at least one row and one output");
  if (!weights) return found;
  found.weights = values_in<double>(*weights);
  if (Index(found.weights.size()) != rows)
    throw py::value_error(text("FitScore: needs ", rows, " weights; got ", found.weights.size()));
  return found;
}

template <class T>
ScoredRows rows_of(const Given<T>& targets, const std::string& dtype, const Weights& weights) {
  if (targets.ndim() != 2)
    throw py::value_error(text("FitScore: targets must have 2 axes; got ", targets.ndim()));
  return rows_of(targets.shape(0), targets.shape(1), dtype, weights);
}

BoundScore bound(const ScoredRows& rows, std::unique_ptr<OutputScore> score) {
  return {std::move(score), rows.dtype, rows.rows, rows.width};
}

BoundScore determination_of(const Given<double>& targets, const std::string& dtype,
                            const Weights& weights) {
  const ScoredRows rows = rows_of(targets, dtype, weights);
  return bound(rows, determination(rows, values_in<double>(targets)));
}

BoundScore accuracy_of(const Given<std::int32_t>& classes, Index outputs, const std::string& dtype,
                       const Weights& weights) {
  const ScoredRows rows = rows_of(classes.size(), outputs, dtype, weights);
  return bound(rows, accuracy(rows, values_in<std::int32_t>(classes)));
}

BoundScore labels_of(const Given<bool>& labels, const std::string& dtype, const Weights& weights) {
  const ScoredRows rows = rows_of(labels, dtype, weights);
  return bound(rows, accuracy_of_labels(rows, values_in<bool>(labels)));
}

double score_of(const BoundScore& self, const py::array& outputs) {
  const bool fits = outputs.dtype().equal(numpy_dtype(self.dtype)) && outputs.ndim() == 2 &&
                    outputs.shape(0) == self.rows && outputs.shape(1) == self.width &&
                    (outputs.flags() & py::array::c_style) != 0;
  if (!fits)
    throw py::value_error(text("FitScore: outputs must be a C-contiguous ",
                               lamina::name_of(self.dtype), " array of shape (", self.rows, ", ",
                               self.width, ")"));
  return self.score->of(static_cast<const std::byte*>(outputs.data()));
}

}  // namespace
}  // namespace python

void bind_scores(py::module_& module) {
  using namespace python;
  py::class_<BoundScore>(module, "FitScore",
                         "A score of outputs with respect to targets; larger is better.")
      .def_static("determination", &determination_of, "targets"_a, "dtype"_a,
                  "weights"_a = py::none(), "R2, averaged over the outputs.")
      .def_static("accuracy", &accuracy_of, "classes"_a, "outputs"_a, "dtype"_a,
                  "weights"_a = py::none(),
                  "The fraction of rows whose largest output is the class.")
      .def_static("accuracy_of_labels", &labels_of, "labels"_a, "dtype"_a, "weights"_a = py::none(),
                  "The fraction of rows whose labels are all correct.")
      .def("__call__", &score_of, "outputs"_a, "The score of outputs of `dtype`, one row each.");
}

}  // namespace lamina
