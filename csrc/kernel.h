// The kernels' contract: what every kernel promises, and the table through which they are called.
//
// Gradients.  Parameter gradients accumulate (dw += ...) unless `Accumulate::no` says that the
// caller knows this to be the first contribution; input gradients are written (dx = ...).  The
// caller zeroes.  Inputs are never modified and never alias outputs unless a kernel's line says
// so.  An empty batch (rows == 0) is legal everywhere.
//
// Axes.  A pointer's name ends in its axes, slowest first; arrays are C-contiguous.
//   n  rows: batch (times time steps or pixels)      i  inputs (features of one row)
//   o  outputs, units                                c  classes, columns of a prediction
// `w_io` is a weight matrix of inputs x outputs, Keras's Dense kernel.
//
// Arguments come outputs first, then inputs, then one struct of sizes and settings.
//
// Bits.  A result depends on the values and shapes alone: not on the number of threads, not on
// the alignment of a pointer, not on how many other rows are in the batch (for row-wise kernels).
// So every output element is one chain of operations whose order follows from the shapes, tails
// run the vector code on partial vectors, and sums are cut into chunks of fixed length.
//
// This header is included by objects compiled for one instruction set; it must not pull in
// anything that could emit a shared inline symbol (no std containers, no iostream).
#pragma once

#include <cstddef>
#include <cstdint>

