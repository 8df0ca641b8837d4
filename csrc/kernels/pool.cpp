// Maximum and average pooling of NHWC images.  Vectors run over the channels or, with one or two of
// them, over those of several windows.
#include "pool_windows.h"
#include "pool_winners.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

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

// A later cell wins if it is larger, or the first NaN: not (x <= best), unless best is NaN.  Side:
// the window is a whole square of that side, unrolled; 0: any window.  load(offset): some channels
// of the cell so far from the first.
template <class T, Index Side, class Load>
LAMINA_INLINE void max_cells(T* y, const Winners& winners, Index at, Index count, const PoolDims& d,
                             const PoolWindow& w, bool rectified, Load&& load) {
  using ivec = typename Of<T>::ivec;
  const Index row = d.width * d.channels, rows = Side ? Side : w.rows, cols = Side ? Side : w.cols;
  Vec<T> best = load(0);
  ivec place = places_at<T>(w.first);
  for (Index r = 0; r < rows; ++r)
    for (Index k = r == 0 ? 1 : 0; k < cols; ++k) {
      const Vec<T> cell = load(r * row + k * d.channels);
      const ivec wins = ivec(~(cell <= best)) & ivec(best == best);
      const ivec here = places_at<T>(w.first + r * d.pool_w + k);
      best = wins ? cell : best;
      place = wins ? here : place;
    }
  store_count<T>(y + at, best, count);
  if (rectified) place = best > Vec<T>{} ? place : places_at<T>(no_place);
  winners.put<T>(at, place, count);
}

template <class T, Index Side>
LAMINA_INLINE void max_window(T* y, const Winners& winners, Index at, const T* x, const PoolDims& d,
                              const PoolWindow& w, bool rectified) {
  for_vectors<T>(0, d.channels, [&](Index c, Index count) __attribute__((always_inline)) {
    max_cells<T, Side>(y, winners, at + c, count, d, w, rectified,
                       [=](Index offset) __attribute__((always_inline)) {
                         return load_count(x + c + offset, count);
                       });
  });
}

template <class T>
void max_pool2d_forward(T* y, void* index, const T* x, PoolDims d, bool rectified) {
  const Index cols = out_width(d), height = out_height(d);
  const Winners winners{index, pool_index_bytes(d) == 1};
  const bool square = d.pool_h == 2 && d.pool_w == 2;
  const Neighbours<T> neighbours(d);
  parallel_rows(d, 8, [=, &d, &neighbours](Index image, Index out_row) {
    const T* from = x + image * d.height * d.width * d.channels;
    Index at = (image * height + out_row) * cols * d.channels, windows;
    for (Index col = 0; col < cols; col += windows, at += windows * d.channels) {
      const PoolWindow w = pool_window(d, out_row, col);
      const T* first = from + (w.row * d.width + w.col) * d.channels;
      windows = neighbours.fit(d, cols, col) ? neighbours.windows() : 1;
      if (windows > 1)
        max_cells<T, 0>(y, winners, at, lanes<T>, d, w, rectified,
                        [=, &neighbours](Index offset) { return neighbours.load(first + offset); });
      else if (square && w.cells() == 4)
        max_window<T, 2>(y, winners, at, first, d, w, rectified);
      else
        max_window<T, 0>(y, winners, at, first, d, w, rectified);
    }
  });
}

// Adds dy to the winning cells or, if no cell belongs to two windows, writes it.  A cell in several
// neighbours gets their slopes in the order of the windows, its places in them descending.
template <class T, Index Side, class Store>
LAMINA_INLINE void max_cells_backward(const T* dy, const Winners& winners, Index at, Index count,
                                      const PoolDims& d, const PoolWindow& w, Store&& store) {
  using ivec = typename Of<T>::ivec;
  const Index row = d.width * d.channels, rows = Side ? Side : w.rows, cols = Side ? Side : w.cols;
  const Vec<T> slope = load_count(dy + at, count);
  const ivec place = winners.get<T>(at, count);
  for (Index r = 0; r < rows; ++r)
    for (Index k = cols - 1; k >= 0; --k) {
      const ivec here = places_at<T>(w.first + r * d.pool_w + k);
      store(r * row + k * d.channels, place == here ? slope : Vec<T>{});
    }
}

