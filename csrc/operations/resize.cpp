// The linear resizing of one axis.
#include <stdexcept>

#include "registry.h"

namespace lamina {
namespace {

class Resize final : public OperationOf<Resize> {
 public:
  Resize(ValueId x, ResizeDims row) : OperationOf("resize", {x}), row_(row) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.resize_forward(c.out(), c.in(0), dims(c.rows));
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.resize_backward(c.din(0), c.dout(), dims(c.rows));
  }

  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(rows * row_.outer * row_.to * row_.inner);
    return {3.0 * size, 3.0 * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(rows * row_.outer) + "x" + std::to_string(row_.from) + "->" +
           std::to_string(row_.to) + "x" + std::to_string(row_.inner);
  }

 private:
  ResizeDims dims(Index rows) const { return {rows * row_.outer, row_.from, row_.to, row_.inner}; }

  const ResizeDims row_;
};

Tensor resize(Graph& graph, const Tensor& x, Index axis, Index to, const std::string& name) {
  graph.check_float(x, "resize");
  if (axis < 0 || std::size_t(axis) >= x.shape.size() || to < 1)
    throw std::invalid_argument("resize: axis must be one of the axes of inputs " +
                                to_string(x.shape) + " and the size positive; got axis " +
                                std::to_string(axis) + ", size " + std::to_string(to));
  Shape shape = x.shape;
  const auto at = x.shape.begin() + axis;
  const ResizeDims row{size_of(Shape(x.shape.begin(), at)), *at, to,
                       size_of(Shape(at + 1, x.shape.end()))};
  shape[std::size_t(axis)] = to;
  if (shape == x.shape) return x;
  return graph.record(std::make_unique<Resize>(x.value, row), shape, name);
}

const Registration resize_registered{
    "resize",
    "Linear interpolation along one axis; the centre of pixel i is at i + 0.5.",
    resize,
    {{"x", "Any shape."},
     {"axis", "The axis, counted from 0."},
     {"to", "The new size of the axis."}}};

}  // namespace
}  // namespace lamina
