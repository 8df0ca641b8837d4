// Activations over runs of elements, forward and backward; activations.h defines them.
#include "activations.h"

#include "column_sums.h"
#include "dropout_law.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

template <class T, class Law>
void forward_run(T* y, const T* x, Index begin, Index end, Law law) {
  for_vectors<T>(begin, end, [=](Index i, Index count) __attribute__((always_inline)) {
    store_count<T>(y + i, law.forward(load_count<T>(x + i, count)), count);
  });
}

template <class T, class Law>
void backward_run(T* dx, const T* dy, const T* saved, Index begin, Index end, Law law) {
  for_vectors<T>(begin, end, [=](Index i, Index count) __attribute__((always_inline)) {
    const Vec<T> slope = load_count<T>(saved + i, count);
    store_count<T>(dx + i, law.backward(load_count<T>(dy + i, count), slope), count);
  });
}

template <class T>
void activation_forward(T* y, const T* x, Index size, ActivationSpec spec) {
  with_law<Vec<T>>(spec, [&](auto law) {
    parallel_elements(size, activation_work<T>(spec),
                      [=](Index begin, Index end) { forward_run(y, x, begin, end, law); });
  });
}

constexpr double slope_work = 10;  // as `work`, of a derivative calculated from the output

template <class T>
void activation_backward(T* dx, const T* dy, const T* saved, Index size, ActivationSpec spec) {
  with_law<Vec<T>>(spec, [&](auto law) {
    const bool from_output = derivative_from_output(spec.kind);
    const double work = from_output ? slope_work : decltype(law)::work;
    parallel_elements(size, work * double(sizeof(T) / 4), [=](Index begin, Index end) {
      backward_run(dx, dy, saved, begin, end, law);
    });
  });
}

// dx by a law whose derivative is calculated from y, and the column sums of dx.  Many rows are
// taken chunk by chunk, so that a chunk is in cache when its columns are summed.
template <class T, class Law>
void backward_sums(T* dx, T* sum_o, const T* dy, const T* y, RowsCols size, Law law,
                   Accumulate accumulate) {
  const Index cols = size.cols;
  if (!sum_o || size.rows < 4 * sum_chunk) {
    parallel_elements(size.rows * cols, slope_work * double(sizeof(T) / 4),
                      [=](Index begin, Index end) { backward_run(dx, dy, y, begin, end, law); });
    if (sum_o) sum_columns(sum_o, dx, size, accumulate);
    return;
  }
  sum_in_chunks(sum_o, size, slope_work + sum_work, accumulate,
                [=](T* to, Index first, Index rows, bool add) {
                  backward_run(dx, dy, y, first * cols, (first + rows) * cols, law);
                  sum_rows(to, dx + first * cols, cols, rows, add);
                });
}

template <class T>
void activation_backward_sums(T* dx, T* sum_o, const T* dy, const T* saved, RowsCols size,
                              ActivationSpec spec, Accumulate accumulate) {
  if (derivative_from_output(spec.kind)) {
    with_law<Vec<T>>(spec,
                     [&](auto law) { backward_sums(dx, sum_o, dy, saved, size, law, accumulate); });
    return;
  }
  activation_backward(dx, dy, saved, size.rows * size.cols, spec);
  if (sum_o) sum_columns(sum_o, dx, size, accumulate);
}

template <class T>
void dropped_relu_backward_sums(T* dx, T* sum_o, const T* dy, const T* y, RowsCols size,
                                double rate, Accumulate accumulate) {
  const DroppedRelu<Vec<T>> law{broadcast(T(DropoutLaw(rate).scale))};
  backward_sums(dx, sum_o, dy, y, size, law, accumulate);
}

}  // namespace

template <class T>
void activate(T* y, Index size, ActivationSpec spec) {
  if (spec.kind == Activation::linear) return;
  with_law<Vec<T>>(spec, [=](auto law) { forward_run<T>(y, y, 0, size, law); });
}
template void activate<float>(float*, Index, ActivationSpec);
template void activate<double>(double*, Index, ActivationSpec);

template <class T>
[[gnu::cold]] void fill_activations(Kernels<T>& k) {
  k.activation_forward = activation_forward<T>;
  k.activation_backward = activation_backward<T>;
  k.activation_backward_sums = activation_backward_sums<T>;
  k.dropped_relu_backward_sums = dropped_relu_backward_sums<T>;
}
template void fill_activations<float>(Kernels<float>&);
template void fill_activations<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
