// Maximum and average pooling over NHWC images; vectors run over the channels.
#include "simd.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

// The cells of one window that lie inside the image.
struct PoolWindow {
  Index row, rows, col, cols;  // in the image
  Index first;                 // the first cell's place in the whole window
  Index cells() const { return rows * cols; }
};

inline PoolWindow pool_window(const PoolDims& d, Index out_row, Index out_col) {
  const Index top = out_row * d.stride_h - d.pad_top, left = out_col * d.stride_w - d.pad_left;
  const Index row = top > 0 ? top : 0, col = left > 0 ? left : 0;
  const Index bottom = top + d.pool_h < d.height ? top + d.pool_h : d.height;
  const Index right = left + d.pool_w < d.width ? left + d.pool_w : d.width;
  return {row, bottom - row, col, right - col, (row - top) * d.pool_w + col - left};
}

// body(image, output row): x image, y row.  A share of the rows is one task.
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
// body(image): backward writes a whole image, whose windows may overlap.
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

// Places in the window, one lane each, as bytes or int32.
template <class T, class I>
LAMINA_INLINE void store_places(I* to, typename Of<T>::ivec place, Index count) {
  typedef I narrow __attribute__((vector_size(lanes<T> * sizeof(I))));
  const narrow v = __builtin_convertvector(place, narrow);
  if (count == lanes<T>)
    __builtin_memcpy(to, &v, sizeof v);
  else
    __builtin_memcpy(to, &v, sizeof(I) * std::size_t(count));
}
template <class T, class I>
LAMINA_INLINE typename Of<T>::ivec load_places(const I* from, Index count) {
  typedef I narrow __attribute__((vector_size(lanes<T> * sizeof(I))));
  narrow v = {};
  if (count == lanes<T>)
    __builtin_memcpy(&v, from, sizeof v);
  else
    __builtin_memcpy(&v, from, sizeof(I) * std::size_t(count));
  return __builtin_convertvector(v, typename Of<T>::ivec);
}

// A later cell wins where it is larger, or the first NaN: not (x <= best), best no NaN.
template <class T, class I, bool Keep>
LAMINA_INLINE void max_window(T* y, I* index, const T* x, const PoolDims& d, const PoolWindow& w) {
  using ivec = typename Of<T>::ivec;
  const Index row = d.width * d.channels;
  for_vectors<T>(0, d.channels, [=](Index c, Index count) __attribute__((always_inline)) {
    const T* from = x + c;
    Vec<T> best = load_count(from, count);
    ivec place = places_at<T>(w.first);
    for (Index r = 0; r < w.rows; ++r)
      for (Index k = r == 0 ? 1 : 0; k < w.cols; ++k) {
        const Vec<T> cell = load_count(from + r * row + k * d.channels, count);
        const ivec wins = ivec(~(cell <= best)) & ivec(best == best);
        best = wins ? cell : best;
        if (Keep) {
          const ivec here = places_at<T>(w.first + r * d.pool_w + k);
          place = wins ? here : place;
        }
      }
    store_count<T>(y + c, best, count);
    if (Keep) store_places<T, I>(index + c, place, count);
  });
}

template <class T, class I, bool Keep>
void max_rows(T* y, I* index, const T* x, const PoolDims& d) {
  const Index cols = out_width(d), height = out_height(d);
  parallel_rows(d, 8, [=, &d](Index image, Index out_row) {
    const T* from = x + image * d.height * d.width * d.channels;
    const Index to = (image * height + out_row) * cols * d.channels;
    for (Index col = 0; col < cols; ++col) {
      const PoolWindow w = pool_window(d, out_row, col);
      const Index at = to + col * d.channels;
      max_window<T, I, Keep>(y + at, Keep ? index + at : nullptr,
                             from + (w.row * d.width + w.col) * d.channels, d, w);
    }
  });
}

template <class T>
void max_pool2d_forward(T* y, void* index, const T* x, PoolDims d) {
  if (!index)
    max_rows<T, std::uint8_t, false>(y, nullptr, x, d);
  else if (pool_index_bytes(d) == 1)
    max_rows<T, std::uint8_t, true>(y, static_cast<std::uint8_t*>(index), x, d);
  else
    max_rows<T, std::int32_t, true>(y, static_cast<std::int32_t*>(index), x, d);
}

