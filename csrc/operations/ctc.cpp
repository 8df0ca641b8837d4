// Connectionist temporal classification.
#include "moves/ctc.h"

#include <stdexcept>

#include "moves/ctc_beams.h"
#include "registry.h"

namespace lamina {
namespace {

class Ctc final : public OperationOf<Ctc> {
 public:
  Ctc(std::vector<ValueId> read, CtcDims dims) : OperationOf("ctc", std::move(read)), dims_(dims) {}

  // The gradient is calculated with the loss, from the same sums.
  template <class T>
  void forward_as(const Call<T>& c) const {
    ctc<T>(c.out(), c.kept(), c.in(0), c.labels(1), c.labels(2), c.labels(3),
           reinterpret_cast<double*>(c.workspace()), dims(c.rows));
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    if (c.din(0) == nullptr) return;
    const Index size = dims_.steps * dims_.classes;
    for (Index r = 0; r < c.rows; ++r)
      for (Index j = r * size; j < (r + 1) * size; ++j) c.din(0)[j] = c.dout()[r] * c.kept()[j];
  }

  bool differentiable(int i) const override { return i == 0; }
  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return false; }
  std::size_t saved_bytes(Index rows, DType dtype) const override {
    return std::size_t(rows * dims_.steps * dims_.classes) * bytes_of(dtype);
  }
  std::size_t workspace_bytes(Pass pass, Index rows, DType) const override {
    return pass == Pass::forward ? ctc_doubles(dims(rows)) * sizeof(double) : 0;
  }
  Cost cost(Pass pass, Index rows, bool) const override {
    const double size = double(rows * dims_.steps) * double(dims_.classes);
    const double states = double(rows * dims_.steps) * double(2 * dims_.labels + 1);
    return {pass == Pass::forward ? 60.0 * states + 10.0 * size : size, 2.0 * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(rows) + "x" + std::to_string(dims_.steps) + "x" +
           std::to_string(dims_.classes) + " for " + std::to_string(dims_.labels);
  }

 private:
  CtcDims dims(Index rows) const {
    return {rows, dims_.steps, dims_.classes, dims_.labels, dims_.blank};
  }

  const CtcDims dims_;  // of a row
};

class CtcBeams final : public OperationOf<CtcBeams> {
 public:
  CtcBeams(std::vector<ValueId> read, CtcDims dims, Index width, Index paths)
      : OperationOf("ctc_beams", std::move(read)), dims_(dims), width_(width), paths_(paths) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    const CtcDims dims = {c.rows, dims_.steps, dims_.classes, 0, dims_.blank};
    ctc_beams<T>(reinterpret_cast<std::int32_t*>(c.out(0)), c.out(1), c.in(0), c.labels(1), dims,
                 width_, paths_);
  }
  template <class T>
  void backward_as(const Call<T>&) const {}

  bool differentiable(int) const override { return false; }
  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(rows * dims_.steps) * double(dims_.classes);
    return {40.0 * double(width_) * size, size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(width_) + " of " + std::to_string(rows) + "x" +
           std::to_string(dims_.steps) + "x" + std::to_string(dims_.classes);
  }

 private:
  const CtcDims dims_;  // of a row
  const Index width_, paths_;
};

void check_logits(const Graph& graph, const Tensor& x, Index blank, const std::string& who) {
  if (!is_floating(graph.check(x, who.c_str()).dtype) || x.shape.size() != 2)
    throw std::invalid_argument(who + ": logits must be floating-point, (steps, classes); got " +
                                name_of(graph.check(x, who.c_str()).dtype) + " " +
                                to_string(x.shape));
  if (blank < 0 || blank >= x.shape[1])
    throw std::invalid_argument(who + ": the blank must be one of " + std::to_string(x.shape[1]) +
                                " classes; got " + std::to_string(blank));
}

std::vector<Tensor> record_ctc_beams(Graph& graph, const Tensor& x, const Tensor& step_count,
                                     Index width, Index paths, Index blank,
                                     const std::string& name) {
  check_logits(graph, x, blank, "ctc_beams");
  graph.check_alike({x, step_count}, "ctc_beams");
  if (graph.check(step_count, "ctc_beams").dtype != DType::int32 || !step_count.shape.empty())
    throw std::invalid_argument("ctc_beams: needs one int32 count of steps per row; got " +
                                to_string(step_count.shape));
  if (width < 1 || paths < 1 || paths > width)
    throw std::invalid_argument("ctc_beams: needs 1 <= paths <= width; got " +
                                std::to_string(paths) + " and " + std::to_string(width));
  const CtcDims dims = {1, x.shape[0], x.shape[1], 0, blank};
  return graph.record(std::make_unique<CtcBeams>(std::vector<ValueId>{x.value, step_count.value},
                                                 dims, width, paths),
                      {{paths, x.shape[0]}, {paths}}, name, {DType::int32, graph.dtype});
}

Tensor record_ctc(Graph& graph, const Tensor& x, const Tensor& labels, const Tensor& label_count,
                  const Tensor& step_count, Index blank, const std::string& name) {
  const char* const who = "ctc";
  check_logits(graph, x, blank, who);
  graph.check_alike({x, labels, label_count, step_count}, who);
  for (const Tensor* each : {&labels, &label_count, &step_count})
    if (graph.check(*each, who).dtype != DType::int32)
      throw std::invalid_argument("ctc: labels and counts must be int32; got " +
                                  std::string(name_of(graph.check(*each, who).dtype)));
  if (x.shape.size() != 2 || labels.shape.size() != 1 || !label_count.shape.empty() ||
      !step_count.shape.empty())
    throw std::invalid_argument(
        "ctc: needs logits (steps, classes), labels (labels,) and two counts per row; got " +
        to_string(x.shape) + ", " + to_string(labels.shape) + ", " + to_string(label_count.shape) +
        " and " + to_string(step_count.shape));
  const CtcDims dims = {1, x.shape[0], x.shape[1], labels.shape[0], blank};
  return graph.record(
      std::make_unique<Ctc>(
          std::vector<ValueId>{x.value, labels.value, label_count.value, step_count.value}, dims),
      Shape{}, name);
}

const Registration ctc_registered[] = {
    {"ctc",
     "Minus the log-probability that a row's steps spell its labels, with blanks and repeats "
     "dropped.",
     record_ctc,
     {{"x", "(steps, classes): logits."},
      {"labels", "(labels,): int32; labels beyond the count are not read."},
      {"label_count", "(): int32."},
      {"step_count", "(): int32."},
      {"blank", "The class that is not a label.", 0}}},
    {"ctc_beams",
     "The most likely labels that a row's steps spell, padded with -1, and their "
     "log-probabilities.",
     record_ctc_beams,
     {{"x", "(steps, classes): logits."},
      {"step_count", "(): int32."},
      {"width", "Number of prefixes that are kept."},
      {"paths", "Number of results."},
      {"blank", "The class that is not a label.", 0}}},
};

}  // namespace
}  // namespace lamina
