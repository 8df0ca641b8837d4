// The records of fits, and running many fits in parallel.
#include <atomic>
#include <limits>
#include <mutex>
#include <vector>

#include "epoch_rules.h"
#include "fit_requests.h"
#include "fits/pool.h"
#include "gil.h"

namespace lamina {

using namespace py::literals;

namespace python {
namespace {

// A record, with the type of its bytes.
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

  // The number of epochs done, the last one and its loss; loss and validation loss of the epoch
  // whose weights were restored, else of the last epoch that has them.
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

struct FitRun {
  explicit FitRun(py::object asked)
      : request(asked.cast<const BoundRequest&>()), owner(std::move(asked)) {}
  const BoundRequest& request;
  const py::object owner;                // a reference to the request
  std::shared_ptr<SharedOrders> orders;  // null if the rows are not shuffled
  FitRecord record;
  std::atomic<bool> over{false};
};

// Fits that run while more are requested.
class FitRuns {
 public:
  FitRuns(const py::iterable& requests, const py::object& report, const py::object& take)
      : requests_(py::iter(requests)), report_(report), take_(take) {}

  py::tuple run(int threads) {
    {
      const WithoutGil released;
      run_jobs([this] { return bring(); }, threads,
               [this](Index i, const Cancelled& cancelled) { fit(i, cancelled); },
               [this](Index done) { return watch(done); });
    }
    py::list found;
    for (std::size_t i = 0; i < runs_.size(); ++i)
      found.append(i < taken_ ? py::none() : record(i));
    return py::make_tuple(found, interrupted_);
  }

 private:
  FitRun& at(Index i) {
    const std::lock_guard lock(mutex_);
    return *runs_[std::size_t(i)];
  }

  void fit(Index i, const Cancelled& cancelled) {
    FitRun& run = at(i);
    run.record = run_fit(run.request.request, cancelled, run.orders.get());
    run.over = true;
  }

  bool bring() {
    const WithGil gil;
    return !interrupted_ && unless_interrupted([this] {
      const auto request = py::reinterpret_steal<py::object>(PyIter_Next(requests_.ptr()));
      if (!request && PyErr_Occurred() != nullptr) throw py::error_already_set();
      if (!request) return false;
      auto run = std::make_unique<FitRun>(request);
      if (const auto source = order_source(run->request.request)) run->orders = orders_.of(*source);
      const std::lock_guard lock(mutex_);
      runs_.push_back(std::move(run));
      return true;
    });
  }

  bool watch(Index done) {
    const WithGil gil;
    return !interrupted_ && unless_interrupted([this, done] {
      // A report, if there is one, handles the signal.
      if (!report_.is_none()) call_python(report_, py::make_tuple(done));
      for (; !take_.is_none() && taken_ < runs_.size() && runs_[taken_]->over; ++taken_)
        call_python(take_, py::make_tuple(taken_, record(taken_)));
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      return true;
    });
  }

  // The result of f(); false, from then on, after the user has interrupted.
  template <class F>
  bool unless_interrupted(const F& f) {
    try {
      return f();
    } catch (const py::error_already_set& error) {
      if (!error.matches(PyExc_KeyboardInterrupt)) throw;
    }
    interrupted_ = true;
    return false;
  }

  // None for a fit that was not begun or not finished.
  py::object record(std::size_t i) {
    FitRun& run = *runs_[i];
    if (!run.over || (run.record.end == FitEnd::cancelled && run.record.failure.empty()))
      return py::none();
    return py::cast(BoundRecord{run.request.model, run.request.rows, std::move(run.record)});
  }

  const py::iterator requests_;
  const py::object &report_, &take_;
  std::mutex mutex_;  // for the list, which only grows on the calling thread
  std::vector<std::unique_ptr<FitRun>> runs_;
  OrdersOfFits orders_;
  std::size_t taken_ = 0;
  bool interrupted_ = false;
};

py::tuple run_fits(const py::iterable& requests, int threads, const py::object& report,
                   const py::object& take) {
  return FitRuns(requests, report, take).run(threads);
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
  py::class_<BoundRecord>(module, "FitRecord", "The result of a fit.")
      .def_property_readonly("end", [](const BoundRecord& r) { return name_of_end(r.record.end); })
      .def_property_readonly(
          "stopped", [](const BoundRecord& r) { return r.record.stopped; },
          "Whether a rule ended the fit.")
      .def("curve", &BoundRecord::curve, "quantity"_a,
           "A quantity by epoch; NaN where it is missing.")
      .def_property_readonly("failure", [](const BoundRecord& r) { return r.record.failure; })
      .def_property_readonly(
          "divergence", &BoundRecord::divergence,
          "Loss, epoch, step, rate, where, weight and kind; None if there is none.")
      .def_property_readonly(
          "epochs", [](const BoundRecord& r) { return r.record.epochs; },
          "A `FitEpoch` for each completed epoch.")
      .def_property_readonly(
          "told", &BoundRecord::told,
          "The number of epochs done, the last one and its loss; loss and validation loss of the "
          "epoch whose weights the fit ended with.")
      .def_property_readonly("seconds", [](const BoundRecord& r) { return r.record.seconds; })
      .def_property_readonly("held_out", [](const BoundRecord& r) { return r.record.held_out; })
      .def_property_readonly("predictions", &BoundRecord::predictions)
      .def_property_readonly("held_out_outputs", &BoundRecord::held_out_outputs)
      .def("weights", &BoundRecord::weights, "Copies of the weights, in the model's order.");
}

}  // namespace

void bind_fit_runs(py::module_& module) {
  bind_records(module);
  module.def(
      "run_fits", &run_fits, "requests"_a, "threads"_a, "report"_a = py::none(),
      "take"_a = py::none(),
      "Run all fits, each on one thread, starting while the iterator still yields more.  "
      "report(done) is called now and then, and take(place, record) for each fit in order "
      "while the others run.  Returns a record for each, None for those taken and those that "
      "an interrupt ended, and whether there was an interrupt.");
}

}  // namespace python
}  // namespace lamina
