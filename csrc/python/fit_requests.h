// Python's descriptions of fits: shared programs and models, rows, and requests.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "data.h"
#include "fits/fit.h"
#include "graph.h"
#include "updates.h"

namespace lamina {

namespace py = pybind11;

namespace python {

using RowNumbers = py::array_t<std::int64_t, py::array::c_style>;

// A graph, and the places of its parameters among those of a model.
class BoundProgram {
 public:
  BoundProgram(std::shared_ptr<RecordedGraph> graph, const Parameters& all)
      : graph_(std::move(graph)) {
    if (!graph_->built()) throw py::value_error("FitProgram: the graph is not built");
    if (!graph_->states().empty())
      throw py::value_error("FitProgram: the graph has states, which fits would share");
    for (const auto& operation : graph_->operations())
      if (operation->kind == "python")
        throw py::value_error("FitProgram: '" + operation->name + "' runs in Python");
    program_.graph = graph_;
    for (const auto& parameter : graph_->parameters_given()) {
      const auto found = std::find(all.begin(), all.end(), parameter);
      if (found == all.end())
        throw py::value_error("FitProgram: '" + parameter->name + "' is not among the parameters");
      program_.weights.push_back(std::size_t(found - all.begin()));
    }
  }

  const Program& program() const { return program_; }
  const RecordedGraph& graph() const { return *graph_; }

 private:
  const std::shared_ptr<RecordedGraph> graph_;
  Program program_;
};

struct BoundSearch {
  Search search;
};

class BoundModel {
 public:
  BoundModel(std::shared_ptr<BoundProgram> training, Parameters all,
             const std::vector<Update>& updates, double loss_scale,
             const std::optional<BoundSearch>& search)
      : parameters(std::move(all)), training_(std::move(training)) {
    const RecordedGraph& graph = training_->graph();
    const auto execution =
        Execution::create(training_->program().graph, graph.variables(), {1, true, false, 0});
    model_.dtype = graph.dtype;
    for (const auto& parameter : parameters) model_.sizes.push_back(parameter->size);
    model_.training = training_->program();
    for (const Update& update : updates)
      model_.updates.push_back(
          read_update(update, {execution->slices(), graph.parameters_given(), graph.dtype}, kept_));
    model_.loss_scale = loss_scale;
    if (search) model_.search = search->search;
  }

  const FitModel& model() const { return model_; }
  const Parameters parameters;

 private:
  const std::shared_ptr<BoundProgram> training_;
  std::vector<py::array> kept_;
  FitModel model_;
};

// Rows of arrays, for one of a model's programs.
class BoundRows {
 public:
  BoundRows(std::shared_ptr<BoundProgram> program, std::vector<py::array> arrays,
            std::optional<RowNumbers> rows, Index batch)
      : program_(std::move(program)), arrays_(std::move(arrays)), numbers_(std::move(rows)) {
    of_.program = &program_->program();
    of_.data = data_views(program_->graph(), arrays_);
    const Index all = of_.data.empty() ? 0 : of_.data.front().rows;
    of_.size = numbers_ ? Index(numbers_->size()) : all;
    if (numbers_) of_.rows = numbers_->data();
    for (Index i = 0; numbers_ && i < of_.size; ++i)
      if (of_.rows[i] < 0 || of_.rows[i] >= all)
        throw py::value_error("FitRows: row " + std::to_string(of_.rows[i]) + " of " +
                              std::to_string(all));
    if (of_.size < 1 || batch < 1)
      throw py::value_error("FitRows: needs at least one row, and batches of at least one");
    of_.batch = std::min(batch, of_.size);
  }

  const RowsOf& rows() const { return of_; }
  const RecordedGraph& graph() const { return program_->graph(); }

 private:
  const std::shared_ptr<BoundProgram> program_;
  const std::vector<py::array> arrays_;
  const std::optional<RowNumbers> numbers_;
  RowsOf of_;
};

// Learning rates by the number of completed steps, shared by fits.
struct BoundRates {
  std::shared_ptr<const std::vector<double>> by_step;
};

struct BoundRequest {
  std::shared_ptr<BoundModel> model;
  std::vector<py::array> first;
  std::vector<std::shared_ptr<BoundRows>> rows;
  FitRequest request;
};

void bind_fit_runs(py::module_& module);

}  // namespace python
}  // namespace lamina
