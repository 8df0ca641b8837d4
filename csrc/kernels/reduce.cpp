// Reductions along one run of axes: x is outer x size x inner, y outer x inner.
//
// The chain of a result runs over at most a chunk of elements; the chunks' results are joined in
// order, so that the bits depend on the shapes alone.  Extremes propagate NaN, as in NumPy.
#include "row_chunks.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

constexpr Index chain = 512;  // positions per chain if columns are reduced

// For vectors, and for numbers.
template <Reduction kind, class V>
LAMINA_INLINE V join(V a, V b) {
  if constexpr (kind == Reduction::product) return a * b;
  if constexpr (kind == Reduction::maximum) return (b > a) | (b != b) ? b : a;
  if constexpr (kind == Reduction::minimum) return (b < a) | (b != b) ? b : a;
  return a + b;
}
template <class T, Reduction kind>
constexpr T neutral() {
  return kind == Reduction::product   ? T(1)
         : kind == Reduction::maximum ? T(-__builtin_inf())
         : kind == Reduction::minimum ? T(__builtin_inf())
                                      : T(0);
}

// Lanes beyond `count` read as the neutral element.
template <class T, Reduction kind>
LAMINA_INLINE Vec<T> load_neutral(const T* p, Index count) {
  if (count == lanes<T>) return load(p);
  typename Of<T>::ivec lane = {};
  LAMINA_UNROLL
  for (Index i = 0; i < lanes<T>; ++i) lane[i] = int(i);
  return lane < int(count) ? load_partial(p, count) : broadcast(neutral<T, kind>());
}

// --- along the last axis: rows of `size` elements

template <class T, Reduction kind>
LAMINA_INLINE T reduce_range(const T* x, Index size) {
  constexpr int wide = 4;
  Vec<T> part[wide];
  LAMINA_UNROLL
  for (int v = 0; v < wide; ++v) part[v] = broadcast(neutral<T, kind>());
  Index i = 0;
  for (; i + wide * lanes<T> <= size; i += wide * lanes<T>) {
    LAMINA_UNROLL
    for (int v = 0; v < wide; ++v) part[v] = join<kind>(part[v], load(x + i + v * lanes<T>));
  }
  for_vectors<T>(i, size, [&](Index at, Index count) __attribute__((always_inline)) {
    part[0] = join<kind>(part[0], load_neutral<T, kind>(x + at, count));
  });
  const Vec<T> all = join<kind>(join<kind>(part[0], part[1]), join<kind>(part[2], part[3]));
  T lane[lanes<T>];
  store(lane, all);
  for (Index half = lanes<T> / 2; half > 0; half /= 2)
    for (Index k = 0; k < half; ++k) lane[k] = join<kind>(lane[k], lane[k + half]);
  return lane[0];
}

template <class T, Reduction kind>
T reduce_long(const T* x, Index size) {
  const Index chunks = (size + element_chunk - 1) / element_chunk;
  const auto part = [=](Index chunk) {
    const Index begin = chunk * element_chunk, left = size - begin;
    return reduce_range<T, kind>(x + begin, left < element_chunk ? left : element_chunk);
  };
  const int threads = threads_for(15 * double(size), chunks);
  auto* parts = threads == 1 ? nullptr : static_cast<T*>(scratch(3, sizeof(T) * chunks));
  if (parts != nullptr)
    parallel_chunks(threads, chunks, [=](Index chunk) { parts[chunk] = part(chunk); });
  double all = neutral<double, kind>();  // with many parts, their sum is rounded once
  for (Index chunk = 0; chunk < chunks; ++chunk)
    all = join<kind>(all, double(parts != nullptr ? parts[chunk] : part(chunk)));
  return T(all);
}

template <class T, Reduction kind>
void reduce_rows(T* y, const T* x, Index rows, Index size, T factor) {
  if (size > element_chunk) {
    for (Index row = 0; row < rows; ++row)
      y[row] = reduce_long<T, kind>(x + row * size, size) * factor;
    return;
  }
  for_each_row({rows, size > 0 ? size : 1}, 15,
               [=](Index row) { y[row] = reduce_range<T, kind>(x + row * size, size) * factor; });
}

// --- along a middle axis: columns

// The columns [begin, begin + count) of `size` positions, `inner` apart.
template <class T, Reduction kind>
LAMINA_INLINE void reduce_columns(T* y, const T* x, Index size, Index inner, Index begin,
                                  Index end) {
  for_vectors<T>(begin, end, [&](Index i, Index count) __attribute__((always_inline)) {
    Vec<T> part = broadcast(neutral<T, kind>());
    for (Index n = 0; n < size; ++n) part = join<kind>(part, load_count(x + n * inner + i, count));
    store_count(y + i, part, count);
  });
}

