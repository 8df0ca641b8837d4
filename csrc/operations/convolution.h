// A convolution as an operation of the graph, with the operations that it can absorb.
#pragma once

#include <new>
#include <optional>

#include "activated_images.h"
#include "activation.h"
#include "convolution_chain.h"
#include "expression.h"
#include "graph/names.h"
#include "graph/products.h"
#include "graph/reports.h"
#include "pooling.h"

namespace lamina {

// Both directions: the convolution, and the transposed layer, which maps its outputs to its inputs.
// With a max pooling of its outputs (then one node of the graph) the activation's derivative is
// only calculated for the winners.  An average pooling is absorbed behind a ReLU or no activation;
// in inference, behind any.
class Convolution final : public OperationOf<Convolution> {
 public:
  Convolution(std::vector<ValueId> inputs_, bool transposed, const ConvDims& row, Products products)
      : OperationOf(transposed ? "conv2d_transpose" : "conv2d", std::move(inputs_)),
        transposed_(transposed),
        row_(row),
        products_(row.groups == 1 ? products : Products::of_graph),
        weights_{row.kernel_h * row.kernel_w * (row.channels / row.groups) * row.filters,
                 transposed ? row.channels : row.filters} {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    const LentMemory lent = c.prepared() == nullptr ? LentMemory() : LentMemory(*c.prepared());
    const ReadyWeights<T> weights =
        weights_.ready(c, row_, lent.after(prepared_before<T>()),
                       c.workspace() + folded_before(sizeof(T)), activation_);
    if (before_ || (takes_means() && !c.training))
      run_chain(c, weights, lent);
    else
      forward_with(c, weights);
  }

  template <class T>
  void backward_as(const Call<T>& c) const {
    if (gives_slopes(c)) return backward_by_images(c);
    if (!dy_is_dz())  // dz replaces dy, whose last reader this is
      c.kernels.activation_backward(c.dout(), c.dout(), c.out(), output_size(c.rows), activation_);
    if (pooled_ && !averages_ && products_ == Products::of_graph &&
        c.kernels.conv2d_winners(row_, pool_)) {
      PoolDims window = pool_;
      window.images = c.rows;
      if (!c.kernels.conv2d_backward_winners(c.din(0), c.din(1), c.din(2), c.dout(), c.saved(),
                                             c.in(0), c.in(1), dims(c.rows), window, c.accumulate))
        throw std::bad_alloc();
      return;
    }
    PooledImages<T> pooled{c.kernels, pool_, c.dout(), c.saved(), rectifies(), averages_};
    T* const dz = pooled_ ? convolved(c) : c.dout();
    if (pooled_ && dz != nullptr) PooledImages<T>::give(&pooled, dz, 0, c.rows);
    const ConvDims d = dims(c.rows);
    const Kernels<T>& products = product_kernels(c, products_);
    const auto kernel = transposed_ ? products.conv2d_transpose_backward : products.conv2d_backward;
    if (dz != nullptr || !pooled_)
      kernel(c.din(0), c.din(1), c.din(2), dz, c.in(0), c.in(1), d, c.accumulate,
             finished(c, Pass::backward));
    else if (!products.conv2d_backward_images(c.din(0), c.din(1), c.din(2),
                                              {PooledImages<T>::give, &pooled}, c.in(0), c.in(1), d,
                                              c.accumulate))
      throw std::bad_alloc();
  }

