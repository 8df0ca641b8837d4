// Whole fits for Python: the data that they share, and the requests.
#include "fits.h"

#include <pybind11/stl.h>

#include <algorithm>

#include "epoch_rules.h"
#include "fit_requests.h"
#include "scores.h"

namespace lamina {

using namespace py::literals;

namespace python {
namespace {

const std::byte* values_of(const py::array& array, const Parameter& parameter) {
  const bool fits = array.dtype().equal(numpy_dtype(parameter.dtype)) &&
                    (array.flags() & py::array::c_style) != 0 && array.size() == parameter.size;
  if (!fits)
    throw py::value_error(text("FitRequest: the initial values of '", parameter.name,
                               "' must be a ", "C-contiguous ", lamina::name_of(parameter.dtype),
                               " array of ", parameter.size, " elements"));
  return static_cast<const std::byte*>(array.data());
}

using Rows = std::optional<std::shared_ptr<BoundRows>>;

void check_score(const BoundScore& score, const BoundRows& rows) {
  const std::vector<Tensor>& outputs = rows.graph().outputs();
  const bool fits = outputs.size() == 1 && score.rows == rows.rows().size &&
                    size_of(outputs[0].shape) == score.width &&
                    rows.graph().values()[std::size_t(outputs[0].value)].dtype == score.dtype;
  if (!fits) throw py::value_error("FitRequest: the score does not match the rows or the outputs");
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
    throw py::value_error("FitRequest: needs initial values for each parameter");
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
    throw py::value_error("FitRequest: validates must have a value for each epoch");
  r.rate = rate;
  if (rates) r.rates = (*rates)->by_step;
  for (const BoundRule& rule : rules) r.rules.push_back(rule.maker);
  if (score.has_value() != scored.has_value())
    throw py::value_error("FitRequest: score and scored must be given together");
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
      module, "FitModel", "The data that fits of one model share: programs and optimizers.")
      .def(py::init<std::shared_ptr<BoundProgram>, Parameters, const std::vector<Update>&, double,
                    const std::optional<BoundSearch>&>(),
           "training"_a, "parameters"_a, "updates"_a, "loss_scale"_a = 1.0,
           "search"_a = py::none());
  py::class_<BoundRows, std::shared_ptr<BoundRows>>(
      module, "FitRows", "Rows of arrays, all or by number, for a program; shared by fits.")
      .def(py::init<std::shared_ptr<BoundProgram>, std::vector<py::array>,
                    std::optional<RowNumbers>, Index>(),
           "program"_a, "arrays"_a, "rows"_a, "batch"_a);
  py::class_<BoundRates, std::shared_ptr<BoundRates>>(
      module, "FitRates", "Learning rates by the number of completed steps.")
      .def(py::init([](std::vector<double> rates) {
             if (rates.empty()) throw py::value_error("FitRates: needs at least one rate");
             return std::make_shared<BoundRates>(
                 BoundRates{std::make_shared<const std::vector<double>>(std::move(rates))});
           }),
           "rates"_a);
  bind_scores(module);
  bind_epoch_rules(module);
  py::class_<BoundRequest>(module, "FitRequest", "The description of one fit.")
      .def(py::init(&request_of), "model"_a, "first"_a, "seed"_a, "training"_a,
           "validation"_a = py::none(), "held_out"_a = py::none(),
           "held_out_predicted"_a = py::none(), "predicted"_a = py::none(), "first_epoch"_a = 0,
           "epochs"_a = 1, "steps"_a = 1, "shuffle_seed"_a = py::none(),
           "validates"_a = std::vector<bool>(), "rate"_a = 0.0, "rates"_a = py::none(),
           "rules"_a = std::vector<BoundRule>(), truth("lets_divergence_pass") = false,
           truth("keeps_weights") = true, truth("keeps_epochs") = true, "score"_a = py::none(),
           "scored"_a = py::none(), "twister"_a = py::none());
  bind_fit_runs(module);
}

}  // namespace lamina
