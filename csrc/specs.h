// The sizes and settings of kernels: plain structs, and functions of them.
//
// This header is included by kernel.h and therefore by objects compiled for one instruction set: no
// std containers, no iostream, and every function is LAMINA_INLINE.
//
// Enumerations that have names in Python are lists: LAMINA_LOSSES(X) is X(name, columns...) for
// each item.  The enumerators, their names (graph/names.cpp) and the properties in the columns are
// generated from the list.
#pragma once

#include <cstddef>
#include <cstdint>

// Inlined without optimisation too: a function shared by objects of several instruction sets must
// never become a symbol, because the linker would keep one copy for all of them.
#define LAMINA_INLINE inline __attribute__((always_inline))

namespace lamina {

using Index = std::ptrdiff_t;

enum class Accumulate : bool { no = false, yes = true };

#define LAMINA_ENUMERATOR(name, ...) name,

// Element-wise activations: the formula in kernels/activations.h, whether the derivative is
// computed from the output y or from the input x, and the default of alpha, which is the negative
// slope of leaky_relu, the scale of elu and the bound of clipped_relu.
#define LAMINA_ACTIVATIONS(X)               \
  X(linear, Linear, output, 0.0)            \
  X(relu, Relu, output, 0.0)                \
  X(leaky_relu, LeakyRelu, output, 0.2)     \
  X(clipped_relu, ClippedRelu, output, 6.0) \
  X(elu, Elu, output, 1.0)                  \
  X(selu, Selu, output, 0.0)                \
  X(gelu, Gelu, input, 0.0)                 \
  X(silu, Silu, input, 0.0)                 \
  X(sigmoid, Sigmoid, output, 0.0)          \
  X(tanh, Tanh, output, 0.0)                \
  X(softplus, Softplus, input, 0.0)         \
  X(softsign, Softsign, output, 0.0)        \
  X(hard_sigmoid, HardSigmoid, output, 0.0) \
  X(hard_silu, HardSilu, input, 0.0)        \
  X(mish, Mish, input, 0.0)                 \
  X(exponential, Exponential, output, 0.0)
enum class Activation : int { LAMINA_ACTIVATIONS(LAMINA_ENUMERATOR) };

struct ActivationSpec {
  Activation kind = Activation::linear;
  double alpha = 0.0;
};

// Whether products apply the activation to their results in registers.
LAMINA_INLINE constexpr bool is_fused(ActivationSpec activation) {
  return activation.kind == Activation::linear || activation.kind == Activation::relu;
}

enum class Side { input, output };

// True if the derivative is computed from the output y; otherwise the kernel needs the input x.
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

// Pairs of column sums over parts of the rows, each summed while its rows were in the cache: a
// count, then two numbers for each column.
struct ColumnParts {
  double* data = nullptr;
  Index count = 0;  // 0: not made
  static constexpr Index room(Index cols) { return 1 + 2 * cols; }
};

// A network of one hidden layer; each column is a case; see kernel.h.
constexpr Index logistic_network_chunk = 512;
struct LogisticNetworkDims {
  Index inputs, hidden, outputs, columns;
  bool skip;     // whether inputs are also connected to the outputs
  double reach;  // sums beyond it make a hidden unit 0 or 1
};

struct DenseDims {
  Index rows;
  Index inputs;
  Index units;
};

// --- convolution and pooling

// The number of windows of `taps` cells, `dilation` apart, in a padded length at this stride.
LAMINA_INLINE constexpr Index window_count(Index padded, Index taps, Index stride, Index dilation) {
  return padded < (taps - 1) * dilation + 1 ? 0 : (padded - (taps - 1) * dilation - 1) / stride + 1;
}

// Images are (images, height, width, channels), weights (kernel_h, kernel_w, channels / groups,
// filters).  Padding is by zeros and explicit: the caller resolves valid, same and causal; negative
// padding leaves out outputs at the end.  A signal is an image of height 1.  At least one window
// must fit.  With `in_batches` an algorithm may be chosen that would be slower for one image:
// outputs then have other bits, which do not depend on the number of images either.
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

// The outputs of an image are summed for their means in at most so many parts, of whole rows; those
// of a signal, whose row is treated as a column, in as many.
constexpr Index most_conv_sums = 16;
LAMINA_INLINE constexpr Index conv_sums(const ConvDims& d) {
  const Index rows = d.height > 1 ? out_height(d) : out_width(d);
  return (rows < most_conv_sums ? rows : most_conv_sums) * d.filters;
}

// Every window must overlap the image: the padding is smaller than the pool on each side.
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
// Bytes of one index into a window, as max_pool2d keeps it for backward; a byte of 255 means none.
LAMINA_INLINE constexpr Index pool_index_bytes(const PoolDims& d) {
  return d.pool_h * d.pool_w <= 255 ? 1 : 4;
}

// value = f(seed, stream, step, element): Philox 4x32-10 (Salmon et al. 2011).
struct RandomKey {
  std::uint64_t seed;
  std::uint32_t stream;  // the user: a layer, the shuffle, an initialiser
  std::uint32_t step;    // the time: optimizer step, epoch
};

// The dropout that a kernel applies to its results while they are in cache; a rate of 0 means none,
// and it is below 1.
struct DropoutSpec {
  double rate = 0.0;
  RandomKey key{};
};

// Losses: the meaning of the parameter, the final step that the from-logits form includes, and
// whether targets are values or labels.  NAME_logits is NAME from logits, fused with that step.
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
  // Of NAME_logits: the step is the model's own, so that probabilities may be clipped as in NAME.
  bool fused = false;
};

