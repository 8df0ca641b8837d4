// Transposes of small arrays, in tiles held in registers.
#pragma once

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

// Selects elements of two vectors by number: first those of a, then those of b.
template <int... numbers, class V>
LAMINA_INLINE V pick(V a, V b) {
#if defined(__clang__)
  return __builtin_shufflevector(a, b, numbers...);
#else  // GCC has the other one from version 12 on
  return __builtin_shuffle(a, b, decltype(a < b){numbers...});
#endif
}

// The transpose of four rows of four numbers (float), of two rows of two (double).
LAMINA_INLINE void transpose_tile(float* out, Index ld_out, const float* in, Index ld_in) {
  typedef float quad __attribute__((vector_size(16)));
  const quad a = load_as<quad>(in), b = load_as<quad>(in + ld_in);
  const quad c = load_as<quad>(in + 2 * ld_in), d = load_as<quad>(in + 3 * ld_in);
  const quad ab = pick<0, 4, 1, 5>(a, b), cd = pick<0, 4, 1, 5>(c, d);
  const quad ab2 = pick<2, 6, 3, 7>(a, b), cd2 = pick<2, 6, 3, 7>(c, d);
  store(out, pick<0, 1, 4, 5>(ab, cd));
  store(out + ld_out, pick<2, 3, 6, 7>(ab, cd));
  store(out + 2 * ld_out, pick<0, 1, 4, 5>(ab2, cd2));
  store(out + 3 * ld_out, pick<2, 3, 6, 7>(ab2, cd2));
}
LAMINA_INLINE void transpose_tile(double* out, Index ld_out, const double* in, Index ld_in) {
  typedef double pair __attribute__((vector_size(16)));
  const pair a = load_as<pair>(in), b = load_as<pair>(in + ld_in);
  store(out, pick<0, 2>(a, b));
  store(out + ld_out, pick<1, 3>(a, b));
}

// out(j, i) = in(i, j) for `rows` x `cols` of `in`: in tiles, then one by one.
template <class T>
void transpose_copy(T* out, Index ld_out, const T* in, Index ld_in, Index rows, Index cols) {
  constexpr Index tile = 16 / sizeof(T);
  const Index whole_rows = rows / tile * tile, whole_cols = cols / tile * tile;
  for (Index i = 0; i < whole_rows; i += tile) {
    for (Index j = 0; j < whole_cols; j += tile)
      transpose_tile(out + j * ld_out + i, ld_out, in + i * ld_in + j, ld_in);
    for (Index k = i; k < i + tile; ++k)
      for (Index j = whole_cols; j < cols; ++j) out[j * ld_out + k] = in[k * ld_in + j];
  }
  for (Index i = whole_rows; i < rows; ++i)
    for (Index j = 0; j < cols; ++j) out[j * ld_out + i] = in[i * ld_in + j];
}

}  // namespace LAMINA_ISA
}  // namespace lamina
