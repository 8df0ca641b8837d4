#include "pooling.h"

#include <stdexcept>

#include "registry.h"
#include "windows.h"

namespace lamina {
namespace {

std::string window_sizes(const PoolDims& d, Index rows) {
  const auto text = [](Index n) { return std::to_string(n); };
  return text(rows) + "x" + text(d.height) + "x" + text(d.width) + "x" + text(d.channels) + " / " +
         text(d.pool_h) + "x" + text(d.pool_w);
}

PoolDims of_rows(PoolDims d, Index rows) {
  d.images = rows;
  return d;
}

Index outputs_of(const PoolDims& d) { return out_height(d) * out_width(d) * d.channels; }

// Every cell of every window is read from cache; inputs and outputs pass through memory once.
Cost pooling_cost(const PoolDims& d, Index rows) {
  const double outputs = double(rows) * double(outputs_of(d));
  return {outputs * double(d.pool_h) * double(d.pool_w),
          outputs + double(rows) * double(cells_of(d))};
}

class MaxPooling final : public OperationOf<MaxPooling> {
 public:
  MaxPooling(ValueId x, const PoolDims& row) : OperationOf("max_pool2d", {x}), row_(row) {}
  const PoolDims& window() const { return row_; }

  // Backward only needs each winner's place in its window, usually 1 byte.
  std::size_t saved_bytes(Index rows, DType) const override {
    return std::size_t(
        checked_product(checked_product(rows, outputs_of(row_)), pool_index_bytes(row_)));
  }
  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.max_pool2d_forward(c.out(), c.saved(), c.in(0), of_rows(row_, c.rows), rectified_);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.max_pool2d_backward(c.din(0), c.dout(), c.saved(), of_rows(row_, c.rows));
  }

  // The winner's gradient passes the producer's ReLU if the maximum does: one test per window.
  void meet_producer(Operation& producer, bool alone) override {
    rectified_ = alone && producer.leave_relu();
  }
  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override { return pooling_cost(row_, rows); }
  std::string sizes(Index rows) const override { return window_sizes(row_, rows); }

 private:
  const PoolDims row_;  // images: 1
  bool rectified_ = false;
};

class AveragePooling final : public OperationOf<AveragePooling> {
 public:
  AveragePooling(ValueId x, const PoolDims& row) : OperationOf("average_pool2d", {x}), row_(row) {}
  const PoolDims& window() const { return row_; }

  // Behind a ReLU, what its derivative needs: a byte of each input.
  std::size_t saved_bytes(Index rows, DType) const override {
    return rectified_ ? std::size_t(checked_product(rows, cells_of(row_))) : 0;
  }
  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.average_pool2d_forward(c.out(), above(c), c.in(0), of_rows(row_, c.rows));
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.average_pool2d_backward(c.din(0), c.dout(), above(c), of_rows(row_, c.rows));
  }

  // The derivative of the producer's ReLU is applied while the gradient is written.
  void meet_producer(Operation& producer, bool alone) override {
    rectified_ = alone && producer.leave_relu();
  }
  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override { return pooling_cost(row_, rows); }
  std::string sizes(Index rows) const override { return window_sizes(row_, rows); }

 private:
  template <class T>
  std::uint8_t* above(const Call<T>& c) const {
    return rectified_ ? reinterpret_cast<std::uint8_t*>(c.saved()) : nullptr;
  }

  const PoolDims row_;  // images: 1
  bool rectified_ = false;
};

// A signal (steps, channels) is an image of height 1.
PoolDims pool_dims(Graph& graph, const Tensor& x, Sides pool, Sides strides, Padding padding,
                   const std::string& who) {
  const auto [pool_h, pool_w] = pool;
  const auto [stride_h, stride_w] = strides;
  const auto [top, bottom, left, right] = padding;
  graph.check_float(x, who.c_str());
  if ((x.shape.size() != 2 && x.shape.size() != 3) || size_of(x.shape) == 0)
    throw std::invalid_argument(who + ": x has shape " + to_string(x.shape) +
                                ", needs (height, width, channels) or (steps, channels)");
  if (pool_h < 1 || pool_w < 1 || stride_h < 1 || stride_w < 1)
    throw std::invalid_argument(who + ": pool and strides must be >= 1");
  const Index height = x.shape.size() == 3 ? x.shape[0] : 1;
  const PoolDims d{1,
                   height,
                   x.shape[x.shape.size() - 2],
                   x.shape.back(),
                   pool_h,
                   pool_w,
                   stride_h,
                   stride_w,
                   top,
                   bottom,
                   left,
                   right};
  const bool inside = top >= 0 && bottom >= 0 && left >= 0 && right >= 0 && top < pool_h &&
                      bottom < pool_h && left < pool_w && right < pool_w;
  if (!inside)
    throw std::invalid_argument(
        who + ": padding must be smaller than the pool size; got " + std::to_string(top) + ", " +
        std::to_string(bottom) + ", " + std::to_string(left) + ", " + std::to_string(right) +
        " around a pool of " + std::to_string(pool_h) + " x " + std::to_string(pool_w));
  if (out_height(d) < 1 || out_width(d) < 1)
    throw std::invalid_argument(who + ": pool_size must fit into the padded image; got " +
                                std::to_string(pool_h) + " x " + std::to_string(pool_w) +
                                " for inputs " + to_string(x.shape));
  return d;
}

Tensor pool2d(Graph& graph, const std::string& kind, const Tensor& x, Sides pool, Sides strides,
              Padding padding, const std::string& name) {
  if (kind != "max" && kind != "average")
    throw std::invalid_argument("pool2d: kind must be 'max' or 'average'; got '" + kind + "'");
  const PoolDims d = pool_dims(graph, x, pool, strides, padding, kind + "_pool2d");
  Shape shape{out_width(d), d.channels};
  if (x.shape.size() == 3) shape.insert(shape.begin(), out_height(d));
  if (kind == "max")
    return graph.record(std::make_unique<MaxPooling>(x.value, d), std::move(shape), name);
  return graph.record(std::make_unique<AveragePooling>(x.value, d), std::move(shape), name);
}

const Registration pool2d_registered{
    "pool2d",
    "The largest value or the mean of each window, excluding padding.",
    pool2d,
    {{"kind", "'max' or 'average'."},
     {"x", "(height, width, channels), or (steps, channels): an image of height 1."},
     {"pool", "(height, width) of a window."},
     {"strides", "(vertical, horizontal)."},
     {"padding", "(top, bottom, left, right), each smaller than the pool."}}};

}  // namespace

const PoolDims* max_pooling_window(const Operation& operation) {
  const auto* pooling = dynamic_cast<const MaxPooling*>(&operation);
  return pooling == nullptr ? nullptr : &pooling->window();
}

const PoolDims* average_pooling_window(const Operation& operation) {
  const auto* pooling = dynamic_cast<const AveragePooling*>(&operation);
  return pooling == nullptr ? nullptr : &pooling->window();
}

}  // namespace lamina
