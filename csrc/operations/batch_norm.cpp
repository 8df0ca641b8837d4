// Batch normalisation as an operation.
#include <algorithm>

#include "expression.h"
#include "folded_norm.h"
#include "graph/names.h"
#include "graph/reports.h"
#include "normalization.h"
#include "registry.h"
#include "runtime/isa.h"

namespace lamina {
namespace {

struct BatchNormOptions {
  double momentum, epsilon;
  bool batch_statistics;  // in training; false: the moving statistics, unchanged
};

// Inputs: x, gamma, beta, moving mean, moving variance, mask; then, if it absorbed a sum, the other
// operand.
//
// If a global average pooling is the only reader of the result, the output is the means, and the
// normalised values are never stored (kernels/batch_norm_mean.cpp).
//
// For a folded x each step has its own statistics and updates the moving ones in turn, as if the
// layer were applied to one step after another.  They are updated in `settle`, so that a step whose
// loss is not finite does not change them.
class BatchNorm final : public OperationOf<BatchNorm> {
 public:
  BatchNorm(std::vector<ValueId> inputs_, Index positions, Index cols, BatchNormOptions options)
      : OperationOf("batch_norm", std::move(inputs_)),
        positions_(positions),
        cols_(cols),
        options_(options) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    if (!learns(c.training))
      return run_forward(c, {c.out(), c.in(0), c.in(3), c.in(4), nullptr}, dims(c.rows));
    const RowsCols d = dims(c.rows / steps());
    for (Index step = 0; step < steps(); ++step) {
      T* moments = moments_of(c, step);
      const T* x = gather(c, c.in(0), room(c, 0), step, d);
      T* y = steps() == 1 ? c.out() : room(c, d.rows * cols_);
      const std::uint8_t* mask = mask_of(c, step, 2, d);
      c.kernels.column_moments(moments, moments + cols_, x, mask, d, parts_of(c, Pass::forward));
      *weight_of(c, step) = T(counts(mask, d.rows));
      run_forward(c, {y, x, moments, moments + cols_, mask}, d);
      scatter(c, c.out(), y, step, d);
    }
  }

  template <class T>
  void backward_as(const Call<T>& c) const {
    if (!learns(c.training)) {
      run_backward(c, {c.din(0), c.dout(), c.in(0), c.in(3), c.in(4), nullptr}, dims(c.rows), 0);
      return;
    }
    const RowsCols d = dims(c.rows / steps());
    const Index size = d.rows * cols_;
    for (Index step = 0; step < steps(); ++step) {
      T* moments = moments_of(c, step);
      const T* x = gather(c, c.in(0), room(c, 0), step, d);
      const T* dy = gather<T>(c, c.dout(), room(c, size), step, d);
      T* dx = c.din(0) == nullptr || steps() == 1 ? c.din(0) : room(c, 2 * size);
      run_backward(c, {dx, dy, x, moments, moments + cols_, mask_of(c, step, 3, d)}, d, step);
      if (dx != nullptr) scatter(c, c.din(0), dx, step, d);
    }
  }

  // For inference; a mask only affects the moments.
  std::optional<NormBehind> behind(Index cols) const {
    if (cols != cols_ || adds()) return std::nullopt;
    return NormBehind{inputs[1],        inputs[2],   inputs[3], inputs[4],
                      options_.epsilon, activation_, window_};
  }

  // A convolution that writes x sums the moments of its pixels; one that reads y sums the
  // gradients, unless they are to be stored for the second pass.
  bool observes(Pass pass, Index cols) const override {
    const bool plain = cols == cols_ && steps() == 1 && options_.batch_statistics && inputs[5] < 0;
    if (!plain || pass == Pass::forward) return plain;
    return !adds() && !window_ && derivative_from_output(activation_.kind);
  }
  void observe(Pass pass, const Call<float>& c, Index part, Index row, Index rows) const override {
    observe_as(pass, c, part, row, rows);
  }
  void observe(Pass pass, const Call<double>& c, Index part, Index row, Index rows) const override {
    observe_as(pass, c, part, row, rows);
  }

  bool settles() const override { return options_.batch_statistics; }
  void settle(const Call<float>& c) const override { settle_as(c); }
  void settle(const Call<double>& c) const override { settle_as(c); }
  // The squares of finite numbers may overflow.
  bool can_settle(const Call<float>& c) const override { return finite_moments(c); }
  bool can_settle(const Call<double>& c) const override { return finite_moments(c); }

