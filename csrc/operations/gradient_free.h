// An operation without gradients: masks and weights made from data.
#pragma once

#include "graph/operation.h"

namespace lamina {

template <class Self>
class GradientFree : public OperationOf<Self> {
 public:
  using OperationOf<Self>::OperationOf;

  template <class T>
  void backward_as(const Call<T>&) const {}

  bool differentiable(int) const override { return false; }
  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return false; }
};

}  // namespace lamina
