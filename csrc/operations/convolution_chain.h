// A depthwise convolution that calculates another one's inputs in the same pass, in predictions.
#pragma once

#include <vector>

#include "convolution_weights.h"

namespace lamina {

struct StageBefore {
  std::vector<ValueId> inputs;
  ConvDims row;
  ConvolutionWeights weights;
  ActivationSpec activation;

  double flop(Index rows) const {
    return 2.0 * double(rows * out_height(row) * out_width(row)) * double(weights.size);
  }
  // Its weights; the workspace holds them if they are not kept in `lent`.
  template <class T>
  ReadyWeights<T> ready(const Call<T>& c, LentMemory lent) const {
    const Call<T> own{c.kernels,         c.rows,       c.training,     c.random,
                      c.values,          c.gradients,  inputs,         c.outputs,
                      c.input_gradients, c.accumulate, c.saved_buffer, c.workspace_buffer};
    return weights.ready(own, row, lent, c.workspace(), activation);
  }
};

// A convolution as a stage of a pass.  It must outlive the stage that it returns, and the weights
// must outlive it.
template <class T>
struct StageOf {
  const Kernels<T>& kernels;
  const ReadyWeights<T>& weights;

  ConvStage<T> stage(const ConvDims& dims, ActivationSpec activation) {
    const bool passes = weights.pass.has_value();
    return {weights.w,
            weights.prepared,
            weights.b,
            dims,
            passes ? ActivationSpec{} : activation,
            passes ? PixelsHook<T>{apply, this} : PixelsHook<T>{}};
  }

 private:
  static void apply(void* self, T* values, Index pixels) {
    const auto& s = *static_cast<const StageOf*>(self);
    s.weights.pass->apply(s.kernels, values, pixels);
  }
};

}  // namespace lamina