  // Absorbs a sum with other rows, then an activation, then a global average pooling.  The steps of
  // a folded x are normalised one by one, so nothing can be added in the same pass.
  bool absorb(const Operation& follower) override {
    if (steps() != 1 || window_) return false;
    if (const PoolDims* window = average_pooling_window(follower)) {
      const bool of_columns = window->channels == cols_;  // rather than of a reshaped view
      if (!of_columns || !pools_all(*window) || !averages(activation_.kind)) return false;
      window_ = *window;
      kind += "+" + follower.kind;
      return true;
    }
    if (activation_.kind != Activation::linear) return false;
    const ValueId other = adds() ? -1 : added_values(follower, output());
    if (other >= 0) {
      inputs.push_back(other);
      kind += "+add";
      return true;
    }
    const auto next = activation_of(follower);
    if (!next || !taken_by_batch_norm(next->kind, adds())) return false;
    activation_ = *next;
    kind += std::string("+") + lamina::name_of(activation_.kind);
    return true;
  }
  std::string origin() const override {
    if (window_) return "average_pool2d";
    if (activation_.kind != Activation::linear) return lamina::name_of(activation_.kind);
    return adds() ? "add" : kind;
  }
  bool rectified() const override { return activation_.kind == Activation::relu && !window_; }
  bool leave_relu() override { return relu_left_ = rectified(); }