// Adds (or, where no cell belongs to two windows, writes) dy to the winning cells.
template <class T, class I, bool Add>
LAMINA_INLINE void max_window_backward(T* dx, const T* dy, const I* index, const PoolDims& d,
                                       const PoolWindow& w) {
  using ivec = typename Of<T>::ivec;
  const Index row = d.width * d.channels;
  for_vectors<T>(0, d.channels, [=](Index c, Index count) __attribute__((always_inline)) {
    const Vec<T> slope = load_count(dy + c, count);
    const ivec place = load_places<T, I>(index + c, count);
    for (Index r = 0; r < w.rows; ++r)
      for (Index k = 0; k < w.cols; ++k) {
        T* to = dx + c + r * row + k * d.channels;
        const ivec here = places_at<T>(w.first + r * d.pool_w + k);
        Vec<T> cell = place == here ? slope : Vec<T>{};
        if (Add) cell = load_count(to, count) + cell;
        store_count<T>(to, cell, count);
      }
  });
}

// Zeroes what no window writes: all of the image if they overlap, else what they leave out.
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

// window(dx at the window's first cell, offset of the window's output, window)
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

template <class T, class I>
void max_scatter(T* dx, const T* dy, const I* index, const PoolDims& d) {
  if (windows_apart(d))
    scatter_windows(dx, d, [=, &d](T* to, Index at, const PoolWindow& w) {
      max_window_backward<T, I, false>(to, dy + at, index + at, d, w);
    });
  else
    scatter_windows(dx, d, [=, &d](T* to, Index at, const PoolWindow& w) {
      max_window_backward<T, I, true>(to, dy + at, index + at, d, w);
    });
}

template <class T>
void max_pool2d_backward(T* dx, const T* dy, const void* index, PoolDims d) {
  if (pool_index_bytes(d) == 1)
    max_scatter(dx, dy, static_cast<const std::uint8_t*>(index), d);
  else
    max_scatter(dx, dy, static_cast<const std::int32_t*>(index), d);
}

// --- average

template <class T>
LAMINA_INLINE void average_window(T* y, const T* x, const PoolDims& d, const PoolWindow& w) {
  const Index row = d.width * d.channels;
  const T share = T(1) / T(w.cells());
  for_vectors<T>(0, d.channels, [=](Index c, Index count) __attribute__((always_inline)) {
    Vec<T> sum = {};
    for (Index r = 0; r < w.rows; ++r) {
      Vec<T> line = {};
      for (Index k = 0; k < w.cols; ++k)
        line = line + load_count(x + c + r * row + k * d.channels, count);
      sum = sum + line;
    }
    store_count<T>(y + c, sum * broadcast(share), count);
  });
}

template <class T>
void average_pool2d_forward(T* y, const T* x, PoolDims d) {
  const Index cols = out_width(d), height = out_height(d);
  parallel_rows(d, 6, [=, &d](Index image, Index out_row) {
    const T* from = x + image * d.height * d.width * d.channels;
    const Index to = (image * height + out_row) * cols * d.channels;
    for (Index col = 0; col < cols; ++col) {
      const PoolWindow w = pool_window(d, out_row, col);
      average_window(y + to + col * d.channels, from + (w.row * d.width + w.col) * d.channels, d,
                     w);
    }
  });
}

template <class T, bool Add>
LAMINA_INLINE void average_window_backward(T* dx, const T* dy, const PoolDims& d,
                                           const PoolWindow& w) {
  const Index row = d.width * d.channels;
  const T share = T(1) / T(w.cells());
  for_vectors<T>(0, d.channels, [=](Index c, Index count) __attribute__((always_inline)) {
    const Vec<T> slope = load_count(dy + c, count) * broadcast(share);
    for (Index r = 0; r < w.rows; ++r)
      for (Index k = 0; k < w.cols; ++k) {
        T* to = dx + c + r * row + k * d.channels;
        store_count<T>(to, Add ? load_count(to, count) + slope : slope, count);
      }
  });
}

template <class T>
void average_pool2d_backward(T* dx, const T* dy, PoolDims d) {
  if (windows_apart(d))
    scatter_windows(dx, d, [=, &d](T* to, Index at, const PoolWindow& w) {
      average_window_backward<T, false>(to, dy + at, d, w);
    });
  else
    scatter_windows(dx, d, [=, &d](T* to, Index at, const PoolWindow& w) {
      average_window_backward<T, true>(to, dy + at, d, w);
    });
}

}  // namespace

template <class T>
void fill_pooling(Kernels<T>& k) {
  k.max_pool2d_forward = max_pool2d_forward<T>;
  k.max_pool2d_backward = max_pool2d_backward<T>;
  k.average_pool2d_forward = average_pool2d_forward<T>;
  k.average_pool2d_backward = average_pool2d_backward<T>;
}
template void fill_pooling<float>(Kernels<float>&);
template void fill_pooling<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
