// Operands of products in bfloat16: numbers rounded to 8 bits of mantissa, to nearest, ties to
// even; NaN remains NaN, magnitudes below 2^-126 become 0.
//
// VDPBF16PS multiplies two neighbours along k at a time, so an operand consists of pairs (k, k +
// 1), the first in the lower half of 32 bits; an odd last k is paired with 0.  A pair is then
// addressed like a float: the left operand is stored in rows, element (i, k) at rows[i * ld + k /
// 2]; the right one in panels of whole vectors, column j of a panel at panel[k / 2 * width + j].
#pragma once

#include "../simd.h"

namespace lamina {
namespace LAMINA_ISA {

using Pair = std::uint32_t;

constexpr Index pair_lanes = 16;  // per vector
LAMINA_INLINE constexpr Index pairs_of(Index numbers) { return (numbers + 1) / 2; }

LAMINA_INLINE __m512 load_numbers(const float* p, Index count) {
  return count >= pair_lanes ? _mm512_loadu_ps(p)
                             : _mm512_maskz_loadu_ps(first16(count > 0 ? count : 0), p);
}
LAMINA_INLINE void store_pairs(Pair* p, __m512i pairs, Index count) {
  if (count >= pair_lanes)
    _mm512_storeu_si512(p, pairs);
  else
    _mm512_mask_storeu_epi32(p, first16(count > 0 ? count : 0), pairs);
}

// (p[0], p[1]), (p[2], p[3]), ... of `count` numbers, then zeros.
LAMINA_INLINE __m512i pairs_along(const float* p, Index count) {
  const __m512 first = load_numbers(p, count);
  const __m512 second =
      count > pair_lanes ? load_numbers(p + pair_lanes, count - pair_lanes) : _mm512_setzero_ps();
  return __m512i(_mm512_cvtne2ps_pbh(second, first));
}
// (first[i], second[i]), lane by lane.
LAMINA_INLINE __m512i pairs_across(__m512 first, __m512 second) {
  const vu32 lane{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const __m512i halves = __m512i(lane | (lane + 16u) << 16);
  return _mm512_permutexvar_epi16(halves, __m512i(_mm512_cvtne2ps_pbh(second, first)));
}

// rows[i] lane j <-> rows[j] lane i.
LAMINA_INLINE void transpose_pairs(__m512i (&rows)[pair_lanes]) {
  __m512i other[pair_lanes];
  LAMINA_UNROLL
  for (int i = 0; i < 16; i += 2) {
    other[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    other[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  LAMINA_UNROLL
  for (int i = 0; i < 16; i += 4) {
    rows[i] = _mm512_unpacklo_epi64(other[i], other[i + 2]);
    rows[i + 1] = _mm512_unpackhi_epi64(other[i], other[i + 2]);
    rows[i + 2] = _mm512_unpacklo_epi64(other[i + 1], other[i + 3]);
    rows[i + 3] = _mm512_unpackhi_epi64(other[i + 1], other[i + 3]);
  }
  LAMINA_UNROLL
  for (int i = 0; i < 4; ++i) {
    other[i] = _mm512_shuffle_i32x4(rows[i], rows[i + 4], 0x88);
    other[i + 4] = _mm512_shuffle_i32x4(rows[i], rows[i + 4], 0xdd);
    other[i + 8] = _mm512_shuffle_i32x4(rows[i + 8], rows[i + 12], 0x88);
    other[i + 12] = _mm512_shuffle_i32x4(rows[i + 8], rows[i + 12], 0xdd);
  }
  LAMINA_UNROLL
  for (int i = 0; i < 4; ++i) {
    rows[i] = _mm512_shuffle_i32x4(other[i], other[i + 8], 0x88);
    rows[i + 8] = _mm512_shuffle_i32x4(other[i], other[i + 8], 0xdd);
    rows[i + 4] = _mm512_shuffle_i32x4(other[i + 4], other[i + 12], 0x88);
    rows[i + 12] = _mm512_shuffle_i32x4(other[i + 4], other[i + 12], 0xdd);
  }
}

// A matrix of numbers in memory: element (i, k) at data[i * ld + k] if k is adjacent, else at
// data[k * ld + i].  i: a row of the left operand, a column of the right one.
struct Numbers {
  const float* data;
  Index ld;
  bool k_adjacent;
  const float* at(Index i, Index k) const {
    return k_adjacent ? data + i * ld + k : data + k * ld + i;
  }
};

// 16 x 16 pairs from (i, k) on, with zeros after `count` and `depth`: vector i, lane k / 2.
LAMINA_INLINE void load_block_along(__m512i (&block)[pair_lanes], const Numbers& from, Index i,
                                    Index k, Index count, Index depth) {
  LAMINA_UNROLL
  for (int r = 0; r < 16; ++r)
    block[r] = r < count ? pairs_along(from.at(i + r, k), depth) : _mm512_setzero_si512();
}
// The same as vector k / 2, lane i.
LAMINA_INLINE void load_block_across(__m512i (&block)[pair_lanes], const Numbers& from, Index i,
                                     Index k, Index count, Index depth) {
  LAMINA_UNROLL
  for (int r = 0; r < 16; ++r) {
    const __m512 first =
        2 * r < depth ? load_numbers(from.at(i, k + 2 * r), count) : _mm512_setzero_ps();
    const __m512 second =
        2 * r + 1 < depth ? load_numbers(from.at(i, k + 2 * r + 1), count) : _mm512_setzero_ps();
    block[r] = pairs_across(first, second);
  }
}

// `count` rows of a left operand from (first, k) on, `depth` numbers each; nothing is written after
// the pairs of a row.
inline void pack_rows(Pair* rows, Index ld, const Numbers& from, Index first, Index count, Index k,
                      Index depth) {
  if (from.k_adjacent) {
    for (Index i = 0; i < count; ++i)
      for (Index at = 0; at < depth; at += 2 * pair_lanes)
        store_pairs(rows + i * ld + at / 2, pairs_along(from.at(first + i, k + at), depth - at),
                    pairs_of(depth - at));
    return;
  }
  for (Index at = 0; at < depth; at += 2 * pair_lanes)
    for (Index i = 0; i < count; i += pair_lanes) {
      __m512i block[pair_lanes];
      load_block_across(block, from, first + i, k + at, count - i, depth - at);
      transpose_pairs(block);
      for (Index r = 0; r < pair_lanes && i + r < count; ++r)
        store_pairs(rows + (i + r) * ld + at / 2, block[r], pairs_of(depth - at));
    }
}

// A panel of `width` columns, whole vectors, of which `used` exist; zeros in the others.
inline void pack_panel(Pair* panel, Index width, const Numbers& from, Index first, Index used,
                       Index k, Index depth) {
  if (!from.k_adjacent) {
    for (Index at = 0; at < depth; at += 2, panel += width)
      for (Index j = 0; j < width; j += pair_lanes) {
        const __m512 low = load_numbers(from.at(first + j, k + at), used - j);
        const __m512 high = at + 1 < depth ? load_numbers(from.at(first + j, k + at + 1), used - j)
                                           : _mm512_setzero_ps();
        _mm512_storeu_si512(panel + j, pairs_across(low, high));
      }
    return;
  }
  for (Index j = 0; j < width; j += pair_lanes)
    for (Index at = 0; at < depth; at += 2 * pair_lanes) {
      __m512i block[pair_lanes];
      load_block_along(block, from, first + j, k + at, used - j, depth - at);
      transpose_pairs(block);
      for (Index r = 0; r < pair_lanes && at + 2 * r < depth; ++r)
        _mm512_storeu_si512(panel + (at / 2 + r) * width + j, block[r]);
    }
}

}  // namespace LAMINA_ISA
}  // namespace lamina
