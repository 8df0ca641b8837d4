// Metrics: the contribution of a batch to a running state, in double.
//
// They are Keras's definitions (keras.metrics, version 3): the value of a row is the mean over its
// columns, and the metric the weighted mean over rows.  Rows are added in order on one thread, so
// the state depends only on the batches and their order.
#include "simd.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

// The sum of term(j) over the columns: four chains, then the rest.
template <class Term>
LAMINA_INLINE double sum_columns_of(Index cols, Term term) {
  double sum[4] = {0, 0, 0, 0};
  Index j = 0;
  for (; j + 4 <= cols; j += 4)
    for (int k = 0; k < 4; ++k) sum[k] += term(j + k);
  for (; j < cols; ++j) sum[0] += term(j);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// 1 if `label` is the first largest column of x_c, else 0 (also if any column is NaN): no earlier
// column is as large and no later one larger.  Without branches on the data.
template <class T>
LAMINA_INLINE double is_first_largest(const T* x_c, Index label, Index cols) {
  const T chosen = x_c[label];
  Index beaten = chosen == chosen;
  for (Index j = 0; j < label; ++j) beaten += x_c[j] < chosen;
  for (Index j = label + 1; j < cols; ++j) beaten += x_c[j] <= chosen;
  return beaten == cols ? 1.0 : 0.0;
}

// Without branches: counts the columns before the first that equals the largest.
template <class T>
LAMINA_INLINE Index first_largest(const T* x_c, Index cols) {
  T best = x_c[0];
  for (Index j = 1; j < cols; ++j) best = best < x_c[j] ? x_c[j] : best;
  Index at = 0, searching = 1;
  for (Index j = 0; j + 1 < cols; ++j) {
    searching &= !(x_c[j] == best);
    at += searching;
  }
  return at;
}

// state += {sum of w value(r), sum of w}.
template <class T, class Value>
LAMINA_INLINE void add_rows(double* state, const T* weight_n, Index rows, Value value) {
  double sum = 0, weights = 0;
  for (Index r = 0; r < rows; ++r) {
    const double w = weight_n ? double(weight_n[r]) : 1.0;
    sum += w * value(r);
    weights += w;
  }
  state[0] += sum;
  state[1] += weights;
}

// --- r2

// One column of a batch: {sum w, mean of y, sum w (y - mean)^2, sum w (y - prediction)^2}.  Two
// passes, and the mean is that of y minus the first y: no cancellation for y far from 0.
template <class T>
void column_moments(double* moments, const T* pred_nc, const T* true_nc, const T* weight_n,
                    RowsCols dims) {
  const Index cols = dims.cols;
  const double shift = double(true_nc[0]);
  double weights = 0, sum = 0, residual = 0;
  for (Index r = 0; r < dims.rows; ++r) {
    const double w = weight_n ? double(weight_n[r]) : 1.0, y = double(true_nc[r * cols]);
    const double error = y - double(pred_nc[r * cols]);
    weights += w;
    sum += w * (y - shift);
    residual += w * error * error;
  }
  const double mean = weights != 0 ? shift + sum / weights : 0;
  double spread = 0;
  for (Index r = 0; r < dims.rows; ++r) {
    const double w = weight_n ? double(weight_n[r]) : 1.0;
    const double d = double(true_nc[r * cols]) - mean;
    spread += w * d * d;
  }
  moments[0] = weights, moments[1] = mean, moments[2] = spread, moments[3] = residual;
}

// Chan, Golub, LeVeque, "Algorithms for computing the sample variance", 1983: the moments of two
// sets about their own means are combined without a sum of squares.
void join_moments(double* state, const double* more) {
  const double weights = state[0] + more[0];
  if (weights != 0) {
    const double apart = more[1] - state[1], share = more[0] / weights;
    state[1] += apart * share;
    state[2] += more[2] + apart * apart * state[0] * share;
  }
  state[0] = weights;
  state[3] += more[3];
}

template <class T>
void add_r2(double* state, const T* pred_nc, const T* true_nc, const T* weight_n, RowsCols dims) {
  if (dims.rows == 0) return;
  for (Index c = 0; c < dims.cols; ++c) {
    double moments[4];
    column_moments(moments, pred_nc + c, true_nc + c, weight_n, dims);
    join_moments(state + 4 * c, moments);
  }
}

// --- sums

// Amounts with a place outside the state are ignored, and so are amounts without weight, even if
// infinite.
template <class T>
void add_sums(double* state, const T* amount_nc, const std::int32_t* place_nc, const T* weight_n,
              RowsCols dims, Index sums) {
  for (Index r = 0; r < dims.rows; ++r) {
    const double w = weight_n ? double(weight_n[r]) : 1.0;
    if (w == 0) continue;
    for (Index c = 0; c < dims.cols; ++c) {
      const Index at = place_nc ? Index(place_nc[r * dims.cols + c]) : c;
      if (at >= 0 && at < sums) state[at] += w * double(amount_nc[r * dims.cols + c]);
    }
  }
}

// --- all of them

template <class T>
void metric_update(double* state, const T* pred_nc, const T* true_nc, const std::int32_t* label_n,
                   const T* weight_n, RowsCols dims, MetricSpec spec) {
  const Index cols = dims.cols;
  const auto mean_of = [=](auto term) {  // of term(prediction, truth) over a row's columns
    return [=](Index r) {
      const T *x = pred_nc + r * cols, *t = true_nc + r * cols;
      return sum_columns_of(cols, [=](Index j) { return term(double(x[j]), double(t[j])); }) /
             double(cols);
    };
  };
  const auto add = [=](auto value) { add_rows(state, weight_n, dims.rows, value); };
  switch (spec.kind) {
    case Metric::binary_accuracy: {
      const T threshold = T(spec.parameter);
      return add(mean_of([=](double x, double t) {
        return (x > double(threshold) ? 1.0 : 0.0) == t ? 1.0 : 0.0;
      }));
    }
    case Metric::categorical_accuracy:
      return add([=](Index r) {
        return is_first_largest(pred_nc + r * cols, first_largest(true_nc + r * cols, cols), cols);
      });
    case Metric::sparse_categorical_accuracy:
      return add(
          [=](Index r) { return is_first_largest(pred_nc + r * cols, Index(label_n[r]), cols); });
    case Metric::mean_absolute_error:
      return add(mean_of([](double x, double t) { return __builtin_fabs(x - t); }));
    case Metric::mean_squared_error:
      return add(mean_of([](double x, double t) { return (x - t) * (x - t); }));
    case Metric::r2:
      return add_r2(state, pred_nc, true_nc, weight_n, dims);
    case Metric::sums:
      return add_sums(state, pred_nc, label_n, weight_n, dims, Index(spec.parameter));
  }
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_metrics(Kernels<T>& k) {
  k.metric_update = metric_update<T>;
}
template void fill_metrics(Kernels<float>&);
template void fill_metrics(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
