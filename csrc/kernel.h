// The kernel contract: what every kernel guarantees, and the table through which kernels are
// called.
//
// Gradients.  Parameter gradients accumulate (dw += ...), unless the caller passes `Accumulate::no`
// because it knows this to be the first contribution; input gradients are written (dx = ...).  The
// caller zeroes gradients that accumulate.  Inputs are never modified and never alias outputs,
// unless the comment on a kernel says so.  An empty batch (rows == 0) is allowed everywhere.
//
// Axes.  A pointer's name ends in its axes, slowest first; arrays are C-contiguous.
//   n  rows: batch (times time steps or pixels)      i  inputs (features of one row)
//   o  outputs, units                                c  classes, columns of a prediction
// `w_io` is a weight matrix of inputs x outputs, as in Keras's Dense layer.
//
// Arguments are ordered: outputs, inputs, one struct of sizes and settings.
//
// Bits.  A result depends on the values and shapes alone: not on the number of threads, not on the
// alignment of a pointer, not on how many other rows are in the batch (for row-wise kernels).
// Therefore every output element is one chain of operations whose order is determined by the
// shapes, the ends of arrays run through the vector code as partial vectors, and sums are divided
// into chunks of fixed length.
//
// This header is included by objects compiled for one instruction set; it must not include anything
// that could emit a shared inline symbol (no std containers, no iostream).
#pragma once

#include "element_ops.h"
#include "specs.h"

namespace lamina {

// Takes or provides the images of a batch a few at a time, on any thread; it must not use scratch.
template <class T>
struct ImageHook {
  void (*call)(void* context, T* values_nhwo, Index image, Index images);
  void* context;
};

// Changes finished pixels in place, on any thread; it must not use scratch.
template <class T>
struct PixelsHook {
  void (*call)(void* context, T* values_no, Index pixels) = nullptr;
  void* context = nullptr;
  void change(T* values, Index pixels) const {
    if (call != nullptr) call(context, values, pixels);
  }
};

// One of the convolutions that run in one pass.
template <class T>
struct ConvStage {
  const T *w_rsco, *prepared, *b_o;  // prepared and b_o may be null
  ConvDims dims;
  ActivationSpec activation;
  PixelsHook<T> behind;
};

// Told of each part of an output's rows as soon as it is complete, while it is in the cache, on any
// thread; it must not use scratch.  The parts depend on the shapes alone.
struct RowsHook {
  void (*call)(void* context, Index part, Index row, Index rows) = nullptr;
  void* context = nullptr;
};
// There are never more parts than one for this many rows.
constexpr Index rows_per_part = 256;

// One entry per kernel; every instruction set fills one table for float and one for double.
template <class T>
struct Kernels {
  // --- matrix product and dense (kernels/gemm.h, kernels/dense.cpp)
  // c_mn (+)= op(a) op(b); op(a) is m x k.  transpose_a: a is stored k x m; transpose_b: n x k.
  // ld*: the distance in elements from one stored row to the next.
  void (*gemm)(T* c_mn, const T* a, const T* b, Index m, Index n, Index k, Index ldc, Index lda,
               Index ldb, bool transpose_a, bool transpose_b, Accumulate);
  // y = activation(x w + b), then dropout; b_o may be null.
  void (*dense_forward)(T* y_no, const T* x_ni, const T* w_io, const T* b_o, DenseDims,
                        ActivationSpec, DropoutSpec);
  // dz is the gradient at the pre-activation (see activation_backward); each of dx_ni, dw_io and
  // db_o may be null.  dx is written; dw and db follow Accumulate.  `rectified`, only for a single
  // unit: x is the output of a ReLU, and dx includes its derivative.
  void (*dense_backward)(T* dx_ni, T* dw_io, T* db_o, const T* dz_no, const T* x_ni, const T* w_io,
                         DenseDims, bool rectified, Accumulate);