// Metrics: whether targets are values or labels, and the number of doubles of state to which
// batches are added, in total and per column: {sum of w * value, sum of w}; for r2 {sum w, mean of
// y, sum w (y - mean)^2, sum w (y - prediction)^2} per column.  The parameter of binary_accuracy is
// its threshold; categorical accuracies take the first of equal values in a row.  sums adds w times
// each amount to the state at its place; the parameter is the number of places.
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
  bool batch_statistics;      // mean and variance depend on x, and backward accounts for it
  ActivationSpec activation;  // linear or taken_by_batch_norm
};

// Whether a batch normalisation can apply the activation in the same pass: those that are usual
// behind it.  `adds`: after it has added values, when backward has only the output to read.
LAMINA_INLINE constexpr bool taken_by_batch_norm(Activation activation, bool adds) {
  switch (activation) {
    case Activation::relu:
    case Activation::leaky_relu:
    case Activation::clipped_relu:
      return true;
    case Activation::silu:
    case Activation::hard_silu:
      return !adds;
    default:
      return false;
  }
}

// --- data movement without arithmetic: permute, pad, crop, flip, repeat, concatenate

// y[sum of i * y_stride] = x[sum of i * x_stride] for every index i < size, slowest axis first.
// Strides are in elements; a stride of 0 repeats (in x) or sums (in y, for strided_add).
struct StridedSpec {
  static constexpr int most = 8;
  int axes;
  Index size[most], y_stride[most], x_stride[most];
};

// Element-wise operations of two arrays.
#define LAMINA_COMBINES(X) X(add) X(subtract) X(multiply) X(maximum) X(minimum)
enum class Combine : int { LAMINA_COMBINES(LAMINA_ENUMERATOR) };

// c = a b for pairs of matrices along several axes; a is m x k, b k x n, each stored contiguously,
// as it is or transposed.  The first `kept` axes distinguish the matrices of c; along the others
// products are added up in index order.  Strides are in elements; a stride of 0 reads one matrix
// for every index.
struct BatchedProductSpec {
  static constexpr int most = 8;
  Index m, n, k;
  bool transpose_a, transpose_b;
  int axes, kept;
  Index size[most], c_stride[most], a_stride[most], b_stride[most];
};
// Pairs along one axis, stored one after another.
LAMINA_INLINE constexpr BatchedProductSpec pairs_of(Index batch, Index m, Index n, Index k,
                                                    bool transpose_a, bool transpose_b) {
  return {m, n, k, transpose_a, transpose_b, 1, 1, {batch}, {m * n}, {m * k}, {k * n}};
}

// Keras's ReLU: x >= max_value: max_value; x >= threshold: x; else slope (x - threshold).
struct ReluSpec {
  double max_value;  // infinity if there is no limit
  double negative_slope;
  double threshold;
};

