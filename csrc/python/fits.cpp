// Many whole fits for Python: what they share, what each is asked for, and what it leaves behind.
#include "fits.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "data.h"
#include "epoch_rules.h"
#include "fits/fit.h"
#include "gil.h"
#include "graph.h"
#include "scores.h"
#include "updates.h"

namespace lamina {

namespace py = pybind11;
using namespace py::literals;

namespace python {
namespace {

using RowNumbers = py::array_t<std::int64_t, py::array::c_style>;

// A graph, and where its parameters are among a model's.
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

// Learning rates by the number of steps done, which fits share.
struct BoundRates {
  std::shared_ptr<const std::vector<double>> by_step;
};

struct BoundRequest {
  std::shared_ptr<BoundModel> model;
  std::vector<py::array> first;
  std::vector<std::shared_ptr<BoundRows>> rows;
  FitRequest request;
};

const std::byte* values_of(const py::array& array, const Parameter& parameter) {
  const bool fits = array.dtype().equal(numpy_dtype(parameter.dtype)) &&
                    (array.flags() & py::array::c_style) != 0 && array.size() == parameter.size;
  if (!fits)
    throw py::value_error(text("FitRequest: the first values of '", parameter.name, "' must be a ",
                               "C-contiguous ", lamina::name_of(parameter.dtype), " array of ",
                               parameter.size, " elements"));
  return static_cast<const std::byte*>(array.data());
}

using Rows = std::optional<std::shared_ptr<BoundRows>>;

void check_score(const BoundScore& score, const BoundRows& rows) {
  const std::vector<Tensor>& outputs = rows.graph().outputs();
  const bool fits = outputs.size() == 1 && score.rows == rows.rows().size &&
                    size_of(outputs[0].shape) == score.width &&
                    rows.graph().values()[std::size_t(outputs[0].value)].dtype == score.dtype;
  if (!fits) throw py::value_error("FitRequest: the score is of other rows, or of other outputs");
}

std::unique_ptr<BoundRequest> request_of(
    std::shared_ptr<BoundModel> model, std::vector<py::array> first, std::uint64_t seed,
    const std::shared_ptr<BoundRows>& training, const Rows& validation, const Rows& held_out,
    const Rows& held_out_predicted, const Rows& predicted, int first_epoch, int epochs, Index steps,
    std::optional<std::uint64_t> shuffle_seed, std::vector<bool> validates, double rate,
    const std::optional<std::shared_ptr<BoundRates>>& rates, const std::vector<BoundRule>& rules,
    bool lets_divergence_pass, bool keeps_weights, bool keeps_epochs,
    const std::optional<BoundScore>& score, const Rows& scored,
    const std::optional<std::pair<py::array_t<std::uint32_t, py::array::c_style>, int>>& twister) {
  auto bound = std::make_unique<BoundRequest>();
  FitRequest& r = bound->request;
  if (first.size() != model->parameters.size())
    throw py::value_error("FitRequest: needs first values for each parameter");
  for (std::size_t i = 0; i < first.size(); ++i)
    r.first.push_back(values_of(first[i], *model->parameters[i]));
  const auto take = [&](const Rows& given, RowsOf& into) {
    if (!given) return;
    into = (*given)->rows();
    bound->rows.push_back(*given);
  };
  take(training, r.training);
  take(scored, r.scored);
  take(validation, r.validation);
  take(held_out, r.held_out);
  take(held_out_predicted, r.held_out_predicted);
  take(predicted, r.predicted);
  r.model = &model->model();
  r.seed = seed;
  r.first_epoch = first_epoch;
  r.epochs = epochs;
  r.steps = steps;
  r.shuffles = shuffle_seed.has_value();
  r.shuffle_seed = shuffle_seed.value_or(0);
  r.validates = std::move(validates);
  if (!r.validates.empty() && r.validates.size() < std::size_t(std::max(epochs, 0)))
    throw py::value_error("FitRequest: validates must say it for each epoch");
  r.rate = rate;
  if (rates) r.rates = (*rates)->by_step;
  for (const BoundRule& rule : rules) r.rules.push_back(rule.maker);
  if (score.has_value() != scored.has_value())
    throw py::value_error("FitRequest: score and scored go together");
  if (score) {
    check_score(*score, **scored);
    r.score = score->score;
  }
  if (twister) {
    const auto& [key, drawn] = *twister;
    if (key.size() != Twister::words || drawn < 0 || drawn > Twister::words)
      throw py::value_error("FitRequest: twister must be the state of an MT19937");
    r.twister.emplace(key.data(), drawn);
  }
  r.lets_divergence_pass = lets_divergence_pass;
  r.keeps_weights = keeps_weights;
  r.keeps_epochs = keeps_epochs;
  bound->model = std::move(model);
  bound->first = std::move(first);
  return bound;
}

// A record, with what its bytes are.
struct BoundRecord {
  std::shared_ptr<BoundModel> model;
  std::vector<std::shared_ptr<BoundRows>> rows;
  FitRecord record;