  // --- one hidden layer of logistic units (kernels/logistic_network.cpp); c: cases
  // The weights are stored unit by unit, hidden units first.  Each unit has the weight of its bias,
  // then the weights of its inputs; the inputs of an output unit are the hidden units, then, with
  // skip, the network's inputs.  Outputs are linear.
  void (*logistic_network_forward)(T* y_oc, T* hidden_hc, const T* x_ic, const T* w,
                                   const LogisticNetworkDims&);
  // Gradients with respect to the weights only.  The workspace holds hidden x columns elements and,
  // for more than logistic_network_chunk columns, one copy of the weights' size for each chunk.
  void (*logistic_network_backward)(T* dw, T* workspace, const T* dy_oc, const T* hidden_hc,
                                    const T* x_ic, const T* w, const LogisticNetworkDims&,
                                    Accumulate);

  // --- convolution (kernels/conv.cpp): h, w image axes; r, s window axes; c channels; o filters
  // y = activation(x * w + b), a cross-correlation as in Keras; b_o may be null.  `finished`, here
  // and below, is told of the pixels of y or dx; empty, unless conv2d_parts is above 0.
  void (*conv2d_forward)(T* y_nhwo, const T* x_nhwc, const T* w_rsco, const T* b_o, ConvDims,
                         ActivationSpec, RowsHook finished);
  // The number of parts; `to_inputs`: of dx or, for the transposed layer, of y.  0 if there would
  // be so few that threads could not share them evenly.
  Index (*conv2d_parts)(ConvDims, bool to_inputs);
  // The form of w that conv2d_forward calculates first, for repeated calls with the same w: its
  // number of elements (0: w is read as it is), which depends on the sizes of an image alone; its
  // calculation, which returns false if memory is short; and conv2d_forward with it.
  Index (*conv2d_prepared_size)(ConvDims);
  bool (*conv2d_prepare)(T* prepared, const T* w_rsco, ConvDims);
  void (*conv2d_forward_prepared)(T* y_nhwo, const T* x_nhwc, const T* w_rsco, const T* prepared,
                                  const T* b_o, ConvDims, ActivationSpec);
  // In one pass: a depthwise convolution `before`, or null, whose outputs are the inputs of the
  // convolution; and, unless `sums` is null, the means of its outputs over each image.  They are
  // written to y_no, and sums has room for images x conv_sums elements.  The values between the
  // stages are in the threads' scratch.  conv2d_runs_behind tells from the sizes of an image
  // whether a convolution takes another one before it, and its answer is the same for all kernels.
  // Returns false if memory is short.
  bool (*conv2d_runs_behind)(const ConvDims& before, const ConvDims&);
  bool (*conv2d_chain_forward)(T* y, T* sums, const T* x_nhwc, const ConvStage<T>* before,
                               const ConvStage<T>&);
  // dz is the gradient at the pre-activation; each of dx, dw and db may be null.
  void (*conv2d_backward)(T* dx_nhwc, T* dw_rsco, T* db_o, const T* dz_nhwo, const T* x_nhwc,
                          const T* w_rsco, ConvDims, Accumulate, RowsHook finished);
  // The same for outputs that are never in memory as a whole: y is passed on and dz is fetched,
  // image by image, through the thread's scratch; dz is fetched once for dw and db, and once for
  // dx.  Returns false if memory is short.  `prepared` may be null.
  bool (*conv2d_forward_images)(ImageHook<T> take, const T* x_nhwc, const T* w_rsco,
                                const T* prepared, const T* b_o, ConvDims, ActivationSpec);
  bool (*conv2d_backward_images)(T* dx_nhwc, T* dw_rsco, T* db_o, ImageHook<T> give,
                                 const T* x_nhwc, const T* w_rsco, ConvDims, Accumulate);
  // The same if a max pooling follows and its winners were kept: dy is the gradient of the pooling,
  // `index` what max_pool2d_forward kept.  Only the windows of the winners are visited.
  // conv2d_winners tells from the sizes of an image whether that is faster.  Returns false if
  // memory is short.
  bool (*conv2d_winners)(ConvDims, PoolDims);
  bool (*conv2d_backward_winners)(T* dx_nhwc, T* dw_rsco, T* db_o, const T* dy_nhwo,
                                  const void* index_nhwo, const T* x_nhwc, const T* w_rsco,
                                  ConvDims, PoolDims, Accumulate);
  // The transposed layer maps the outputs of the convolution that `dims` describes to its inputs:
  // x_nhwo has out_height x out_width pixels, y_nhwc height x width.
  void (*conv2d_transpose_forward)(T* y_nhwc, const T* x_nhwo, const T* w_rsco, const T* b_c,
                                   ConvDims, ActivationSpec, RowsHook finished);
  void (*conv2d_transpose_backward)(T* dx_nhwo, T* dw_rsco, T* db_c, const T* dz_nhwc,
                                    const T* x_nhwo, const T* w_rsco, ConvDims, Accumulate,
                                    RowsHook finished);

