#include <cmath>
#include <stdexcept>

#include "registry.h"

namespace lamina {
namespace {

class LogisticNetwork final : public OperationOf<LogisticNetwork> {
 public:
  LogisticNetwork(ValueId x, ValueId w, const LogisticNetworkDims& dims, Index weights)
      : OperationOf("logistic_network", {x, w}), dims_(dims), weights_(weights) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    const bool keeps = c.saved() != nullptr;
    T* hidden = keeps ? c.kept() : reinterpret_cast<T*>(c.workspace());
    for (Index r = 0; r < c.rows; ++r)
      c.kernels.logistic_network_forward(c.out() + r * dims_.outputs * dims_.columns,
                                         hidden + (keeps ? r * dims_.hidden * dims_.columns : 0),
                                         c.in(0) + r * dims_.inputs * dims_.columns, c.in(1),
                                         dims_);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    for (Index r = 0; r < c.rows; ++r)
      c.kernels.logistic_network_backward(c.din(1), reinterpret_cast<T*>(c.workspace()),
                                          c.dout() + r * dims_.outputs * dims_.columns,
                                          c.kept() + r * dims_.hidden * dims_.columns,
                                          c.in(0) + r * dims_.inputs * dims_.columns, c.in(1),
                                          dims_, r > 0 ? Accumulate::yes : c.accumulate);
  }

  bool differentiable(int i) const override { return i == 1; }
  bool accumulates(int i) const override { return i == 1; }
  bool backward_reads_input(int) const override { return true; }
  bool backward_reads_output() const override { return false; }
  std::size_t saved_bytes(Index rows, DType dtype) const override {
    return std::size_t(rows * dims_.hidden * dims_.columns) * bytes_of(dtype);
  }
  std::size_t workspace_bytes(Pass pass, Index, DType dtype) const override {
    const Index chunks = (dims_.columns + logistic_network_chunk - 1) / logistic_network_chunk;
    const Index partial = pass == Pass::backward && chunks > 1 ? chunks * weights_ : 0;
    return std::size_t(dims_.hidden * dims_.columns + partial) * bytes_of(dtype);
  }
  Cost cost(Pass pass, Index rows, bool) const override {
    const double cases = double(rows * dims_.columns);
    const double once = cases * double(2 * weights_ + 20 * dims_.hidden);
    return {pass == Pass::forward ? once : 2.0 * once,
            cases * double(dims_.inputs + 2 * dims_.hidden + dims_.outputs)};
  }
  std::string sizes(Index) const override {
    return std::to_string(dims_.inputs) + "-" + std::to_string(dims_.hidden) + "-" +
           std::to_string(dims_.outputs) + " over " + std::to_string(dims_.columns);
  }

 private:
  const LogisticNetworkDims dims_;
  const Index weights_;
};

Tensor logistic_network(Graph& graph, const Tensor& x, const Tensor& weights, Index hidden,
                        Index outputs, bool skip, std::optional<double> reach,
                        const std::string& name) {
  graph.check_float_rows(x, "logistic_network");
  graph.check_whole(weights, "logistic_network");
  if (x.shape.size() != 2)
    throw std::invalid_argument(
        "logistic_network: x must have rows of shape (inputs, cases); got " + to_string(x.shape));
  if (hidden < 0 || outputs < 1 || (hidden == 0 && !skip))
    throw std::invalid_argument(
        "logistic_network: needs an output, and hidden units or skip; got " +
        std::to_string(outputs) + " outputs and " + std::to_string(hidden) + " hidden units");
  if (reach && !(*reach > 0.0))
    throw std::invalid_argument("logistic_network: reach must be above 0; got " +
                                std::to_string(*reach));
  const LogisticNetworkDims dims{
      x.shape[0], hidden, outputs,
      x.shape[1], skip,   reach.value_or(std::numeric_limits<double>::infinity())};
  const Index of_hidden = checked_product(hidden, checked_sum(1, dims.inputs));
  const Index each = checked_sum(checked_sum(1, hidden), skip ? dims.inputs : 0);
  const Index needed = checked_sum(of_hidden, checked_product(outputs, each));
  if (weights.shape != Shape{needed})
    throw std::invalid_argument("logistic_network: weights must have shape (" +
                                std::to_string(needed) + ",); got " + to_string(weights.shape));
  return graph.record(std::make_unique<LogisticNetwork>(x.value, weights.value, dims, needed),
                      {outputs, dims.columns}, name);
}

const Registration logistic_network_registered{
    "logistic_network",
    "The linear outputs of a network with one hidden layer of logistic units, where cases are "
    "columns; x gets no gradient.",
    logistic_network,
    {{"x", "Rows of shape (inputs, cases)."},
     {"weights",
      "Unit by unit, hidden units first: the weight of the bias, then those of the unit's inputs. "
      "The inputs of an output unit are the hidden units, then, with skip, the network's inputs."},
     {"hidden", "Number of hidden units."},
     {"outputs", "Number of outputs, at least 1."},
     {"skip", "Whether the inputs are also connected to the outputs.", false},
     {"reach",
      "A hidden unit whose sum is farther than this from 0 is exactly 0 or 1; None for no limit.",
      left_out}}};

}  // namespace
}  // namespace lamina
