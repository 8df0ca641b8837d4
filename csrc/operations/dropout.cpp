#include "dropout.h"

#include "registry.h"
#include "sizes.h"

namespace lamina {
namespace {

class Dropout final : public OperationOf<Dropout> {
 public:
  Dropout(ValueId x, DropoutSettings settings_, Index width)
      : OperationOf("dropout", {x}), settings(settings_), width_(width) {}

  const DropoutSettings settings;

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.dropout_forward(c.out(), c.in(0), width_ * c.rows, settings.rate, key(c));
  }
  // After a ReLU, the sign of the output replaces a second draw of the mask (kernel.h).
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.dropout_backward(c.din(0), c.dout(), after_relu_ ? c.out() : nullptr, width_ * c.rows,
                               settings.rate, key(c));
  }

  void meet_producer(Operation& producer, bool) override { after_relu_ = producer.rectified(); }
  bool passes_on(bool training) const override { return !settings.drops(training); }
  bool sees_batches() const override { return settings.always; }
  bool element_by_element() const override { return true; }
  bool row_by_row() const override { return true; }
  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return after_relu_; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(width_ * rows);
    return {size, 2.0 * size};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, width_); }

 private:
  template <class T>
  RandomKey key(const Call<T>& c) const {
    return settings.in_call(c.random, c.training).key;
  }

  const Index width_;
  bool after_relu_ = false;
};

}  // namespace

std::optional<DropoutSettings> dropout_of(const Operation& operation) {
  const auto* dropout = dynamic_cast<const Dropout*>(&operation);
  return dropout == nullptr ? std::nullopt : std::optional(dropout->settings);
}

namespace {

Tensor dropout(Graph& graph, const Tensor& x, double rate, std::uint32_t stream, bool always,
               const std::string& name) {
  graph.check_float(x, "dropout");
  check_rate(rate, "dropout", "rate");
  if (rate == 0.0) return x;
  return graph.record(
      std::make_unique<Dropout>(x.value, DropoutSettings{rate, stream, always}, size_of(x.shape)),
      x.shape, name);
}

const Registration dropout_registered{
    "dropout",
    "Random elements set to 0 and the rest scaled by 1 / (1 - rate); identity outside training, "
    "unless `always` is set.",
    dropout,
    {{"x", "Any shape."},
     {"rate", "Fraction of elements to set to 0, in [0, 1)."},
     {"stream", "Stream of random numbers; each use needs its own."},
     {"always", "Whether to apply it outside training too.", false}}};

}  // namespace
}  // namespace lamina
