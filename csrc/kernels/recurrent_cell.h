// Shared by the cells: the view of one step of a chunk, and laws of activations.
//
// A cell declares whether its step has two dependent products (`two_products`) and whether the
// state reaches the next step directly as well as through the product (`passes_state`).
#pragma once

#include "activations.h"
#include "recurrent_plan.h"

namespace lamina {
namespace LAMINA_ISA {

// One time step of a chunk's rows.  Arrays are rows x units, z rows x gates; forward writes h, c
// and replaces z by the values that backward needs; backward reads them, writes dz, and turns the
// gradients dh, dc of this step's states into those of the previous step's, without the parts that
// pass through a product.
// through a product.
template <class T>
struct Step {
  Index rows, units, gates;
  T* z;
  T *h, *c;
  const T *h_before, *c_before;
  T* source;  // this step's sources
  Index source_ld, h_at;
  // backward
  T *dz, *dh, *dc;
  T* product;                // gru_reset_before: the gradient of r h, then of h through the reset
  const std::uint8_t* mask;  // or null
  Index mask_ld;
  // The distance from this step's z, c and h to those needed soon, which cells prefetch; 0 if they
  // are not kept.
  Index to_next_z, to_next_c, to_next_h;

  bool live(Index row) const { return !mask || mask[row * mask_ld] != 0; }
};

// A cell as seen by the loops over steps.  They call it through pointers, so that there is one loop
// for all cells: separate ones took 0.15 MB more on each instruction set.
template <class T>
class AnyCell {
 public:
  const bool two_products, passes_state;

  template <class Own>
  explicit AnyCell(const Own& own)  // which must outlive this object
      : two_products(Own::two_products),
        passes_state(Own::passes_state),
        own_(&own),
        forward_([](const void* cell, const Step<T>& s) { of<Own>(cell).forward(s); }),
        backward_([](const void* cell, const Step<T>& s) { of<Own>(cell).backward(s); }) {
    if constexpr (Own::two_products) {
      reset_ = [](const void* cell, const Step<T>& s) { of<Own>(cell).reset(s); };
      remember_ = [](const void* cell, const Step<T>& s) { of<Own>(cell).remember(s); };
      reset_backward_ = [](const void* cell, const Step<T>& s) { of<Own>(cell).reset_backward(s); };
    }
  }

  void forward(const Step<T>& s) const { forward_(own_, s); }
  void backward(const Step<T>& s) const { backward_(own_, s); }
  // For cells with two products.
  void reset(const Step<T>& s) const { reset_(own_, s); }
  void remember(const Step<T>& s) const { remember_(own_, s); }
  void reset_backward(const Step<T>& s) const { reset_backward_(own_, s); }

 private:
  using Part = void (*)(const void* cell, const Step<T>& s);
  template <class Own>
  static const Own& of(const void* cell) {
    return *static_cast<const Own*>(cell);
  }

