// A dense layer with a single unit, whose outputs are one column.
//
// A matrix product would use one lane of each vector.  Instead, a row is summed in `unit_chains`
// chains, as many as 64 bytes hold numbers, for every instruction set: chain c takes the inputs c,
// c + unit_chains, ... from zero by fma, then halves of the chains are folded onto each other.
// 200x16 in float64 with AVX-512: 0.40 us, against 0.95 with a transpose and a product.  Rows of 4
// or 8 inputs are shorter than a vector, so one vector takes several rows: 16 rows of 4 in float32
// with AVX-512 are 4 loads instead of 16.
#pragma once

#include "activations.h"
#include "column_sums.h"
#include "lane_picks.h"
#include "row_chunks.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T>
constexpr Index unit_chains = 64 / sizeof(T);
constexpr int unit_parts = 64 / LAMINA_VECTOR_BYTES;  // vectors of a row's chains
constexpr int unit_rows = LAMINA_VECTOR_BYTES / 8;    // processed together: half of the registers

// sum[r] = the chains of row r of `height` rows, folded to one vector.
template <class T, int height>
LAMINA_INLINE void unit_row_chains(Vec<T>* sum, const T* x_ri, const T* w_i, Index inputs) {
  constexpr int groups = (height + 2) / 3;
  Vec<T> acc[height][unit_parts] = {};
  const T* x[groups];
  LAMINA_UNROLL
  for (int g = 0; g < groups; ++g) x[g] = x_ri + 3 * g * inputs;
  Index left = inputs;
  for (; left >= unit_chains<T>; left -= unit_chains<T>, w_i += unit_chains<T>) {
    LAMINA_UNROLL
    for (int v = 0; v < unit_parts; ++v) {
      const Vec<T> w = load(w_i + v * lanes<T>);
      LAMINA_UNROLL
      for (int r = 0; r < height; ++r)
        acc[r][v] = fma(load(x[r / 3] + r % 3 * inputs + v * lanes<T>), w, acc[r][v]);
    }
    LAMINA_UNROLL
    for (int g = 0; g < groups; ++g) x[g] += unit_chains<T>;
  }
  LAMINA_UNROLL
  for (int v = 0; v < unit_parts; ++v) {
    if (left <= v * lanes<T>) break;
    const Index rest = left - v * lanes<T>, count = rest < lanes<T> ? rest : lanes<T>;
    const Vec<T> w = load_tail(w_i + v * lanes<T>, count);
    LAMINA_UNROLL
    for (int r = 0; r < height; ++r)
      acc[r][v] = fma(load_tail(x[r / 3] + r % 3 * inputs + v * lanes<T>, count), w, acc[r][v]);
  }
  LAMINA_UNROLL
  for (int r = 0; r < height; ++r) {
    LAMINA_UNROLL
    for (int half = unit_parts / 2; half > 0; half /= 2) {
      LAMINA_UNROLL
      for (int v = 0; v < half; ++v) acc[r][v] = acc[r][v] + acc[r][v + half];
    }
    sum[r] = acc[r][0];
  }
}

// The sums of lanes<T> rows, or of fewer.
template <class T>
struct UnitRows {
  const T* w_i;
  Index inputs;

  LAMINA_INLINE Vec<T> all(const T* x_ni) const {
    Vec<T> sums[lanes<T>];
    LAMINA_UNROLL
    for (int first = 0; first < int(lanes<T>); first += unit_rows)
      unit_row_chains<T, unit_rows>(sums + first, x_ni + first * inputs, w_i, inputs);
    return sums_of_lanes<T>(sums);
  }
  LAMINA_INLINE Vec<T> some(const T* x_ni, Index count) const {
    Vec<T> sums[lanes<T>] = {};
    for (Index r = 0; r < count; ++r)
      unit_row_chains<T, 1>(sums + r, x_ni + r * inputs, w_i, inputs);
    return sums_of_lanes<T>(sums);
  }
};

// --- rows shorter than a vector: the same chains, most of which are empty

// A vector with one copy of w for each row that it holds.
template <class T, int width, int... p>
LAMINA_INLINE Vec<T> repeated(const T* w_i, std::integer_sequence<int, p...>) {
  const Vec<T> w = load_partial(w_i, width);
  return pick<(p % width)...>(w, w);
}
template <class T, int width>
LAMINA_INLINE Vec<T> repeated(const T* w_i) {
  return repeated<T, width>(w_i, std::make_integer_sequence<int, int(lanes<T>)>());
}

template <class T, int width>
struct UnitShortRows {
  static constexpr int in_vector = int(lanes<T>) / width;  // rows
  Vec<T> w;

  LAMINA_INLINE Vec<T> all(const T* x_ni) const {
    Vec<T> products[width];
    LAMINA_UNROLL
    for (int v = 0; v < width; ++v) products[v] = fma(load(x_ni + v * lanes<T>), w, Vec<T>{});
    return sums(products, std::make_integer_sequence<int, int(lanes<T>)>());
  }
  LAMINA_INLINE Vec<T> some(const T* x_ni, Index count) const {
    Vec<T> products[width] = {};
    for (Index v = 0, left = count * width; left > 0; ++v, left -= lanes<T>)
      products[v] =
          fma(load_count(x_ni + v * lanes<T>, left < lanes<T> ? left : lanes<T>), w, Vec<T>{});
    return sums(products, std::make_integer_sequence<int, int(lanes<T>)>());
  }

 private:
  // The sum of row r is in lane r % in_vector * width + r / in_vector.
  template <int... p>
  LAMINA_INLINE Vec<T> sums(Vec<T>* products, std::integer_sequence<int, p...>) const {
    const Vec<T> sum = sums_of_lanes<T, width>(products);
    return pick<(p % in_vector * width + p / in_vector)...>(sum, sum);
  }
};

