// Products of a step with weights packed once per call.
#pragma once

#include "gemm.h"
#include "recurrent_cell.h"

namespace lamina {
namespace LAMINA_ISA {

// A right operand (depth x cols) in panels as wide as the tiles for `rows` rows.
template <class T>
struct PackedWeights {
  T* data = nullptr;
  Index depth = 0, cols = 0;
  int widest = 1;  // column vectors per panel

  // `source` reads element (column, k); returns the end of the memory used.
  T* pack(T* memory, Strided<T> source, Index k, Index n, Index rows, Index size,
          int most = most_vectors) {
    data = memory;
    depth = k;
    cols = n;
    const Index vectors = (n + lanes<T> - 1) / lanes<T>;
    widest = tile_vectors(rows, vectors);
    if (widest > most) widest = most;
    const Parts panels(vectors, parts_of(vectors, widest));
    for (Index i = 0; i < panels.count; ++i) {
      const Index first = panels.begin(i) * lanes<T>;
      const Index width = panels.begin(i + 1) * lanes<T> - first;
      source.pack(data + first * depth, width, first, width < n - first ? width : n - first, 0,
                  depth);
    }
    return memory + size;
  }
};

// c (+)= a w + bias; the rows of a are lda apart.  The chain of an element depends on the depth
// alone.  Alternating calls with and without `from_last` find in cache the panels that the previous
// call read last.
template <class T>
void multiply_packed(T* c, Index ldc, const T* a, Index lda, Index rows, const PackedWeights<T>& w,
                     const T* bias, bool add, bool from_last = false) {
  const Index vectors = (w.cols + lanes<T> - 1) / lanes<T>;
  const Parts panels(vectors, parts_of(vectors, w.widest));
  const Parts terms(w.depth, parts_of(w.depth, longest_chunk));
  const Parts strips(rows, parts_of(rows, tallest[w.widest - 1]));
  Tile<T> t;
  t.a_step = lda;
  t.ldc = ldc;
  t.relu = false;
  for (Index i = 0; i < panels.count; ++i) {
    const Index p = from_last ? panels.count - 1 - i : i, col = panels.begin(p) * lanes<T>;
    const Index width = panels.begin(p + 1) - panels.begin(p);
    const Index left = w.cols - col - (width - 1) * lanes<T>;
    t.tail = left < lanes<T> ? left : lanes<T>;
    t.b_step = width * lanes<T>;
    const auto& of_height = TileKernels<T, true, masks_are_free>::of_vectors[width - 1].of_height;
    for (Index k = 0; k < terms.count; ++k) {
      t.b = w.data + col * w.depth + terms.begin(k) * t.b_step;
      t.depth = terms.begin(k + 1) - terms.begin(k);
      t.bias = bias && k == terms.count - 1 ? bias + col : nullptr;
      t.add = add || k > 0;
      for (Index s = 0; s < strips.count; ++s) {
        const Index row = strips.begin(s);
        t.a = a + row * lda + terms.begin(k);
        t.c = c + row * ldc + col;
        of_height[strips.begin(s + 1) - row - 1](t);
      }
    }
  }
}

// c = a w + bias if the chains of c have begun, for one chunk of terms and a few rows.  Every other
// call processes the panels from the last to the first: those that the previous call read last are
// still in the L1 cache.
template <class T>
void continue_packed(T* c, Index ldc, const T* a, Index lda, Index rows, const PackedWeights<T>& w,
                     const T* bias, bool from_last) {
  const Index vectors = (w.cols + lanes<T> - 1) / lanes<T>;
  const Parts panels(vectors, parts_of(vectors, w.widest));
  Tile<T> t;
  t.a = a;
  t.a_step = lda;
  t.depth = w.depth;
  t.ldc = ldc;
  t.add = t.relu = false;
  for (Index i = 0; i < panels.count; ++i) {
    const Index p = from_last ? panels.count - 1 - i : i, col = panels.begin(p) * lanes<T>;
    const Index width = panels.begin(p + 1) - panels.begin(p);
    const Index left = w.cols - col - (width - 1) * lanes<T>;
    t.tail = left < lanes<T> ? left : lanes<T>;
    t.b = w.data + col * w.depth;
    t.b_step = width * lanes<T>;
    t.c = c + col;
    t.bias = bias ? bias + col : nullptr;
    ContinuingTileKernels<T>::of_vectors[width - 1].of_height[rows - 1](t);
  }
}

// Its panels: with 64 units the panel read last is still completely in cache.  200 steps on a Zen
// 4: 171 us, 178 with panels of eight vectors, which fill the L1 cache.
constexpr int continued_vectors = LAMINA_VECTOR_BYTES == 64 ? usual_vectors : most_vectors;

// Both weight matrices, stacked and with their gates reordered as in the plan; likewise the bias.
template <class T>
void stack_weights(T* stacked, T* bias, const RecurrentPlan& p, const RecurrentInputs<T>& in) {
  const Index u = p.d.units, width = cell_gates(p.d.cell) * u;
  for (Index k = 0; k < p.sources; ++k) {
    const bool from_x = k >= p.x_at && k < p.h_at;
    const T* row =
        from_x ? in.w_ig + (k - p.x_at) * width : in.u_ug + (k >= p.h_at ? k - p.h_at : k) * width;
    for (Index b = 0; b < p.blocks; ++b)
      copy_values(stacked + k * p.gates + b * u, row + p.keras_block[b] * u, u);
  }
  if (!in.b || !bias) return;
  for (Index b = 0; b < p.blocks; ++b) copy_values(bias + b * u, in.b + p.keras_block[b] * u, u);
  if (p.d.cell != Cell::gru) return;
  for (Index j = u; j < 3 * u; ++j) bias[j] += in.b[width + j - u];  // z, r: both biases
  copy_values(bias + 3 * u, in.b + width + 2 * u, u);
}

// Adds the chunks' gradients of the stacked weights in order and distributes them to Keras's
// matrices.  `partial`: the first chunk's, stacked then bias; the others follow at a distance of
// `stride`.
template <class T>
void sum_partials(T* to, const T* partial, Index stride, Index chunks, Index size, bool add) {
  for_vectors<T>(0, size, [=](Index i, Index count) {
    Vec<T> sum = chunks > 0 ? load_count<T>(partial + i, count) : Vec<T>{};
    for (Index c = 1; c < chunks; ++c) sum = sum + load_count<T>(partial + c * stride + i, count);
    store_count<T>(to + i, add ? load_count<T>(to + i, count) + sum : sum, count);
  });
}
template <class T>
void unstack_gradients(const RecurrentGradients<T>& out, const T* partial, Index stride,
                       const RecurrentPlan& p, Accumulate accumulate) {
  const Index u = p.d.units, width = cell_gates(p.d.cell) * u, chunks = p.chunks.count;
  const bool add = accumulate == Accumulate::yes;
  for (int l = 0; l < p.link_count; ++l) {
    const Link link = p.links[l];
    for (Index k = link.source; k < link.source + link.depth; ++k) {
      const bool from_x = k >= p.x_at && k < p.h_at;
      T* matrix = from_x ? out.dw_ig : out.du_ug;
      if (!matrix) continue;
      T* row = matrix + (from_x ? k - p.x_at : k >= p.h_at ? k - p.h_at : k) * width;
      for (Index b = link.gate / u; b < (link.gate + link.gates) / u; ++b)
        sum_partials(row + p.keras_block[b] * u, partial + k * p.gates + b * u, stride, chunks, u,
                     add);
    }
  }
  if (!out.db) return;
  const T* bias = partial + p.stacked_size();
  for (Index b = 0; b < p.blocks; ++b) {
    const Index column = p.keras_block[b] * u;
    const bool second = p.d.cell == Cell::gru && b == 3;  // h's part: only the second bias
    sum_partials(out.db + (second ? width : 0) + column, bias + b * u, stride, chunks, u, add);
    if (p.d.cell == Cell::gru && (b == 1 || b == 2))
      sum_partials(out.db + width + column, bias + b * u, stride, chunks, u, add);
  }
}

}  // namespace LAMINA_ISA
}  // namespace lamina