  const void* own_;
  Part forward_, backward_, reset_ = nullptr, remember_ = nullptr, reset_backward_ = nullptr;
};

// Prefetches the data that a step writes or reads into the L2 cache, from which a whole sequence
// evicts them.  64 rows, 200 steps of 32, LSTM(64) on a Zen 4: forward 8.5 to 8.0 ms, backward 12.6
// to 11.6; with the same lines prefetched between the tiles of the product instead, 8.1 and 12.1.
// All of these functions are inline, because GCC 12 drops calls of a function that only prefetches.
template <int Gates, class T>
LAMINA_INLINE void fetch_next(const Step<T>& s, Index row, Index unit) {
  const T* const z = s.z + row * s.gates + unit + s.to_next_z;
  LAMINA_UNROLL
  for (int gate = 0; gate < Gates; ++gate) second_cache_prefetch(z + gate * s.units);
  second_cache_prefetch(s.h + row * s.units + unit + s.to_next_h);
}
// Rows at a distance of `ld`, which is too far for the hardware to predict.
template <class T>
LAMINA_INLINE void fetch_rows(const T* data, Index ld, Index rows, Index cols) {
  for (Index r = 0; r < rows; ++r)
    for (Index j = 0; j < cols; j += 64 / Index(sizeof(T)))
      second_cache_prefetch(data + r * ld + j);
}

// A law known at compile time whose derivative is a function of the output.
template <class L>
struct FixedLaw : L {
  template <class V>
  LAMINA_INLINE V output(V saved) const {
    return saved;
  }
  template <class V>
  LAMINA_INLINE V keep(V, V y) const {
    return y;
  }
};

// Any law, chosen for each vector: slower, but small.
template <class V>
__attribute__((noinline)) V any_forward(V x, ActivationSpec spec) {
  V y{};
  with_law<V>(spec, [&](auto law) { y = law.forward(x); });
  return y;
}
template <class V>
__attribute__((noinline)) V any_backward(V dy, V saved, ActivationSpec spec) {
  V dx{};
  with_law<V>(spec, [&](auto law) { dx = law.backward(dy, saved); });
  return dx;
}
template <class V>
struct AnyLaw {
  ActivationSpec spec;
  LAMINA_INLINE V forward(V x) const { return any_forward(x, spec); }
  LAMINA_INLINE V backward(V dy, V saved) const { return any_backward(dy, saved, spec); }
  // The output, from the kept value: the output itself, or the input if the derivative needs that.
  LAMINA_INLINE V output(V saved) const {
    return derivative_from_output(spec.kind) ? saved : any_forward(saved, spec);
  }
  LAMINA_INLINE V keep(V x, V y) const { return derivative_from_output(spec.kind) ? y : x; }
};

template <class T>
LAMINA_INLINE void zero_values(T* p, Index size) {
  for_vectors<T>(0, size, [=](Index i, Index count) { store_count<T>(p + i, Vec<T>{}, count); });
}
template <class T>
LAMINA_INLINE void copy_values(T* to, const T* from, Index size) {
  for_vectors<T>(0, size, [=](Index i, Index count) {
    store_count<T>(to + i, load_count<T>(from + i, count), count);
  });
}
template <class T>
LAMINA_INLINE void add_values(T* to, const T* from, Index size) {
  for_vectors<T>(0, size, [=](Index i, Index count) {
    store_count<T>(to + i, load_count<T>(to + i, count) + load_count<T>(from + i, count), count);
  });
}

// Rows at a distance of `ld`.
template <class T>
struct RowsAt {
  T* data;
  Index ld;
};

// Calls body(row, column, count) over rows of vectors.  Narrow rows have a separate loop, in which
// the mask of the partial vector is computed once.
template <class T, class Body>
LAMINA_INLINE void for_rows(Index rows, Index cols, Body&& body) {
  if (cols < lanes<T>) {
    for (Index r = 0; r < rows; ++r) body(r, Index(0), cols);
    return;
  }
  for (Index r = 0; r < rows; ++r)
    for_vectors<T>(0, cols, [&](Index i, Index count) { body(r, i, count); });
}

// to = from * factor; factor.data may be null (1).
template <class T>
void scale_rows(RowsAt<T> to, RowsAt<const T> from, RowsAt<const T> factor, Index rows,
                Index cols) {
  if (!factor.data) {
    for_rows<T>(rows, cols, [=](Index r, Index i, Index count) {
      store_count<T>(to.data + r * to.ld + i, load_count<T>(from.data + r * from.ld + i, count),
                     count);
    });
    return;
  }
  for_rows<T>(rows, cols, [=](Index r, Index i, Index count) {
    const Vec<T> x = load_count<T>(from.data + r * from.ld + i, count);
    const Vec<T> f = load_count<T>(factor.data + r * factor.ld + i, count);
    store_count<T>(to.data + r * to.ld + i, x * f, count);
  });
}
// to += from * factor; factor.data may be null (1).
template <class T>
void add_rows(RowsAt<T> to, RowsAt<const T> from, RowsAt<const T> factor, Index rows, Index cols) {
  for_rows<T>(rows, cols, [=](Index r, Index i, Index count) {
    T* sum = to.data + r * to.ld + i;
    Vec<T> x = load_count<T>(from.data + r * from.ld + i, count);
    if (factor.data) x = x * load_count<T>(factor.data + r * factor.ld + i, count);
    store_count<T>(sum, load_count<T>(sum, count) + x, count);
  });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
