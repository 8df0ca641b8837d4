#include "execution.h"

#include <cstdio>

#include "data.h"
#include "gil.h"
#include "graph.h"
#include "runtime/threads.h"

namespace lamina {

namespace py = pybind11;
using namespace py::literals;

namespace python {
namespace {

std::string thread_reason(const ProfileLine& line) {
  if (line.limit == 1 && get_num_threads() > 1) return "weights would move between caches";
  if (line.limit == 1) return "the limit is 1";
  if (line.planned_flop == 0.0) return "one chunk";
  char work[64];
  std::snprintf(work, sizeof work, "%.2g MFLOP", line.planned_flop * 1e-6);
  return std::string(work) + (line.threads > 1 ? " is enough" : " is too little");
}

}  // namespace

BoundExecution::BoundExecution(const std::shared_ptr<RecordedGraph>& graph, Index rows,
                               bool training, std::uint64_t seed, bool input_gradients)
    : parameters_(graph->parameters_given()),
      execution_(
          Execution::create(graph, graph->variables(), {rows, training, input_gradients, seed})) {}

void BoundExecution::bind(std::vector<py::array> arrays) {
  execution_->bind(data_views(execution_->graph(), arrays));
  arrays_ = std::move(arrays);
}

void BoundExecution::unbind() {
  execution_->bind({});
  arrays_.clear();
}

void BoundExecution::set_update(std::string kind, std::vector<std::optional<py::array>> slots,
                                const py::kwargs& settings) {
  Update update;
  update.rules.push_back({std::move(kind), std::move(slots), {}, {}, {}, settings});
  set_updates({update}, 1.0);
}

void BoundExecution::set_updates(const std::vector<Update>& updates, double loss_scale) {
  std::vector<py::array> kept;
  std::vector<UpdateSettings> settings;
  if (!(loss_scale > 0.0 && loss_scale < kInfinity))
    throw py::value_error(
        text("set_updates: loss_scale must be a finite number above 0; got ", loss_scale));
  for (const Update& update : updates)
    settings.push_back(
        read_update(update, {execution_->slices(), parameters_, graph().dtype}, kept));
  execution_->set_updates(std::move(settings), loss_scale);
  slots_ = std::move(kept);
  updates_ = updates;
  loss_scale_ = loss_scale;
}

std::pair<std::vector<Update>, double> BoundExecution::updates() const {
  return {updates_, loss_scale_};
}

void BoundExecution::set_rates(std::vector<double> rates) {
  for (const double rate : rates)
    if (!(rate >= 0.0 && rate < kInfinity))
      throw py::value_error(
          text("set_rates: a rate must be a finite number of at least 0; got ", rate));
  execution_->set_rates(std::move(rates));
}

std::unique_ptr<BoundMinimizer> BoundExecution::minimizer(const py::object& order, Index rows,
                                                          int pairs, int evaluations,
                                                          double gradient, double change) {
  std::vector<std::int64_t> chosen;
  if (!order.is_none()) {
    const Batch batch = make_batch(order, 0, rows, 0);
    chosen.assign(batch.order, batch.order + rows);
  }
  if (pairs < 0 || evaluations < 1)
    throw py::value_error("minimizer: needs pairs of at least 0 and evaluations of at least 1");
  Stopping stopping;
  stopping.gradient = gradient;
  stopping.change = change;
  WolfeSettings wolfe;
  wolfe.shortest = change;
  wolfe.most_evaluations = evaluations;
  return std::make_unique<BoundMinimizer>(*execution_, std::move(chosen), rows, 0, pairs, stopping,
                                          wolfe);
}

double BoundExecution::train(const py::object& order, Index start, Index stop, double learning_rate,
                             std::int64_t step, std::uint32_t random_step) {
  const Batch batch = make_batch(order, start, stop, random_step);
  const WithoutGil released;
  return execution_->train(batch, learning_rate, step);
}

double BoundExecution::train_by(const py::object& order, Index start, Index stop,
                                std::uint32_t random_step, const py::object& update) {
  const Batch batch = make_batch(order, start, stop, random_step);
  const WithoutGil released;
  return execution_->train(batch, own_update(update));
}

py::object BoundExecution::failed_step() const {
  const NotFinite& failed = execution_->failed_step();
  if (failed.kind.empty()) return py::none();
  return py::make_tuple(failed.kind, failed.weight, execution_->step_loss());
}

double BoundExecution::gradients(const py::object& order, Index start, Index stop,
                                 std::uint32_t random_step) {
  const Batch batch = make_batch(order, start, stop, random_step);
  const WithoutGil released;
  return execution_->gradients(batch);
}

double BoundExecution::test(const py::object& order, Index start, Index stop,
                            std::uint32_t random_step) {
  const Batch batch = make_batch(order, start, stop, random_step);
  const WithoutGil released;
  return execution_->test(batch);
}

py::object BoundExecution::first_nonfinite(const py::object& order, Index start, Index stop,
                                           std::uint32_t random_step) {
  const Batch batch = make_batch(order, start, stop, random_step);
  std::string name;
  {
    const WithoutGil released;
    name = execution_->first_nonfinite(batch);
  }
  return name.empty() ? py::object(py::none()) : py::object(py::str(name));
}

py::list BoundExecution::profile(const py::object& order, Index start, Index stop,
                                 double learning_rate, std::int64_t step,
                                 std::uint32_t random_step) {
  const Batch batch = make_batch(order, start, stop, random_step);
  std::vector<ProfileLine> lines;
  {
    const WithoutGil released;
    lines = execution_->profile(batch, learning_rate, step);
  }
  py::list rows;
  for (const ProfileLine& line : lines) {
    const std::string why = thread_reason(line);
    rows.append(py::dict("operation"_a = line.operation, "name"_a = line.name, "pass"_a = line.pass,
                         "shapes"_a = line.sizes, "mflop"_a = line.flop * 1e-6,
                         "mb"_a = line.elements * double(bytes_of(graph().dtype)) * 1e-6,
                         "threads"_a = line.threads, "why"_a = why, "us"_a = line.seconds * 1e6));
  }
  return rows;
}

py::array BoundExecution::gradient(const py::object& self) const {
  return view(graph().dtype, -1, {execution_->gradient_size()}, execution_->gradient(), self, true);
}

py::array BoundExecution::gradient_of(const py::object& self, const Parameter& p) const {
  for (const GradientSlice& slice : execution_->slices())
    if (parameters_[std::size_t(slice.slot)].get() == &p)
      return view(p.dtype, -1, p.shape,
                  execution_->gradient() + std::size_t(slice.offset) * bytes_of(p.dtype), self,
                  true);
  throw py::value_error("gradient_of: '" + p.name + "' is not trained by this execution");
}

Parameters BoundExecution::trainable() const {
  Parameters parameters;
  for (const GradientSlice& slice : execution_->slices())
    parameters.push_back(parameters_[std::size_t(slice.slot)]);
  return parameters;
}

std::vector<std::string> BoundExecution::paths() const {
  std::vector<std::string> paths;
  for (const GradientSlice& slice : execution_->slices()) paths.push_back(slice.path);
  return paths;
}

py::array BoundExecution::output(std::size_t index) const {
  const Tensor& tensor = graph().outputs().at(index);
  const Value& value = graph().values()[std::size_t(tensor.value)];
  return copy_of(value.dtype, value.whole ? tensor.shape : with_rows(tensor.shape),
                 execution_->output(index));
}

bool BoundExecution::output_has_rows(std::size_t index) const {
  return !graph().values()[std::size_t(graph().outputs().at(index).value)].whole;
}

py::array BoundExecution::input_gradient(std::size_t index) const {
  const Tensor& tensor = graph().inputs().at(index);
  const std::byte* data = execution_->input_gradient(index);
  if (data == nullptr) throw py::value_error("input_gradient: none flows to this input");
  return copy_of(graph().dtype, with_rows(tensor.shape), data);
}

std::vector<py::array_t<double>> BoundExecution::metrics() const {
  std::vector<py::array_t<double>> states;
  for (const auto& state : execution_->metrics())
    states.emplace_back(Index(state.size()), state.data());
  return states;
}

Execution::OwnUpdate BoundExecution::own_update(const py::object& update) {
  return [&update] {
    const WithGil gil;
    const auto found = py::cast<std::optional<std::pair<std::string, std::string>>>(
        call_python(update, py::tuple()));
    return found ? NotFinite{found->first, found->second} : NotFinite();
  };
}

Shape BoundExecution::with_rows(Shape shape) const {
  shape.insert(shape.begin(), execution_->last_rows());
  return shape;
}

Batch BoundExecution::make_batch(const py::object& order, Index start, Index stop,
                                 std::uint32_t random_step) {
  if (order.is_none()) return {nullptr, start, stop, random_step};
  if (!py::isinstance<py::array_t<std::int64_t, py::array::c_style>>(order))
    throw py::type_error("order: needs a C-contiguous int64 array or None");
  const auto array = py::reinterpret_borrow<py::array>(order);
  if (start < 0 || stop > array.size() || start > stop)
    throw py::value_error("batch: rows " + std::to_string(start) + " to " + std::to_string(stop) +
                          " of an order of " + std::to_string(array.size()));
  return {static_cast<const std::int64_t*>(array.data()), start, stop, random_step};
}

}  // namespace python

void bind_execution(py::module_& module) {
  using python::BoundExecution;
  using python::truth;
  py::class_<BoundExecution> execution(module, "Execution",
                                       "Planned buffers for at most `rows` rows of a built graph.");
  execution
      .def(py::init<const std::shared_ptr<python::RecordedGraph>&, Index, bool, std::uint64_t,
                    bool>(),
           "graph"_a.none(false), "rows"_a, truth("training") = false, "seed"_a = 0,
           truth("input_gradients") = false)
      .def("bind", &BoundExecution::bind, "arrays"_a)
      .def("unbind", &BoundExecution::unbind)
      .def("set_update", &BoundExecution::set_update, "kind"_a, "slots"_a,
           "Set the rule of `train`: its slots by place (None: not used), its settings, and those "
           "that all rules share.")
      .def("set_updates", &BoundExecution::set_updates, "updates"_a, "loss_scale"_a = 1.0,
           "Set several optimizers of different parameters, and the factor on the loss before its "
           "gradient is calculated, by which the gradient is then divided.")
      .def_property_readonly("updates", &BoundExecution::updates,
                             "The last argument of `set_updates`.")
      .def("set_rates", &BoundExecution::set_rates, "rates"_a,
           "Set the learning rates of the updates, used instead of that of `train`; empty: the "
           "latter.")
      .def("minimizer", &BoundExecution::minimizer, "order"_a, "rows"_a, "pairs"_a, "evaluations"_a,
           "gradient"_a, "change"_a, py::keep_alive<0, 1>(),
           "A quasi-Newton method over `rows` rows of the data, or over an order.  It uses the "
           "last `pairs` steps or, if 0, all of them as a matrix, with at most `evaluations` per "
           "step, and ends when the gradient, or the change, is as small as given.")
      .def("train", &BoundExecution::train, "order"_a, "start"_a, "stop"_a, "learning_rate"_a,
           "step"_a, "random_step"_a,
           "One step over rows order[start:stop]; returns the loss. No update if it is not finite.")
      .def("train_by", &BoundExecution::train_by, "order"_a, "start"_a, "stop"_a, "random_step"_a,
           "update"_a,
           "One step with the update of a function, which returns None or, if something is not "
           "finite, moves nothing and returns a description as in failed_step.")
      .def_property_readonly("failed_step", &BoundExecution::failed_step,
                             "What was not finite in the last step although the loss was: "
                             "(\"gradient\", \"moments\" or \"weight\", its parameter, the loss).")
      .def(
          "count_step", [](BoundExecution& e) { e.execution().count_step(); },
          "Count a step that was skipped on purpose as done.")
      .def_property_readonly("completed_steps",
                             [](BoundExecution& e) { return e.execution().completed_steps(); })
      .def("gradients", &BoundExecution::gradients, "order"_a, "start"_a, "stop"_a,
           "random_step"_a = 0)
      .def("test", &BoundExecution::test, "order"_a, "start"_a, "stop"_a, "random_step"_a = 0)
      .def("first_nonfinite", &BoundExecution::first_nonfinite, "order"_a, "start"_a, "stop"_a,
           "random_step"_a = 0)
      .def("profile", &BoundExecution::profile, "order"_a, "start"_a, "stop"_a, "learning_rate"_a,
           "step"_a, "random_step"_a)
      .def_property_readonly(
          "gradient",
          [](const py::object& self) { return py::cast<BoundExecution&>(self).gradient(self); })
      .def(
          "gradient_of",
          [](const py::object& self, const python::Parameter& parameter) {
            return py::cast<BoundExecution&>(self).gradient_of(self, parameter);
          },
          "parameter"_a)
      .def("trainable", &BoundExecution::trainable)
      .def("paths", &BoundExecution::paths, "The paths of the parameters that `trainable` returns.")
      .def("output", &BoundExecution::output, "index"_a)
      .def("output_has_rows", &BoundExecution::output_has_rows, "index"_a)
      .def("input_gradient", &BoundExecution::input_gradient, "index"_a)
      .def("reset", [](BoundExecution& e) { e.execution().reset(); })
      .def_property_readonly("mean_loss",
                             [](BoundExecution& e) { return e.execution().mean_loss(); })
      .def_property_readonly(
          "mean_losses", [](BoundExecution& e) { return e.execution().mean_losses(); },
          "The mean of each loss, in the order of add_loss, without its scale.")
      .def_property_readonly(
          "sums", [](BoundExecution& e) { return e.execution().sums(); },
          "The sums of losses and their divisors, then of penalties, then of each metric.")
      .def(
          "resume",
          [](BoundExecution& e, const std::vector<std::vector<double>>& sums) {
            e.execution().resume(sums);
          },
          "sums"_a, "Continue from the sums of an execution of a graph with the same losses.")
      .def_property_readonly("metrics", &BoundExecution::metrics)
      .def_property_readonly("gradient_size",
                             [](BoundExecution& e) { return e.execution().gradient_size(); })
      .def_property_readonly(
          "held_bytes", [](BoundExecution& e) { return e.execution().held_bytes(); },
          "Bytes allocated: the plan, prepared weights, executions for shares.")
      .def_property_readonly(
          "arena_bytes", [](BoundExecution& e) { return e.execution().arena_bytes(); },
          "Memory planned for values and gradients.")
      .def_property_readonly("rows", [](BoundExecution& e) { return e.execution().settings.rows; });
  python::bind_pieces(execution);
}

}  // namespace lamina
