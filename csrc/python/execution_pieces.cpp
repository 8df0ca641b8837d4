// A batch in pieces: the part of one execution.
#include "execution.h"
#include "gil.h"
#include "graph.h"

namespace lamina {

namespace py = pybind11;
using namespace py::literals;

namespace python {

void BoundExecution::forward_piece(const py::object& order, Index start, Index stop,
                                   std::uint32_t random_step, std::uint64_t seed, bool training) {
  Batch piece = make_batch(order, start, stop, random_step);
  piece.seed = seed;
  const WithoutGil released;
  execution_->forward_piece(piece, training);
}

py::array_t<double> BoundExecution::piece_sums() const { return numbers(execution_->piece_sums()); }

py::array_t<double> BoundExecution::no_sums(bool training) const {
  return numbers(execution_->no_sums(training));
}

void BoundExecution::backward_piece(Index batch_rows, const std::optional<Numbers>& totals,
                                    double loss_scale, const py::object& done) {
  const std::optional<PieceSums> sums =
      totals ? std::optional(totals_of(*totals, true)) : std::nullopt;
  Execution::BucketDone tell;
  if (!done.is_none())
    tell = [&](std::size_t bucket) {
      const WithGil gil;
      call_python(done, py::make_tuple(bucket));
    };
  const WithoutGil released;
  execution_->backward_piece(batch_rows, sums ? &*sums : nullptr, loss_scale, tell);
}

std::vector<std::pair<Index, Index>> BoundExecution::set_buckets(std::size_t bytes) {
  execution_->set_buckets(bytes);
  std::vector<std::pair<Index, Index>> bounds;
  for (const GradientBucket& bucket : execution_->buckets())
    bounds.emplace_back(bucket.begin, bucket.end);
  return bounds;
}

double BoundExecution::train_pieces(const Numbers& totals, double learning_rate,
                                    std::int64_t step) {
  const PieceSums sums = totals_of(totals, true);
  const WithoutGil released;
  return execution_->train_pieces(sums, learning_rate, step);
}

double BoundExecution::train_pieces_by(const Numbers& totals, const py::object& update) {
  const PieceSums sums = totals_of(totals, true);
  const WithoutGil released;
  return execution_->train_pieces(sums, own_update(update));
}

double BoundExecution::test_pieces(const Numbers& totals) {
  const PieceSums sums = totals_of(totals, false);
  const WithoutGil released;
  return execution_->test_pieces(sums);
}

PieceSums BoundExecution::totals_of(const Numbers& flat, bool training) const {
  PieceSums sums = execution_->no_sums(training);
  sums.take({flat.data(), flat.data() + flat.size()});
  return sums;
}

py::array_t<double> BoundExecution::numbers(const PieceSums& sums) {
  const std::vector<double> flat = sums.flat();
  return py::array_t<double>(Index(flat.size()), flat.data());
}

void bind_pieces(py::class_<BoundExecution>& execution) {
  execution
      .def("forward_piece", &BoundExecution::forward_piece, "order"_a, "start"_a, "stop"_a,
           "random_step"_a, "seed"_a = 0, truth("training") = true,
           "Run forward, in training or not, on rows that are a piece of a batch; `seed` makes its "
           "random numbers different from those of other pieces.")
      .def_property_readonly("piece_sums", &BoundExecution::piece_sums,
                             "The last piece's contribution to the totals of its batch.")
      .def("no_sums", &BoundExecution::no_sums, truth("training"), "The sums over no pieces.")
      .def_property_readonly(
          "piece_needs_totals",
          [](BoundExecution& e) { return e.execution().piece_needs_totals(); },
          "Whether the gradient of a piece depends on the counts of others: on masks or weights.")
      .def("set_buckets", &BoundExecution::set_buckets, "least"_a,
           "Divide the gradient into buckets of at least this many bytes; returns the bounds of "
           "each in the order in which backward completes them.")
      .def("backward_piece", &BoundExecution::backward_piece, "batch_rows"_a,
           "totals"_a = py::none(), "loss_scale"_a = 1.0, "done"_a = py::none(),
           "The gradient of the last piece's share in a batch of `batch_rows` rows, without "
           "penalties; `done(bucket)` is called when each bucket is complete.")
      .def("train_pieces", &BoundExecution::train_pieces, "totals"_a, "learning_rate"_a, "step"_a,
           "One step with the current gradient, the sum over all pieces; returns the batch's loss.")
      .def("train_pieces_by", &BoundExecution::train_pieces_by, "totals"_a, "update"_a,
           "The same with an update as in train_by.")
      .def("test_pieces", &BoundExecution::test_pieces, "totals"_a,
           "Add a batch to losses and metrics; returns its loss.");
}

}  // namespace python
}  // namespace lamina