  // --- pooling (kernels/pool.cpp): only cells of the image count, never the padding
  // The first of equal maxima wins; NaN is larger than any number.  `index_nhwc` keeps the winner's
  // place in its window (pool_index_bytes each); null if no backward follows.  `rectified`: x is
  // the output of a ReLU whose derivative is included in backward: a maximum of at most 0 has no
  // place.
  void (*max_pool2d_forward)(T* y_nhwc, void* index_nhwc, const T* x_nhwc, PoolDims,
                             bool rectified);
  void (*max_pool2d_backward)(T* dx_nhwc, const T* dy_nhwc, const void* index_nhwc, PoolDims);
  // `above_nhwc`: if x is the output of a ReLU whose derivative backward is to include, which x
  // that a window reads are above 0; else null.
  void (*average_pool2d_forward)(T* y_nhwc, std::uint8_t* above_nhwc, const T* x_nhwc, PoolDims);
  void (*average_pool2d_backward)(T* dx_nhwc, const T* dy_nhwc, const std::uint8_t* above_nhwc,
                                  PoolDims);

  // --- activations (kernels/activations.cpp, kernels/softmax.cpp); y may alias x, dx may alias dy
  void (*activation_forward)(T* y, const T* x, Index size, ActivationSpec);
  // `saved` is y if derivative_from_output(kind), else x.
  void (*activation_backward)(T* dx, const T* dy, const T* saved, Index size, ActivationSpec);
  // The same, and sum_o (+)= the column sums of dx, the gradient of a bias; sum_o may be null.  The
  // second one is for a ReLU whose outputs y were dropped out with `rate`.
  void (*activation_backward_sums)(T* dx_no, T* sum_o, const T* dy_no, const T* saved_no, RowsCols,
                                   ActivationSpec, Accumulate);
  void (*dropped_relu_backward_sums)(T* dx_no, T* sum_o, const T* dy_no, const T* y_no, RowsCols,
                                     double rate, Accumulate);
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
  // The mask is drawn again, never stored.  `y` may be null.  If the input of the layer is the
  // output of a ReLU, pass the layer's output here; y > 0 is then used as the mask (where the two
  // differ, the ReLU's own backward zeroes the gradient).
  void (*dropout_backward)(T* dx, const T* dy, const T* y, Index size, double rate, RandomKey);

  // --- recurrence over whole sequences (kernels/recurrent.cpp)
  // The same sizes on every instruction set.
  RecurrentSizes (*recurrent_sizes)(RecurrentDims);
  // y, the last states h_nu and c_nu, and saved may be null.
  void (*recurrent_forward)(T* y, T* h_nu, T* c_nu, T* saved, T* workspace,
                            const RecurrentInputs<T>&, RecurrentDims);
  // dy and the gradients of the last states may be null.  The inputs are those of forward.
  void (*recurrent_backward)(const RecurrentGradients<T>&, T* workspace, const T* dy,
                             const T* dh_nu, const T* dc_nu, const T* saved,
                             const RecurrentInputs<T>&, RecurrentDims, Accumulate);