namespace lamina {

using Index = std::ptrdiff_t;

enum class Accumulate : bool { no = false, yes = true };

// Element-wise activations.  `alpha` is the negative slope of leaky_relu and elu's scale.
enum class Activation : int {
  linear,
  relu,
  leaky_relu,
  elu,
  selu,
  gelu,
  silu,
  sigmoid,
  tanh,
  softplus,
  softsign,
  hard_sigmoid,
  mish,
  exponential,
};

struct ActivationSpec {
  Activation kind = Activation::linear;
  double alpha = 0.0;
};

// True where the derivative is computed from the output y; otherwise the kernel needs the input x.
constexpr bool derivative_from_output(Activation a) {
  return a != Activation::gelu && a != Activation::silu && a != Activation::softplus &&
         a != Activation::mish;
}

struct RowsCols {
  Index rows;
  Index cols;
};

struct DenseDims {
  Index rows;
  Index inputs;
  Index units;
};

// --- convolution and pooling

// How many windows of `taps` cells, `dilation` apart, fit into a padded length at this stride.
constexpr Index window_count(Index padded, Index taps, Index stride, Index dilation) {
  return padded < (taps - 1) * dilation + 1 ? 0 : (padded - (taps - 1) * dilation - 1) / stride + 1;
}

// Images are (images, height, width, channels), weights (kernel_h, kernel_w, channels / groups,
// filters).  Padding is by zeros and explicit: valid, same and causal are the caller's.  A signal
// is an image of height 1.  At least one window must fit.
struct ConvDims {
  Index images, height, width, channels, filters;
  Index kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
  Index pad_top, pad_bottom, pad_left, pad_right;
  Index groups;
};
constexpr Index out_height(const ConvDims& d) {
  return window_count(d.height + d.pad_top + d.pad_bottom, d.kernel_h, d.stride_h, d.dilation_h);
}
constexpr Index out_width(const ConvDims& d) {
  return window_count(d.width + d.pad_left + d.pad_right, d.kernel_w, d.stride_w, d.dilation_w);
}

// Every window must meet the image: padding smaller than the pool on each side.
struct PoolDims {
  Index images, height, width, channels;
  Index pool_h, pool_w, stride_h, stride_w;
  Index pad_top, pad_bottom, pad_left, pad_right;
};
constexpr Index out_height(const PoolDims& d) {
  return window_count(d.height + d.pad_top + d.pad_bottom, d.pool_h, d.stride_h, 1);
}
constexpr Index out_width(const PoolDims& d) {
  return window_count(d.width + d.pad_left + d.pad_right, d.pool_w, d.stride_w, 1);
}
// Bytes of one index into a window, as max_pool2d keeps it for backward.
constexpr Index pool_index_bytes(const PoolDims& d) { return d.pool_h * d.pool_w <= 256 ? 1 : 4; }

// value = f(seed, stream, step, element): Philox 4x32-10 (Salmon et al. 2011).
struct RandomKey {
  std::uint64_t seed;
  std::uint32_t stream;  // which use: a layer, the shuffle, an initialiser
  std::uint32_t step;    // which time: optimizer step, epoch
};

enum class Loss : int {
  mean_squared_error,
  mean_absolute_error,
  huber,                            // parameter: delta
  binary_crossentropy,              // parameter: label smoothing; predictions are probabilities
  binary_crossentropy_logits,       // the same from logits, fused with the sigmoid
  categorical_crossentropy,         // parameter: label smoothing; rows are probabilities
  categorical_crossentropy_logits,  // the same from logits, fused with the softmax
};

struct LossSpec {
  Loss kind = Loss::mean_squared_error;
  double parameter = 0.0;
};

enum class Metric : int {
  binary_accuracy,              // parameter: threshold
  categorical_accuracy,         // argmax of both rows, first maximum wins
  sparse_categorical_accuracy,  // integer labels
  mean_absolute_error,
  mean_squared_error,
  r2,
};

struct MetricSpec {
  Metric kind = Metric::mean_squared_error;
  double parameter = 0.0;
};

// Doubles of state a metric accumulates into: {sum of w * value, sum of w}, and for r2, column
// by column, {sum w, mean of y, sum w (y - mean)^2, sum w (y - prediction)^2}.
constexpr Index metric_state_size(Metric m, Index cols) { return m == Metric::r2 ? 4 * cols : 2; }

struct SgdSpec {
  double learning_rate;
  double momentum;
  bool nesterov;
};
struct RmspropSpec {
  double learning_rate, rho, momentum, epsilon;
  bool centered;
};
struct AdamSpec {
  double learning_rate, beta_1, beta_2, epsilon;
  double weight_decay;  // decoupled (AdamW): p -= learning_rate * weight_decay * p, before the step
  std::int64_t step;    // 1 for the first update: bias correction
};

// --- recurrence: cells, sizes and arguments

enum class Cell : int {
  simple_rnn,
  lstm,              // gates i, f, c, o
  gru,               // gates z, r, h; reset after the product (Keras's default), bias (2, 3 units)
  gru_reset_before,  // reset before the product (Cho et al. 2014), bias (3 units)
};
constexpr Index cell_gates(Cell c) { return c == Cell::simple_rnn ? 1 : c == Cell::lstm ? 4 : 3; }

// Axes of recurrence: t time steps, u units, g gates x units (columns of both weight matrices).
struct RecurrentDims {
  Cell cell;
  Index rows, steps, inputs, units;
  ActivationSpec activation;            // of the state; Keras: tanh
  ActivationSpec recurrent_activation;  // of the gates (lstm, gru); Keras: sigmoid
  bool reversed;   // last time step first; outputs lie in the order of processing
  bool sequences;  // y_ntu holds every step's output, else y_nu the last
};

// All but x, w and u may be null.
template <class T>
struct RecurrentInputs {
  const T* x_nti;
  const T* w_ig;
  const T* u_ug;
  const T* b;                   // g; gru: 2 x g
  const T* h_nu;                // initial states, zero if null
  const T* c_nu;                // lstm alone
  const std::uint8_t* mask_nt;  // 0: the step is skipped, state and output stay as they were
  const T* drop_ni;             // factors on x and on the h that is multiplied by u, the same
  const T* drop_nu;             // for all steps and gates (dropout)
};

// Each may be null.  dx, dh and dc are written, parameter gradients follow Accumulate.
template <class T>
struct RecurrentGradients {
  T* dx_nti;
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

// --- end of recurrence's types

// One entry per kernel; every instruction set fills one table for float and one for double.
template <class T>
struct Kernels {
  // --- matrix product and dense (kernels/gemm.h, kernels/dense.cpp)
  // c_mn (+)= op(a) op(b); op(a) is m x k.  transpose_a: a is stored k x m; transpose_b: n x k.
  // ld*: elements from one stored row to the next.
  void (*gemm)(T* c_mn, const T* a, const T* b, Index m, Index n, Index k, Index ldc, Index lda,
               Index ldb, bool transpose_a, bool transpose_b, Accumulate);
  // y = activation(x w + b); b_o may be null.
  void (*dense_forward)(T* y_no, const T* x_ni, const T* w_io, const T* b_o, DenseDims,
                        ActivationSpec);
  // dz is the gradient at the pre-activation (see activation_backward); each of dx_ni, dw_io and
  // db_o may be null.  dx is written; dw and db follow Accumulate.
  void (*dense_backward)(T* dx_ni, T* dw_io, T* db_o, const T* dz_no, const T* x_ni, const T* w_io,
                         DenseDims, Accumulate);

