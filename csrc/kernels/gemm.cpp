// The table entry of the matrix product.
#include "gemm.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T>
void gemm(T* c_mn, const T* a, const T* b, Index m, Index n, Index k, Index ldc, Index lda,
          Index ldb, bool transpose_a, bool transpose_b, Accumulate accumulate) {
  const bool add = accumulate == Accumulate::yes;
  if (n == 1 && ldc == 1 && transpose_a) {
    // A column is a row of the transposed product, whose vectors run along memory.
    const Product<T, Strided<T>, Strided<T>> p{c_mn,
                                               m,
                                               left_operand(b, ldb, !transpose_b, k),
                                               right_operand(a, lda, false, k),
                                               1,
                                               m,
                                               k,
                                               add,
                                               nullptr,
                                               false};
    multiply(p, NoHook{});
    return;
  }
  const Product<T, Strided<T>, Strided<T>> p{c_mn,
                                             ldc,
                                             left_operand(a, lda, transpose_a, k),
                                             right_operand(b, ldb, transpose_b, k),
                                             m,
                                             n,
                                             k,
                                             add,
                                             nullptr,
                                             false};
  multiply(p, NoHook{});
}

template void gemm<float>(float*, const float*, const float*, Index, Index, Index, Index, Index,
                          Index, bool, bool, Accumulate);
template void gemm<double>(double*, const double*, const double*, Index, Index, Index, Index, Index,
                           Index, bool, bool, Accumulate);

template <class T>
void fill_gemm(Kernels<T>& k) {
  k.gemm = gemm<T>;
}
template void fill_gemm<float>(Kernels<float>&);
template void fill_gemm<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
