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
void fill_optimizers(Kernels<T>&);
template <class T>
void fill_elementwise(Kernels<T>&);
template <class T>
void fill_reductions(Kernels<T>&);
template <class T>
void fill_recurrent(Kernels<T>&);

template <class T>
void fill_convolution(Kernels<T>&);
template <class T>
void fill_pooling(Kernels<T>&);

// Both tables of this instruction set; the runtime calls it once.
void fill_tables(Kernels<float>&, Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