  // Only if each weight is used for so many pixels of an image that folding costs less than a
  // separate pass, which is fast over few pixels with many weights.  Weights that are rounded for
  // products in bfloat16 are not folded, so that they are those of training.
  bool absorb_in_inference(const Operation& follower) override {
    if (pooled_) return false;
    if (absorb_activation(*this, activation_, follower, true)) return true;
    if (transposed_) return false;
    if (const PoolDims* window = average_pooling_window(follower)) {
      if (!reads_outputs(*window)) return false;
      pool(*window, true);
      kind += "+" + follower.kind;
      return true;
    }
    std::optional<NormBehind>& norm = weights_.norm;
    if (products_ == Products::bfloat16 || norm || activation_.kind != Activation::linear ||
        weights_.rows() > 2 * out_height(row_) * out_width(row_))
      return false;
    const std::optional<NormBehind> behind = batch_norm_of(follower, weights_.filters);
    if (!behind || (behind->averaged && !reads_outputs(*behind->averaged))) return false;
    norm = behind;
    activation_ = norm->activation;
    if (norm->averaged) pool(*norm->averaged, true);
    inputs.insert(inputs.end(), {norm->gamma, norm->beta, norm->mean, norm->variance});
    kind += "+" + follower.kind;
    return true;
  }
  // A depthwise convolution, if its outputs are the inputs of the products, pixel by pixel.
  bool absorb_producer_in_inference(const Operation& producer) override {
    const auto* first = dynamic_cast<const Convolution*>(&producer);
    if (first == nullptr || first->output() != inputs[0] || first->transposed_ || first->pooled_ ||
        transposed_ || before_ || products_ == Products::bfloat16 || (pooled_ && !takes_means()) ||
        first->fold != fold || first->whole != whole ||
        !kernels<float>().conv2d_runs_behind(first->row_, row_))
      return false;
    before_ = {first->inputs, first->row_, first->weights_, first->activation_};
    inputs[0] = first->inputs[0];
    inputs.insert(inputs.end(), first->inputs.begin() + 1, first->inputs.end());
    kind = first->kind + "+" + kind;
    return true;
  }
  bool absorb(const Operation& follower) override {
    if (pooled_) return false;
    const PoolDims *highest = max_pooling_window(follower),
                   *averaged = average_pooling_window(follower);
    if (highest != nullptr || averaged != nullptr) {
      if (transposed_ || !reads_outputs(averaged != nullptr ? *averaged : *highest) ||
          (averaged != nullptr && !spreads_averages()))
        return false;
      pool(averaged != nullptr ? *averaged : *highest, averaged != nullptr);
      kind += "+" + follower.kind;
      return true;
    }
    if (absorb_activation(*this, activation_, follower, false)) return true;
    if (activation_.kind != Activation::linear) return false;
    if (const ValueId vector = inputs[2] < 0 && !weights_.norm
                                   ? added_vector(follower, output(), weights_.filters)
                                   : -1;
        vector >= 0) {
      inputs[2] = vector;
      return true;
    }
    return false;
  }
  // The folded weights, first those of a convolution before; then the sums of means, or the outputs
  // before they are pooled.
  std::size_t workspace_bytes(Pass, Index rows, DType dtype) const override {
    const Index element = Index(bytes_of(dtype)), image = convolved_size(1);
    const Index few = keeps_few() ? few_images : 0;
    const Index images = !pooled_ ? 0 : pools_after(rows, element) ? rows : few;
    const Index sums = takes_means() ? checked_product(rows, conv_sums(row_)) : 0;
    const bool predicts = weights_.norm || before_;
    const Index outputs = takes_means() && predicts ? 0 : checked_product(images, image);
    return std::size_t(folded_before(element) + weights_.folded_bytes(element) +
                       checked_product(sums > outputs ? sums : outputs, element));
  }
  std::size_t prepared_bytes(DType dtype) const override {
    if (transposed_ || products_ == Products::bfloat16) return 0;
    if (dtype == DType::float32)
      return prepared_before<float>() + weights_.prepared_bytes<float>(row_);
    return prepared_before<double>() + weights_.prepared_bytes<double>(row_);
  }
  // Backward only needs each winner's place in its window, usually 1 byte, or, for averages behind
  // a ReLU, a byte for each output that says whether it was above 0.
  std::size_t saved_bytes(Index rows, DType) const override {
    if (averages_) return rectifies() ? std::size_t(convolved_size(rows)) : 0;
    return pooled_ ? std::size_t(checked_product(output_size(rows), pool_index_bytes(pool_))) : 0;
  }
  Products products() const override { return products_; }
  bool rectified() const override { return rectifies() && !averages_; }
  bool leave_relu() override { return relu_left_ = rectifies() && !pooled_; }

  // The weights are read for dx, the inputs for dw, the output for the activation's derivative.
  bool accumulates(int i) const override { return i >= 1; }
  bool backward_reads_input(int i) const override { return i <= 1; }
  bool backward_reads_output() const override { return !dy_is_dz(); }

  // Backward only for windows of one pixel and depthwise ones.  A step of three depthwise layers
  // over 64 images of 32x32x128 takes 44.6 instead of 47.1 ms on two cores of a Zen 4, 74.6
  // instead of 78.7 on one.  Other windows of 3 x 3 pixels gain nothing.
  Index reports(Pass pass) const override {
    const bool depthwise = row_.groups > 1 && row_.groups == row_.channels;
    const bool pays = row_.kernel_h * row_.kernel_w == 1 || depthwise;
    if (pooled_ || products_ != Products::of_graph || (pass == Pass::backward && !pays)) return 0;
    return transposed_ == (pass == Pass::forward) ? row_.channels : row_.filters;
  }
  Index report_parts(Pass pass, const Kernels<float>& k, Index rows) const override {
    return parts(pass, k, rows);
  }
  Index report_parts(Pass pass, const Kernels<double>& k, Index rows) const override {
    return parts(pass, k, rows);
  }

