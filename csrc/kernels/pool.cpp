// Maximum and average pooling of NHWC images; vectors run over the channels.
#include "simd.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

// The cells of one window that are inside the image.
struct PoolWindow {
  Index row, rows, col, cols;  // in the image
  Index first;                 // the place of the first cell in the whole window
  Index cells() const { return rows * cols; }
};

inline PoolWindow pool_window(const PoolDims& d, Index out_row, Index out_col) {
  const Index top = out_row * d.stride_h - d.pad_top, left = out_col * d.stride_w - d.pad_left;
  const Index row = top > 0 ? top : 0, col = left > 0 ? left : 0;
  const Index bottom = top + d.pool_h < d.height ? top + d.pool_h : d.height;
  const Index right = left + d.pool_w < d.width ? left + d.pool_w : d.width;
  return {row, bottom - row, col, right - col, (row - top) * d.pool_w + col - left};
}

// Calls body(image, output row), for y row by row; a share of the rows is one task.
template <class Body>
LAMINA_INLINE void parallel_rows(const PoolDims& d, double flop, Body&& body) {
  const Index rows = d.images * out_height(d);
  const double work = flop * double(d.images * d.height) * double(d.width * d.channels);
  const int threads = threads_for(work, rows);
  const Index tasks = threads == 1 ? 1 : (rows < 8 * threads ? rows : 8 * Index(threads));
  parallel_chunks(threads, tasks, [&](Index task) {
    for (Index r = rows * task / tasks; r < rows * (task + 1) / tasks; ++r)
      body(r / out_height(d), r % out_height(d));
  });
}
// Calls body(image): backward writes a whole image, because windows may overlap.
template <class Body>
LAMINA_INLINE void parallel_images(const PoolDims& d, double flop, Body&& body) {
  const double work = flop * double(d.images * d.height) * double(d.width * d.channels);
  parallel_chunks(threads_for(work, d.images), d.images, body);
}

// --- maximum

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

// A later cell wins if it is larger, or the first NaN: not (x <= best), unless best is NaN.  Side:
// the window is a whole square of that side, unrolled; 0: any window.
template <class T, Index Side>
LAMINA_INLINE void max_window(T* y, const Winners& winners, Index at, const T* x, const PoolDims& d,
                              const PoolWindow& w, bool rectified) {
  using ivec = typename Of<T>::ivec;
  const Index row = d.width * d.channels, rows = Side ? Side : w.rows, cols = Side ? Side : w.cols;
  for_vectors<T>(0, d.channels, [&](Index c, Index count) __attribute__((always_inline)) {
    const T* from = x + c;
    Vec<T> best = load_count(from, count);
    ivec place = places_at<T>(w.first);
    for (Index r = 0; r < rows; ++r)
      for (Index k = r == 0 ? 1 : 0; k < cols; ++k) {
        const Vec<T> cell = load_count(from + r * row + k * d.channels, count);
        const ivec wins = ivec(~(cell <= best)) & ivec(best == best);
        const ivec here = places_at<T>(w.first + r * d.pool_w + k);
        best = wins ? cell : best;
        place = wins ? here : place;
      }
    store_count<T>(y + at + c, best, count);
    if (rectified) place = best > Vec<T>{} ? place : places_at<T>(no_place);
    winners.put<T>(at + c, place, count);
  });
}

template <class T>
void max_pool2d_forward(T* y, void* index, const T* x, PoolDims d, bool rectified) {
  const Index cols = out_width(d), height = out_height(d);
  const Winners winners{index, pool_index_bytes(d) == 1};
  const bool square = d.pool_h == 2 && d.pool_w == 2;
  parallel_rows(d, 8, [=, &d](Index image, Index out_row) {
    const T* from = x + image * d.height * d.width * d.channels;
    Index at = (image * height + out_row) * cols * d.channels;
    for (Index col = 0; col < cols; ++col, at += d.channels) {
      const PoolWindow w = pool_window(d, out_row, col);
      const T* first = from + (w.row * d.width + w.col) * d.channels;
      if (square && w.cells() == 4)
        max_window<T, 2>(y, winners, at, first, d, w, rectified);
      else
        max_window<T, 0>(y, winners, at, first, d, w, rectified);
    }
  });
}

// Adds dy to the winning cells or, if no cell belongs to two windows, writes it.
template <class T, Index Side>
LAMINA_INLINE void max_window_backward(T* dx, const T* dy, const Winners& winners, Index at,
                                       const PoolDims& d, const PoolWindow& w, bool add) {
  using ivec = typename Of<T>::ivec;
  const Index row = d.width * d.channels, rows = Side ? Side : w.rows, cols = Side ? Side : w.cols;
  for_vectors<T>(0, d.channels, [&](Index c, Index count) __attribute__((always_inline)) {
    const Vec<T> slope = load_count(dy + at + c, count);
    const ivec place = winners.get<T>(at + c, count);
    for (Index r = 0; r < rows; ++r)
      for (Index k = 0; k < cols; ++k) {
        T* to = dx + c + r * row + k * d.channels;
        const ivec here = places_at<T>(w.first + r * d.pool_w + k);
        Vec<T> cell = place == here ? slope : Vec<T>{};
        if (add) cell = load_count(to, count) + cell;
        store_count<T>(to, cell, count);
      }
  });
}

