// The table entry of the matrix product.
#include "gemm.h"

namespace lamina {
namespace LAMINA_ISA {

namespace {

constexpr Index most_turned = 1024, most_by_terms = 4096;  // elements of C
constexpr Index least_by_terms = 8;                        // chunks of terms

template <class T>
Index vectors_of(Index size) {
  return (size + lanes<T> - 1) / lanes<T>;
}

// Few elements of C with many terms are divided among threads by their terms: each task of a grid
// would read all of A or of B, half of which other threads have written in training.  16x16 of 5000
// terms alone takes 24 to 14 us, 32x16 25 both ways; a step of 40,000 rows through 4-32-16-4 1717
// to 1559, of 10,000 through 20-64-64-10 1966 to 1832.  If chunks are few, they divide unequally:
// 64x64 of 1100 terms 44 to 55.  The sums of the chunks are added in order, as on one thread.
// Returns false if C is not divided in this way.
template <class T>
bool multiplied_by_terms(const Product<T, Strided<T>, Strided<T>>& p) {
  const Index size = p.m * p.n;
  const Parts chunks(p.k, parts_of(p.k, longest_chunk));
  if (chunks.count < least_by_terms || size > most_by_terms) return false;
  const int threads = threads_for(2.0 * double(size) * double(p.k), chunks.count);
  if (threads == 1) return false;
  T* sums = static_cast<T*>(scratch(2, sizeof(T) * std::size_t(chunks.count * size)));
  if (!sums) return false;
  parallel_chunks(threads, chunks.count, [&](Index i) {
    Product<T, Strided<T>, Strided<T>> part = p;
    part.c = sums + i * size;
    part.ldc = p.n;
    part.a.data = p.a.at(0, chunks.begin(i));
    part.b.data = p.b.at(0, chunks.begin(i));
    part.k = chunks.begin(i + 1) - chunks.begin(i);
    part.add = false;
    BlockedProduct<T, Strided<T>, Strided<T>, NoHook>(part, NoHook{}).run({0, p.m}, {0, p.n});
  });
  add_chunks(p, sums, chunks.count);
  return true;
}

template <class T>
void multiply_either_way(const Product<T, Strided<T>, Strided<T>>& p) {
  if (!multiplied_by_terms(p)) multiply(p, NoHook{});
}

// C = A B, if the rows of A^T and of B are contiguous in memory, calculated as C^T = B^T A^T: the
// columns of C may be too few to fill a vector when its rows are not.  Each element is the same
// chain.
template <class T>
void turned(T* c_mn, const T* a, const T* b, Index m, Index n, Index k, Index ldc, Index lda,
            Index ldb, bool add) {
  alignas(64) T c_nm[most_turned];
  for (Index i = 0; add && i < m; ++i)
    for (Index j = 0; j < n; ++j) c_nm[j * m + i] = c_mn[i * ldc + j];
  const Product<T, Strided<T>, Strided<T>> p{
      c_nm,    m,    left_operand(b, ldb, true, k), right_operand(a, lda, false, k), n, m, k, add,
      nullptr, false};
  multiply_either_way(p);
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j) c_mn[i * ldc + j] = c_nm[j * m + i];
}

}  // namespace

template <class T>
void gemm(T* c_mn, const T* a, const T* b, Index m, Index n, Index k, Index ldc, Index lda,
          Index ldb, bool transpose_a, bool transpose_b, Accumulate accumulate) {
  const bool add = accumulate == Accumulate::yes;
  if (n == 1 && ldc == 1 && transpose_a) {
    // A column is a row of the transposed product, whose vectors are contiguous in memory.
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
    multiply_either_way(p);
    return;
  }
  // 13x4x200 with AVX-512: 1.02 to 0.37 us; 13x8x200: 1.03 to 0.67.
  if (transpose_a && !transpose_b && m * n <= most_turned &&
      n * vectors_of<T>(m) < m * vectors_of<T>(n)) {
    turned(c_mn, a, b, m, n, k, ldc, lda, ldb, add);
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
  multiply_either_way(p);
}

template void gemm<float>(float*, const float*, const float*, Index, Index, Index, Index, Index,
                          Index, bool, bool, Accumulate);
template void gemm<double>(double*, const double*, const double*, Index, Index, Index, Index, Index,
                           Index, bool, bool, Accumulate);

template <class T>
[[gnu::cold]] void fill_gemm(Kernels<T>& k) {
  k.gemm = gemm<T>;
}
template void fill_gemm<float>(Kernels<float>&);
template void fill_gemm<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