  Cost cost(Pass pass, Index rows, bool to_input) const override {
    const double pixels = double(rows) * double(out_height(row_)) * double(out_width(row_));
    const double weights = double(weights_.size);
    const double images =
        double(rows) * double(row_.height) * double(row_.width) * double(row_.channels);
    const double arrays = images + weights + double(output_size(rows));
    const double times = pass == Pass::forward || !to_input ? 1.0 : 2.0;
    const double before = before_ ? before_->flop(rows) : 0.0;
    return {before + times * 2.0 * pixels * weights, times * arrays};
  }
  std::string sizes(Index rows) const override {
    const auto text = [](Index n) { return std::to_string(n); };
    const Index height = transposed_ ? out_height(row_) : row_.height;
    const Index width = transposed_ ? out_width(row_) : row_.width;
    return text(rows) + "x" + text(height) + "x" + text(width) + "x" +
           text(transposed_ ? row_.filters : row_.channels) + " * " + text(row_.kernel_h) + "x" +
           text(row_.kernel_w) + "x" + text(row_.channels / row_.groups) + "x" +
           text(row_.filters) + (products() == Products::bfloat16 ? " in bfloat16" : "");
  }

 private:
  // Whether predictions calculate the means of the outputs in the same pass.
  bool takes_means() const {
    return pooled_ && averages_ && pools_all(pool_) && !transposed_ &&
           products_ == Products::of_graph;
  }
  Index folded_before(Index element) const {
    return before_ ? before_->weights.folded_bytes(element) : 0;
  }
  template <class T>
  std::size_t prepared_before() const {
    return before_ ? before_->weights.prepared_bytes<T>(before_->row) : 0;
  }
  template <class T>
  void run_chain(const Call<T>& c, const ReadyWeights<T>& weights, LentMemory lent) const {
    StageOf<T> last{c.kernels, weights};
    const ConvStage<T> stage = last.stage(dims(c.rows), activation_);
    T* const sums = reinterpret_cast<T*>(c.workspace() + folded_before(sizeof(T)) +
                                         weights_.folded_bytes(sizeof(T)));
    T* const means = pooled_ ? sums : nullptr;
    bool done = false;
    if (before_) {
      ConvDims images = before_->row;
      images.images = c.rows;
      const ReadyWeights<T> ready = before_->ready(c, lent.first(prepared_before<T>()));
      StageOf<T> first{c.kernels, ready};
      const ConvStage<T> before = first.stage(images, before_->activation);
      done = c.kernels.conv2d_chain_forward(c.out(), means, c.in(0), &before, stage);
    } else {
      done = c.kernels.conv2d_chain_forward(c.out(), means, c.in(0), nullptr, stage);
    }
    if (!done) throw std::bad_alloc();
  }

  // Whether the windows are those of the outputs as images, rather than of a reshaped view; means
  // are the same for any arrangement of the pixels.
  bool reads_outputs(const PoolDims& window) const {
    const Index height = out_height(row_), width = out_width(row_);
    return window.channels == row_.filters && window.height * window.width == height * width &&
           (window.height == height || pools_all(window));
  }
  // Absorbs a pooling.  Outputs that no window reads are not calculated, as if there were less
  // padding at the end of the image: of 11 rows under windows of 2, the last one.
  void pool(const PoolDims& window, bool averages) {
    pool_ = without_unread(window);
    row_.pad_bottom -= (window.height - pool_.height) * row_.stride_h;
    row_.pad_right -= (window.width - pool_.width) * row_.stride_w;
    pooled_ = true;
    averages_ = averages;
  }
  template <class T>
  void forward_with(const Call<T>& c, const ReadyWeights<T>& weights) const {
    const auto& [w, b, ready, behind] = weights;
    const PassBehind<T>* const pass = behind ? &*behind : nullptr;
    ConvDims d = dims(c.rows);
    d.in_batches = c.training;
    const Kernels<T>& products = product_kernels(c, products_);
    const ActivationSpec activation = pass == nullptr ? activation_ : ActivationSpec{};
    PooledImages<T> pooled{c.kernels, pool_, c.out(), c.saved(), rectifies(), averages_, pass};
    T* const z = pooled_ ? convolved(c) : c.out();
    if (z == nullptr && pooled_) {
      if (!products.conv2d_forward_images({PooledImages<T>::take, &pooled}, c.in(0), w, ready, b, d,
                                          activation))
        throw std::bad_alloc();
      return;
    }
    if (ready != nullptr)
      products.conv2d_forward_prepared(z, c.in(0), w, ready, b, d, activation);
    else if (transposed_)
      products.conv2d_transpose_forward(z, c.in(0), w, b, d, activation,
                                        finished(c, Pass::forward));
    else
      products.conv2d_forward(z, c.in(0), w, b, d, activation, finished(c, Pass::forward));
    if (pooled_)
      PooledImages<T>::take(&pooled, z, 0, c.rows);
    else if (pass != nullptr)
      pass->apply(c.kernels, z, c.rows * out_height(row_) * out_width(row_));
  }

