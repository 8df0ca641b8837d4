// Gradients of a convolution whose outputs were max pooled: only winners have a slope.
//
// With pools of 2 x 2, one output in four has a nonzero slope.  Instead of spreading the slopes and
// multiplying by the zeros between them, each winner's window is processed separately: the filter's
// gradient gets the window's cells times the slope, and the gradient of the cells gets the filter
// times the slope.  Vectors run over a row of the window, taps and channels together.
#pragma once

#include "conv_weights.h"

namespace lamina {
namespace LAMINA_ISA {

// The value that max_pool2d_forward stores if a maximum has no place.
constexpr int no_winner = 255;

// A convolution, the pooling after it, and the vectors in which a window is read.
template <class T>
struct WinnersProduct {
  WeightsProduct<T> conv;  // with whole images; dz is null
  PoolDims pool;
  const T* dy;
  const std::uint8_t* index;

  const ConvDims& d() const { return conv.d; }
  Index positions() const { return out_height(pool) * out_width(pool); }
  // Contiguous cells: a row of taps, or a single tap if taps are dilated.
  Index run() const { return d().channels * (d().dilation_w == 1 ? d().kernel_w : 1); }
  Index runs() const { return conv.taps() * d().channels / run(); }
  Index run_vectors() const { return (run() + lanes<T> - 1) / lanes<T>; }
  Index vectors() const { return runs() * run_vectors(); }
  Index padded() const { return vectors() * lanes<T>; }
  // The image with its border; the last vector of a window may extend beyond it.
  Index row() const { return field_width(conv) * d().channels; }
  Index field() const { return field_height(conv, conv.out_h) * row(); }
  Index field_room() const { return (field() + 2 * lanes<T> - 1) / lanes<T> * lanes<T>; }
  // Offsets of vectors and places, and one more, in whole cache lines.
  Index table_bytes() const {
    return (vectors() + 2 * cells() + 1 + 7) / 8 * 8 * Index(sizeof(Index));
  }
  Index cells() const { return pool.pool_h * pool.pool_w; }
};

// The offsets of the vectors of a window, and those of the places in a pooling window.
template <class T>
void fill_offsets(const WinnersProduct<T>& p, Index* vector, Index* place) {
  const ConvDims& d = p.d();
  const Index per_row = p.runs() / d.kernel_h;
  for (Index r = 0; r < p.runs(); ++r)
    for (Index v = 0; v < p.run_vectors(); ++v)
      *vector++ = r / per_row * d.dilation_h * p.row() + r % per_row * d.dilation_w * d.channels +
                  v * lanes<T>;
  for (Index i = 0; i < p.cells(); ++i)
    place[i] =
        i / p.pool.pool_w * d.stride_h * p.row() + i % p.pool.pool_w * d.stride_w * d.channels;
}
// The first cell of a pooling window; it may be before the start of the image.
template <class T>
Index position_offset(const WinnersProduct<T>& p, Index position) {
  const Index row = position / out_width(p.pool), col = position % out_width(p.pool);
  return (row * p.pool.stride_h - p.pool.pad_top) * p.d().stride_h * p.row() +
         (col * p.pool.stride_w - p.pool.pad_left) * p.d().stride_w * p.d().channels;
}

// y[0 .. n) = x or zeros
template <class T>
LAMINA_INLINE void copy_cells(T* to, const T* from, Index n) {
  for_vectors<T>(0, n, [=](Index k, Index count) {
    store_count<T>(to + k, load_count(from + k, count), count);
  });
}
template <class T>
LAMINA_INLINE void clear_cells(T* to, Index n) {
  for_vectors<T>(0, n, [=](Index k, Index count) { store_count<T>(to + k, Vec<T>{}, count); });
}

// The columns of the field that are in the image, as elements of a row.
template <class T>
Range field_columns(const WinnersProduct<T>& p) {
  const Index cols = field_width(p.conv), left = p.d().pad_left < cols ? p.d().pad_left : cols;
  const Index end = left + p.d().width < cols ? left + p.d().width : cols;
  return {left * p.d().channels, end * p.d().channels};
}
template <class T>
void fill_field(const WinnersProduct<T>& p, T* field, const T* image) {
  const Range cols = field_columns(p);
  const Index rows = field_height(p.conv, p.conv.out_h), x_row = p.d().width * p.d().channels;
  for (Index r = 0; r < rows; ++r, field += p.row()) {
    const Index row = r - p.d().pad_top;
    if (row < 0 || row >= p.d().height) {
      clear_cells(field, p.row());
      continue;
    }
    clear_cells(field, cols.begin);
    copy_cells(field + cols.begin, image + row * x_row, cols.size());
    clear_cells(field + cols.end, p.row() - cols.end);
  }
  clear_cells(field, p.field_room() - p.field());
}
template <class T>
void take_field(const WinnersProduct<T>& p, T* image, const T* field) {
  const Range cols = field_columns(p);
  const Index rows = field_height(p.conv, p.conv.out_h), x_row = p.d().width * p.d().channels;
  for (Index r = 0; r < p.d().height; ++r, image += x_row) {
    const Index row = r + p.d().pad_top, seen = row < rows ? cols.size() : 0;
    copy_cells(image, field + row * p.row() + cols.begin, seen);
    clear_cells(image + seen, x_row - seen);
  }
}

// --- the weights' gradient

// Winners at some positions: the starts of their windows, and their slopes; one row per position.
template <class T>
struct WinnerList {
  std::int32_t* at;
  T* slope;
  Index filters, count;
};

// Without branches on the values: a position without a winner has a slope of zero.
template <class T>
void list_winners(const WinnersProduct<T>& p, const WinnerList<T>& list, Index image, Index images,
                  Range filters, const Index* place) {
  using Bits = decltype(typename Of<T>::uvec{}[0] + 0);
  const Index positions = p.positions(), n = p.d().filters;
  std::int32_t added[256] = {};
  for (Index i = 0; i < p.cells(); ++i) added[i] = std::int32_t(place[i]);
  for (Index q = 0; q < images * positions; ++q) {
    const Index base = q / positions * p.field_room() + position_offset(p, q % positions);
    const Index from = (image * positions + q) * n;
    for (Index f = filters.begin; f < filters.end; ++f) {
      const int i = p.index[from + f];
      const std::int32_t won = i != no_winner;
      list.at[q * n + f] = won * (std::int32_t(base) + added[i]);
      Bits slope;
      __builtin_memcpy(&slope, p.dy + from + f, sizeof slope);
      slope &= -Bits(won);
      __builtin_memcpy(list.slope + q * n + f, &slope, sizeof slope);
    }
  }
}

// Offsets that the compiler must read where they are used: kept in registers, they would evict the
// sums (3.9 cycles per multiply-add of 16 lanes).
LAMINA_INLINE const Index* read_again(const Index* offsets) {
  __asm__("" : "+r"(offsets));
  return offsets;
}

// Some vectors of one filter's gradient over all of its winners.
template <class T, int Vectors>
__attribute__((noinline)) void winners_weights(T* dw, const T* field, const WinnerList<T>& list,
                                               const Index* vector) {
  Vec<T> acc[Vectors];
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) acc[v] = load(dw + v * lanes<T>);
  const std::int32_t* at = list.at;
  const T* slope = list.slope;
  const Index step = list.filters;
  for (Index q = list.count; q > 0; --q, at += step, slope += step) {
    const Vec<T> s = broadcast(*slope);
    const T* x = field + *at;
    const Index* offset = read_again(vector);
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) fma_into(acc[v], s, load(x + offset[v]));
  }
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) store(dw + v * lanes<T>, acc[v]);
}

