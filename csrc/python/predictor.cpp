// Predictor for Python: it checks arrays and drops the GIL.
#include "graph/predictor.h"

#include <pybind11/stl.h>

#include <algorithm>

#include "array.h"
#include "data.h"
#include "gil.h"
#include "graph.h"

namespace lamina {

namespace py = pybind11;
using namespace py::literals;

namespace python {
namespace {

// The pool is touched under the GIL, the work is done without it.
void run_predictor(Predictor& predictor, const std::vector<DataView>& views, Index batch_size,
                   const std::vector<std::byte*>& outputs, std::uint64_t seed,
                   std::uint32_t random_step) {
  const Index rows = views.empty() ? 0 : views.front().rows;
  std::unique_ptr<Execution> execution = predictor.take(std::min(batch_size, rows));
  {
    const WithoutGil released;
    lamina::predict(*execution, views, batch_size, outputs, seed, random_step);
  }
  predictor.give_back(std::move(execution));
}

std::vector<py::array> predict(Predictor& predictor, const std::vector<py::array>& arrays,
                               Index batch_size, std::uint64_t seed, std::uint32_t random_step) {
  const Graph& graph = predictor.graph();
  if (batch_size < 1)
    throw py::value_error("predict: batch_size must be at least 1; got " +
                          std::to_string(batch_size));
  const std::vector<DataView> views = data_views(graph, arrays);
  const Index rows = views.empty() ? 0 : views.front().rows;
  std::vector<py::array> results;
  std::vector<std::byte*> pointers;
  for (const Tensor& output : graph.outputs()) {
    const Value& value = graph.values()[std::size_t(output.value)];
    Shape shape = output.shape;
    if (!value.whole) shape.insert(shape.begin(), rows);
    results.emplace_back(numpy_dtype(value.dtype), shape);
    pointers.push_back(static_cast<std::byte*>(results.back().mutable_data()));
  }
  run_predictor(predictor, views, predictor.batch(std::min(batch_size, std::max<Index>(rows, 1))),
                pointers, seed, random_step);
  return results;
}

py::array predict_all(Predictor& predictor, const py::array& x, std::uint64_t seed,
                      std::uint32_t random_step) {
  const Graph& graph = predictor.graph();
  if (graph.inputs().size() != 1 || graph.outputs().size() != 1)
    throw py::value_error("the model has " + std::to_string(graph.inputs().size()) +
                          " inputs and " + std::to_string(graph.outputs().size()) +
                          " outputs; call predict with lists");
  const std::vector<DataView> views{data_view(graph, graph.inputs().front(), x)};
  const Tensor& output = graph.outputs().front();
  const Value& value = graph.values()[std::size_t(output.value)];
  Shape shape = output.shape;
  if (!value.whole) shape.insert(shape.begin(), views.front().rows);
  py::array result(numpy_dtype(value.dtype), shape);
  const std::vector<std::byte*> pointers{static_cast<std::byte*>(result.mutable_data())};
  run_predictor(predictor, views, predictor.block(std::max<Index>(views.front().rows, 1)), pointers,
                seed, random_step);
  return result;
}

}  // namespace
}  // namespace python

void bind_predictor(py::module_& module) {
  py::class_<Predictor, std::unique_ptr<Predictor>>(
      module, "Predictor", "Inference from any number of threads: a pool of executions.")
      .def(py::init([](const std::shared_ptr<python::RecordedGraph>& graph) {
             return std::make_unique<Predictor>(graph, graph->variables());
           }),
           "graph"_a.none(false))
      .def("predict", &python::predict, "arrays"_a, "batch_size"_a, "seed"_a = 0,
           "random_step"_a = 0,
           "Noise that acts outside training follows from the seed and the batch's step, "
           "`random_step` for the first and one more for each that follows.")
      .def("block", &Predictor::block, "rows"_a,
           "How many of `rows` rows one plan of a few megabytes holds, at least 1.")
      .def_property_readonly("pooled_bytes", &Predictor::pooled_bytes,
                             "Memory of the executions that wait for a caller.")
      .def_property_readonly("joins_rows", &Predictor::joins_rows,
                             "Whether outputs of a row depend on the other rows of its batch.")
      .def("__call__", &python::predict_all, "x"_a, "seed"_a = 0, "random_step"_a = 0,
           "One input, one output, all rows at once.");
}

}  // namespace lamina