template <class T, Reduction kind>
void reduce_chains(T* y, const T* x, Index size, Index inner) {
  const Index chains = (size + chain - 1) / chain;
  const auto of_chain = [=](T* to, Index c) {
    const Index begin = c * chain, left = size - begin;
    reduce_columns<T, kind>(to, x + begin * inner, left < chain ? left : chain, inner, 0, inner);
  };
  const int threads = threads_for(15 * double(size) * double(inner), chains);
  T* parts = static_cast<T*>(scratch(3, sizeof(T) * (threads == 1 ? 1 : chains) * inner));
  if (parts == nullptr) {  // memory is short: column by column, with the same result
    for (Index i = 0; i < inner; ++i) {
      T all = neutral<T, kind>();
      for (Index c = 0; c < chains; ++c) {
        T part = neutral<T, kind>();
        const Index end = (c + 1) * chain < size ? (c + 1) * chain : size;
        for (Index n = c * chain; n < end; ++n) part = join<kind>(part, x[n * inner + i]);
        all = c == 0 ? part : join<kind>(all, part);
      }
      y[i] = all;
    }
    return;
  }
  if (threads > 1)
    parallel_chunks(threads, chains, [=](Index c) { of_chain(parts + c * inner, c); });
  for (Index c = 0; c < chains; ++c) {
    if (threads == 1) of_chain(parts, c);
    const T* part = threads == 1 ? parts : parts + c * inner;
    for_vectors<T>(0, inner, [&](Index i, Index count) {
      const Vec<T> more = load_count(part + i, count);
      store_count(y + i, c == 0 ? more : join<kind>(load_count(y + i, count), more), count);
    });
  }
}

template <class T, Reduction kind>
void reduce_middle(T* y, const T* x, ReduceDims d, T factor) {
  if (d.size > chain) {
    for (Index o = 0; o < d.outer; ++o)
      reduce_chains<T, kind>(y + o * d.inner, x + o * d.size * d.inner, d.size, d.inner);
  } else {
    // Strips of columns: each column is a separate chain, regardless of the division.
    const Index wanted = element_chunk / (d.size > 0 ? d.size : 1);
    const Index strip = wanted > 8 * lanes<T> ? wanted : 8 * lanes<T>;
    const Index strips = (d.inner + strip - 1) / strip;
    const Index together = rows_per_chunk(d.size * (d.inner < strip ? d.inner : strip));
    parallel_rows({d.outer * strips, d.size * (d.inner < strip ? d.inner : strip)}, together, 15,
                  [=](Index begin, Index end) {
                    for (Index k = begin; k < end; ++k) {
                      const Index o = k / strips, i = k % strips * strip;
                      reduce_columns<T, kind>(y + o * d.inner, x + o * d.size * d.inner, d.size,
                                              d.inner, i,
                                              i + strip < d.inner ? i + strip : d.inner);
                    }
                  });
  }
  if (factor != T(1))
    parallel_elements(d.outer * d.inner, 8, [=](Index begin, Index end) {
      for_vectors<T>(begin, end, [&](Index i, Index count) {
        store_count(y + i, load_count(y + i, count) * factor, count);
      });
    });
}

template <class T, Reduction kind>
void reduce_as(T* y, const T* x, ReduceDims d, T factor = T(1)) {
  if (d.inner == 1)
    reduce_rows<T, kind>(y, x, d.outer, d.size, factor);
  else
    reduce_middle<T, kind>(y, x, d, factor);
}

template <class T>
void reduce_forward(T* y, const T* x, ReduceDims d, Reduction kind) {
  switch (kind) {
    case Reduction::sum:
      return reduce_as<T, Reduction::sum>(y, x, d);
    case Reduction::mean:
      return reduce_as<T, Reduction::sum>(y, x, d, T(1) / T(d.size));  // 0 / 0 without elements
    case Reduction::product:
      return reduce_as<T, Reduction::product>(y, x, d);
    case Reduction::maximum:
      return reduce_as<T, Reduction::maximum>(y, x, d);
    case Reduction::minimum:
      return reduce_as<T, Reduction::minimum>(y, x, d);
  }
}

// --- backward

// Calls body(o, begin, end) for runs of columns of each block of outer.
template <class T, class Body>
LAMINA_INLINE void for_columns(ReduceDims d, double work, const Body& body) {
  const Index strip = 64 * lanes<T> < d.inner ? 64 * lanes<T> : d.inner;
  const Index strips = strip > 0 ? (d.inner + strip - 1) / strip : 0;
  parallel_rows({d.outer * strips, d.size * strip}, work, [&](Index first, Index last) {
    for (Index k = first; k < last; ++k) {
      const Index i = k % strips * strip;
      body(k / strips, i, i + strip < d.inner ? i + strip : d.inner);
    }
  });
}