  py::list weights() const {
    py::list arrays;
    for (std::size_t i = 0; i < record.weights.size(); ++i) {
      const Parameter& parameter = *model->parameters[i];
      arrays.append(copy_of(parameter.dtype, parameter.shape, record.weights[i].data()));
    }
    return arrays;
  }

  static py::object outputs(const std::vector<std::vector<std::byte>>& made, const Graph& graph) {
    if (made.empty()) return py::none();
    py::list arrays;
    for (std::size_t i = 0; i < made.size(); ++i) {
      const Tensor& output = graph.outputs()[i];
      const DType dtype = graph.values()[std::size_t(output.value)].dtype;
      Shape shape = output.shape;
      const Index row = size_of(shape) * Index(bytes_of(dtype));
      shape.insert(shape.begin(), Index(made[i].size()) / std::max<Index>(row, 1));
      arrays.append(copy_of(dtype, shape, made[i].data()));
    }
    return arrays;
  }

  py::object predictions() const { return outputs(record.predictions, rows.back()->graph()); }
  py::object held_out_outputs() const {
    return outputs(record.held_out_outputs, rows.back()->graph());
  }

  // How many epochs were done, the last one and its loss; loss and validation loss of the epoch
  // whose weights were put back, else of the last that has them.
  py::tuple told() const {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    const std::vector<EpochRecord>& epochs = record.epochs;
    double loss = none, validation = none;
    for (const EpochRecord& epoch : epochs) {
      const bool counts = record.kept_epoch < 0 || epoch.epoch == record.kept_epoch;
      if (counts) loss = epoch.training.loss;
      if (counts && epoch.validation) validation = epoch.validation->loss;
    }
    if (epochs.empty()) return py::make_tuple(0, -1, none, none, none);
    return py::make_tuple(epochs.size(), epochs.back().epoch, epochs.back().training.loss, loss,
                          validation);
  }

  py::array_t<double> curve(const BoundQuantity& wanted) const {
    py::array_t<double> values(Index(record.epochs.size()));
    double* to = values.mutable_data();
    for (const EpochRecord& epoch : record.epochs)
      *to++ = wanted.quantity(epoch).value_or(std::numeric_limits<double>::quiet_NaN());
    return values;
  }