// Zeroes what no window writes: the whole image if windows overlap, else the cells between them.
template <class T>
void clear(T* dx, Index size) {
  for_vectors<T>(0, size, [=](Index k, Index n) { store_count<T>(dx + k, Vec<T>{}, n); });
}
inline bool windows_apart(const PoolDims& d) {
  return d.stride_h >= d.pool_h && d.stride_w >= d.pool_w;
}
inline bool windows_tile(const PoolDims& d) {
  return d.stride_h == d.pool_h && d.stride_w == d.pool_w &&
         out_height(d) * d.pool_h - d.pad_top >= d.height &&
         out_width(d) * d.pool_w - d.pad_left >= d.width;
}

// Calls window(dx at the window's first cell, offset of the window's output, window).
template <class T, class Window>
LAMINA_INLINE void scatter_windows(T* dx, const PoolDims& d, Window&& window) {
  parallel_images(d, 8, [=, &d](Index image) {
    const Index size = d.height * d.width * d.channels;
    T* to = dx + image * size;
    if (!windows_tile(d)) clear(to, size);
    Index at = image * out_height(d) * out_width(d) * d.channels;
    for (Index row = 0; row < out_height(d); ++row)
      for (Index col = 0; col < out_width(d); ++col, at += d.channels) {
        const PoolWindow w = pool_window(d, row, col);
        window(to + (w.row * d.width + w.col) * d.channels, at, w);
      }
  });
}

template <class T>
void max_pool2d_backward(T* dx, const T* dy, const void* index, PoolDims d) {
  const Winners winners{const_cast<void*>(index), pool_index_bytes(d) == 1};
  const bool add = !windows_apart(d), square = !add && d.pool_h == 2 && d.pool_w == 2;
  scatter_windows(dx, d, [=, &d](T* to, Index at, const PoolWindow& w) {
    if (square && w.cells() == 4)
      max_window_backward<T, 2>(to, dy, winners, at, d, w, false);
    else
      max_window_backward<T, 0>(to, dy, winners, at, d, w, add);
  });
}

// --- average

// Several vectors of channels at once, because the sums of one would wait for each addition.
template <class T, int Vectors>
LAMINA_INLINE void average_channels(T* y, std::uint8_t* above, const T* x, const PoolDims& d,
                                    const PoolWindow& w, Index count) {
  const Index row = d.width * d.channels;
  const Vec<T> share = broadcast(T(1) / T(w.cells()));
  Vec<T> sum[Vectors] = {};
  for (Index r = 0; r < w.rows; ++r) {
    Vec<T> line[Vectors] = {};
    for (Index k = 0; k < w.cols; ++k) {
      LAMINA_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        const Index at = r * row + k * d.channels + v * lanes<T>;
        const Vec<T> cell = load_count(x + at, count);
        line[v] = line[v] + cell;
        if (above) store_bytes(above + at, typename Of<T>::ivec(cell > Vec<T>{}), count);
      }
    }
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) sum[v] = sum[v] + line[v];
  }
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) store_count<T>(y + v * lanes<T>, sum[v] * share, count);
}

template <int Count>
struct SideBySide {
  static constexpr int count = Count;
};

template <class T>
void average_pool2d_forward(T* y, std::uint8_t* above, const T* x, PoolDims d) {
  const Index cols = out_width(d), height = out_height(d);
  parallel_rows(d, 6, [=, &d](Index image, Index out_row) {
    T* to = y + (image * height + out_row) * cols * d.channels;
    for (Index col = 0; col < cols; ++col, to += d.channels) {
      const PoolWindow w = pool_window(d, out_row, col);
      const Index first = ((image * d.height + w.row) * d.width + w.col) * d.channels;
      const auto average = [&](auto vectors, Index c, Index count) __attribute__((always_inline)) {
        average_channels<T, decltype(vectors)::count>(to + c, above ? above + first + c : nullptr,
                                                      x + first + c, d, w, count);
      };
      Index c = 0;
      for (; c + 8 * lanes<T> <= d.channels; c += 8 * lanes<T>)
        average(SideBySide<8>{}, c, lanes<T>);
      for (; c + 4 * lanes<T> <= d.channels; c += 4 * lanes<T>)
        average(SideBySide<4>{}, c, lanes<T>);
      for_vectors<T>(c, d.channels, [&](Index i, Index n) { average(SideBySide<1>{}, i, n); });
    }
  });
}

// Cell by cell, to write in memory order.
template <class T>
void average_pool2d_backward(T* dx, const T* dy, const std::uint8_t* above, PoolDims d) {
  const bool add = !windows_apart(d);
  scatter_windows(dx, d, [=, &d](T* first, Index at, const PoolWindow& w) {
    const Vec<T> share = broadcast(T(1) / T(w.cells()));
    for (Index r = 0; r < w.rows; ++r)
      for (Index k = 0; k < w.cols; ++k) {
        T* to = first + (r * d.width + k) * d.channels;
        const std::uint8_t* passes = above ? above + (to - dx) : nullptr;
        for_vectors<T>(0, d.channels, [=](Index c, Index count) {
          Vec<T> slope = load_count(dy + at + c, count) * share;
          if (passes) {
            using ivec = typename Of<T>::ivec;
            slope = load_bytes(passes + c, count, ivec{}) != ivec{} ? slope : Vec<T>{};
          }
          store_count<T>(to + c, add ? load_count(to + c, count) + slope : slope, count);
        });
      }
  });
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_pooling(Kernels<T>& k) {
  k.max_pool2d_forward = max_pool2d_forward<T>;
  k.max_pool2d_backward = max_pool2d_backward<T>;
  k.average_pool2d_forward = average_pool2d_forward<T>;
  k.average_pool2d_backward = average_pool2d_backward<T>;
}
template void fill_pooling<float>(Kernels<float>&);
template void fill_pooling<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
