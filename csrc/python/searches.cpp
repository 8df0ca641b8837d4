// Searches from many starting points, for Python.
#include "fits/searches.h"

#include <pybind11/stl.h>

#include <optional>

#include "data.h"
#include "gil.h"
#include "graph.h"
#include "runtime/threads.h"

namespace lamina {

namespace py = pybind11;
using namespace py::literals;

namespace python {
namespace {

using Starts = py::array_t<double, py::array::c_style>;

const char* name_of_end(SearchEnd end) {
  switch (end) {
    case SearchEnd::converged:
      return "converged";
    case SearchEnd::stopped:
      return "stopped";
    case SearchEnd::not_finite:
      return "not finite";
    case SearchEnd::interrupted:
      break;
  }
  return "interrupted";
}

std::vector<std::vector<double>> starts_of(const Starts& starts, Index size) {
  if (starts.ndim() != 2 || starts.shape(1) != size)
    throw py::value_error("starts: needs shape (starts, " + std::to_string(size) + "); got " +
                          to_string(Shape(starts.shape(), starts.shape() + starts.ndim())));
  std::vector<std::vector<double>> rows;
  for (py::ssize_t i = 0; i < starts.shape(0); ++i)
    rows.emplace_back(starts.data(i, 0), starts.data(i, 0) + size);
  return rows;
}

// Integers, one row for each start; the inputs' last axes have as many elements as a row.
using Columns = py::array_t<std::int64_t, py::array::c_style>;

std::vector<std::vector<Index>> columns_of(const std::optional<Columns>& given, const Graph& graph,
                                           std::size_t starts) {
  std::vector<std::vector<Index>> rows;
  if (!given) return rows;
  const Index width = graph.inputs().empty() || graph.inputs().front().shape.empty()
                          ? 0
                          : graph.inputs().front().shape.back();
  for (const Tensor& input : graph.inputs())
    if (width == 0 || input.shape.empty() || input.shape.back() != width)
      throw py::value_error("columns: the last axes of all inputs need one size above 0; got " +
                            to_string(input.shape) + " for '" +
                            graph.values()[std::size_t(input.value)].name + "'");
  if (given->ndim() != 2 || std::size_t(given->shape(0)) != starts || given->shape(1) != width)
    throw py::value_error("columns: needs shape " + to_string({Index(starts), width}) + "; got " +
                          to_string(Shape(given->shape(), given->shape() + given->ndim())));
  for (py::ssize_t i = 0; i < given->shape(0); ++i) {
    rows.emplace_back(given->data(i, 0), given->data(i, 0) + width);
    for (const Index column : rows.back())
      if (column < 0 || column >= width)
        throw py::value_error("columns: needs positions below " + std::to_string(width) + "; got " +
                              std::to_string(column));
  }
  return rows;
}

std::vector<Index> moving_of(const std::optional<std::vector<Index>>& given, Index size) {
  std::vector<Index> moving;
  if (!given) {
    for (Index i = 0; i < size; ++i) moving.push_back(i);
    return moving;
  }
  for (const Index i : *given)
    if (i < 0 || i >= size)
      throw py::value_error("moving: needs positions below " + std::to_string(size) + "; got " +
                            std::to_string(i));
  return *given;
}

py::dict table_of(const std::vector<SearchResult>& results, Index size) {
  const auto count = py::ssize_t(results.size());
  py::array_t<double> points(std::vector<py::ssize_t>{count, py::ssize_t(size)}), values(count),
      initials(count);
  py::array_t<std::int64_t> iterations(count), evaluations(count), gradients(count);
  py::list ends;
  for (py::ssize_t i = 0; i < count; ++i) {
    const SearchResult& result = results[std::size_t(i)];
    double* point = size > 0 ? points.mutable_data(i, 0) : nullptr;
    if (result.point.empty())
      std::fill_n(point, size, std::numeric_limits<double>::quiet_NaN());
    else
      std::copy(result.point.begin(), result.point.end(), point);
    values.mutable_at(i) = result.value;
    initials.mutable_at(i) = result.initial;
    iterations.mutable_at(i) = result.iterations;
    evaluations.mutable_at(i) = result.evaluations;
    gradients.mutable_at(i) = result.gradients;
    ends.append(name_of_end(result.end));
  }
  return py::dict("points"_a = points, "initials"_a = initials, "values"_a = values,
                  "ends"_a = ends, "iterations"_a = iterations, "evaluations"_a = evaluations,
                  "gradients"_a = gradients);
}

py::dict search_starts(const std::shared_ptr<RecordedGraph>& graph,
                       const std::vector<py::array>& arrays, const Starts& starts,
                       const std::optional<std::vector<Index>>& moving,
                       std::int64_t most_iterations, double absolute, double relative,
                       const py::object& report, std::int64_t notes, std::uint64_t seed,
                       const std::optional<Columns>& columns) {
  const Variables variables = graph->variables();
  SearchesData data{data_views(*graph, arrays)};
  const Index size = Objective(graph, variables, data.views, seed).size();
  const std::vector<std::vector<double>> from = starts_of(starts, size);
  data.columns = columns_of(columns, *graph, from.size());
  const SearchesSettings settings{{most_iterations, absolute, relative, moving_of(moving, size)},
                                  get_num_threads(),
                                  report.is_none() ? 0 : notes,
                                  seed};
  const auto watch = [&](const std::vector<SearchNote>& noted) {
    const WithGil held;
    for (const SearchNote& note : noted)
      call_python(report, py::make_tuple(note.start, note.iterations, note.value));
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    return true;
  };
  std::vector<SearchResult> results;
  {
    const WithoutGil released;
    results = run_searches(graph, variables, data, from, settings, watch);
  }
  return table_of(results, size);
}

}  // namespace
}  // namespace python

void bind_searches(py::module_& module) {
  module.def(
      "search", &python::search_starts, "graph"_a.none(false), "arrays"_a, "starts"_a,
      "moving"_a = py::none(), "most_iterations"_a = 100, "absolute"_a = 1e-4, "relative"_a = 1e-8,
      "report"_a = py::none(), "notes"_a = 10, "seed"_a = 0, "columns"_a = py::none(),
      "Minimize the loss over all rows from each start, a row of weights, with the variable "
      "metric method of R's nnet.  The graph's parameters do not change.  `moving`: the "
      "positions of weights that may change; `report(start, iterations, value)` is called "
      "for iterations that are multiples of `notes`; `columns`: for each start, the positions "
      "along the last axis of every array to use, as many as the graph's inputs have.");
}

}  // namespace lamina