template <class T, Index Side>
LAMINA_INLINE void max_window_backward(T* dx, const T* dy, const Winners& winners, Index at,
                                       const PoolDims& d, const PoolWindow& w, bool add) {
  for_vectors<T>(0, d.channels, [&](Index c, Index count) __attribute__((always_inline)) {
    max_cells_backward<T, Side>(dy, winners, at + c, count, d, w,
                                [=](Index offset, Vec<T> cell) __attribute__((always_inline)) {
                                  T* to = dx + c + offset;
                                  if (add) cell = load_count(to, count) + cell;
                                  store_count<T>(to, cell, count);
                                });
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

// Calls window(dx at the window's first cell, offset of the window's output, window), or
// several(...) with the first of neighbours.
template <class T, class Window, class Several>
LAMINA_INLINE void scatter_windows(T* dx, const PoolDims& d, const Neighbours<T>& neighbours,
                                   Window&& window, Several&& several) {
  parallel_images(d, 8, [=, &d, &neighbours](Index image) {
    const Index size = d.height * d.width * d.channels, cols = out_width(d);
    T* to = dx + image * size;
    if (!windows_tile(d)) clear(to, size);
    Index at = image * out_height(d) * cols * d.channels, windows;
    for (Index row = 0; row < out_height(d); ++row)
      for (Index col = 0; col < cols; col += windows, at += windows * d.channels) {
        const PoolWindow w = pool_window(d, row, col);
        T* const first = to + (w.row * d.width + w.col) * d.channels;
        windows = neighbours.fit(d, cols, col) ? neighbours.windows() : 1;
        windows > 1 ? several(first, at, w) : window(first, at, w);
      }
  });
}

template <class T>
void max_pool2d_backward(T* dx, const T* dy, const void* index, PoolDims d) {
  const Winners winners{const_cast<void*>(index), pool_index_bytes(d) == 1};
  const bool add = !windows_apart(d), square = !add && d.pool_h == 2 && d.pool_w == 2;
  const Neighbours<T> neighbours(d);
  scatter_windows(
      dx, d, neighbours,
      [=, &d](T* to, Index at, const PoolWindow& w) {
        if (square && w.cells() == 4)
          max_window_backward<T, 2>(to, dy, winners, at, d, w, false);
        else
          max_window_backward<T, 0>(to, dy, winners, at, d, w, add);
      },
      [=, &d, &neighbours](T* to, Index at, const PoolWindow& w) {
        max_cells_backward<T, 0>(dy, winners, at, lanes<T>, d, w,
                                 [=, &neighbours](Index offset, Vec<T> cell) {
                                   neighbours.store(to + offset, cell, add);
                                 });
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

// The same sums for neighbours.
template <class T>
LAMINA_INLINE Vec<T> average_neighbours(const T* x, const PoolDims& d, const PoolWindow& w,
                                        const Neighbours<T>& neighbours) {
  Vec<T> sum = {};
  for (Index r = 0; r < w.rows; ++r) {
    Vec<T> line = {};
    for (Index k = 0; k < w.cols; ++k)
      line = line + neighbours.load(x + (r * d.width + k) * d.channels);
    sum = sum + line;
  }
  return sum * broadcast(T(1) / T(w.cells()));
}

template <int Count>
struct SideBySide {
  static constexpr int count = Count;
};

template <class T>
void average_pool2d_forward(T* y, std::uint8_t* above, const T* x, PoolDims d) {
  const Index cols = out_width(d), height = out_height(d);
  const Neighbours<T> neighbours(d, above == nullptr);
  parallel_rows(d, 6, [=, &d, &neighbours](Index image, Index out_row) {
    T* to = y + (image * height + out_row) * cols * d.channels;
    Index windows;
    for (Index col = 0; col < cols; col += windows, to += windows * d.channels) {
      const PoolWindow w = pool_window(d, out_row, col);
      const Index first = ((image * d.height + w.row) * d.width + w.col) * d.channels;
      windows = neighbours.fit(d, cols, col) ? neighbours.windows() : 1;
      if (windows > 1) {
        store(to, average_neighbours(x + first, d, w, neighbours));
        continue;
      }
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
  const auto one = [=, &d](T* first, Index at, const PoolWindow& w) {
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
  };
  const Neighbours<T> neighbours(d, above == nullptr);
  scatter_windows(dx, d, neighbours, one,
                  [=, &d, &neighbours](T* to, Index at, const PoolWindow& w) {
                    const Vec<T> slope = load(dy + at) * broadcast(T(1) / T(w.cells()));
                    for (Index r = 0; r < w.rows; ++r)
                      for (Index k = w.cols - 1; k >= 0; --k)
                        neighbours.store(to + (r * d.width + k) * d.channels, slope, add);
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
