// Everything that can be recorded on a graph.  Each function checks shapes, records the operation
// of its file and returns the output; errors are std::invalid_argument: rule, value got, who.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace lamina {

// x w + b over the last axis of x, then an element-wise activation; bias may be null.
Tensor dense(Graph& graph, const Tensor& x, const Tensor& kernel, const Tensor* bias,
             ActivationSpec activation, const std::string& name);
Tensor activation(Graph& graph, const Tensor& x, ActivationSpec spec, const std::string& name);
// Over the last axis.
Tensor softmax(Graph& graph, const Tensor& x, const std::string& name);
Tensor log_softmax(Graph& graph, const Tensor& x, const std::string& name);
// Identity outside training and at rate 0.
Tensor dropout(Graph& graph, const Tensor& x, double rate, std::uint32_t stream,
               const std::string& name);
// The same value seen with another shape: no operation.
Tensor reshape(const Graph& graph, const Tensor& x, Shape shape);
// The steps of a row, its first axis, as rows of their own, and back: no operations.  What is
// recorded in between runs on every step.
Tensor fold(Graph& graph, const Tensor& x);
Tensor unfold(Graph& graph, const Tensor& x, Index steps);
// (x - mean) / std over the last axis.
Tensor normalize(Graph& graph, const Tensor& x, const Tensor& mean, const Tensor& std,
                 const std::string& name);
// A recurrent layer's settings.  Dropout draws its factors for x from `stream`, those for the state
// from `recurrent_stream`, once for all steps.
struct RecurrentSpec {
  Cell cell = Cell::simple_rnn;
  ActivationSpec activation{Activation::tanh, 0.0};
  ActivationSpec recurrent_activation{Activation::sigmoid, 0.0};  // of the gates
  bool return_sequences = false, return_state = false, go_backwards = false;
  double dropout = 0.0, recurrent_dropout = 0.0;
  std::uint32_t stream = 0, recurrent_stream = 0;
};
// SimpleRNN, LSTM or GRU over the steps of x (steps, features).  Returns y, (steps, units) or that
// of the last step, then with return_state the last h (and c).  `initial_state`: h (and c), or
// none for zeros; bias and mask (boolean, one a step) may be null.
std::vector<Tensor> recurrent(Graph& graph, const Tensor& x, const Tensor& kernel,
                              const Tensor& recurrent_kernel, const Tensor* bias,
                              const std::vector<Tensor>& initial_state, const Tensor* mask,
                              const RecurrentSpec& spec, const std::string& name);
// How a window moves over an image, height first; a signal (steps, channels) is an image of
// height 1.
struct WindowSpec {
  Index stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1;
  Index pad_top = 0, pad_bottom = 0, pad_left = 0, pad_right = 0;
};
// x * w + b (cross-correlation), then an element-wise activation; bias may be null.  kernel: (h, w,
// channels / groups, filters); 0 groups is depthwise, kernel (h, w, channels, multiplier).
Tensor conv2d(Graph& graph, const Tensor& x, const Tensor& kernel, const Tensor* bias,
              const WindowSpec& window, Index groups, ActivationSpec activation,
              const std::string& name);
// The transposed layer: from the outputs of the convolution that `window` describes to an input of
// height x width.  kernel: (h, w, filters, channels), the channels those of x.
Tensor conv2d_transpose(Graph& graph, const Tensor& x, const Tensor& kernel, const Tensor* bias,
                        const WindowSpec& window, Index height, Index width,
                        ActivationSpec activation, const std::string& name);
// `kind`: "max" or "average"; padding never counts.
Tensor pool2d(Graph& graph, const std::string& kind, const Tensor& x, Index pool_h, Index pool_w,
              const WindowSpec& window, const std::string& name);
struct BatchNormOptions {
  double momentum = 0.99, epsilon = 1e-3;
  bool batch_statistics = true;  // in training; false: the moving statistics, which stay
};
// Over the last axis; gamma, beta and mask (over the other axes) may be null.  Training moves the
// statistics: moving = momentum moving + (1 - momentum) batch.
Tensor batch_norm(Graph& graph, const Tensor& x, const Tensor* gamma, const Tensor* beta,
                  const Tensor& moving_mean, const Tensor& moving_variance, const Tensor* mask,
                  BatchNormOptions options, const std::string& name);