  int overwrites() const override { return window_ ? -1 : adds() ? added_input : 0; }
  bool differentiable(int i) const override { return i < 3 || i == added_input; }
  bool accumulates(int i) const override { return i == 1 || i == 2; }
  bool backward_reads_input(int i) const override {
    if (i == added_input) return gated() && window_;
    return i != 2 || gated();
  }
  bool backward_reads_output() const override { return gated() && adds() && !window_; }
  // Each step's mean and variance, then whether each step's rows count; for means, the derivatives
  // of the rows.  Then what is observed.
  std::size_t saved_bytes(Index rows, DType dtype) const override {
    const std::size_t before = own_bytes(rows, Index(bytes_of(dtype)));
    if (!is_told()) return before;
    const Index parts = dims(rows).rows / rows_per_part;
    return parts_at(before) +
           std::size_t(checked_product(parts, ColumnParts::room(cols_) * Index(sizeof(double))));
  }
  // One step's x and y, or x, dy and dx, then its mask.
  std::size_t workspace_bytes(Pass pass, Index rows, DType dtype) const override {
    if (steps() == 1 || !options_.batch_statistics) return 0;
    const RowsCols d = dims(rows / steps());
    const Index arrays = pass == Pass::forward ? 2 : 3;
    return std::size_t(arrays * d.rows * cols_) * bytes_of(dtype) + std::size_t(d.rows);
  }
  // Forward reads x twice, backward reads x and dy twice; with means both read x once less, and
  // what a neighbour reports is read once.
  Cost cost(Pass pass, Index rows, bool) const override {
    const double size = double(dims(rows).rows * cols_), more = adds() ? 1.0 : 0.0;
    const double arrays = window_                 ? 2.0 + more
                          : pass == Pass::forward ? 3.0 + more
                                                  : 5.0 + 2.0 * more;
    const Operation* from = reporter[std::size_t(pass)];
    const bool told = from != nullptr && from->report_parts(pass, kernels<float>(), rows) > 0;
    const double spared = !told ? 0.0 : pass == Pass::forward ? 1.0 : 2.0;
    return {(6.0 + more + (gated() ? 1.0 : 0.0)) * size, (arrays - spared) * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(dims(rows).rows) + "x" + std::to_string(cols_);
  }

 private:
  static constexpr int added_input = 6;
  bool adds() const { return inputs.size() > std::size_t(added_input); }
  template <class T>
  const T* added(const Call<T>& c) const {
    return adds() ? c.in(added_input) : nullptr;
  }
  // Whether the kernels that average apply the activation.
  static bool averages(Activation activation) {
    return activation == Activation::linear || taken_by_batch_norm(activation, true);
  }
  // Whether backward applies the activation's derivative.
  bool gated() const { return activation_.kind != Activation::linear && !relu_left_; }

  // Whether a neighbour reports rows.
  bool is_told() const { return reporter[0] != nullptr || reporter[1] != nullptr; }
  std::size_t own_bytes(Index rows, Index element) const {
    const Index slopes = window_ ? checked_product(rows, 2 * cols_) : 0;
    return std::size_t(checked_product(moments_size() + slopes, element));
  }
  static std::size_t parts_at(std::size_t before) { return (before + 63) / 64 * 64; }
  // What was made of the rows that a neighbour reported.
  template <class T>
  ColumnParts parts_of(const Call<T>& c, Pass pass) const {
    const Operation* from = reporter[std::size_t(pass)];
    if (from == nullptr) return {};
    std::byte* at = c.saved() + parts_at(own_bytes(c.rows, sizeof(T)));
    return {reinterpret_cast<double*>(at), from->report_parts(pass, c.kernels, c.rows)};
  }
  template <class T>
  void observe_as(Pass pass, const Call<T>& c, Index part, Index row, Index rows) const {
    std::byte* const parts = c.saved() + parts_at(own_bytes(c.rows, sizeof(T)));
    double* const to = reinterpret_cast<double*>(parts) + part * ColumnParts::room(cols_);
    const T* x = c.in(0) + row * cols_;
    const RowsCols d{rows, cols_};
    if (pass == Pass::forward) return c.kernels.column_moments_part(to, x, d);
    const T* moments = moments_of(c, 0);
    c.kernels.batch_norm_part(to, c.dout() + row * cols_, x, moments, moments + cols_, c.in(1),
                              c.in(2), d, spec_of(c, Pass::backward));
  }

  RowsCols dims(Index rows) const { return {rows * positions_, cols_}; }
  Index moments_size() const { return settles() ? (2 * cols_ + 1) * steps() : 0; }
  // Whether a batch has any rows that count.
  static bool counts(const std::uint8_t* mask, Index rows) {
    if (mask == nullptr) return rows > 0;
    return std::any_of(mask, mask + rows, [](std::uint8_t kept) { return kept != 0; });
  }
  bool learns(bool training) const { return training && options_.batch_statistics; }

  template <class T>
  T* moments_of(const Call<T>& c, Index step) const {
    return c.kept() + 2 * cols_ * step;
  }
  template <class T>
  T* weight_of(const Call<T>& c, Index step) const {
    return c.kept() + 2 * cols_ * steps() + step;
  }

  // A place in the workspace; null if nothing is gathered.
  template <class T>
  T* room(const Call<T>& c, Index at) const {
    return steps() == 1 ? nullptr : reinterpret_cast<T*>(c.workspace()) + at;
  }
  // `width` elements of each row, at distances of `y_step` in y and `x_step` in x.
  static StridedSpec rows_apart(Index rows, Index width, Index y_step, Index x_step) {
    return {2, {rows, width}, {y_step, 1}, {x_step, 1}};
  }
  // The rows of one step; the array itself if there is only one step.
  template <class T>
  const T* gather(const Call<T>& c, const T* from, T* to, Index step, RowsCols d) const {
    const Index width = positions_ * cols_;
    if (steps() == 1) return from;
    c.kernels.strided_copy(to, from + step * width,
                           rows_apart(d.rows / positions_, width, width, steps() * width));
    return to;
  }
  template <class T>
  void scatter(const Call<T>& c, T* to, const T* from, Index step, RowsCols d) const {
    const Index width = positions_ * cols_;
    if (steps() == 1) return;
    c.kernels.strided_copy(to + step * width, from,
                           rows_apart(d.rows / positions_, width, steps() * width, width));
  }
  // After the first `arrays` arrays of the workspace.
  template <class T>
  const std::uint8_t* mask_of(const Call<T>& c, Index step, Index arrays, RowsCols d) const {
    const std::uint8_t* from = c.mask(5);
    if (steps() == 1 || from == nullptr) return from;
    auto* to = reinterpret_cast<std::uint8_t*>(room(c, arrays * d.rows * cols_));
    std::fill_n(to, d.rows, std::uint8_t(0));
    c.kernels.strided_any(
        to, from + step * positions_,
        rows_apart(d.rows / positions_, positions_, positions_, steps() * positions_));
    return to;
  }

  template <class T>
  BatchNormSpec spec_of(const Call<T>& c, Pass pass) const {
    const bool activates = pass == Pass::forward || gated();
    return {options_.epsilon, learns(c.training), activates ? activation_ : ActivationSpec{}};
  }

  template <class T>
  struct Result {
    T* y;
    const T *x, *mean, *variance;
    const std::uint8_t* mask;
  };
  template <class T>
  void run_forward(const Call<T>& c, const Result<T>& s, RowsCols d) const {
    const BatchNormSpec spec = spec_of(c, Pass::forward);
    if (window_)
      c.kernels.batch_norm_mean_forward(s.y, slopes_of(c), s.x, added(c), s.mean, s.variance,
                                        c.in(1), c.in(2), s.mask, positions_, d, spec);
    else
      c.kernels.batch_norm_forward(s.y, s.x, added(c), s.mean, s.variance, c.in(1), c.in(2), s.mask,
                                   d, spec);
  }
  template <class T>
  T* slopes_of(const Call<T>& c) const {
    return c.kept() == nullptr ? nullptr : c.kept() + moments_size();
  }

  template <class T>
  struct Step {
    T* dx;
    const T *dy, *x, *mean, *variance;
    const std::uint8_t* mask;
  };
  template <class T>
  void run_backward(const Call<T>& c, const Step<T>& s, RowsCols d, Index step) const {
    const BatchNormSpec spec = spec_of(c, Pass::backward);
    const Accumulate accumulate = step > 0 ? Accumulate::yes : c.accumulate;
    T* const dadded = adds() ? c.din(added_input) : nullptr;
    if (window_)
      c.kernels.batch_norm_mean_backward(s.dx, dadded, c.din(1), c.din(2), s.dy, slopes_of(c), s.x,
                                         gated() ? added(c) : nullptr, s.mean, s.variance, c.in(1),
                                         c.in(2), s.mask, positions_, d, spec, accumulate);
    else
      c.kernels.batch_norm_backward(
          s.dx, dadded, c.din(1), c.din(2), s.dy, gated() && adds() ? c.out() : nullptr, s.x,
          s.mean, s.variance, c.in(1), c.in(2), s.mask, d, spec, accumulate,
          learns(c.training) ? parts_of(c, Pass::backward) : ColumnParts{});
  }

  template <class T>
  bool finite_moments(const Call<T>& c) const {
    return c.kernels.find_nonfinite(c.kept(), 2 * cols_ * steps()) < 0;
  }
  template <class T>
  void settle_as(const Call<T>& c) const {
    for (Index step = 0; step < steps(); ++step) {
      if (*weight_of(c, step) == T(0)) continue;
      move(c.parameter(3), moments_of(c, step));
      move(c.parameter(4), moments_of(c, step) + cols_);
    }
  }
  template <class T>
  void move(T* moving, const T* batch) const {
    const double keep = options_.momentum;
    for (Index j = 0; j < cols_; ++j)
      moving[j] = T(keep * double(moving[j]) + (1.0 - keep) * double(batch[j]));
  }

  const Index positions_, cols_;
  const BatchNormOptions options_;
  ActivationSpec activation_;
  bool relu_left_ = false;          // left to a pooling that follows
  std::optional<PoolDims> window_;  // the whole of one row: the output is its mean
};

// Training updates the statistics: moving = momentum moving + (1 - momentum) batch.
Tensor batch_norm(Graph& graph, const Tensor& x, const Tensor& moving_mean,
                  const Tensor& moving_variance, const Tensor* gamma, const Tensor* beta,
                  const Tensor* mask, double momentum, double epsilon, bool batch_statistics,
                  const std::string& name) {
  graph.check_float_rows(x, "batch_norm");
  if (x.shape.empty())
    throw std::invalid_argument("batch_norm: x has shape (), needs at least 1 axis of features");
  const Index cols = x.shape.back();
  check_weight(graph, gamma, cols, x, "batch_norm", "gamma");
  check_weight(graph, beta, cols, x, "batch_norm", "beta");
  check_weight(graph, &moving_mean, cols, x, "batch_norm", "moving_mean");
  check_weight(graph, &moving_variance, cols, x, "batch_norm", "moving_variance");
  if (mask != nullptr)
    graph.check_mask(*mask, Shape(x.shape.begin(), x.shape.end() - 1), "batch_norm");
  check_epsilon(epsilon, "batch_norm");
  if (!(momentum >= 0.0 && momentum <= 1.0))
    throw std::invalid_argument("batch_norm: momentum must be in [0, 1]; got " +
                                std::to_string(momentum));
  return graph.record(
      std::make_unique<BatchNorm>(
          std::vector<ValueId>{x.value, id_of(gamma), id_of(beta), moving_mean.value,
                               moving_variance.value, id_of(mask)},
          runs_in(x.shape, cols), cols, BatchNormOptions{momentum, epsilon, batch_statistics}),
      x.shape, name);
}

const Registration batch_norm_registered{
    "batch_norm",
    "(x - mean) / sqrt(variance + epsilon) gamma + beta, with the statistics of each column "
    "over the rows.",
    batch_norm,
    {{"x", "(..., features)."},
     {"moving_mean", "(features,), a parameter that training updates."},
     {"moving_variance", "(features,), a parameter that training updates."},
     {"gamma", "(features,), a parameter.", left_out},
     {"beta", "(features,), a parameter.", left_out},
     {"mask", "(...): the positions to include; None for all.", left_out},
     {"momentum", "Weight of the old moving statistics, in [0, 1].", 0.99},
     {"epsilon", "Added to the variance.", 1e-3},
     {"batch_statistics", "Whether training uses the statistics of the batch.", true}}};

}  // namespace

std::optional<NormBehind> batch_norm_of(const Operation& operation, Index cols) {
  const auto* norm = dynamic_cast<const BatchNorm*>(&operation);
  return norm == nullptr ? std::nullopt : norm->behind(cols);
}

}  // namespace lamina
