// Every kernel file's entry into the table of its instruction set.
#pragma once

#include "../kernel.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T>
void fill_gemm(Kernels<T>&);
template <class T>
void fill_dense(Kernels<T>&);
template <class T>
void fill_activations(Kernels<T>&);
template <class T>
void fill_softmax(Kernels<T>&);
template <class T>
void fill_random(Kernels<T>&);
template <class T>
void fill_dropout(Kernels<T>&);
template <class T>
void fill_losses(Kernels<T>&);
template <class T>
void fill_metrics(Kernels<T>&);
template <class T>
void fill_elementwise(Kernels<T>&);
template <class T>
void fill_reductions(Kernels<T>&);
template <class T>
void fill_reduce(Kernels<T>&);
template <class T>
void fill_convolution(Kernels<T>&);
template <class T>
void fill_pooling(Kernels<T>&);
template <class T>
void fill_recurrent(Kernels<T>&);
template <class T>
void fill_batch_norm(Kernels<T>&);
template <class T>
void fill_layer_norm(Kernels<T>&);
template <class T>
void fill_embedding(Kernels<T>&);
template <class T>
void fill_masks(Kernels<T>&);
template <class T>
void fill_strided(Kernels<T>&);
template <class T>
void fill_combine(Kernels<T>&);
template <class T>
void fill_relu(Kernels<T>&);
template <class T>
void fill_noise(Kernels<T>&);
template <class T>
void fill_expression(Kernels<T>&);

// Both tables of this instruction set; the runtime calls it once.
void fill_tables(Kernels<float>&, Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