// Over the last `axes` axes; gamma and beta may be null.
Tensor layer_norm(Graph& graph, const Tensor& x, int axes, const Tensor* gamma, const Tensor* beta,
                  double epsilon, const std::string& name);
// Rows of the table (vocabulary, columns) by int32 token, and whether a token is not 0.
Tensor embedding(Graph& graph, const Tensor& ids, const Tensor& table, const std::string& name);
Tensor token_mask(Graph& graph, const Tensor& ids, const std::string& name);
// Axes are those of a row.  Margins: what each axis gets (zeros) or loses before and behind.
using Margins = std::vector<std::pair<Index, Index>>;
Tensor permute(Graph& graph, const Tensor& x, const std::vector<Index>& order,
               const std::string& name);
Tensor pad(Graph& graph, const Tensor& x, const Margins& margins, const std::string& name);
Tensor crop(Graph& graph, const Tensor& x, const Margins& margins, const std::string& name);
// One axis, last index first.
Tensor flip(Graph& graph, const Tensor& x, Index axis, const std::string& name);
// Every element `times` times in a row, axis by axis.
Tensor repeat(Graph& graph, const Tensor& x, const std::vector<Index>& times,
              const std::string& name);
Tensor concatenate(Graph& graph, const std::vector<Tensor>& inputs, Index axis,
                   const std::string& name);
// One axis, linearly (ResizeDims).
Tensor resize(Graph& graph, const Tensor& x, Index axis, Index to, const std::string& name);
Tensor bounded_relu(Graph& graph, const Tensor& x, ReluSpec spec, const std::string& name);
// One alpha for each element of the last axes.
Tensor prelu(Graph& graph, const Tensor& x, const Tensor& alpha, const std::string& name);
// Identity outside training and at amount 0; spatial: whole channels, the last axis, each row for
// itself or all rows alike.
Tensor noise(Graph& graph, const Tensor& x, Noise kind, double amount, std::uint32_t stream,
             const std::string& name);
Tensor spatial_dropout(Graph& graph, const Tensor& x, double rate, std::uint32_t stream,
                       bool share_rows, const std::string& name);
// Of two inputs of one shape.
Tensor combine(Graph& graph, Combine kind, const Tensor& a, const Tensor& b,
               const std::string& name);
Tensor scale(Graph& graph, const Tensor& x, double factor, const std::string& name);
// The product of two matrices a row, each as it is or transposed.
Tensor dot(Graph& graph, const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b,
           const std::string& name);
// The last axis scaled to length 1.
Tensor unit_rows(Graph& graph, const Tensor& x, const std::string& name);
// One loss a position: the shape of the prediction without its last axis.  A prediction that came
// out of a softmax or a sigmoid is taken back to its logits and fused, which is exact where
// probabilities have rounded to 0 or 1.  `kind`: a name of names.h or
// "sparse_categorical_crossentropy".
Tensor loss(Graph& graph, const std::string& kind, const Tensor& prediction, const Tensor& target,
            double parameter, bool from_logits, const std::string& name);

// The weight of each position times its mask; weight may be null (1).
Tensor masked_weight(Graph& graph, const Tensor& mask, const Tensor* weight,
                     const std::string& name);

// Masks: truth values over the leading axes of a row.
// Whether any number along the last axis is not `value`.
Tensor value_mask(Graph& graph, const Tensor& x, double value, const std::string& name);
// x where the mask is true, else `other`, of its shape, or `fill` if that is null.
Tensor where(Graph& graph, const Tensor& mask, const Tensor& x, const Tensor* other, double fill,
             const std::string& name);
// Of x (positions, columns), over the positions that the mask keeps: 0 where it keeps none.
Tensor masked_mean(Graph& graph, const Tensor& x, const Tensor& mask, const std::string& name);
// One mask out of several: true where any is, or, with an axis >= 0, one behind the other along it.
// Each is first repeated to its shape of `shapes`; a null one is true everywhere.
Tensor join_masks(Graph& graph, const std::vector<const Tensor*>& masks,
                  const std::vector<Shape>& shapes, Index axis, const std::string& name);

}  // namespace lamina