  template <class T>
  Index parts(Pass pass, const Kernels<T>& k, Index rows) const {
    ConvDims d = dims(rows);
    d.in_batches = pass == Pass::forward;
    return k.conv2d_parts(d, transposed_ != (pass == Pass::backward));
  }
  // Tells the operation's observer of finished pixels.
  template <class T>
  RowsHook finished(const Call<T>& c, Pass pass) const {
    if (c.reports == nullptr || parts(pass, c.kernels, c.rows) == 0) return {};
    return c.reports->hook();
  }

  // Whether dz is calculated image by image: if only the weights' gradient reads it, as in the
  // first layer, and an image fits into the cache.
  template <class T>
  bool gives_slopes(const Call<T>& c) const {
    return !dy_is_dz() && !pooled_ && !transposed_ && c.din(0) == nullptr &&
           checked_product(convolved_size(1), sizeof(T)) <= near_bytes;
  }
  template <class T>
  void backward_by_images(const Call<T>& c) const {
    ActivatedImages<T> slopes{c.kernels, activation_, c.dout(), c.out(), convolved_size(1)};
    if (!product_kernels(c, products_)
             .conv2d_backward_images(nullptr, c.din(1), c.din(2),
                                     {ActivatedImages<T>::give, &slopes}, c.in(0), c.in(1),
                                     dims(c.rows), c.accumulate))
      throw std::bad_alloc();
  }

  // With few rows, threads share the bands of an image, and large images do not fit into the cache:
  // both are pooled after the convolution.
  static constexpr Index few_images = 7, near_bytes = 256 << 10;
  bool pools_after(Index rows, Index element) const {
    return rows <= few_images || checked_product(convolved_size(1), element) > near_bytes;
  }
  // If the workspace also has other contents, it has room for few images in any case, and null
  // cannot mean that images are pooled one by one.
  bool keeps_few() const { return weights_.norm || takes_means(); }
  // The outputs before they are pooled; null if they are pooled image by image.
  template <class T>
  T* convolved(const Call<T>& c) const {
    if (keeps_few() && !pools_after(c.rows, sizeof(T))) return nullptr;
    return reinterpret_cast<T*>(c.workspace() + weights_.folded_bytes(sizeof(T)));
  }

  bool rectifies() const { return activation_.kind == Activation::relu; }
  // Whether the gradient of an average pooling can pass the activation without the outputs.
  bool spreads_averages() const { return rectifies() || activation_.kind == Activation::linear; }

  // The gradient from a pooling includes the derivative of a ReLU.
  bool dy_is_dz() const {
    return activation_.kind == Activation::linear || relu_left_ || (pooled_ && rectifies());
  }
  ConvDims dims(Index rows) const {
    ConvDims d = row_;
    d.images = rows;
    return d;
  }
  Index convolved_size(Index rows) const {
    return rows * (transposed_ ? row_.height * row_.width * row_.channels
                               : out_height(row_) * out_width(row_) * row_.filters);
  }
  Index output_size(Index rows) const {
    return pooled_ ? rows * out_height(pool_) * out_width(pool_) * pool_.channels
                   : convolved_size(rows);
  }

  const bool transposed_;
  ConvDims row_;  // images: 1; padding at the end may be below 0
  const Products products_;
  PoolDims pool_{};  // of one row, if pooled
  bool pooled_ = false, averages_ = false;
  ConvolutionWeights weights_;
  ActivationSpec activation_;
  std::optional<StageBefore> before_;  // in inference
  bool relu_left_ = false;             // left to a pooling that follows
};

}  // namespace lamina
