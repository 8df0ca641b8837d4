// Vectors shorter than the instruction set's, for rows that fill at most half of those.
//
// Two of them are loaded and multiplied in the time of a whole one.
#pragma once

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T, int bytes>
struct ShortOf {
  typedef T vec __attribute__((vector_size(bytes)));
};
template <class T, int bytes>
using Short = typename ShortOf<T, bytes>::vec;

template <class V, class T>
LAMINA_INLINE V broadcast_as(T x) {
  if constexpr (sizeof(V) == LAMINA_VECTOR_BYTES) return broadcast(x);
#if LAMINA_VECTOR_BYTES > 16
  if constexpr (sizeof(V) == 32 && sizeof(T) == 4) return V(_mm256_set1_ps(x));
  if constexpr (sizeof(V) == 32 && sizeof(T) == 8) return V(_mm256_set1_pd(x));
  if constexpr (sizeof(V) == 16 && sizeof(T) == 4) return V(_mm_set1_ps(x));
  if constexpr (sizeof(V) == 16 && sizeof(T) == 8) return V(_mm_set1_pd(x));
#endif
}

#if LAMINA_VECTOR_BYTES > 16
LAMINA_INLINE Short<float, 16> fma(Short<float, 16> a, Short<float, 16> b, Short<float, 16> c) {
  return Short<float, 16>(_mm_fmadd_ps(__m128(a), __m128(b), __m128(c)));
}
LAMINA_INLINE Short<double, 16> fma(Short<double, 16> a, Short<double, 16> b, Short<double, 16> c) {
  return Short<double, 16>(_mm_fmadd_pd(__m128d(a), __m128d(b), __m128d(c)));
}
LAMINA_INLINE Short<float, 16> max(Short<float, 16> a, Short<float, 16> b) {
  return Short<float, 16>(_mm_max_ps(__m128(a), __m128(b)));
}
LAMINA_INLINE Short<double, 16> max(Short<double, 16> a, Short<double, 16> b) {
  return Short<double, 16>(_mm_max_pd(__m128d(a), __m128d(b)));
}
#endif
#if LAMINA_VECTOR_BYTES > 32
LAMINA_INLINE Short<float, 32> fma(Short<float, 32> a, Short<float, 32> b, Short<float, 32> c) {
  return Short<float, 32>(_mm256_fmadd_ps(__m256(a), __m256(b), __m256(c)));
}
LAMINA_INLINE Short<double, 32> fma(Short<double, 32> a, Short<double, 32> b, Short<double, 32> c) {
  return Short<double, 32>(_mm256_fmadd_pd(__m256d(a), __m256d(b), __m256d(c)));
}
LAMINA_INLINE Short<float, 32> max(Short<float, 32> a, Short<float, 32> b) {
  return Short<float, 32>(_mm256_max_ps(__m256(a), __m256(b)));
}
LAMINA_INLINE Short<double, 32> max(Short<double, 32> a, Short<double, 32> b) {
  return Short<double, 32>(_mm256_max_pd(__m256d(a), __m256d(b)));
}
#endif

// The first `count` lanes, 0 < count < lanes.
#if LAMINA_VECTOR_BYTES == 64
LAMINA_INLINE void store_partial(float* p, Short<float, 32> v, Index count) {
  _mm256_mask_storeu_ps(p, __mmask8(first16(count)), __m256(v));
}
LAMINA_INLINE void store_partial(float* p, Short<float, 16> v, Index count) {
  _mm_mask_storeu_ps(p, __mmask8(first16(count)), __m128(v));
}
LAMINA_INLINE void store_partial(double* p, Short<double, 32> v, Index count) {
  _mm256_mask_storeu_pd(p, first8(count), __m256d(v));
}
LAMINA_INLINE void store_partial(double* p, Short<double, 16> v, Index count) {
  _mm_mask_storeu_pd(p, first8(count), __m128d(v));
}
#elif LAMINA_VECTOR_BYTES == 32
// AMD CPUs take longer for a masked store of 16 bytes than for one or two numbers at a time.
LAMINA_INLINE void store_partial(float* p, Short<float, 16> v, Index count) {
  for (Index i = 0; i < count; ++i) p[i] = v[i];
}
LAMINA_INLINE void store_partial(double* p, Short<double, 16> v, Index) { p[0] = v[0]; }
#endif

}  // namespace LAMINA_ISA
}  // namespace lamina