  py::object divergence() const {
    if (record.divergence.step == 0) return py::none();
    const Divergence& d = record.divergence;
    const auto none_if_empty = [](const std::string& text) {
      return text.empty() ? py::object(py::none()) : py::object(py::str(text));
    };
    return py::make_tuple(d.loss, d.epoch, d.step, d.rate, none_if_empty(d.where),
                          none_if_empty(d.weight), none_if_empty(d.kind));
  }
};

const char* name_of_end(FitEnd end) {
  switch (end) {
    case FitEnd::done:
      return "done";
    case FitEnd::diverged:
      return "diverged";
    case FitEnd::cancelled:
      break;
  }
  return "cancelled";
}

// Runs all requests; returns a record for each, None for one that was not begun or not ended, and
// whether the user has interrupted.
py::tuple run_fits(const std::vector<BoundRequest*>& requests, int threads,
                   const py::object& report, const py::object& take) {
  const std::size_t count = requests.size();
  std::vector<FitRecord> records(count);
  const std::unique_ptr<std::atomic<bool>[]> over(new std::atomic<bool>[count]());
  std::size_t taken = 0;
  bool interrupted = false;
  const auto record_of = [&](std::size_t i) -> py::object {
    if (records[i].end == FitEnd::cancelled && records[i].failure.empty()) return py::none();
    return py::cast(BoundRecord{requests[i]->model, requests[i]->rows, std::move(records[i])});
  };
  const auto watch = [&](Index done) {
    const WithGil gil;
    try {  // where the report runs, the signal is met there
      if (!report.is_none()) call_python(report, py::make_tuple(done));
      for (; !take.is_none() && taken < count && over[taken]; ++taken)
        call_python(take, py::make_tuple(taken, record_of(taken)));
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      return true;
    } catch (const py::error_already_set& error) {
      if (!error.matches(PyExc_KeyboardInterrupt)) throw;
    }
    interrupted = true;
    return false;
  };
  {
    const WithoutGil released;
    run_jobs(
        Index(requests.size()), threads,
        [&](Index i, const Cancelled& cancelled) {
          records[std::size_t(i)] = run_fit(requests[std::size_t(i)]->request, cancelled);
          over[std::size_t(i)] = true;
        },
        watch);
  }
  py::list found;
  for (std::size_t i = 0; i < count; ++i) found.append(i < taken ? py::none() : record_of(i));
  return py::make_tuple(found, interrupted);
}

void bind_records(py::module_& module) {
  py::class_<Sums>(module, "FitSums", "Losses and metrics of one pass over rows.")
      .def_readonly("mean_loss", &Sums::loss)
      .def_readonly("mean_losses", &Sums::losses)
      .def_property_readonly("metrics", [](const Sums& sums) {
        std::vector<py::array_t<double>> states;
        for (const auto& state : sums.metrics)
          states.emplace_back(Index(state.size()), state.data());
        return states;
      });
  py::class_<EpochRecord>(module, "FitEpoch", "One epoch of a fit.")
      .def_readonly("epoch", &EpochRecord::epoch)
      .def_readonly("training", &EpochRecord::training)
      .def_readonly("validation", &EpochRecord::validation)
      .def_readonly("rate", &EpochRecord::rate);
  py::class_<BoundRecord>(module, "FitRecord", "What a fit leaves behind.")
      .def_property_readonly("end", [](const BoundRecord& r) { return name_of_end(r.record.end); })
      .def_property_readonly(
          "stopped", [](const BoundRecord& r) { return r.record.stopped; },
          "Whether a rule ended the fit.")
      .def("curve", &BoundRecord::curve, "quantity"_a, "A quantity by epoch; NaN without it.")
      .def_property_readonly("failure", [](const BoundRecord& r) { return r.record.failure; })
      .def_property_readonly("divergence", &BoundRecord::divergence,
                             "Loss, epoch, step, rate, where, weight and kind; None for none.")
      .def_property_readonly(
          "epochs", [](const BoundRecord& r) { return r.record.epochs; },
          "A `FitEpoch` for each epoch that was done.")
      .def_property_readonly(
          "told", &BoundRecord::told,
          "How many epochs were done, the last one and its loss; loss and validation loss of the "
          "epoch whose weights the fit ended with.")
      .def_property_readonly("seconds", [](const BoundRecord& r) { return r.record.seconds; })
      .def_property_readonly("held_out", [](const BoundRecord& r) { return r.record.held_out; })
      .def_property_readonly("predictions", &BoundRecord::predictions)
      .def_property_readonly("held_out_outputs", &BoundRecord::held_out_outputs)
      .def("weights", &BoundRecord::weights, "Copies of the weights, in the model's order.");
}

}  // namespace
}  // namespace python

void bind_fits(py::module_& module) {
  using namespace python;
  py::class_<BoundProgram, std::shared_ptr<BoundProgram>>(
      module, "FitProgram", "A graph whose parameters are some of a model's weights.")
      .def(py::init<std::shared_ptr<RecordedGraph>, const Parameters&>(), "graph"_a.none(false),
           "parameters"_a);
  py::class_<BoundSearch>(module, "FitSearch", "A quasi-Newton method; see Execution.minimizer.")
      .def(py::init([](int pairs, int evaluations, double gradient, double change) {
             BoundSearch bound;
             bound.search.pairs = pairs;
             bound.search.stopping.gradient = gradient;
             bound.search.stopping.change = bound.search.wolfe.shortest = change;
             bound.search.wolfe.most_evaluations = evaluations;
             return bound;
           }),
           "pairs"_a, "evaluations"_a, "gradient"_a, "change"_a);
  py::class_<BoundModel, std::shared_ptr<BoundModel>>(
      module, "FitModel", "What fits of one model share: programs, and what moves the weights.")
      .def(py::init<std::shared_ptr<BoundProgram>, Parameters, const std::vector<Update>&, double,
                    const std::optional<BoundSearch>&>(),
           "training"_a, "parameters"_a, "updates"_a, "loss_scale"_a = 1.0,
           "search"_a = py::none());
  py::class_<BoundRows, std::shared_ptr<BoundRows>>(
      module, "FitRows", "Rows of arrays, which fits share, for a program: all, or by number.")
      .def(py::init<std::shared_ptr<BoundProgram>, std::vector<py::array>,
                    std::optional<RowNumbers>, Index>(),
           "program"_a, "arrays"_a, "rows"_a, "batch"_a);
  py::class_<BoundRates, std::shared_ptr<BoundRates>>(module, "FitRates",
                                                      "Learning rates by the number of steps done.")
      .def(py::init([](std::vector<double> rates) {
             if (rates.empty()) throw py::value_error("FitRates: needs at least one rate");
             return std::make_shared<BoundRates>(
                 BoundRates{std::make_shared<const std::vector<double>>(std::move(rates))});
           }),
           "rates"_a);
  bind_scores(module);
  bind_epoch_rules(module);
  bind_records(module);
  py::class_<BoundRequest>(module, "FitRequest", "What one fit is asked for.")
      .def(py::init(&request_of), "model"_a, "first"_a, "seed"_a, "training"_a,
           "validation"_a = py::none(), "held_out"_a = py::none(),
           "held_out_predicted"_a = py::none(), "predicted"_a = py::none(), "first_epoch"_a = 0,
           "epochs"_a = 1, "steps"_a = 1, "shuffle_seed"_a = py::none(),
           "validates"_a = std::vector<bool>(), "rate"_a = 0.0, "rates"_a = py::none(),
           "rules"_a = std::vector<BoundRule>(), truth("lets_divergence_pass") = false,
           truth("keeps_weights") = true, truth("keeps_epochs") = true, "score"_a = py::none(),
           "scored"_a = py::none(), "twister"_a = py::none());
  module.def("run_fits", &run_fits, "requests"_a, "threads"_a, "report"_a = py::none(),
             "take"_a = py::none(),
             "Runs all fits, each on one thread; report(done) is called now and then, and "
             "take(place, record) for each fit in order while the others run.  Returns a record "
             "for each, None for those taken and those that an interrupt ended, and whether there "
             "was one.");
}

}  // namespace lamina
