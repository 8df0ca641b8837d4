// The element-wise activation as an operation, which dense layers and losses recognise to fuse with
// it.
#pragma once

#include "graph/graph.h"

namespace lamina {

class ActivationOperation final : public OperationOf<ActivationOperation> {
 public:
  ActivationOperation(ValueId x, ActivationSpec spec, Index width);

  ActivationSpec spec() const { return spec_; }

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.activation_forward(c.out(), c.in(0), width_ * c.rows, spec_);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    const bool from_output = derivative_from_output(spec_.kind);
    c.kernels.activation_backward(c.din(0), c.dout(), from_output ? c.out() : c.in(0),
                                  width_ * c.rows, spec_);
  }

  bool same_as(const Operation& other) const override {  // the kind tells
    return spec_.alpha == static_cast<const ActivationOperation&>(other).spec_.alpha;
  }
  bool rectified() const override { return spec_.kind == Activation::relu; }
  int overwrites() const override { return 0; }
  bool element_by_element() const override { return true; }
  bool row_by_row() const override { return true; }
  bool backward_reads_input(int) const override { return !derivative_from_output(spec_.kind); }
  bool backward_reads_output() const override { return derivative_from_output(spec_.kind); }
  Cost cost(Pass pass, Index rows, bool) const override;
  std::string sizes(Index rows) const override;

 private:
  const ActivationSpec spec_;
  const Index width_;
};

// Records the activation; linear returns x itself.
Tensor activation(Graph& graph, const Tensor& x, ActivationSpec spec, const std::string& name);

// Whether `operation` is a softmax over rows of `cols` columns.
bool is_softmax(const Operation& operation, Index cols);

}  // namespace lamina