template <class T>
void spread(T* dx, const T* dy, ReduceDims d, T factor) {
  if (d.inner == 1)
    return for_each_row({d.outer, d.size}, 8, [=](Index o) {
      const Vec<T> value = broadcast(dy[o] * factor);
      for_vectors<T>(0, d.size,
                     [&](Index n, Index count) { store_count(dx + o * d.size + n, value, count); });
    });
  for_columns<T>(d, 8, [=](Index o, Index begin, Index end) {
    for (Index n = 0; n < d.size; ++n)
      for_vectors<T>(begin, end, [&](Index i, Index count) {
        store_count(dx + (o * d.size + n) * d.inner + i,
                    load_count(dy + o * d.inner + i, count) * factor, count);
      });
  });
}

// Equal extremes share the gradient.
template <class T>
void to_extremes(T* dx, const T* dy, const T* x, const T* y, ReduceDims d) {
  if (d.inner == 1)
    return for_each_row({d.outer, d.size}, 16, [=](Index o) {
      const T* row = x + o * d.size;
      Index ties = 0;
      for (Index n = 0; n < d.size; ++n) ties += row[n] == y[o];
      const Vec<T> most = broadcast(y[o]), share = broadcast(dy[o] / T(ties));
      for_vectors<T>(0, d.size, [&](Index n, Index count) {
        const Vec<T> here = load_count(row + n, count) == most ? share : Vec<T>{};
        store_count(dx + o * d.size + n, here, count);
      });
    });
  for_columns<T>(d, 16, [=](Index o, Index begin, Index end) {
    for_vectors<T>(begin, end, [&](Index i, Index count) {
      const Vec<T> most = load_count(y + o * d.inner + i, count);
      Vec<T> ties = {};
      for (Index n = 0; n < d.size; ++n)
        ties += load_count(x + (o * d.size + n) * d.inner + i, count) == most ? broadcast(T(1))
                                                                              : Vec<T>{};
      const Vec<T> share = load_count(dy + o * d.inner + i, count) / ties;
      for (Index n = 0; n < d.size; ++n) {
        const Index at = (o * d.size + n) * d.inner + i;
        store_count(dx + at, load_count(x + at, count) == most ? share : Vec<T>{}, count);
      }
    });
  });
}

// The product of the other elements: of those before, then of those after.
template <class T>
void to_factors(T* dx, const T* dy, const T* x, ReduceDims d) {
  for_columns<T>(d, 16, [=](Index o, Index begin, Index end) {
    for_vectors<T>(begin, end, [&](Index i, Index count) {
      const Index first = o * d.size * d.inner + i;
      Vec<T> others = load_count(dy + o * d.inner + i, count);
      for (Index n = 0; n < d.size; ++n) {
        store_count(dx + first + n * d.inner, others, count);
        others *= load_count(x + first + n * d.inner, count);
      }
      others = broadcast(T(1));
      for (Index n = d.size; n-- > 0;) {
        const Index at = first + n * d.inner;
        store_count(dx + at, load_count(dx + at, count) * others, count);
        others *= load_count(x + at, count);
      }
    });
  });
}

template <class T>
void reduce_backward(T* dx, const T* dy, const T* x, const T* y, ReduceDims d, Reduction kind) {
  if (d.outer * d.size * d.inner == 0) return;
  switch (kind) {
    case Reduction::sum:
      return spread(dx, dy, d, T(1));
    case Reduction::mean:
      return spread(dx, dy, d, T(1) / T(d.size));
    case Reduction::product:
      return to_factors(dx, dy, x, d);
    case Reduction::maximum:
    case Reduction::minimum:
      return to_extremes(dx, dy, x, y, d);
  }
}

// --- positions

// The first extreme, or the first NaN if there is one.
template <class T>
void reduce_place(std::int32_t* place, const T* x, ReduceDims d, bool largest) {
  if (d.size == 0) {  // an empty batch
    for (Index k = 0; k < d.outer * d.inner; ++k) place[k] = 0;
    return;
  }
  parallel_rows({d.outer, d.size * d.inner}, 15, [=](Index first, Index last) {
    for (Index k = first * d.inner; k < last * d.inner; ++k) {
      const T* column = x + k / d.inner * d.size * d.inner + k % d.inner;
      T best = column[0];
      Index at = 0;
      for (Index n = 1; n < d.size && best == best; ++n) {
        const T value = column[n * d.inner];
        if ((largest ? value > best : value < best) || value != value) best = value, at = n;
      }
      place[k] = std::int32_t(at);
    }
  });
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_reduce(Kernels<T>& k) {
  k.reduce_forward = reduce_forward<T>;
  k.reduce_backward = reduce_backward<T>;
  k.reduce_place = reduce_place<T>;
}
template void fill_reduce(Kernels<float>&);
template void fill_reduce(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
