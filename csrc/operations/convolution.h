// A convolution as an operation of the graph, with the operations that it can absorb.
#pragma once

#include <new>
#include <optional>

#include "activated_images.h"
#include "activation.h"
#include "expression.h"
#include "folded_norm.h"
#include "graph/names.h"
#include "graph/products.h"
#include "pooled_images.h"
#include "pooling.h"
#include "prepared_weights.h"

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
        products_(row.groups == 1 ? products : Products::of_graph) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    if (c.prepared() != nullptr && forward_prepared(c)) return;
    if (!norm_) return forward_with<T>(c, c.in(1), c.in(2), nullptr);
    const PassBehind<T> pass{norm_of(c.in(3), c.in(4), c.in(5), c.in(6)), activation_,
                             out_height(row_) * out_width(row_)};
    T* const weights = reinterpret_cast<T*>(c.workspace());
    const Index rows = weights_size() / filters();
    if (pass.norm.fold(c.kernels, weights, c.in(1), c.in(2), rows))
      forward_with<T>(c, weights, weights + weights_size(), nullptr);
    else
      forward_with<T>(c, c.in(1), c.in(2), &pass);
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
    T* const dz = pooled_ ? reinterpret_cast<T*>(c.workspace()) : c.dout();
    if (pooled_ && dz != nullptr) PooledImages<T>::give(&pooled, dz, 0, c.rows);
    const ConvDims d = dims(c.rows);
    const Kernels<T>& products = product_kernels(c, products_);
    const auto kernel = transposed_ ? products.conv2d_transpose_backward : products.conv2d_backward;
    if (dz != nullptr || !pooled_)
      kernel(c.din(0), c.din(1), c.din(2), dz, c.in(0), c.in(1), d, c.accumulate);
    else if (!products.conv2d_backward_images(c.din(0), c.din(1), c.din(2),
                                              {PooledImages<T>::give, &pooled}, c.in(0), c.in(1), d,
                                              c.accumulate))
      throw std::bad_alloc();
  }

  // Only if each weight is used for so many pixels of an image that folding costs less than a
  // separate pass, which is fast over few pixels with many weights.  Weights that are rounded for
  // products in bfloat16 are not folded, so that they are those of training.
  bool absorb_in_inference(const Operation& follower) override {
    if (transposed_ || pooled_) return false;
    if (const PoolDims* window = average_pooling_window(follower)) {
      pool(*window, true);
      kind += "+" + follower.kind;
      return true;
    }
    const Index rows = weights_size() / filters();
    if (products_ == Products::bfloat16 || norm_ || activation_.kind != Activation::linear ||
        rows > 2 * out_height(row_) * out_width(row_))
      return false;
    norm_ = batch_norm_of(follower, filters());
    if (!norm_) return false;
    activation_ = norm_->activation;
    if (norm_->averaged) pool(*norm_->averaged, true);
    inputs.insert(inputs.end(), {norm_->gamma, norm_->beta, norm_->mean, norm_->variance});
    kind += "+" + follower.kind;
    return true;
  }
  bool absorb(const Operation& follower) override {
    if (pooled_) return false;
    const PoolDims *highest = max_pooling_window(follower),
                   *averaged = average_pooling_window(follower);
    if (highest != nullptr || averaged != nullptr) {
      if (transposed_ || (averaged != nullptr && !spreads_averages())) return false;
      pool(averaged != nullptr ? *averaged : *highest, averaged != nullptr);
      kind += "+" + follower.kind;
      return true;
    }
    if (activation_.kind != Activation::linear) return false;
    if (const ValueId vector =
            inputs[2] < 0 && !norm_ ? added_vector(follower, output(), filters()) : -1;
        vector >= 0) {
      inputs[2] = vector;
      return true;
    }
    const auto next = activation_of(follower);
    if (!next || !derivative_from_output(next->kind)) return false;
    activation_ = *next;
    kind += std::string("+") + lamina::name_of(activation_.kind);
    return true;
  }
  // The folded weights, then the outputs before they are pooled.
  std::size_t workspace_bytes(Pass, Index rows, DType dtype) const override {
    const Index element = Index(bytes_of(dtype)), image = convolved_size(1);
    const Index most = norm_ && rows > few_images ? few_images : rows;
    const Index images = !pooled_ ? 0 : pools_after(rows, element) ? rows : norm_ ? most : 0;
    return std::size_t(folded_bytes(element) +
                       checked_product(images, checked_product(image, element)));
  }
  // The weights, the weights with the normalisation folded in, and the kernel's form of them.  An
  // image of 13 x 13 pixels by 3x3 from 32 channels to 64, on one core of a Zen 4: 33 us for a call
  // that calculates them, 20 us for one that finds them after a comparison.
  std::size_t prepared_bytes(DType dtype) const override {
    if (transposed_ || products_ == Products::bfloat16) return 0;
    return dtype == DType::float32 ? prepared_bytes_as<float>() : prepared_bytes_as<double>();
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

  Cost cost(Pass pass, Index rows, bool to_input) const override {
    const double pixels = double(rows) * double(out_height(row_)) * double(out_width(row_));
    const double weights = double(row_.kernel_h) * double(row_.kernel_w) *
                           double(row_.channels / row_.groups) * double(row_.filters);
    const double images =
        double(rows) * double(row_.height) * double(row_.width) * double(row_.channels);
    const double arrays = images + weights + double(output_size(rows));
    const double times = pass == Pass::forward || !to_input ? 1.0 : 2.0;
    return {times * 2.0 * pixels * weights, times * arrays};
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
  // The sizes of what is read, and of what is calculated from it.
  Index read_size() const { return weights_size() + (norm_ ? 5 * filters() : 0); }
  template <class T>
  std::size_t prepared_bytes_as() const {
    const Index made = folded_size<T>() + kernels<T>().conv2d_prepared_size(row_);
    return made == 0 ? 0 : PreparedWeights<T>::bytes(read_size(), made);
  }
  // Uses the kept weights, recalculating them if they are not current; false if that is not
  // possible.
  template <class T>
  bool forward_prepared(const Call<T>& c) const {
    const Index size = c.kernels.conv2d_prepared_size(row_);
    const PreparedWeights<T> kept(*c.prepared(), read_size(), folded_size<T>() + size);
    if (!kept.fits()) return false;  // lent for other kernels
    const T *w = c.in(1), *b = c.in(2);
    T* const ready = kept.made() + folded_size<T>();
    typename PreparedWeights<T>::Sources read{{{w, weights_size()}}};
    if (norm_)
      for (int i = 2; i <= 6; ++i) read[std::size_t(i - 1)] = {c.in(i), filters()};
    if (!kept.is_of(c.kernels, read)) {
      const auto [weights, bias, gamma, beta, mean, variance] = kept.begin(read);
      const Index rows = weights_size() / filters();
      if (norm_ && !norm_of(gamma.data, beta.data, mean.data, variance.data)
                        .fold(c.kernels, kept.made(), weights.data, bias.data, rows))
        return false;
      if (!c.kernels.conv2d_prepare(ready, norm_ ? kept.made() : weights.data, row_)) return false;
      kept.end(c.kernels);
    }
    if (norm_) w = kept.made(), b = w + weights_size();
    forward_with<T>(c, w, b, nullptr, size == 0 ? nullptr : ready);
    return true;
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
  FoldedNorm<T> norm_of(const T* gamma, const T* beta, const T* mean, const T* variance) const {
    return {gamma, beta, mean, variance, norm_->epsilon, filters()};
  }
  // `pass`: the remaining work before the pooling; `ready`: the prepared form of w; either may be
  // null.
  template <class T>
  void forward_with(const Call<T>& c, const T* w, const T* b, const PassBehind<T>* pass,
                    const T* ready = nullptr) const {
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
      products.conv2d_transpose_forward(z, c.in(0), w, b, d, activation);
    else
      products.conv2d_forward(z, c.in(0), w, b, d, activation);
    if (pooled_)
      PooledImages<T>::take(&pooled, z, 0, c.rows);
    else if (pass != nullptr)
      pass->apply(c.kernels, z, c.rows);
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
  // The outputs before they are pooled; null if they are pooled image by image.
  template <class T>
  T* convolved(const Call<T>& c) const {
    if (!norm_) return reinterpret_cast<T*>(c.workspace());
    if (!pools_after(c.rows, sizeof(T))) return nullptr;
    return reinterpret_cast<T*>(c.workspace() + folded_bytes(sizeof(T)));
  }
  Index folded_bytes(Index element) const {
    if (!norm_) return 0;
    const Index room = FoldedNorm<float>::room(weights_size() / filters(), filters());
    return (checked_product(room, element) + 63) / 64 * 64;
  }
  template <class T>
  Index folded_size() const {
    return folded_bytes(sizeof(T)) / Index(sizeof(T));
  }
  Index weights_size() const {
    return row_.kernel_h * row_.kernel_w * (row_.channels / row_.groups) * row_.filters;
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

  Index filters() const { return transposed_ ? row_.channels : row_.filters; }

  const bool transposed_;
  ConvDims row_;  // images: 1; padding at the end may be below 0
  const Products products_;
  PoolDims pool_{};  // of one row, if pooled
  bool pooled_ = false, averages_ = false;
  std::optional<NormBehind> norm_;  // in inference, before the activation
  ActivationSpec activation_;
  bool relu_left_ = false;  // left to a pooling that follows
};

}  // namespace lamina