  // --- convolution (kernels/conv.cpp): h, w image axes; r, s window axes; c channels; o filters
  // y = activation(x * w + b), cross-correlation as Keras's; b_o may be null.
  void (*conv2d_forward)(T* y_nhwo, const T* x_nhwc, const T* w_rsco, const T* b_o, ConvDims,
                         ActivationSpec);
  // dz is the gradient at the pre-activation; each of dx, dw and db may be null.
  void (*conv2d_backward)(T* dx_nhwc, T* dw_rsco, T* db_o, const T* dz_nhwo, const T* x_nhwc,
                          const T* w_rsco, ConvDims, Accumulate);
  // The transposed layer maps the outputs of the convolution that `dims` describes to its inputs:
  // x_nhwo has out_height x out_width pixels, y_nhwc height x width.
  void (*conv2d_transpose_forward)(T* y_nhwc, const T* x_nhwo, const T* w_rsco, const T* b_c,
                                   ConvDims, ActivationSpec);
  void (*conv2d_transpose_backward)(T* dx_nhwo, T* dw_rsco, T* db_c, const T* dz_nhwc,
                                    const T* x_nhwo, const T* w_rsco, ConvDims, Accumulate);

  // --- pooling (kernels/pool.cpp): only cells of the image count, never the padding
  // The first of equal maxima wins; NaN wins over numbers.  `index_nhwc` keeps the winner's place
  // in its window (pool_index_bytes each); null where no backward follows.
  void (*max_pool2d_forward)(T* y_nhwc, void* index_nhwc, const T* x_nhwc, PoolDims);
  void (*max_pool2d_backward)(T* dx_nhwc, const T* dy_nhwc, const void* index_nhwc, PoolDims);
  void (*average_pool2d_forward)(T* y_nhwc, const T* x_nhwc, PoolDims);
  void (*average_pool2d_backward)(T* dx_nhwc, const T* dy_nhwc, PoolDims);

  // --- activations (kernels/activations.cpp, kernels/softmax.cpp); y may alias x, dx may alias dy
  void (*activation_forward)(T* y, const T* x, Index size, ActivationSpec);
  // `saved` is y where derivative_from_output(kind), else x.
  void (*activation_backward)(T* dx, const T* dy, const T* saved, Index size, ActivationSpec);
  void (*softmax_forward)(T* y_nc, const T* x_nc, RowsCols);
  void (*softmax_backward)(T* dx_nc, const T* dy_nc, const T* y_nc, RowsCols);
  void (*log_softmax_forward)(T* y_nc, const T* x_nc, RowsCols);
  void (*log_softmax_backward)(T* dx_nc, const T* dy_nc, const T* y_nc, RowsCols);

  // --- random numbers and dropout (kernels/random.cpp, kernels/dropout.cpp)
  // Element e takes word (e % 64) / 16 of the counter 16 * (e / 64) + e % 16; uniform in [0, 1)
  // from its upper 24 bits (float) or from two words, 53 bits (double; see random.cpp).
  void (*random_uniform)(T* out, Index size, RandomKey);
  void (*random_bits)(std::uint32_t* out, Index size, RandomKey);
  // y = x / (1 - rate) where kept, else 0; y may alias x, dx may alias dy.
  void (*dropout_forward)(T* y, const T* x, Index size, double rate, RandomKey);
  // The mask is drawn again, never stored.  `y` may be null; if the layer's input came out of a
  // ReLU pass its output here, and y > 0 stands for the mask (the ReLU's own backward zeroes the
  // elements where the two differ).
  void (*dropout_backward)(T* dx, const T* dy, const T* y, Index size, double rate, RandomKey);

