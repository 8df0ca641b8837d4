// Predictor for Python: checks arrays and releases the GIL.
#include "graph/predictor.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>

#include "array.h"
#include "data.h"
#include "gil.h"
#include "graph.h"
#include "runtime/isa.h"

namespace lamina {

namespace py = pybind11;
using namespace py::literals;

namespace python {
namespace {

// Lets Ctrl-C stop a prediction between batches; not at each one, because another thread may hold
// the GIL for milliseconds.
class Signals {
 public:
  void operator()() {
    const auto now = Clock::now();
    if (now < next_) return;
    next_ = now + interval;
    const WithGil held;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds interval{100};
  Clock::time_point next_{};
};

// The pool is accessed with the GIL held, the work is done without it.
void run_predictor(Predictor& predictor, const std::vector<DataView>& views, Index batch_size,
                   const std::vector<std::byte*>& outputs, std::uint64_t seed,
                   std::uint32_t random_step) {
  const Index rows = views.empty() ? 0 : views.front().rows;
  std::unique_ptr<Execution> execution = predictor.take(std::min(batch_size, rows));
  {
    const WithoutGil released;
    lamina::predict(*execution, views, batch_size, outputs, seed, random_step, Signals());
  }
  predictor.give_back(std::move(execution));
}

struct Results {
  std::vector<py::array> arrays;
  std::vector<std::byte*> pointers;
};
Results make_results(const Graph& graph, Index rows) {
  Results results;
  for (const Tensor& output : graph.outputs()) {
    const Value& value = graph.values()[std::size_t(output.value)];
    Shape shape = output.shape;
    if (!value.whole) shape.insert(shape.begin(), rows);
    results.arrays.emplace_back(numpy_dtype(value.dtype), shape);
    results.pointers.push_back(static_cast<std::byte*>(results.arrays.back().mutable_data()));
  }
  return results;
}

std::vector<py::array> predict(Predictor& predictor, const std::vector<py::array>& arrays,
                               Index batch_size, std::uint64_t seed, std::uint32_t random_step) {
  const Graph& graph = predictor.graph();
  if (batch_size < 1)
    throw py::value_error("predict: batch_size must be at least 1; got " +
                          std::to_string(batch_size));
  const std::vector<DataView> views = data_views(graph, arrays);
  const Index rows = views.empty() ? 0 : views.front().rows;
  Results results = make_results(graph, rows);
  run_predictor(predictor, views, predictor.batch(std::min(batch_size, std::max<Index>(rows, 1))),
                results.pointers, seed, random_step);
  return std::move(results.arrays);
}

py::array predict_all(Predictor& predictor, const py::array& x, std::uint64_t seed,
                      std::uint32_t random_step) {
  const Graph& graph = predictor.graph();
  if (graph.inputs().size() != 1 || graph.outputs().size() != 1)
    throw py::value_error("the model has " + std::to_string(graph.inputs().size()) +
                          " inputs and " + std::to_string(graph.outputs().size()) +
                          " outputs; call predict with lists");
  const std::vector<DataView> views{data_view(graph, graph.inputs().front(), x)};
  Results results = make_results(graph, views.front().rows);
  run_predictor(predictor, views, predictor.block(std::max<Index>(views.front().rows, 1)),
                results.pointers, seed, random_step);
  return std::move(results.arrays[0]);
}

// Predictions from data that need no conversion: `predict_all` of a model of any inputs and
// outputs.

// Whether all are ids below a bound, if there is one.
bool below(const std::int32_t* ids, Index size, Index bound) {
  return bound == 0 ||
         std::all_of(ids, ids + size, [=](std::int32_t id) { return id >= 0 && id < bound; });
}

bool in_range(const Value& value, const DataView& view, Index bound) {
  const Index size = view.rows * value.width;
  switch (value.dtype) {
    case DType::float32:
      return kernels<float>().find_nonfinite(reinterpret_cast<const float*>(view.data), size) < 0;
    case DType::float64:
      return kernels<double>().find_nonfinite(reinterpret_cast<const double*>(view.data), size) < 0;
    case DType::int32:
      return below(reinterpret_cast<const std::int32_t*>(view.data), size, bound);
    default:
      return false;
  }
}

// A view of an array for an input if it fits unchanged; else a view of no rows.
DataView view_as_is(const Graph& graph, const Tensor& input, const py::handle& given) {
  if (reinterpret_cast<PyObject*>(Py_TYPE(given.ptr())) !=
      reinterpret_cast<PyObject*>(py::detail::npy_api::get().PyArray_Type_))
    return {};
  const auto array = py::reinterpret_borrow<py::array>(given);
  const Value& value = graph.values()[std::size_t(input.value)];
  const py::dtype wanted = numpy_dtype(value.dtype);
  const bool fits = std::size_t(array.ndim()) == input.shape.size() + 1 &&
                    std::equal(input.shape.begin(), input.shape.end(), array.shape() + 1) &&
                    (array.dtype().is(wanted) || array.dtype().equal(wanted)) &&
                    (array.flags() & py::array::c_style) != 0 &&
                    reinterpret_cast<std::uintptr_t>(array.data()) % bytes_of(value.dtype) == 0;
  if (!fits) return {};
  return {static_cast<const std::byte*>(array.data()), array.shape(0)};
}

py::object predict_as_is(Predictor& predictor, const py::object& x, Index most_rows) {
  const Graph& graph = predictor.graph();
  const std::size_t count = graph.inputs().size();
  const bool several = PyList_CheckExact(x.ptr()) || PyTuple_CheckExact(x.ptr());
  if (several ? Py_SIZE(x.ptr()) != Index(count) : count != 1) return py::none();
  std::vector<py::object> held;  // other threads may remove arrays from the caller's list
  std::vector<DataView> views;
  for (std::size_t i = 0; i < count; ++i) {
    const py::handle given = several ? PySequence_Fast_GET_ITEM(x.ptr(), Index(i)) : x.ptr();
    const DataView view = view_as_is(graph, graph.inputs()[i], given);
    if (view.rows < 1 || view.rows > most_rows || (i > 0 && view.rows != views[0].rows))
      return py::none();
    held.push_back(py::reinterpret_borrow<py::object>(given));
    views.push_back(view);
  }
  bool fit = true;
  {
    const WithoutGil released;
    for (std::size_t i = 0; i < count && fit; ++i)
      fit = in_range(graph.values()[std::size_t(graph.inputs()[i].value)], views[i],
                     predictor.label_bounds()[i]);
  }
  if (!fit) return py::none();
  Results results = make_results(graph, views[0].rows);
  run_predictor(predictor, views, predictor.block(views[0].rows), results.pointers, 0, 0);
  if (results.arrays.size() == 1) return std::move(results.arrays[0]);
  return py::cast(std::move(results.arrays));
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
           "Noise outside training depends on the seed and the batch's step, "
           "`random_step` for the first batch and one more for each that follows.")
      .def("block", &Predictor::block, "rows"_a,
           "How many of `rows` rows to take at a time, at least 1: as many as the caches hold, or "
           "as give each thread a part.")
      .def_property_readonly("pooled_bytes", &Predictor::pooled_bytes,
                             "Memory of the idle executions.")
      .def_property_readonly("joins_rows", &Predictor::joins_rows,
                             "Whether outputs of a row depend on the other rows of its batch.")
      .def("__call__", &python::predict_all, "x"_a, "seed"_a = 0, "random_step"_a = 0,
           "One input, one output, all rows at once.")
      .def("as_is", &python::predict_as_is, "x"_a, "most_rows"_a,
           "The output, or a list of the outputs, for an array, or a list or tuple of one for each "
           "input, that needs no conversion: of the input's type and shape, C-contiguous, "
           "finite or of ids below the bound, with few enough rows.  None for all others.");
}

}  // namespace lamina