// use(rows) with the struct for this number of inputs.
template <class T, class Use>
LAMINA_INLINE void with_unit_rows(const T* w_i, Index inputs, const Use& use) {
  if constexpr (lanes<T> > 4)
    if (inputs == 4) return use(UnitShortRows<T, 4>{repeated<T, 4>(w_i)});
  if constexpr (lanes<T> > 8)
    if (inputs == 8) return use(UnitShortRows<T, 8>{repeated<T, 8>(w_i)});
  use(UnitRows<T>{w_i, inputs});
}

// y = activation(x w + b); b may be null.
template <class T>
void dense_unit_forward(T* y_n, const T* x_ni, const T* w_i, const T* b, DenseDims dims,
                        ActivationSpec activation) {
  const Index inputs = dims.inputs;
  const auto some_rows = [=](Index begin, Index end) {
    const auto put = [=](Index row, Vec<T> y, Index count) __attribute__((always_inline)) {
      store_count(y_n + row, b == nullptr ? y : y + broadcast(*b), count);
    };
    with_unit_rows(w_i, inputs, [=](const auto& rows) __attribute__((always_inline)) {
      const Index last = end - lanes<T>;  // the last block overlaps the one before
      if (last < begin)
        return put(begin, rows.some(x_ni + begin * inputs, end - begin), end - begin);
      for (Index row = begin; row < end; row += lanes<T>) {
        const Index first = row < last ? row : last;
        put(first, rows.all(x_ni + first * inputs), lanes<T>);
      }
    });
    if (activation.kind != Activation::linear) activate(y_n + begin, end - begin, activation);
  };
  parallel_rows({dims.rows, inputs}, rows_per_chunk(inputs, 64, 64), 8, some_rows);
}

// --- backward: dx = dz w^T, times the derivative of a ReLU if its outputs are given

// d where y > 0, else 0.
template <class T>
LAMINA_INLINE Vec<T> where_positive(Vec<T> d, const T* y, Index count) {
  return load_count(y, count) > Vec<T>{} ? d : Vec<T>{};
}

template <class T, bool rectified>
void unit_rows_to_input(T* dx_ni, const T* dz_n, const T* y_ni, const T* w_i, Index rows,
                        Index inputs) {
  for (Index r = 0; r < rows; ++r, dx_ni += inputs, y_ni += rectified ? inputs : 0) {
    const Vec<T> dz = broadcast(dz_n[r]);
    for_vectors<T>(0, inputs, [=](Index i, Index count) __attribute__((always_inline)) {
      const Vec<T> d = dz * load_count(w_i + i, count);
      store_count<T>(dx_ni + i, rectified ? where_positive(d, y_ni + i, count) : d, count);
    });
  }
}

template <class T, bool rectified, int width>
struct UnitShortRowsBack {
  T* dx_ni;
  const T *dz_n, *y_ni;
  Vec<T> w;

  // dx of the rows in vector v of the `width` vectors that belong to one vector of dz.
  template <int v, int... p>
  LAMINA_INLINE void put(Index row, Vec<T> dz, Index rows, std::integer_sequence<int, p...>) const {
    constexpr int in_vector = int(lanes<T>) / width;
    const Index at = row * width + v * lanes<T>, left = rows * width - v * lanes<T>;
    if (left <= 0) return;
    const Index count = left < lanes<T> ? left : lanes<T>;
    const Vec<T> d = pick<(v * in_vector + p / width)...>(dz, dz) * w;
    store_count<T>(dx_ni + at, rectified ? where_positive(d, y_ni + at, count) : d, count);
  }
  template <int... v>
  LAMINA_INLINE void rows(Index row, Index count, std::integer_sequence<int, v...>) const {
    const Vec<T> dz = load_count(dz_n + row, count);
    (put<v>(row, dz, count, std::make_integer_sequence<int, int(lanes<T>)>()), ...);
  }
  void run(Index begin, Index end) const {
    for_vectors<T>(begin, end, [this](Index row, Index count) __attribute__((always_inline)) {
      rows(row, count, std::make_integer_sequence<int, width>());
    });
  }
};

template <class T, bool rectified>
void unit_to_input(T* dx_ni, const T* dz_n, const T* y_ni, const T* w_i, Index begin, Index end,
                   Index inputs) {
  if constexpr (lanes<T> > 4)
    if (inputs == 4)
      return UnitShortRowsBack<T, rectified, 4>{dx_ni, dz_n, y_ni, repeated<T, 4>(w_i)}.run(begin,
                                                                                            end);
  if constexpr (lanes<T> > 8)
    if (inputs == 8)
      return UnitShortRowsBack<T, rectified, 8>{dx_ni, dz_n, y_ni, repeated<T, 8>(w_i)}.run(begin,
                                                                                            end);
  unit_rows_to_input<T, rectified>(dx_ni + begin * inputs, dz_n + begin,
                                   rectified ? y_ni + begin * inputs : nullptr, w_i, end - begin,
                                   inputs);
}

// y_ni: the inputs if they are the outputs of a ReLU, else null.
template <class T>
void dense_unit_to_input(T* dx_ni, const T* dz_n, const T* y_ni, const T* w_i, Index rows,
                         Index inputs) {
  parallel_rows({rows, inputs}, rows_per_chunk(inputs, 64, 64), 8, [=](Index begin, Index end) {
    if (y_ni != nullptr)
      unit_to_input<T, true>(dx_ni, dz_n, y_ni, w_i, begin, end, inputs);
    else
      unit_to_input<T, false>(dx_ni, dz_n, y_ni, w_i, begin, end, inputs);
  });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
