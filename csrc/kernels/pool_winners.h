// Which cell of a window is its maximum, kept as one byte or int32 for each output.
#pragma once

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T>
LAMINA_INLINE typename Of<T>::ivec places_at(Index place) {
  using ivec = typename Of<T>::ivec;
  return ivec{} + decltype(ivec{}[0] + 0)(place);
}

// Places in the window, one per lane, as bytes or int32.
template <class T, class I>
LAMINA_INLINE void store_places(I* to, typename Of<T>::ivec place, Index count) {
  typedef I narrow __attribute__((vector_size(lanes<T> * sizeof(I))));
  const narrow v = __builtin_convertvector(place, narrow);
  if (count == lanes<T>)
    __builtin_memcpy(to, &v, sizeof v);
  else
    __builtin_memcpy(to, &v, sizeof(I) * std::size_t(count));
}
#if LAMINA_VECTOR_BYTES == 64  // GCC 12 may widen a generic vector of bytes one by one
LAMINA_INLINE vi32 widen(const std::uint8_t* p, vi32) {
  return vi32(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
LAMINA_INLINE vi64 widen(const std::uint8_t* p, vi64) {
  return vi64(_mm512_cvtepu8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
#elif LAMINA_VECTOR_BYTES == 32
LAMINA_INLINE vi32 widen(const std::uint8_t* p, vi32) {
  return vi32(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
LAMINA_INLINE vi64 widen(const std::uint8_t* p, vi64) {
  std::int32_t four;
  __builtin_memcpy(&four, p, sizeof four);
  return vi64(_mm256_cvtepu8_epi64(_mm_cvtsi32_si128(four)));
}
#endif
template <class I, class V>
LAMINA_INLINE V widen(const I* p, V) {
  typedef I narrow __attribute__((vector_size(sizeof(V) / sizeof(V{}[0]) * sizeof(I))));
  narrow v;
  __builtin_memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, V);
}
template <class T, class I>
LAMINA_INLINE typename Of<T>::ivec load_places(const I* from, Index count) {
  I some[lanes<T>];
  if (count < lanes<T>) {
    __builtin_memset(some, 0, sizeof some);
    __builtin_memcpy(some, from, sizeof(I) * std::size_t(count));
    from = some;
  }
  return widen(from, typename Of<T>::ivec{});
}

// Places as bytes.  AVX-512 stores some of them with a mask; copying a few bytes would be a call.
#if LAMINA_VECTOR_BYTES == 64
LAMINA_INLINE void store_bytes(std::uint8_t* to, vi32 place, Index count) {
  _mm_mask_storeu_epi8(to, __mmask16((1u << count) - 1u), _mm512_cvtepi32_epi8(__m512i(place)));
}
LAMINA_INLINE void store_bytes(std::uint8_t* to, vi64 place, Index count) {
  _mm_mask_storeu_epi8(to, __mmask16((1u << count) - 1u), _mm512_cvtepi64_epi8(__m512i(place)));
}
LAMINA_INLINE vi32 load_bytes(const std::uint8_t* p, Index count, vi32) {
  return vi32(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(__mmask16((1u << count) - 1u), p)));
}
LAMINA_INLINE vi64 load_bytes(const std::uint8_t* p, Index count, vi64) {
  return vi64(_mm512_cvtepu8_epi64(_mm_maskz_loadu_epi8(__mmask16((1u << count) - 1u), p)));
}
#else
LAMINA_INLINE void store_bytes(std::uint8_t* to, vi32 place, Index count) {
  store_places<float>(to, place, count);
}
LAMINA_INLINE void store_bytes(std::uint8_t* to, vi64 place, Index count) {
  store_places<double>(to, place, count);
}
LAMINA_INLINE vi32 load_bytes(const std::uint8_t* p, Index count, vi32) {
  return load_places<float>(p, count);
}
LAMINA_INLINE vi64 load_bytes(const std::uint8_t* p, Index count, vi64) {
  return load_places<double>(p, count);
}
#endif

// The places of all winners.  The width is tested for each vector: a template parameter would
// double the code without a gain.
struct Winners {
  void* index;  // null if nothing needs it
  bool bytes;

  template <class T>
  LAMINA_INLINE void put(Index at, typename Of<T>::ivec place, Index count) const {
    if (!index) return;
    if (bytes)
      store_bytes(static_cast<std::uint8_t*>(index) + at, place, count);
    else
      store_places<T>(static_cast<std::int32_t*>(index) + at, place, count);
  }
  template <class T>
  LAMINA_INLINE typename Of<T>::ivec get(Index at, Index count) const {
    return bytes ? load_bytes(static_cast<const std::uint8_t*>(index) + at, count,
                              typename Of<T>::ivec{})
                 : load_places<T>(static_cast<const std::int32_t*>(index) + at, count);
  }
};
constexpr Index no_place = -1;  // as a byte 255, which is also no place (pool_index_bytes)

}  // namespace LAMINA_ISA
}  // namespace lamina
