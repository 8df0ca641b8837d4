// Execution for Python: checks arrays, keeps them alive and releases the GIL.
#pragma once

#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "array.h"
#include "graph/execution.h"
#include "minimizer.h"
#include "recorded_graph.h"
#include "updates.h"

namespace lamina {
namespace python {

// The sums of pieces, concatenated.
using Numbers = py::array_t<double, py::array::c_style | py::array::forcecast>;

class BoundExecution {
 public:
  BoundExecution(const std::shared_ptr<RecordedGraph>& graph, Index rows, bool training,
                 std::uint64_t seed, bool input_gradients);

  void bind(std::vector<py::array> arrays);
  void unbind();
  void set_update(std::string kind, std::vector<std::optional<py::array>> slots,
                  const py::kwargs& settings);
  void set_updates(const std::vector<Update>& updates, double loss_scale);
  std::pair<std::vector<Update>, double> updates() const;
  void set_rates(std::vector<double> rates);

  // A search over all rows, or those of an order.
  std::unique_ptr<BoundMinimizer> minimizer(const py::object& order, Index rows, int pairs,
                                            int evaluations, double gradient, double change);

  double train(const py::object& order, Index start, Index stop, double learning_rate,
               std::int64_t step, std::uint32_t random_step);
  double train_by(const py::object& order, Index start, Index stop, std::uint32_t random_step,
                  const py::object& update);
  py::object failed_step() const;
  double gradients(const py::object& order, Index start, Index stop, std::uint32_t random_step);
  double test(const py::object& order, Index start, Index stop, std::uint32_t random_step);
  py::object first_nonfinite(const py::object& order, Index start, Index stop,
                             std::uint32_t random_step);
  py::list profile(const py::object& order, Index start, Index stop, double learning_rate,
                   std::int64_t step, std::uint32_t random_step);

  // --- a batch in pieces (execution_pieces.cpp)

  void forward_piece(const py::object& order, Index start, Index stop, std::uint32_t random_step,
                     std::uint64_t seed, bool training);
  py::array_t<double> piece_sums() const;
  py::array_t<double> no_sums(bool training) const;
  void backward_piece(Index batch_rows, const std::optional<Numbers>& totals, double loss_scale,
                      const py::object& done);
  std::vector<std::pair<Index, Index>> set_buckets(std::size_t bytes);
  double train_pieces(const Numbers& totals, double learning_rate, std::int64_t step);
  double train_pieces_by(const Numbers& totals, const py::object& update);
  double test_pieces(const Numbers& totals);

  // --- results of batches

  py::array gradient(const py::object& self) const;
  py::array gradient_of(const py::object& self, const Parameter& p) const;
  Parameters trainable() const;
  std::vector<std::string> paths() const;
  py::array output(std::size_t index) const;
  bool output_has_rows(std::size_t index) const;
  py::array input_gradient(std::size_t index) const;
  std::vector<py::array_t<double>> metrics() const;
  Execution& execution() { return *execution_; }

 private:
  const Graph& graph() const { return execution_->graph(); }
  // A function of the user's that moves the weights, or returns what is not finite.
  static Execution::OwnUpdate own_update(const py::object& update);
  PieceSums totals_of(const Numbers& flat, bool training) const;
  static py::array_t<double> numbers(const PieceSums& sums);
  Shape with_rows(Shape shape) const;
  // The row numbers themselves are checked where they are used.
  Batch make_batch(const py::object& order, Index start, Index stop, std::uint32_t random_step);

  const Parameters parameters_;  // by slot
  std::unique_ptr<Execution> execution_;
  std::vector<py::array> arrays_, slots_;  // kept alive
  std::vector<Update> updates_;            // as last set
  double loss_scale_ = 1.0;
};

// The methods of pieces.
void bind_pieces(py::class_<BoundExecution>& execution);

}  // namespace python
}  // namespace lamina