  // --- normalisation (kernels/batch_norm*.cpp, kernels/layer_norm.cpp)
  // Mean and variance (divided by the count) of each column over the rows where mask_n is not 0
  // (all rows if it is null); 0 and 0 if there are none.  `made`: what column_moments_part made of
  // the parts of x, without a mask; it is overwritten.
  void (*column_moments)(T* mean_c, T* variance_c, const T* x_nc, const std::uint8_t* mask_n,
                         RowsCols, ColumnParts made);
  void (*column_moments_part)(double* part, const T* x_nc, RowsCols);
  // y = activation((x - mean) / sqrt(variance + epsilon) gamma + beta + added); added_nc, gamma and
  // beta may be null (0, 1, 0).  mask_n is the mask of the moments.  If the variance of a batch
  // overflows, forward and backward recalculate the statistics from x: y and the gradients are
  // correct although the variance is infinite.
  void (*batch_norm_forward)(T* y_nc, const T* x_nc, const T* added_nc, const T* mean_c,
                             const T* variance_c, const T* gamma_c, const T* beta_c,
                             const std::uint8_t* mask_n, RowsCols, BatchNormSpec);
  // dx, dadded, dgamma and dbeta may each be null; dgamma and dbeta follow Accumulate, the others
  // are written; one of them may alias dy.  y_nc may be null, unless a value was added before an
  // activation.  `made`: what batch_norm_part made of the parts of dy and x, if nothing was added
  // and without a mask; it is overwritten.
  void (*batch_norm_backward)(T* dx_nc, T* dadded_nc, T* dgamma_c, T* dbeta_c, const T* dy_nc,
                              const T* y_nc, const T* x_nc, const T* mean_c, const T* variance_c,
                              const T* gamma_c, const T* beta_c, const std::uint8_t* mask_n,
                              RowsCols, BatchNormSpec, Accumulate, ColumnParts made);
  void (*batch_norm_part)(double* part, const T* dy_nc, const T* x_nc, const T* mean_c,
                          const T* variance_c, const T* gamma_c, const T* beta_c, RowsCols,
                          BatchNormSpec);
  // The means of y over runs of `run` rows (kernels/batch_norm_mean.cpp); y is not stored.  The
  // quantities that backward needs of each run are kept in slopes_k2c, which may be null.
  void (*batch_norm_mean_forward)(T* y_kc, T* slopes_k2c, const T* x_nc, const T* added_nc,
                                  const T* mean_c, const T* variance_c, const T* gamma_c,
                                  const T* beta_c, const std::uint8_t* mask_n, Index run, RowsCols,
                                  BatchNormSpec);
  // The inputs are those of forward; no output may alias an input.
  void (*batch_norm_mean_backward)(T* dx_nc, T* dadded_nc, T* dgamma_c, T* dbeta_c, const T* dy_kc,
                                   const T* slopes_k2c, const T* x_nc, const T* added_nc,
                                   const T* mean_c, const T* variance_c, const T* gamma_c,
                                   const T* beta_c, const std::uint8_t* mask_n, Index run, RowsCols,
                                   BatchNormSpec, Accumulate);
  // The same as batch_norm_* over the columns of each row; mean_n and inverse_n (1 / std) are kept
  // for backward and may be null.
  void (*layer_norm_forward)(T* y_nc, T* mean_n, T* inverse_n, const T* x_nc, const T* gamma_c,
                             const T* beta_c, RowsCols, double epsilon);
  void (*layer_norm_backward)(T* dx_nc, T* dgamma_c, T* dbeta_c, const T* dy_nc, const T* x_nc,
                              const T* mean_n, const T* inverse_n, const T* gamma_c, RowsCols,
                              Accumulate);

