// Sizes and settings that kernels take: plain structs, and what follows from them.
//
// Like kernel.h, which includes it, it is read by objects compiled for one instruction set: no std
// containers, no iostream, and every function is LAMINA_INLINE.
//
// Enumerations that Python names are lists: LAMINA_LOSSES(X) is X(name, columns...) for each.  The
// enumerators, their names (graph/names.cpp) and what the columns say are made from it.
#pragma once

#include <cstddef>
#include <cstdint>

// Inlined without optimisation too: a function that objects of several instruction sets share must
// never become a symbol, for the linker keeps one of them for all.
#define LAMINA_INLINE inline __attribute__((always_inline))

namespace lamina {

using Index = std::ptrdiff_t;

enum class Accumulate : bool { no = false, yes = true };

#define LAMINA_ENUMERATOR(name, ...) name,

// Element-wise activations: the law in kernels/activations.h, whether the derivative is computed
// from the output y or from the input x, and the default of alpha, which is the negative slope of
// leaky_relu and elu's scale.
#define LAMINA_ACTIVATIONS(X)               \
  X(linear, Linear, output, 0.0)            \
  X(relu, Relu, output, 0.0)                \
  X(leaky_relu, LeakyRelu, output, 0.2)     \
  X(elu, Elu, output, 1.0)                  \
  X(selu, Selu, output, 0.0)                \
  X(gelu, Gelu, input, 0.0)                 \
  X(silu, Silu, input, 0.0)                 \
  X(sigmoid, Sigmoid, output, 0.0)          \
  X(tanh, Tanh, output, 0.0)                \
  X(softplus, Softplus, input, 0.0)         \
  X(softsign, Softsign, output, 0.0)        \
  X(hard_sigmoid, HardSigmoid, output, 0.0) \
  X(mish, Mish, input, 0.0)                 \
  X(exponential, Exponential, output, 0.0)
enum class Activation : int { LAMINA_ACTIVATIONS(LAMINA_ENUMERATOR) };

struct ActivationSpec {
  Activation kind = Activation::linear;
  double alpha = 0.0;
};

enum class Side { input, output };

// True where the derivative is computed from the output y; otherwise the kernel needs the input x.
LAMINA_INLINE constexpr bool derivative_from_output(Activation activation) {
#define LAMINA_SIDE(name, law, from, alpha) Side::from,
  constexpr Side sides[] = {LAMINA_ACTIVATIONS(LAMINA_SIDE)};
#undef LAMINA_SIDE
  return sides[int(activation)] == Side::output;
}
LAMINA_INLINE constexpr double default_alpha(Activation activation) {
#define LAMINA_ALPHA(name, law, from, alpha) alpha,
  constexpr double alphas[] = {LAMINA_ACTIVATIONS(LAMINA_ALPHA)};
#undef LAMINA_ALPHA
  return alphas[int(activation)];
}

struct RowsCols {
  Index rows;
  Index cols;
};

// A network of one hidden layer over cases that are columns; see kernel.h.
constexpr Index logistic_network_chunk = 512;
struct LogisticNetworkDims {
  Index inputs, hidden, outputs, columns;
  bool skip;     // whether inputs lead to the outputs too
  double reach;  // beyond it a hidden unit is 0 or 1
};

struct DenseDims {
  Index rows;
  Index inputs;
  Index units;
};

// --- convolution and pooling

// How many windows of `taps` cells, `dilation` apart, fit into a padded length at this stride.
LAMINA_INLINE constexpr Index window_count(Index padded, Index taps, Index stride, Index dilation) {
  return padded < (taps - 1) * dilation + 1 ? 0 : (padded - (taps - 1) * dilation - 1) / stride + 1;
}

// Images are (images, height, width, channels), weights (kernel_h, kernel_w, channels / groups,
// filters).  Padding is by zeros and explicit: valid, same and causal are the caller's; below 0,
// outputs at the end are left out.  A signal is an image of height 1.  At least one window must
// fit.  Outputs in batches may take a way that does not pay for one image: then they have other
// bits, however many there are.
struct ConvDims {
  Index images, height, width, channels, filters;
  Index kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
  Index pad_top, pad_bottom, pad_left, pad_right;
  Index groups;
  bool in_batches = false;
};
LAMINA_INLINE constexpr Index out_height(const ConvDims& d) {
  return window_count(d.height + d.pad_top + d.pad_bottom, d.kernel_h, d.stride_h, d.dilation_h);
}
LAMINA_INLINE constexpr Index out_width(const ConvDims& d) {
  return window_count(d.width + d.pad_left + d.pad_right, d.kernel_w, d.stride_w, d.dilation_w);
}

// Every window must meet the image: padding smaller than the pool on each side.
struct PoolDims {
  Index images, height, width, channels;
  Index pool_h, pool_w, stride_h, stride_w;
  Index pad_top, pad_bottom, pad_left, pad_right;
};
LAMINA_INLINE constexpr Index out_height(const PoolDims& d) {
  return window_count(d.height + d.pad_top + d.pad_bottom, d.pool_h, d.stride_h, 1);
}
LAMINA_INLINE constexpr Index out_width(const PoolDims& d) {
  return window_count(d.width + d.pad_left + d.pad_right, d.pool_w, d.stride_w, 1);
}
// Bytes of one index into a window, as max_pool2d keeps it for backward; a byte of 255 is no place.
LAMINA_INLINE constexpr Index pool_index_bytes(const PoolDims& d) {
  return d.pool_h * d.pool_w <= 255 ? 1 : 4;
}

// value = f(seed, stream, step, element): Philox 4x32-10 (Salmon et al. 2011).
struct RandomKey {
  std::uint64_t seed;
  std::uint32_t stream;  // which use: a layer, the shuffle, an initialiser
  std::uint32_t step;    // which time: optimizer step, epoch
};

// Losses: what the parameter is, the last step that the form from logits includes, and whether
// targets are values or labels.  NAME_logits is the form of NAME from logits, fused with that step.
#define LAMINA_LOSSES(X)                                         \
  X(mean_squared_error, none, none, values)                      \
  X(mean_absolute_error, none, none, values)                     \
  X(huber, delta, none, values)                                  \
  X(binary_crossentropy, smoothing, sigmoid, values)             \
  X(binary_crossentropy_logits, smoothing, sigmoid, values)      \
  X(categorical_crossentropy, smoothing, softmax, values)        \
  X(categorical_crossentropy_logits, smoothing, softmax, values) \
  X(sparse_categorical_crossentropy, none, softmax, labels)      \
  X(sparse_categorical_crossentropy_logits, none, softmax, labels)
enum class Loss : int { LAMINA_LOSSES(LAMINA_ENUMERATOR) };

enum class LossParameter { none, delta, smoothing };
enum class LastStep { none, sigmoid, softmax };
enum class Targets { values, labels, places };

struct LossFacts {
  LossParameter parameter;
  LastStep step;
  Targets targets;
};
LAMINA_INLINE constexpr LossFacts facts_of(Loss loss) {
#define LAMINA_FACTS(name, parameter, step, targets) \
  {LossParameter::parameter, LastStep::step, Targets::targets},
  constexpr LossFacts facts[] = {LAMINA_LOSSES(LAMINA_FACTS)};
#undef LAMINA_FACTS
  return facts[int(loss)];
}
LAMINA_INLINE constexpr bool takes_labels(Loss loss) {
  return facts_of(loss).targets == Targets::labels;
}

struct LossSpec {
  Loss kind = Loss::mean_squared_error;
  double parameter = 0.0;
};

// Metrics: whether targets are values or labels, and the doubles of state that batches are added
// to, in all and for each column: {sum of w * value, sum of w}, and for r2 {sum w, mean of y, sum w
// (y - mean)^2, sum w (y - prediction)^2} a column.  The parameter of binary_accuracy is its
// threshold; of equal values in a row, categorical accuracies take the first.  sums adds w times
// each amount to the state at its place, of as many as the parameter says.
#define LAMINA_METRICS(X)                      \
  X(binary_accuracy, values, 2, 0)             \
  X(categorical_accuracy, values, 2, 0)        \
  X(sparse_categorical_accuracy, labels, 2, 0) \
  X(mean_absolute_error, values, 2, 0)         \
  X(mean_squared_error, values, 2, 0)          \
  X(r2, values, 0, 4)                          \
  X(sums, places, 0, 1)
enum class Metric : int { LAMINA_METRICS(LAMINA_ENUMERATOR) };

struct MetricSpec {
  Metric kind = Metric::mean_squared_error;
  double parameter = 0.0;
};

struct MetricFacts {
  Targets targets;
  Index state, state_of_column;
};
LAMINA_INLINE constexpr MetricFacts facts_of(Metric metric) {
#define LAMINA_FACTS(name, targets, state, of_column) {Targets::targets, state, of_column},
  constexpr MetricFacts facts[] = {LAMINA_METRICS(LAMINA_FACTS)};
#undef LAMINA_FACTS
  return facts[int(metric)];
}
LAMINA_INLINE constexpr bool takes_labels(Metric metric) {
  return facts_of(metric).targets == Targets::labels;
}
LAMINA_INLINE constexpr Index metric_state_size(Metric metric, Index cols) {
  return facts_of(metric).state + facts_of(metric).state_of_column * cols;
}

// --- normalisation over a batch

struct BatchNormSpec {
  double epsilon;
  bool batch_statistics;      // mean and variance came from x itself: backward follows them
  ActivationSpec activation;  // linear or taken_by_batch_norm
};

// Whether a batch normalisation calculates the activation in the same pass: those of a comparison.
LAMINA_INLINE constexpr bool taken_by_batch_norm(Activation activation) {
  return activation == Activation::relu || activation == Activation::leaky_relu;
}

// --- data moved, not computed: permute, pad, crop, flip, repeat, concatenate

// y[sum of i * y_stride] = x[sum of i * x_stride] for every index i < size, slowest axis first.
// Strides are in elements; 0 repeats (in x) or sums (in y, of strided_add).
struct StridedSpec {
  static constexpr int most = 8;
  int axes;
  Index size[most], y_stride[most], x_stride[most];
};

// Element-wise operations of two arrays.
#define LAMINA_COMBINES(X) X(add) X(subtract) X(multiply) X(maximum) X(minimum)
enum class Combine : int { LAMINA_COMBINES(LAMINA_ENUMERATOR) };

// c = a b for pairs of matrices that lie along several axes; a is m x k, b k x n, as they are
// stored or transposed, each in one piece.  The first `kept` axes tell the matrices of c apart;
// along the others products are added up in index order.  A stride of 0, in elements like all,
// reads one matrix for every index.
struct BatchedProductSpec {
  static constexpr int most = 8;
  Index m, n, k;
  bool transpose_a, transpose_b;
  int axes, kept;
  Index size[most], c_stride[most], a_stride[most], b_stride[most];
};
// One axis of pairs, each behind the last.
LAMINA_INLINE constexpr BatchedProductSpec pairs_of(Index batch, Index m, Index n, Index k,
                                                    bool transpose_a, bool transpose_b) {
  return {m, n, k, transpose_a, transpose_b, 1, 1, {batch}, {m * n}, {m * k}, {k * n}};
}

// Keras's ReLU: x >= max_value: max_value; x >= threshold: x; else slope (x - threshold).
struct ReluSpec {
  double max_value;  // infinity where there is none
  double negative_slope;
  double threshold;
};

// Noise that training adds; `amount` is the standard deviation (gaussian) or the rate.
//   gaussian          y = x + amount normal
//   gaussian_dropout  y = x (1 + sqrt(amount / (1 - amount)) normal)
//   alpha_dropout     Klambauer et al. 2017: keeps mean and variance of a SELU's output
#define LAMINA_NOISES(X) X(gaussian) X(gaussian_dropout) X(alpha_dropout)
enum class Noise : int { LAMINA_NOISES(LAMINA_ENUMERATOR) };

// Random numbers: in [low, high); of a mean and a standard deviation; the same, drawn again until
// within two standard deviations.
#define LAMINA_DRAWS(X) X(uniform) X(normal) X(truncated_normal)
enum class Draw : int { LAMINA_DRAWS(LAMINA_ENUMERATOR) };

// One axis resized linearly: x is (outer, from, inner), y (outer, to, inner); pixels are squares,
// their centres at (i + 0.5) (half-pixel centres; Keras's and TensorFlow's rule).
struct ResizeDims {
  Index outer, from, to, inner;
};

// --- reductions: x is outer x size x inner, y outer x inner

enum class Reduction : int { sum, mean, product, maximum, minimum };

struct ReduceDims {
  Index outer, size, inner;
};

// --- recurrence: cells, sizes and arguments

// Cells and their gates: i, f, c, o of an lstm; z, r, h of a gru, whose reset comes after the
// product (Keras's default; bias (2, 3 units)) or before it (Cho et al. 2014; bias (3 units)).
#define LAMINA_CELLS(X) X(simple_rnn, 1) X(lstm, 4) X(gru, 3) X(gru_reset_before, 3)
enum class Cell : int { LAMINA_CELLS(LAMINA_ENUMERATOR) };
LAMINA_INLINE constexpr Index cell_gates(Cell cell) {
#define LAMINA_GATES(name, gates) gates,
  constexpr Index all[] = {LAMINA_CELLS(LAMINA_GATES)};
#undef LAMINA_GATES
  return all[int(cell)];
}

// Rows that go through all steps together on one thread, at the least.  A batch of no more rows is
// calculated on one thread, whatever the layer's size.
constexpr Index recurrent_chunk_rows = 16;

// Axes of recurrence: t time steps, u units, g gates x units (columns of both weight matrices).
struct RecurrentDims {
  Cell cell;
  Index rows, steps, inputs, units;
  ActivationSpec activation;            // of the state; Keras: tanh
  ActivationSpec recurrent_activation;  // of the gates (lstm, gru); Keras: sigmoid
  bool reversed;   // last time step first; outputs lie in the order of processing
  bool sequences;  // y_ntu holds every step's output, else y_nu the last
  // Words that x is looked up in a table of; 0: x is given itself.  Not of gru_reset_before.
  Index vocabulary;
};

// Words that forward has met in calls before, for calls that find w and b unchanged.
template <class T>
struct KnownWords {
  T* table_vi;  // their rows of the table as they were
  T* made_vg;   // what w and b make of them
  std::uint8_t* known_v;
};

// All but x, w and u may be null; with a vocabulary id_nt is given and drop_ni is null.
template <class T>
struct RecurrentInputs {
  const T* x_nti;  // with a vocabulary the table, a row a word
  const T* w_ig;
  const T* u_ug;
  const T* b;                   // g; gru: 2 x g
  const T* h_nu;                // initial states, zero if null
  const T* c_nu;                // lstm alone
  const std::uint8_t* mask_nt;  // 0: the step is skipped, state and output stay as they were
  const T* drop_ni;             // factors on x and on the h that is multiplied by u, the same
  const T* drop_nu;             // for all steps and gates (dropout)
  const std::int32_t* id_nt;    // the words, in [0, vocabulary)
  const KnownWords<T>* known;   // forward alone; of words, may be null
};

// Each may be null.  dx, dh and dc are written, parameter gradients follow Accumulate.
template <class T>
struct RecurrentGradients {
  T* dx_nti;  // with a vocabulary the table's, a parameter gradient
  T* dw_ig;
  T* du_ug;
  T* db;
  T* dh_nu;
  T* dc_nu;
};

// Elements of the buffers that the caller lends: `saved` carries what backward needs from forward
// to backward; `workspace` holds nothing between calls.
struct RecurrentSizes {
  Index saved, workspace;
};

}  // namespace lamina
