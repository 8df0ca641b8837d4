// The table of this instruction set.
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

template <class T>
void fill(Kernels<T>& k) {
  fill_gemm(k);
  fill_dense(k);
  fill_activations(k);
  fill_softmax(k);
  fill_random(k);
  fill_dropout(k);
  fill_losses(k);
  fill_metrics(k);
  fill_elementwise(k);
  fill_reductions(k);
  fill_reduce(k);
  fill_convolution(k);
  fill_pooling(k);
  fill_recurrent(k);
  fill_batch_norm(k);
  fill_layer_norm(k);
  fill_embedding(k);
  fill_masks(k);
  fill_strided(k);
  fill_combine(k);
  fill_relu(k);
  fill_noise(k);
  fill_expression(k);
}

}  // namespace

void fill_tables(Kernels<float>& single, Kernels<double>& twice) {
  fill(single);
  fill(twice);
}

}  // namespace LAMINA_ISA
}  // namespace lamina
