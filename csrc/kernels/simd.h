// Vectors for the instruction set this object is compiled for.
//
// One source serves every instruction set: GCC's vector extensions provide the arithmetic, and the
// few operations they lack are defined below.  CMake defines LAMINA_ISA (the namespace) and
// LAMINA_VECTOR_BYTES.  Everything here is in that namespace, so that a function compiled for
// AVX-512 is never linked into code for a CPU without it.
//
// Contraction: objects are built with -ffp-contract=off and fused multiply-adds are written
// explicitly, so that two instantiations of one expression cannot round differently.
#pragma once

#include "../kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define LAMINA_UNROLL _Pragma("GCC unroll 16")

namespace lamina {
namespace LAMINA_ISA {

typedef float vf __attribute__((vector_size(LAMINA_VECTOR_BYTES)));
typedef double vd __attribute__((vector_size(LAMINA_VECTOR_BYTES)));
typedef std::int32_t vi32 __attribute__((vector_size(LAMINA_VECTOR_BYTES)));
typedef std::uint32_t vu32 __attribute__((vector_size(LAMINA_VECTOR_BYTES)));
typedef std::int64_t vi64 __attribute__((vector_size(LAMINA_VECTOR_BYTES)));
typedef std::uint64_t vu64 __attribute__((vector_size(LAMINA_VECTOR_BYTES)));

// Of<T>: the vector of T, the integer vector of its width, and how many lanes they have.
template <class T>
struct Of;
template <>
struct Of<float> {
  using vec = vf;
  using ivec = vi32;
  using uvec = vu32;
  static constexpr Index lanes = LAMINA_VECTOR_BYTES / 4;
};
template <>
struct Of<double> {
  using vec = vd;
  using ivec = vi64;
  using uvec = vu64;
  static constexpr Index lanes = LAMINA_VECTOR_BYTES / 8;
};
template <class T>
using Vec = typename Of<T>::vec;
template <class T>
constexpr Index lanes = Of<T>::lanes;

// --- loads and stores, no alignment needed

template <class V, class T>
LAMINA_INLINE V load_as(const T* p) {
  V v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
LAMINA_INLINE vf load(const float* p) { return load_as<vf>(p); }
LAMINA_INLINE vd load(const double* p) { return load_as<vd>(p); }
LAMINA_INLINE vu32 load(const std::uint32_t* p) { return load_as<vu32>(p); }
template <class T, class V>
LAMINA_INLINE void store(T* p, V v) {
  __builtin_memcpy(p, &v, sizeof v);
}

// Prefetches a line into the L2 cache, not into the L1 cache, whose lines are in use.
LAMINA_INLINE void second_cache_prefetch(const void* p) { __builtin_prefetch(p, 0, 2); }

// The first `count` lanes (0 <= count < lanes, or all lanes for vectors of 32 bytes or more); the
// others read as zero and are not written, and the memory after them is not accessed.
#if LAMINA_VECTOR_BYTES == 64
LAMINA_INLINE __mmask16 first16(Index count) { return __mmask16((1u << count) - 1u); }
LAMINA_INLINE __mmask8 first8(Index count) { return __mmask8((1u << count) - 1u); }
LAMINA_INLINE vf load_partial(const float* p, Index count) {
  return vf(_mm512_maskz_loadu_ps(first16(count), p));
}
LAMINA_INLINE vd load_partial(const double* p, Index count) {
  return vd(_mm512_maskz_loadu_pd(first8(count), p));
}
LAMINA_INLINE void store_partial(float* p, vf v, Index count) {
  _mm512_mask_storeu_ps(p, first16(count), __m512(v));
}
LAMINA_INLINE void store_partial(double* p, vd v, Index count) {
  _mm512_mask_storeu_pd(p, first8(count), __m512d(v));
}
#elif LAMINA_VECTOR_BYTES == 32
LAMINA_INLINE __m256i first8x32(Index count) {
  return __m256i(vi32{0, 1, 2, 3, 4, 5, 6, 7} < std::int32_t(count));
}
LAMINA_INLINE __m256i first4x64(Index count) {
  return __m256i(vi64{0, 1, 2, 3} < std::int64_t(count));
}
LAMINA_INLINE vf load_partial(const float* p, Index count) {
  return vf(_mm256_maskload_ps(p, first8x32(count)));
}
LAMINA_INLINE vd load_partial(const double* p, Index count) {
  return vd(_mm256_maskload_pd(p, first4x64(count)));
}
// In pieces, because stores with a mask are slow on AMD's CPUs: on one core of a Zen 3 an LSTM(5)
// trains 1.40 times as fast as with masks, a GRU(13) 1.25, `nyse` of bench/peers.py 1.20, `lenet`
// 1.06; 10 outputs of dense layers take as long.
LAMINA_INLINE void store_partial(float* p, vf v, Index count) {
  if (count == 8) return store(p, v);
  __m128 part = _mm256_castps256_ps128(__m256(v));
  if (count & 4) {
    _mm_storeu_ps(p, part);
    part = _mm256_extractf128_ps(__m256(v), 1);
    p += 4;
  }
  if (count & 2) {
    _mm_storel_pi(reinterpret_cast<__m64*>(p), part);
    part = _mm_movehl_ps(part, part);
    p += 2;
  }
  if (count & 1) _mm_store_ss(p, part);
}
LAMINA_INLINE void store_partial(double* p, vd v, Index count) {
  if (count == 4) return store(p, v);
  __m128d part = _mm256_castpd256_pd128(__m256d(v));
  if (count & 2) {
    _mm_storeu_pd(p, part);
    part = _mm256_extractf128_pd(__m256d(v), 1);
    p += 2;
  }
  if (count & 1) _mm_store_sd(p, part);
}
#else
template <class T>
LAMINA_INLINE Vec<T> load_partial(const T* p, Index count) {
  Vec<T> v = {};
  for (Index i = 0; i < count; ++i) v[i] = p[i];
  return v;
}
template <class V, class T>
LAMINA_INLINE void store_partial(T* p, V v, Index count) {
  for (Index i = 0; i < count; ++i) p[i] = v[i];
}
#endif

// --- broadcast, fused multiply-add, square root, largest and smallest

#if LAMINA_VECTOR_BYTES == 64
LAMINA_INLINE vf broadcast(float x) { return vf(_mm512_set1_ps(x)); }
LAMINA_INLINE vd broadcast(double x) { return vd(_mm512_set1_pd(x)); }
LAMINA_INLINE vf fma(vf a, vf b, vf c) {
  return vf(_mm512_fmadd_ps(__m512(a), __m512(b), __m512(c)));
}
LAMINA_INLINE vd fma(vd a, vd b, vd c) {
  return vd(_mm512_fmadd_pd(__m512d(a), __m512d(b), __m512d(c)));
}
// Masked with all ones: GCC 12's plain form warns that its own operand is uninitialised.
LAMINA_INLINE vf sqrt(vf x) { return vf(_mm512_maskz_sqrt_ps(__mmask16(-1), __m512(x))); }
LAMINA_INLINE vd sqrt(vd x) { return vd(_mm512_maskz_sqrt_pd(__mmask8(-1), __m512d(x))); }
#elif LAMINA_VECTOR_BYTES == 32
LAMINA_INLINE vf broadcast(float x) { return vf(_mm256_set1_ps(x)); }
LAMINA_INLINE vd broadcast(double x) { return vd(_mm256_set1_pd(x)); }
LAMINA_INLINE vf fma(vf a, vf b, vf c) {
  return vf(_mm256_fmadd_ps(__m256(a), __m256(b), __m256(c)));
}
LAMINA_INLINE vd fma(vd a, vd b, vd c) {
  return vd(_mm256_fmadd_pd(__m256d(a), __m256d(b), __m256d(c)));
}
LAMINA_INLINE vf sqrt(vf x) { return vf(_mm256_sqrt_ps(__m256(x))); }
LAMINA_INLINE vd sqrt(vd x) { return vd(_mm256_sqrt_pd(__m256d(x))); }
#else
LAMINA_INLINE vf broadcast(float x) { return vf{x, x, x, x}; }
LAMINA_INLINE vd broadcast(double x) { return vd{x, x}; }
#if defined(__x86_64__)  // v2 has no fused multiply-add: two roundings everywhere
LAMINA_INLINE vf fma(vf a, vf b, vf c) { return a * b + c; }
LAMINA_INLINE vd fma(vd a, vd b, vd c) { return a * b + c; }
LAMINA_INLINE vf sqrt(vf x) { return vf(_mm_sqrt_ps(__m128(x))); }
LAMINA_INLINE vd sqrt(vd x) { return vd(_mm_sqrt_pd(__m128d(x))); }
#else
LAMINA_INLINE vf fma(vf a, vf b, vf c) {
  vf r = {};
  for (Index i = 0; i < lanes<float>; ++i) r[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return r;
}
LAMINA_INLINE vd fma(vd a, vd b, vd c) {
  vd r = {};
  for (Index i = 0; i < lanes<double>; ++i) r[i] = __builtin_fma(a[i], b[i], c[i]);
  return r;
}
LAMINA_INLINE vf sqrt(vf x) {
  for (Index i = 0; i < lanes<float>; ++i) x[i] = __builtin_sqrtf(x[i]);
  return x;
}
LAMINA_INLINE vd sqrt(vd x) {
  for (Index i = 0; i < lanes<double>; ++i) x[i] = __builtin_sqrt(x[i]);
  return x;
}
#endif
#endif

// `b` if either is NaN, as x86's maxps: max(limit, x) propagates a NaN in x.  By intrinsic where
// there is one, because GCC 12 turns `a > b ? a : b` into a compare and a blend.  Masked for the
// same reason as the square root.
#if LAMINA_VECTOR_BYTES == 64
LAMINA_INLINE vf max(vf a, vf b) {
  return vf(_mm512_maskz_max_ps(__mmask16(-1), __m512(a), __m512(b)));
}
LAMINA_INLINE vd max(vd a, vd b) {
  return vd(_mm512_maskz_max_pd(__mmask8(-1), __m512d(a), __m512d(b)));
}
LAMINA_INLINE vf min(vf a, vf b) {
  return vf(_mm512_maskz_min_ps(__mmask16(-1), __m512(a), __m512(b)));
}
LAMINA_INLINE vd min(vd a, vd b) {
  return vd(_mm512_maskz_min_pd(__mmask8(-1), __m512d(a), __m512d(b)));
}
#elif LAMINA_VECTOR_BYTES == 32
LAMINA_INLINE vf max(vf a, vf b) { return vf(_mm256_max_ps(__m256(a), __m256(b))); }
LAMINA_INLINE vd max(vd a, vd b) { return vd(_mm256_max_pd(__m256d(a), __m256d(b))); }
LAMINA_INLINE vf min(vf a, vf b) { return vf(_mm256_min_ps(__m256(a), __m256(b))); }
LAMINA_INLINE vd min(vd a, vd b) { return vd(_mm256_min_pd(__m256d(a), __m256d(b))); }
#elif defined(__x86_64__)
LAMINA_INLINE vf max(vf a, vf b) { return vf(_mm_max_ps(__m128(a), __m128(b))); }
LAMINA_INLINE vd max(vd a, vd b) { return vd(_mm_max_pd(__m128d(a), __m128d(b))); }
LAMINA_INLINE vf min(vf a, vf b) { return vf(_mm_min_ps(__m128(a), __m128(b))); }
LAMINA_INLINE vd min(vd a, vd b) { return vd(_mm_min_pd(__m128d(a), __m128d(b))); }
#else
LAMINA_INLINE vf max(vf a, vf b) { return a > b ? a : b; }
LAMINA_INLINE vd max(vd a, vd b) { return a > b ? a : b; }
LAMINA_INLINE vf min(vf a, vf b) { return a < b ? a : b; }
LAMINA_INLINE vd min(vd a, vd b) { return a < b ? a : b; }
#endif

// Sum of the lanes: halves are folded onto each other, in an order fixed by the width.
template <class T>
LAMINA_INLINE T sum_lanes(Vec<T> v) {
  T part[lanes<T>];
  store(part, v);
  for (Index half = lanes<T> / 2; half > 0; half /= 2)
    for (Index i = 0; i < half; ++i) part[i] += part[i + half];
  return part[0];
}

// --- numbers that are not finite

// Exponents of all ones: infinities and NaN.
template <class T>
LAMINA_INLINE auto nonfinite(Vec<T> v) {
  using U = typename Of<T>::uvec;
  const U exponent = U(broadcast(T(__builtin_inf())));
  return (U(v) & exponent) == exponent;
}
// Whether a comparison holds in any lane.
template <class V>
LAMINA_INLINE bool any_lane(V mask) {
  std::uint64_t words[sizeof mask / 8], found = 0;
  __builtin_memcpy(words, &mask, sizeof mask);
  for (const std::uint64_t word : words) found |= word;
  return found != 0;
}
template <class T>
LAMINA_INLINE bool all_finite(Vec<T> v) {
  return !any_lane(nonfinite<T>(v));
}

// --- loops over runs of elements

// Calls body(index, count): whole vectors, then one partial one; count == lanes<T> for whole ones.
template <class T, class Body>
LAMINA_INLINE void for_vectors(Index begin, Index end, Body&& body) {
  Index i = begin;
  for (; i + lanes<T> <= end; i += lanes<T>) body(i, lanes<T>);
  if (i < end) body(i, end - i);
}
template <class T>
LAMINA_INLINE Vec<T> load_count(const T* p, Index count) {
  return count == lanes<T> ? load(p) : load_partial(p, count);
}
template <class T>
LAMINA_INLINE void store_count(T* p, Vec<T> v, Index count) {
  if (count == lanes<T>)
    store(p, v);
  else
    store_partial(p, v, count);
}

// Runs a lambda over chunks with the runtime's parallel_for.
template <class Body>
inline void parallel_chunks(int threads, Index chunks, Body body) {
  if (threads == 1) {
    for (Index chunk = 0; chunk < chunks; ++chunk) body(chunk);
    return;
  }
  struct Call {
    static void run(void* context, Index chunk) { (*static_cast<Body*>(context))(chunk); }
  };
  parallel_for(threads, chunks, &Call::run, &body);
}

// The most elements per chunk of an element-wise kernel.
constexpr Index element_chunk = 16384;

// Calls body(begin, end) over [0, size) in chunks of nearly equal size, which begin at multiples of
// the random numbers' group of 64; `flop` is the equivalent work per element.
template <class Body>
LAMINA_INLINE void parallel_elements(Index size, double flop, Body&& body) {
  const Index chunks = (size + element_chunk - 1) / element_chunk;
  if (chunks <= 1) {
    if (size > 0) body(Index(0), size);
    return;
  }
  const Index step = ((size + chunks - 1) / chunks + 63) / 64 * 64;
  parallel_chunks(threads_for(flop * double(size), chunks), chunks, [&](Index chunk) {
    const Index begin = chunk * step < size ? chunk * step : size;
    body(begin, begin + step < size ? begin + step : size);
  });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
