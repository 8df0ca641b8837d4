// Operands of the matrix product and how they are packed.
//
// An operand is a matrix of elements (i, k), where i is the row of A or the column of B.  The
// product reads it in panels: `width` neighbours i for a run of k, panel[k * width + i].  A source
// is any type with these members; the product is a template on it:
//   static constexpr bool addressable   may be read in place (then it has at, ld and k_adjacent)
//   void pack(T* panel, Index width, Index first, Index count, Index k, Index depth) const
//     fills the panel with elements (first .. first + count, k .. k + depth); columns from `count`
//     on are unspecified.  It may write up to `pack_slack` elements past the end of the panel:
//     panels are packed in ascending order and the last one has that much room after it.
//   void pack_strips(T* panels, const Parts& strips, Index first, Index k, Index depth) const
//     the same for the panels of rows first + strips.begin(i) on, one after another.
#pragma once

#include "tiles.h"

namespace lamina {
namespace LAMINA_ISA {

constexpr Index pack_slack = 16;

// --- i adjacent in memory: copy runs.  Whole vectors overlap the next k, which is written later.

template <class T, int Vectors>
LAMINA_INLINE void copy_run(T* panel, Index width, const T* from, Index ld, Index tail,
                            Index depth) {
  for (Index k = 0; k < depth; ++k, panel += width, from += ld) {
    Vec<T> run[Vectors];
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v)
      run[v] = v < Vectors - 1 ? load(from + v * lanes<T>) : load_count(from + v * lanes<T>, tail);
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) store(panel + v * lanes<T>, run[v]);
  }
}

template <class T>
void copy_panel(T* panel, Index width, const T* from, Index ld, Index count, Index depth) {
  const Index vectors = (count + lanes<T> - 1) / lanes<T>;
  const Index tail = count - (vectors - 1) * lanes<T>;
  switch (vectors) {
    case 1:
      return copy_run<T, 1>(panel, width, from, ld, tail, depth);
    case 2:
      return copy_run<T, 2>(panel, width, from, ld, tail, depth);
    case 3:
      return copy_run<T, 3>(panel, width, from, ld, tail, depth);
    case 4:
      return copy_run<T, 4>(panel, width, from, ld, tail, depth);
    default:
      break;
  }
  for (Index k = 0; k < depth; ++k)
    for_vectors<T>(0, count, [&](Index i, Index lanes_used) {
      store(panel + k * width + i, load_count(from + k * ld + i, lanes_used));
    });
}

// Adjacent panels of at most a vector each, with all panels of one k before the next: contiguous
// data are read together, and each page is visited once.  512 rows of 256 k a page apart, on a Zen
// 4: 130 to 40 us; with k 512 bytes apart it is slower, 10 to 23.  Returns false and does nothing
// for wider panels.
template <class T>
bool copy_strips(T* to, const Parts& strips, const T* from, Index ld, Index depth) {
  const Index wide = strips.base + (strips.longer > 0);
  if (wide > lanes<T>) return false;
  const Index count = strips.begin(strips.count);
  for (Index k = 0; k < depth; ++k) {
    const T* x = from + k * ld;
    const auto copy = [&](T* panel, Index width, Index strips_of_it) {
      const bool whole = (depth - k) * width >= lanes<T>;  // in the panel itself, written later
      for (T* at = panel + k * width; strips_of_it > 0; --strips_of_it) {
        const bool within = x + lanes<T> <= from + k * ld + count;
        const Vec<T> run = within ? load(x) : load_partial(x, width);
        whole ? store(at, run) : store_partial(at, run, width);
        at += width * depth;
        x += width;
      }
    };
    copy(to, strips.base + 1, strips.longer);
    copy(to + strips.longer * (strips.base + 1) * depth, strips.base, strips.count - strips.longer);
  }
  return true;
}

// --- k adjacent in memory: transpose square blocks in registers.