  // --- embedding (kernels/embedding.cpp) and masks (kernels/masks.cpp); d: columns of the table
  // y_nd = table[id]; the caller must reject ids outside [0, vocabulary).
  void (*embedding_forward)(T* y_nd, const T* table_vd, const std::int32_t* id_n, RowsCols);
  // dtable[id] += dy, in row order for each id.  Accumulate::no writes zeros first.
  void (*embedding_backward)(T* dtable_vd, const T* dy_nd, const std::int32_t* id_n, RowsCols,
                             Index vocabulary, Accumulate);
  // The same as a sparse gradient: the ids that occur, ascending, and the sum of the rows of each.
  // `unique_n` and `sum_nd` have room for n; returns the number of ids, or -1 if memory is short.
  Index (*embedding_backward_sparse)(std::int32_t* unique_n, T* sum_nd, const T* dy_nd,
                                     const std::int32_t* id_n, RowsCols, Index vocabulary);
  // The mask is 1 where the id is not 0, and where any column differs from `value`, respectively.
  void (*token_mask)(std::uint8_t* mask_n, const std::int32_t* id_n, Index size);
  void (*value_mask)(std::uint8_t* mask_n, const T* x_nc, RowsCols, double value);
  // y = a where the mask is not 0, else b; `fill` replaces a null input; y may alias both.
  void (*select)(T* y_nc, const T* a_nc, const T* b_nc, const std::uint8_t* mask_n, RowsCols,
                 double fill);
  // Mean over the positions p of each row where mask_np is not 0 (all positions if it is null); an
  // empty mask gives 0.
  void (*masked_mean_forward)(T* y_nc, const T* x_npc, const std::uint8_t* mask_np, Index positions,
                              RowsCols);
  void (*masked_mean_backward)(T* dx_npc, const T* dy_nc, const std::uint8_t* mask_np,
                               Index positions, RowsCols);

  // --- data moved (kernels/strided.cpp)
  void (*strided_copy)(T* y, const T* x, const StridedSpec&);
  void (*strided_add)(T* y, const T* x, const StridedSpec&);  // y += x, in index order
  // Combines masks of one byte per position: y becomes 1 where x is not 0.
  void (*strided_any)(std::uint8_t* y, const std::uint8_t* x, const StridedSpec&);
  void (*resize_forward)(T* y, const T* x, ResizeDims);
  void (*resize_backward)(T* dx, const T* dy, ResizeDims);

  // --- several inputs (kernels/combine.cpp); y may alias a
  void (*combine_forward)(T* y, const T* a, const T* b, Index size, Combine);
  // da and db may be null; where the operands of a maximum are equal, each gets half the gradient.
  void (*combine_backward)(T* da, T* db, const T* dy, const T* a, const T* b, Index size, Combine);
  void (*batched_product)(T* c, const T* a, const T* b, const BatchedProductSpec&);
  // y = x / max(|x|, 1e-7), row by row (Keras's epsilon for Dot(normalize=True)).
  void (*unit_rows_forward)(T* y_nc, const T* x_nc, RowsCols);
  void (*unit_rows_backward)(T* dx_nc, const T* dy_nc, const T* x_nc, RowsCols);

  // --- activations with weights or bounds (kernels/relu.cpp)
  void (*bounded_relu_forward)(T* y, const T* x, Index size, ReluSpec);
  void (*bounded_relu_backward)(T* dx, const T* dy, const T* x, Index size, ReluSpec);
  // y = max(x, 0) + alpha min(x, 0), alpha by column; dx and dalpha may be null.
  void (*prelu_forward)(T* y_nc, const T* x_nc, const T* alpha_c, RowsCols);
  void (*prelu_backward)(T* dx_nc, T* dalpha_c, const T* dy_nc, const T* x_nc, const T* alpha_c,
                         RowsCols, Accumulate);

  // --- noise (kernels/noise.cpp): drawn again in backward, never stored; y may alias x
  void (*noise_forward)(T* y, const T* x, Index size, Noise, double amount, RandomKey);
  void (*noise_backward)(T* dx, const T* dy, Index size, Noise, double amount, RandomKey);
  // Dropout of whole channels: one draw for each row and channel, shared by all positions.
  void (*spatial_dropout_forward)(T* y_npc, const T* x_npc, Index positions, RowsCols, double rate,
                                  RandomKey);
  // Forward and backward are the same map: dx = keep / (1 - rate) dy.

  // --- reductions along one run of axes (kernels/reduce.cpp): x is outer x size x inner
  // Of no elements: sum 0, product 1, extremes -/+ infinity, mean NaN.  Extremes propagate NaN.
  void (*reduce_forward)(T* y_oi, const T* x_oni, ReduceDims, Reduction);
  // Equal extremes share the gradient.  Only extremes read x and y; the product reads x.
  void (*reduce_backward)(T* dx_oni, const T* dy_oi, const T* x_oni, const T* y_oi, ReduceDims,
                          Reduction);
  // The position of the first extreme; size is at least 1.
  void (*reduce_place)(std::int32_t* place_oi, const T* x_oni, ReduceDims, bool largest);

