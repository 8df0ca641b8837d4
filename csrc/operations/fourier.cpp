// Discrete Fourier transforms along the last axis.
#include "moves/fourier.h"

#include <new>
#include <stdexcept>
#include <utility>

#include "registry.h"

namespace lamina {
namespace {

// Inputs and outputs are real and imaginary parts; an omitted imaginary input is zero.
class FourierTransform final : public OperationOf<FourierTransform> {
 public:
  FourierTransform(std::vector<ValueId> inputs_, Index lines, Index size, bool inverse)
      : OperationOf("fourier", std::move(inputs_)), lines_(lines), plan_(size), inverse_(inverse) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    run(c.out(0), c.out(1), c.in(0), c.in(1), c.rows, inverse_);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    const T *real = c.dout(0), *imaginary = c.dout(1);
    run(c.din(0), inputs[1] < 0 ? nullptr : c.din(1), real, imaginary, c.rows, !inverse_);
  }

  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return false; }
  bool same_as(const Operation& other) const override {
    const auto* that = dynamic_cast<const FourierTransform*>(&other);
    return that != nullptr && that->lines_ == lines_ && that->plan_.size() == plan_.size() &&
           that->inverse_ == inverse_;
  }
  Cost cost(Pass, Index rows, bool) const override {
    const double lines = double(rows * lines_);
    return {lines * plan_.work(), 4.0 * lines * double(plan_.size())};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(rows * lines_) + "x" + std::to_string(plan_.size());
  }

 private:
  // The gradient is the sum with the opposite sign and the same divisor.
  template <class T>
  void run(T* y_real, T* y_imaginary, const T* x_real, const T* x_imaginary, Index rows,
           bool other_sign) const {
    if (other_sign) std::swap(y_real, y_imaginary), std::swap(x_real, x_imaginary);
    const double scale = inverse_ ? 1.0 / double(plan_.size()) : 1.0;
    if (!plan_.run(y_real, y_imaginary, x_real, x_imaginary, rows * lines_, scale))
      throw std::bad_alloc();
  }

  const Index lines_;
  const Fourier plan_;
  const bool inverse_;
};

std::vector<Tensor> fourier(Graph& graph, const Tensor& real, const Tensor* imaginary, bool inverse,
                            const std::string& name) {
  for (const Tensor* part : {&real, imaginary})
    if (part != nullptr && !is_floating(graph.check(*part, "fourier").dtype))
      throw std::invalid_argument("fourier: needs floating-point numbers; got " +
                                  std::string(name_of(graph.check(*part, "fourier").dtype)));
  if (imaginary != nullptr) {
    graph.check_alike({real, *imaginary}, "fourier");
    if (imaginary->shape != real.shape)
      throw std::invalid_argument("fourier: real and imaginary parts must have one shape; got " +
                                  to_string(real.shape) + " and " + to_string(imaginary->shape));
  }
  if (real.shape.empty() || real.shape.back() < 1)
    throw std::invalid_argument("fourier: needs an axis of at least one element; got " +
                                to_string(real.shape));
  const Index size = real.shape.back(), lines = size_of(real.shape) / size;
  return graph.record(
      std::make_unique<FourierTransform>(
          std::vector<ValueId>{real.value, imaginary == nullptr ? -1 : imaginary->value}, lines,
          size, inverse),
      {real.shape, real.shape}, name);
}

const Registration fourier_registered{
    "fourier",
    "The real and the imaginary part of the discrete Fourier transform along the last axis.",
    fourier,
    {{"real", "(..., n), floating-point."},
     {"imaginary", "As real; None if it is zero.", left_out},
     {"inverse", "Whether to calculate the inverse transform, divided by n.", false}}};

}  // namespace
}  // namespace lamina