// Calls use(integral constant) with the number of vectors to take from `rest`: at most 12, like a
// tile's rows.
template <int N>
struct Count {
  static constexpr int value = N;
};
template <class Use>
LAMINA_INLINE Index next_vectors(Index rest, Use&& use) {
  switch (gather_next(rest, gather_most_height)) {
    case 1:
      return use(Count<1>{}), 1;
    case 2:
      return use(Count<2>{}), 2;
    case 3:
      return use(Count<3>{}), 3;
    case 4:
      return use(Count<4>{}), 4;
    case 6:
      return use(Count<6>{}), 6;
    case 9:
      return use(Count<9>{}), 9;
    default:
      return use(Count<12>{}), 12;
  }
}

template <class T>
void winners_weights_unit(const WinnersProduct<T>& p, T* dw, const T* field, WinnerList<T> list,
                          Range filters, const Index* vector) {
  list.at += filters.begin;
  list.slope += filters.begin;
  const WinnerList<T> first = list;
  for (Index v = 0; v < p.vectors();) {
    Index used = 0;
    list = first;
    for (Index f = 0; f < filters.size(); ++f, ++list.at, ++list.slope)
      used = next_vectors(p.vectors() - v, [&](auto n) {
        winners_weights<T, decltype(n)::value>(dw + f * p.padded() + v * lanes<T>, field, list,
                                               vector + v);
      });
    v += used;
  }
}