  // --- losses and metrics (kernels/losses.cpp, kernels/metrics.cpp)
  // loss_n: the mean over the columns of one row (crossentropies over classes: the sum).
  // The one of true_nc and label_n that the loss does not take is null; the caller must reject
  // labels outside [0, cols).
  void (*loss_forward)(T* loss_n, const T* pred_nc, const T* true_nc, const std::int32_t* label_n,
                       RowsCols, LossSpec);
  void (*loss_backward)(T* dpred_nc, const T* dloss_n, const T* pred_nc, const T* true_nc,
                        const std::int32_t* label_n, RowsCols, LossSpec);
  // Adds the batch to `state`.  weight_n may be null (all 1); true_nc or label_n is null.  For sums
  // pred_nc holds the amounts and label_n the place of each; null: the place is the column.
  void (*metric_update)(double* state, const T* pred_nc, const T* true_nc,
                        const std::int32_t* label_n, const T* weight_n, RowsCols, MetricSpec);

  // --- element-wise and reductions (kernels/elementwise.cpp)
  void (*add_into)(T* y, const T* x, Index size);              // y += x
  void (*scale)(T* y, const T* x, double factor, Index size);  // y = factor x; may alias
  void (*clip)(T* y, const T* x, double limit, Index size);    // to [-limit, limit]; may alias
  // y = (x - mean) / std by column; dx = dy / std.
  void (*normalize_forward)(T* y_ni, const T* x_ni, const T* mean_i, const T* std_i, RowsCols);
  void (*normalize_backward)(T* dx_ni, const T* dy_ni, const T* std_i, RowsCols);
  // db_o (+)= column sums of dz_no, in row order within fixed chunks.
  void (*column_sums)(T* sum_o, const T* x_no, RowsCols, Accumulate);
  double (*dot)(const T* a, const T* b, Index size);  // b null: the sum of a; calculated in double
  double (*absolute_sum)(const T* a, Index size);
  // L1 and L2 penalties, l1 |w| + l2 w^2: adds the gradient to dw.
  void (*penalty_backward)(T* dw, const T* w, Index size, double l1, double l2);
  // Copies rows `index[0..rows)` of x (cols wide) to out; index null: rows first, first+1, ...
  void (*gather_rows)(T* out, const T* x, const std::int64_t* index, RowsCols);
  // The largest magnitude; NaN if any element is NaN, 0 if there are none.
  T (*largest)(const T* x, Index size);
  // Position of the first NaN or infinity, or -1.
  Index (*find_nonfinite)(const T* x, Index size);

  // --- chains of element-wise operations in one pass (kernels/expression.cpp)
  // Arrays of T, int32 or bytes, as the program says; summed outputs follow Accumulate, the others
  // are written.  Returns false if there is no memory for a few blocks of values.
  bool (*expression)(void* const* outputs, const void* const* inputs, const ElementProgram&,
                     Index rows, Accumulate);
};

// --- services of the runtime to kernels (runtime/threads.cpp)

// The number of threads that is fastest for this much work, at most `chunks`.  `flop` counts
// floating-point operations at the speed of matrix products; element-wise kernels convert.
int threads_for(double flop, Index chunks);

// Runs body(context, chunk) for chunk = 0 .. chunks-1, each once and in any order, on at most
// `threads` threads (runtime/team.h).  The body must not throw.  threads == 1 runs on the calling
// thread.  All threads use the caller's rounding mode and its treatment of denormals.
void parallel_for(int threads, Index chunks, void (*body)(void* context, Index chunk),
                  void* context);

// Whether convolutions may use Winograd's algorithm (not with LAMINA_WINOGRAD=0); the variable is
// read at the first call.
bool winograd_allowed();

// 64-byte aligned scratch memory of the calling thread, at least `bytes` long, kept until the
// thread ends; null if memory is short.  Slots 0..3 are independent buffers.
void* scratch(int slot, std::size_t bytes);

}  // namespace lamina