#if !defined(__x86_64__)
template <class T>
constexpr Index square = 1;
template <class T>
LAMINA_INLINE void transpose_square(T* to, Index, const T* const* row, Index k) {
  to[0] = row[0][k];
}
#elif LAMINA_VECTOR_BYTES >= 32
template <class T>
constexpr Index square = 32 / sizeof(T);
LAMINA_INLINE void transpose_square(float* to, Index width, const float* const* row, Index k) {
  __m256 r[8], s[8];
  LAMINA_UNROLL
  for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(row[i] + k);
  LAMINA_UNROLL
  for (int i = 0; i < 8; i += 2) {
    s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  LAMINA_UNROLL
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(s[i], s[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(s[i], s[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0xee);
  }
  LAMINA_UNROLL
  for (int i = 0; i < 4; ++i)
    _mm256_storeu_ps(to + i * width, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
  LAMINA_UNROLL
  for (int i = 0; i < 4; ++i)
    _mm256_storeu_ps(to + (i + 4) * width, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
}
LAMINA_INLINE void transpose_square(double* to, Index width, const double* const* row, Index k) {
  __m256d r[4], s[4];
  LAMINA_UNROLL
  for (int i = 0; i < 4; ++i) r[i] = _mm256_loadu_pd(row[i] + k);
  LAMINA_UNROLL
  for (int i = 0; i < 4; i += 2) {
    s[i] = _mm256_unpacklo_pd(r[i], r[i + 1]);
    s[i + 1] = _mm256_unpackhi_pd(r[i], r[i + 1]);
  }
  LAMINA_UNROLL
  for (int i = 0; i < 2; ++i)
    _mm256_storeu_pd(to + i * width, _mm256_permute2f128_pd(s[i], s[i + 2], 0x20));
  LAMINA_UNROLL
  for (int i = 0; i < 2; ++i)
    _mm256_storeu_pd(to + (i + 2) * width, _mm256_permute2f128_pd(s[i], s[i + 2], 0x31));
}
#else
template <class T>
constexpr Index square = 16 / sizeof(T);
LAMINA_INLINE void transpose_square(float* to, Index width, const float* const* row, Index k) {
  __m128 r[4];
  LAMINA_UNROLL
  for (int i = 0; i < 4; ++i) r[i] = _mm_loadu_ps(row[i] + k);
  _MM_TRANSPOSE4_PS(r[0], r[1], r[2], r[3]);
  LAMINA_UNROLL
  for (int i = 0; i < 4; ++i) _mm_storeu_ps(to + i * width, r[i]);
}
LAMINA_INLINE void transpose_square(double* to, Index width, const double* const* row, Index k) {
  const __m128d r0 = _mm_loadu_pd(row[0] + k), r1 = _mm_loadu_pd(row[1] + k);
  _mm_storeu_pd(to, _mm_unpacklo_pd(r0, r1));
  _mm_storeu_pd(to + width, _mm_unpackhi_pd(r0, r1));
}
#endif

// A cache line of columns; `depth` is at least a square.
template <class T>
void transpose_lines(T* to, Index width, const T* from, Index ld, Index depth) {
  constexpr Index side = square<T>, line = 64 / Index(sizeof(T));
  for (Index k = 0; k < depth; k += side) {
    const Index at = k + side <= depth ? k : depth - side;
    for (Index i = 0; i < line; i += side) {
      const T* row[side];
      LAMINA_UNROLL
      for (Index r = 0; r < side; ++r) row[r] = from + (i + r) * ld;
      transpose_square(to + at * width + i, width, row, at);
    }
  }
}

constexpr Index long_run = 64;  // k of a band

template <class T>
void transpose_panel(T* panel, Index width, const T* from, Index ld, Index count, Index depth) {
  constexpr Index side = square<T>;
  const Index bands = (width + side - 1) / side;
  if (depth < side) {
    for (Index k = 0; k < depth; ++k)
      for (Index i = 0; i < width; ++i)
        panel[k * width + i] = from[(i < count ? i : count - 1) * ld + k];
    return;
  }
  // Whole lines are filled, and only a few rows are read at a time, because each may be in another
  // page. 256 rows of 1024 k on a Zen 4: 120 to 77 us.
  constexpr Index line = 64 / Index(sizeof(T));
  if (width > line && width % line == 0 && count == width) {
    for (Index i = 0; i < width; i += line)
      transpose_lines(panel + i, width, from + i * ld, ld, depth);
    return;
  }
  const auto store_band = [&](Index band, Index k) __attribute__((always_inline)) {
    const Index at = k + side <= depth ? k : depth - side;  // the last square ends at `depth`
    const T* row[side];
    LAMINA_UNROLL
    for (Index i = 0; i < side; ++i) {
      const Index r = band * side + i;
      row[i] = from + (r < count ? r : count - 1) * ld;
    }
    transpose_square(panel + at * width + band * side, width, row, at);
  };
  // A band that stores past the panel's width, into the next k, comes before band 0 of that k.
  // Otherwise each band is read in long runs, because rows that are pages apart share a set of the
  // L1 cache: 1024 rows of 1024 k on a Zen 3, AVX2, 289 to 192 us, 256 of 256 10.4 to 9.4.
  // With vectors of 16 bytes 16 x 1024 x 1024 takes 1.4 times as long; AVX-512 is not measured.
  const Index run = LAMINA_VECTOR_BYTES == 32 && width % side == 0 ? long_run : side;
  for (Index k = 0; k < depth; k += run)
    for (Index band = bands - 1; band >= 0; --band)
      for (Index at = k; at < k + run && at < depth; at += side) store_band(band, at);
}

// --- a matrix in memory

template <class T>
struct Strided {
  static constexpr bool addressable = true;
  const T* data;
  Index ld;
  bool k_adjacent;  // element (i, k) at data[i * ld + k], else at data[k * ld + i]

  const T* at(Index i, Index k) const { return k_adjacent ? data + i * ld + k : data + k * ld + i; }
  void pack(T* panel, Index width, Index first, Index count, Index k, Index depth) const {
    if (k_adjacent)
      transpose_panel(panel, width, at(first, k), ld, count, depth);
    else
      copy_panel(panel, width, at(first, k), ld, count, depth);
  }
  void pack_strips(T* panels, const Parts& strips, Index first, Index k, Index depth) const {
    const bool in_pages = !k_adjacent && ld * Index(sizeof(T)) >= 4096;  // each k in another page
    if (in_pages && copy_strips(panels, strips, at(first, k), ld, depth)) return;
    for (Index i = 0; i < strips.count; ++i) {
      const Index begin = strips.begin(i), height = strips.begin(i + 1) - begin;
      pack(panels + begin * depth, height, first + begin, height, k, depth);
    }
  }
};

}  // namespace LAMINA_ISA
}  // namespace lamina