// The rows of a window's cells in the order of dw and w: a row of filters for each.
template <class T>
void unpack_weights(const WinnersProduct<T>& p, T* to, const T* from, Range filters, bool add) {
  for (Index k = 0; k < p.runs() * p.run(); ++k) {
    const T* cell = from + k / p.run() * p.run_vectors() * lanes<T> + k % p.run();
    T* row = to + k * p.d().filters + filters.begin;
    for (Index f = 0; f < filters.size(); ++f)
      row[f] = add ? row[f] + cell[f * p.padded()] : cell[f * p.padded()];
  }
}
template <class T>
void pack_filters(const WinnersProduct<T>& p, T* to, const T* w) {
  for (Index f = 0; f < p.d().filters; ++f, to += p.padded()) {
    clear_cells(to, p.padded());
    for (Index k = 0; k < p.runs() * p.run(); ++k)
      to[k / p.run() * p.run_vectors() * lanes<T> + k % p.run()] = w[k * p.d().filters + f];
  }
}

// --- the input's gradient

// Some vectors of a window: the filters that won here, times their slopes.
template <class T, int Vectors>
__attribute__((noinline)) void winners_cells(T* cells, const T* w, Index w_step, const T* slope,
                                             const std::int32_t* filter, Index count,
                                             const Index* vector) {
  Vec<T> acc[Vectors];
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) acc[v] = Vec<T>{};
  for (Index i = 0; i < count; ++i) {
    const Vec<T> s = broadcast(slope[filter[i]]);
    const T* row = w + filter[i] * w_step;
    LAMINA_UNROLL
    for (int v = 0; v < Vectors; ++v) fma_into(acc[v], s, load(row + v * lanes<T>));
  }
  LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) store(cells + vector[v], load(cells + vector[v]) + acc[v]);
}

// Filters sorted by the winning place: those of place i are order[begin[i] .. begin[i + 1]).
inline void sort_winners(const std::uint8_t* index, Index filters, Index cells, Index* begin,
                         std::int32_t* order) {
  std::int32_t next[256] = {};
  for (Index f = 0; f < filters; ++f) ++next[index[f]];
  std::int32_t before = 0;
  for (Index i = 0; i <= cells; ++i) {
    const std::int32_t count = i < cells ? next[i] : 0;
    begin[i] = next[i] = before;
    before += count;
  }
  next[no_winner] = before;  // after them
  for (Index f = 0; f < filters; ++f) order[next[index[f]]++] = std::int32_t(f);
}

template <class T>
void winners_image(const WinnersProduct<T>& p, T* field, const T* w, Index image,
                   const Index* vector, const Index* place, Index* begin, std::int32_t* order) {
  clear_cells(field, p.field_room());
  const Index n = p.d().filters;
  for (Index q = 0; q < p.positions(); ++q) {
    const Index from = (image * p.positions() + q) * n;
    sort_winners(p.index + from, n, p.cells(), begin, order);
    T* base = field + position_offset(p, q);
    for (Index i = 0; i < p.cells(); ++i) {
      const Index count = begin[i + 1] - begin[i];
      if (count == 0) continue;
      for (Index v = 0; v < p.vectors();)
        v += next_vectors(p.vectors() - v, [&](auto vectors) {
          winners_cells<T, decltype(vectors)::value>(base + place[i], w + v * lanes<T>, p.padded(),
                                                     p.dy + from, order + begin[i], count,
                                                     vector + v);
        });
    }
  }
}

}  // namespace LAMINA_ISA
}  // namespace lamina