// Noise in training; `amount` is the standard deviation (gaussian) or the rate.
//   gaussian          y = x + amount normal
//   gaussian_dropout  y = x (1 + sqrt(amount / (1 - amount)) normal)
//   alpha_dropout     Klambauer et al. 2017: preserves mean and variance of a SELU's output
#define LAMINA_NOISES(X) X(gaussian) X(gaussian_dropout) X(alpha_dropout)
enum class Noise : int { LAMINA_NOISES(LAMINA_ENUMERATOR) };

// Random numbers: in [low, high); with a mean and a standard deviation; the same, drawn again until
// they are within two standard deviations.
#define LAMINA_DRAWS(X) X(uniform) X(normal) X(truncated_normal)
enum class Draw : int { LAMINA_DRAWS(LAMINA_ENUMERATOR) };

// Linear resizing of one axis: x is (outer, from, inner), y (outer, to, inner).  Pixels are squares
// with centres at (i + 0.5) (half-pixel centres, as in Keras and TensorFlow).
struct ResizeDims {
  Index outer, from, to, inner;
};

// --- reductions: x is outer x size x inner, y outer x inner

enum class Reduction : int { sum, mean, product, maximum, minimum };

struct ReduceDims {
  Index outer, size, inner;
};

// --- recurrence: cells, sizes and arguments

// Cells and their gates: i, f, c, o of an lstm; z, r, h of a gru, whose reset is applied after the
// product (Keras's default; bias (2, 3 units)) or before it (Cho et al. 2014; bias (3 units)).
#define LAMINA_CELLS(X) X(simple_rnn, 1) X(lstm, 4) X(gru, 3) X(gru_reset_before, 3)
enum class Cell : int { LAMINA_CELLS(LAMINA_ENUMERATOR) };
LAMINA_INLINE constexpr Index cell_gates(Cell cell) {
#define LAMINA_GATES(name, gates) gates,
  constexpr Index all[] = {LAMINA_CELLS(LAMINA_GATES)};
#undef LAMINA_GATES
  return all[int(cell)];
}

// The smallest number of rows that go through all steps together on one thread.  A batch of no more
// rows is calculated on one thread, regardless of the layer's size.
constexpr Index recurrent_chunk_rows = 16;

// Axes of recurrence: t time steps, u units, g gates x units (columns of both weight matrices).
struct RecurrentDims {
  Cell cell;
  Index rows, steps, inputs, units;
  ActivationSpec activation;            // of the state; Keras: tanh
  ActivationSpec recurrent_activation;  // of the gates (lstm, gru); Keras: sigmoid
  bool reversed;   // last time step first; outputs lie in the order of processing
  bool sequences;  // y_ntu holds the output of every step, else y_nu that of the last
  // The number of rows of the table in which x is looked up; 0: x is passed itself.  Not supported
  // by gru_reset_before.
  Index vocabulary;
};

// Words met by earlier calls of forward, for calls with the same w and b.
template <class T>
struct KnownWords {
  T* table_vi;  // their rows of the table at that time
  T* made_vg;   // their products with w, and b
  std::uint8_t* known_v;
};

// All but x, w and u may be null; with a vocabulary id_nt is given and drop_ni is null.
template <class T>
struct RecurrentInputs {
  const T* x_nti;  // with a vocabulary: the table, one row per word
  const T* w_ig;
  const T* u_ug;
  const T* b;                   // g; gru: 2 x g
  const T* h_nu;                // initial states, zero if null
  const T* c_nu;                // lstm only
  const std::uint8_t* mask_nt;  // 0: the step is skipped, state and output do not change
  const T* drop_ni;             // factors on x and on the h that is multiplied by u,
  const T* drop_nu;             // the same for all steps and gates (dropout)
  const std::int32_t* id_nt;    // the words, in [0, vocabulary)
  const KnownWords<T>* known;   // forward only; with a vocabulary; may be null
};

// Each may be null.  dx, dh and dc are written, parameter gradients follow Accumulate.
template <class T>
struct RecurrentGradients {
  T* dx_nti;  // with a vocabulary: of the table, a parameter gradient
  T* dw_ig;
  T* du_ug;
  T* db;
  T* dh_nu;
  T* dc_nu;
};

// The number of elements in the buffers that the caller lends: `saved` holds the values that
// backward needs from forward; the workspaces of both hold nothing between calls.
struct RecurrentSizes {
  Index saved, forward, backward;
};

}  // namespace lamina