  // --- recurrence over whole sequences (kernels/recurrent.cpp)
  // The same sizes on every instruction set.
  RecurrentSizes (*recurrent_sizes)(RecurrentDims);
  // y, the last states h_nu and c_nu, and saved may be null.
  void (*recurrent_forward)(T* y, T* h_nu, T* c_nu, T* saved, T* workspace,
                            const RecurrentInputs<T>&, RecurrentDims);
  // dy and the gradients at the last states may be null.  The inputs are forward's.
  void (*recurrent_backward)(const RecurrentGradients<T>&, T* workspace, const T* dy,
                             const T* dh_nu, const T* dc_nu, const T* saved,
                             const RecurrentInputs<T>&, RecurrentDims, Accumulate);

  // --- losses and metrics (kernels/losses.cpp, kernels/metrics.cpp)
  // loss_n: the mean over the columns of one row (crossentropies over classes: the sum).
  void (*loss_forward)(T* loss_n, const T* pred_nc, const T* true_nc, RowsCols, LossSpec);
  void (*loss_backward)(T* dpred_nc, const T* dloss_n, const T* pred_nc, const T* true_nc, RowsCols,
                        LossSpec);
  // Labels outside [0, cols) are the caller's to refuse.
  void (*sparse_crossentropy_forward)(T* loss_n, const T* pred_nc, const std::int32_t* label_n,
                                      RowsCols, bool from_logits);
  void (*sparse_crossentropy_backward)(T* dpred_nc, const T* dloss_n, const T* pred_nc,
                                       const std::int32_t* label_n, RowsCols, bool from_logits);
  // Adds the batch to `state`.  weight_n may be null (all 1); true_nc or label_n is null.
  void (*metric_update)(double* state, const T* pred_nc, const T* true_nc,
                        const std::int32_t* label_n, const T* weight_n, RowsCols, MetricSpec);

  // --- optimizers, in place over a flat run of parameters (kernels/optimizers.cpp)
  // velocity may be null (momentum 0); mean_grad null unless centered; max_v null unless amsgrad.
  void (*sgd)(T* param, T* velocity, const T* grad, Index size, SgdSpec);
  void (*rmsprop)(T* param, T* mean_square, T* momentum, T* mean_grad, const T* grad, Index size,
                  RmspropSpec);
  void (*adam)(T* param, T* m, T* v, T* max_v, const T* grad, Index size, AdamSpec);

  // --- element-wise and reductions (kernels/elementwise.cpp)
  void (*add_into)(T* y, const T* x, Index size);              // y += x
  void (*scale)(T* y, const T* x, double factor, Index size);  // y = factor x; may alias
  void (*clip)(T* y, const T* x, double limit, Index size);    // to [-limit, limit]; may alias
  // y = (x - mean) / std by column; dx = dy / std.
  void (*normalize_forward)(T* y_ni, const T* x_ni, const T* mean_i, const T* std_i, RowsCols);
  void (*normalize_backward)(T* dx_ni, const T* dy_ni, const T* std_i, RowsCols);
  // db_o (+)= column sums of dz_no, in row order within fixed chunks.
  void (*column_sums)(T* sum_o, const T* x_no, RowsCols, Accumulate);
  double (*dot)(const T* a, const T* b, Index size);  // b null: the plain sum of a; in double
  double (*absolute_sum)(const T* a, Index size);
  // L1 and L2 penalties, l1 |w| + l2 w^2: adds the gradient to dw.
  void (*penalty_backward)(T* dw, const T* w, Index size, double l1, double l2);
  // Rows `index[0..rows)` of x (cols wide) into out; index null: rows first, first+1, ...
  void (*gather_rows)(T* out, const T* x, const std::int64_t* index, RowsCols);
  // Position of the first NaN or infinity, or -1.
  Index (*find_nonfinite)(const T* x, Index size);
};

// --- what the runtime offers to kernels (runtime/threads.cpp)

// How many threads pay for this much work, at most `chunks`.  `flop` counts floating-point
// operations at matrix-product speed; element-wise kernels give their equivalent.
int threads_for(double flop, Index chunks);

// Runs body(context, chunk) for chunk = 0 .. chunks-1 on `threads` threads, a contiguous run of
// chunks per thread.  The body must not throw.  threads == 1 runs in place.
void parallel_for(int threads, Index chunks, void (*body)(void* context, Index chunk),
                  void* context);

// 64-byte aligned scratch of the calling thread, at least `bytes` long, kept until the thread
// ends; null when memory is out.  Slots 0..3 are independent buffers.
void* scratch(int slot, std::size_t bytes);

}  // namespace lamina
