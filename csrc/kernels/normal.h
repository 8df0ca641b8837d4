// Normal numbers from Philox's words, by the method of Box and Muller, "A note on the generation of
// random normal deviates", 1958: sqrt(-2 log u) times the cosine and the sine of 2 pi v.
//
// In a group of 64 words (philox.h), words 0 and 1 of a block give the normals of the elements to
// which these words belong, and so do words 2 and 3: element e has one normal, a function of the
// key and e alone.  float and double use the same 32 bits of u and v; |normal| < 6.8.
//
// The arguments of logarithm, sine and cosine are never rounded: 1 - u near 1, and the angle's
// distance from the nearest quarter turn, are calculated from the whole words.  Largest errors
// observed: 4.3 and 3.2 ulp (float, double).
#pragma once

#include "philox.h"
#include "vmath.h"

namespace lamina {
namespace LAMINA_ISA {

// Words as lanes of T's width.
template <class T>
LAMINA_INLINE typename Of<T>::uvec word_lanes(const std::uint32_t* words) {
  if constexpr (sizeof(T) == 4) {
    return load(words);
  } else {
    typedef std::uint32_t half __attribute__((vector_size(LAMINA_VECTOR_BYTES / 2)));
    return __builtin_convertvector(load_as<half>(words), vu64);
  }
}

// word + 0.5, rounded once: both halves of the word are exact.
LAMINA_INLINE vf word_centre(vu32 word) {
  const vf high = __builtin_convertvector(vi32(word >> 16), vf);
  const vf low = __builtin_convertvector(vi32(word & 0xFFFFu), vf);
  return high * 65536.0f + (low + 0.5f);
}
LAMINA_INLINE vd word_centre(vu64 word) {
  return (vd(word | 0x4330000000000000ull) - 0x1p52) + 0.5;
}
// A word as a signed number.
LAMINA_INLINE vf signed_word(vu32 word) { return __builtin_convertvector(vi32(word), vf); }
LAMINA_INLINE vd signed_word(vu64 word) {
  const vu64 shifted = (word ^ 0x80000000ull) & 0xFFFFFFFFull;  // + 2^31
  return vd(shifted | 0x4330000000000000ull) - (0x1p52 + 0x1p31);
}

// -log((word + 0.5) / 2^32).
template <class V, class U>
LAMINA_INLINE V minus_log_fraction(U word) {
  const auto [m, k, whole] = split(word_centre(word) * constant<V>(0x1p-32));
  const V rest = word_centre(U(~word & 0xFFFFFFFFu)) * constant<V>(-0x1p-32);
  return -log_reduced(k == V{} ? rest : m - 1, k);
}

// sin(a) and cos(a) for |a| <= pi / 4: Cephes sinf, cosf, sin, cos.
LAMINA_INLINE vf sine_reduced(vf a) {
  const vf z = a * a;
  return fma(a * z, polynomial(z, -1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1), a);
}
LAMINA_INLINE vd sine_reduced(vd a) {
  const vd z = a * a;
  return fma(a * z,
             polynomial(z, 1.58962301576546568060e-10, -2.50507477628578072866e-8,
                        2.75573136213857245213e-6, -1.98412698295895385996e-4,
                        8.33333333332211858878e-3, -1.66666666666666307295e-1),
             a);
}
LAMINA_INLINE vf cosine_reduced(vf a) {
  const vf z = a * a;
  const vf high = polynomial(z, 2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2);
  return fma(z * z, high, 1 - z * 0.5f);
}
LAMINA_INLINE vd cosine_reduced(vd a) {
  const vd z = a * a;
  const vd high = polynomial(z, -1.13585365213876817300e-11, 2.08757008419747316778e-9,
                             -2.75573141792967388112e-7, 2.48015872888517045348e-5,
                             -1.38888888888730564116e-3, 4.16666666666665929218e-2);
  return fma(z * z, high, 1 - z * 0.5);
}

template <class V>
struct Pair {
  V cosine, sine;
};

// The angle of word / 2^32 turns: whole quarters, and the remainder in [-1/8, 1/8) of a turn.
template <class V, class U>
LAMINA_INLINE Pair<V> of_turn(U word) {
  constexpr int sign_shift = sizeof(typename Format<V>::scalar) * 8 - 2;
  const U quarter = ((word + 0x20000000u) >> 30) & 3u;
  const V a = signed_word(U(word - (quarter << 30))) * constant<V>(1.4629180792671596e-9);
  const V s = sine_reduced(a), c = cosine_reduced(a);
  const auto odd = (quarter & 1u) != U{};
  const U sine_sign = (quarter & 2u) << sign_shift;
  const U cosine_sign = ((quarter + 1u) & 2u) << sign_shift;
  return {V(bits_of(odd ? s : c) ^ cosine_sign), V(bits_of(odd ? c : s) ^ sine_sign)};
}

// The 64 normals of a group from its words.
template <class T>
LAMINA_INLINE void normals_of_group(T* normal, const std::uint32_t* words) {
  using V = Vec<T>;
  for (int half = 0; half < 64; half += 32) {
    for (int i = half; i < half + 16; i += int(lanes<T>)) {
      const V radius = sqrt(2 * minus_log_fraction<V>(word_lanes<T>(words + i)));
      const Pair<V> p = of_turn<V>(word_lanes<T>(words + i + 16));
      store(normal + i, radius * p.cosine);
      store(normal + i + 16, radius * p.sine);
    }
  }
}

}  // namespace LAMINA_ISA
}  // namespace lamina
