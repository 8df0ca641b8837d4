// The blocked matrix product: C (+)= A B, + bias, activation; the part of one thread.
//
// The sources A and B define how elements are read (see pack.h); a hook receives every finished
// block of C while it is in the L1 cache.  Bits: K is divided into chunks by its length alone, each
// chunk is one chain of fma from zero, and the chunk sums are added to C in order.  The division of
// C into threads, blocks and tiles, and packing, do not affect the bits.
#pragma once

#include "microkernel.h"
#include "pack.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T, class A, class B>
struct Product {
  T* c;
  Index ldc;
  A a;  // m x k
  B b;  // k x n
  Index m, n, k;
  bool add;       // to C, else overwrite it
  const T* bias;  // of length n, or null
  bool relu;
};

struct Range {
  Index begin, end;
  Index size() const { return end - begin; }
};

// A hook is called as hook(rows, columns) once per finished block of C, in any order, on any
// thread; `work` is its work per element of C, for threads_for.
struct NoHook {
  static constexpr bool wanted = false;
  static constexpr double work = 0;
  void operator()(Range, Range) const {}
};

// Column vectors per tile for a part of C of m rows and `vectors` column vectors.
inline int tile_vectors(Index m, Index vectors) {
  if (vectors <= usual_vectors) return int(vectors);
  int v = usual_vectors;
  // With few rows, a wider tile keeps as many chains in flight.
  while (v < most_vectors && v < vectors && m <= tallest[v]) ++v;
  return v;
}

// One thread's part of a product.  Packs into scratch slots 0 (A) and 1 (B).
template <class T, class A, class B, class Hook>
class BlockedProduct {
 public:
  BlockedProduct(const Product<T, A, B>& product, const Hook& hook) : p(product), hook(hook) {}

  void run(Range rows, Range cols) {
    if (rows.size() <= 0 || cols.size() <= 0) return;
    plan(rows.size(), cols.size());
    if (!reserve()) return run_without_memory(rows, cols);
    blocks(rows, cols);
  }

 private:
  const Product<T, A, B>& p;
  const Hook& hook;
  int max_vectors, max_height;
  Index rows_in_block, columns_in_block, chunk_max;
  bool a_direct, b_direct, fetches_b, fetches_a;
  T* a_panels = nullptr;
  T* b_panels = nullptr;

  void plan(Index m, Index n) {
    const Index vectors = (n + lanes<T> - 1) / lanes<T>;
    max_vectors = tile_vectors(m, vectors);
    b_direct = reads_b_in_place(m, n);
    fetches_b = b_direct != packs_in_turn && fetches_panels_of_b(m, n);
    if (b_direct && !fetches_b && max_vectors == usual_vectors && vectors > in_place_vectors)
      max_vectors = in_place_vectors;
    max_height = tallest[max_vectors - 1];
    chunk_max = (p.k + parts_of(p.k, longest_chunk) - 1) / parts_of(p.k, longest_chunk);
    columns_in_block =
        parts_of(vectors, block_vectors) == 1 ? vectors * lanes<T> : block_vectors * lanes<T>;
    rows_in_block = m < block_rows || fetches_b ? m : block_rows;
    a_direct = reads_a_in_place(m, n);
    fetches_a = a_direct && fetches_columns_of_a();
  }

  // Without scratch memory: one panel of each operand at a time, on the stack.
  __attribute__((noinline)) void run_without_memory(Range rows, Range cols) {
    alignas(64) T a_small[most_height * longest_chunk + pack_slack];
    alignas(64) T b_small[lanes<T> * longest_chunk + pack_slack];
    a_panels = a_small;
    b_panels = b_small;
    fetches_b = fetches_a = false;
    max_vectors = 1;
    columns_in_block = lanes<T>;
    rows_in_block = max_height = tallest[0];
    blocks(rows, cols);
  }

  // Reading A in place saves a pass, but rows a power of two apart fall into the same cache sets.
  // 128x256x784 in place: 2 % faster with AVX2, 4 % with AVX-512, whose tiles read little of A per
  // product: 256x256 of 1024 by 1024 on a Zen 4 1332 to 1260 us, 1024^3 19.8 to 19.4 ms.  Packing
  // fewer rows takes little time: 64 x 1024 in place took 4.3 to 7.6 ms through three layers of
  // 1024, depending on their addresses, and 4.3 to 4.5 packed.  The same holds for more rows times
  // many columns if B is in place too: 128 by 1024 by 1024 alone on one core 3.7 to 2.8 ms, three
  // layers of 1024 2 to 37 % faster, depending on their addresses; half of the columns lose 4 %.
  bool reads_a_in_place(Index m, Index n) const {
    if constexpr (!A::addressable) {
      return false;
    } else {
      const Index bytes = m * p.k * Index(sizeof(T));
      if (!p.a.k_adjacent)
        return bytes <= 65536 || n <= lanes<T> * max_vectors || reads_columns_of_a_in_place(n);
      const bool same_sets = p.a.ld * sizeof(T) % 2048 == 0;
      const bool packs = m < 128 || (same_sets && b_direct && n > 512);
      if (m <= max_height || (LAMINA_VECTOR_BYTES == 64 && !packs)) return true;
      return !same_sets && (n < 512 || bytes <= 262144);
    }
  }
  // Packing the columns of A, x^T in the gradient of weights, takes up to a fifth of the product;
  // in place, us on one core of a Zen 4: 784x128 of 2048 terms 4415 to 3704, 784x256 of 128 513 to
  // 468, 1024x1024 of 256 5766 to 5428; 2048x2048 of 512 is 2 % slower.  With AVX2, whose tiles
  // read A twice as often, 1024x1024 takes twice as long in place.
  bool reads_columns_of_a_in_place(Index n) const {
    return LAMINA_VECTOR_BYTES == 64 && (n <= 1024 || p.a.ld * Index(sizeof(T)) % 4096 != 0);
  }
  // Whether the terms of A in place are prefetched, because the L2 cache does not hold them.
  bool fetches_columns_of_a() const {
    if constexpr (!A::addressable || LAMINA_VECTOR_BYTES < 64) {
      return false;
    } else {
      return !p.a.k_adjacent && max_vectors == usual_vectors &&
             p.k * p.a.ld * Index(sizeof(T)) >= fetched_columns_bytes;
    }
  }
  bool reads_b_in_place(Index m, Index n) const {
    if constexpr (!B::addressable) {
      return false;
    } else {
      if (p.b.k_adjacent) return false;
      if (LAMINA_VECTOR_BYTES < 32 && n % lanes<T> != 0) return false;
      const bool fetches = fetches_panels_of_b(m, n);
      if (packs_in_turn && fetches && p.b.ld * Index(sizeof(T)) % 4096 == 0)
        return m < crowded_rows;
      return m <= in_place_rows || (fetches && !packs_in_turn) ||
             p.k * n * Index(sizeof(T)) <= 32768;
    }
  }

  // Whether panels of B are prefetched while others are multiplied.
  bool fetches_panels_of_b(Index m, Index n) const {
    return B::addressable && m > usual_height && m <= fetching_rows &&
           max_vectors == usual_vectors && p.k * n * Index(sizeof(T)) >= fetching_bytes;
  }
  // Whether only one panel of B is packed at a time.
  bool in_turn() const { return fetches_b && !b_direct; }

  bool reserve() {
    const Index a_size = a_direct ? 0 : rows_in_block * chunk_max + pack_slack;
    const Index b_columns = in_turn() ? max_vectors * lanes<T> : columns_in_block;
    const Index b_size = b_direct ? 0 : b_columns * chunk_max + pack_slack;
    if (a_size > 0) {
      a_panels = static_cast<T*>(scratch(0, sizeof(T) * a_size));
      if (!a_panels) return a_direct = b_direct = false;
    }
    if (b_size > 0) {
      b_panels = static_cast<T*>(scratch(1, sizeof(T) * b_size));
      if (!b_panels) return a_direct = b_direct = false;
    }
    return true;
  }

  // --- one block: columns `cols` (its panels in b_panels), one chunk of k

  struct Chunk {
    Index begin, depth;
    bool first, last;
  };

  void blocks(Range rows, Range cols) {
    const Index vectors = (cols.size() + lanes<T> - 1) / lanes<T>;
    const Parts column_blocks(vectors, parts_of(vectors, columns_in_block / lanes<T>));
    const Parts chunks(p.k, parts_of(p.k, longest_chunk));
    for (Index j = 0; j < column_blocks.count; ++j) {
      const Index end = cols.begin + column_blocks.begin(j + 1) * lanes<T>;
      const Range block{cols.begin + column_blocks.begin(j) * lanes<T>,
                        end < cols.end ? end : cols.end};
      for (Index i = 0; i < chunks.count; ++i) {
        const Index k = chunks.begin(i);
        const Chunk chunk{k, chunks.begin(i + 1) - k, i == 0, i == chunks.count - 1};
        column_block(rows, block, chunk);
      }
    }
  }

  void column_block(Range rows, Range cols, Chunk chunk) {
    const Index vectors = (cols.size() + lanes<T> - 1) / lanes<T>;
    const Parts panels(vectors, parts_of(vectors, max_vectors));
    if (!b_direct && !in_turn())
      for (Index i = 0; i < panels.count; ++i) pack_panel(cols, panels, i, chunk);
    const Parts row_blocks(rows.size(), parts_of(rows.size(), rows_in_block));
    for (Index i = 0; i < row_blocks.count; ++i) {
      const Range block{rows.begin + row_blocks.begin(i), rows.begin + row_blocks.begin(i + 1)};
      const Parts tiles(block.size(), parts_of(block.size(), max_height));
      if (!a_direct) p.a.pack_strips(a_panels, tiles, block.begin, chunk.begin, chunk.depth);
      if (!fetches_b && (Hook::wanted || (a_direct && (b_direct || stays_near(cols, chunk)))))
        rows_outer(block, tiles, cols, panels, chunk);
      else
        columns_outer(block, tiles, cols, panels, chunk);
    }
  }

  T* place_of_panel(Index first_vector, Chunk chunk) const {
    return b_panels + (in_turn() ? 0 : first_vector * lanes<T> * chunk.depth);
  }
  void pack_panel(Range cols, const Parts& panels, Index i, Chunk chunk) {
    const Index first = panels.begin(i) * lanes<T>;
    const Index width = panels.begin(i + 1) * lanes<T> - first, left = cols.size() - first;
    p.b.pack(place_of_panel(panels.begin(i), chunk), width, cols.begin + first,
             width < left ? width : left, chunk.begin, chunk.depth);
  }

  // Whether the L2 cache keeps all panels of B while the rows of A pass by.
  static bool stays_near(Range cols, Chunk chunk) {
    return cols.size() * chunk.depth * Index(sizeof(T)) <= 786432;
  }

  // The hook receives the finished rows while they are in the L1 cache.
  void rows_outer(Range rows, const Parts& tiles, Range cols, const Parts& panels, Chunk chunk) {
    for (Index t = 0; t < tiles.count; ++t) {
      const Range strip{rows.begin + tiles.begin(t), rows.begin + tiles.begin(t + 1)};
      prefetch_rows({strip.end, strip.end + strip.size()}, chunk);
      for (Index i = 0; i < panels.count; ++i)
        tile(rows, strip, cols, panels.begin(i), panels.begin(i + 1), chunk);
      if (Hook::wanted && chunk.last) hook(strip, cols);
    }
  }
  void columns_outer(Range rows, const Parts& tiles, Range cols, const Parts& panels, Chunk chunk) {
    constexpr Index fetched = fetched_lines * 64 / Index(sizeof(T));
    for (Index i = 0; i < panels.count; ++i) {
      if (in_turn()) pack_panel(cols, panels, i, chunk);
      const T* const next = fetches_b ? next_panel(cols, panels, i, chunk) : nullptr;
      for (Index t = 0; t < tiles.count; ++t) {
        const Range strip{rows.begin + tiles.begin(t), rows.begin + tiles.begin(t + 1)};
        tile(rows, strip, cols, panels.begin(i), panels.begin(i + 1), chunk,
             next != nullptr && t < panel_lines / fetched_lines ? next + t * fetched : nullptr);
      }
      if (Hook::wanted && chunk.last) {
        const Index end = cols.begin + panels.begin(i + 1) * lanes<T>;
        hook(rows, {cols.begin + panels.begin(i) * lanes<T>, end < cols.end ? end : cols.end});
      }
    }
  }

  // The first panel of the next chunk after the last one of this.
  const T* next_panel(Range cols, const Parts& panels, Index i, Chunk chunk) const {
    if constexpr (B::addressable) {
      if (p.b.k_adjacent) return nullptr;
      if (i + 1 < panels.count)
        return p.b.at(cols.begin + panels.begin(i + 1) * lanes<T>, chunk.begin);
      if (!chunk.last) return p.b.at(cols.begin, chunk.begin + chunk.depth);
    }
    return nullptr;
  }

  // Prefetches the next rows of a large A read in place.  15488x64x288 on a Zen 5: 170 to 198 GF/s
  // with AVX-512, 95 to 103 with AVX2 (into the L2 cache only: 191).
  void prefetch_rows(Range rows, Chunk chunk) const {
    if constexpr (A::addressable) {
      if (!a_direct || !p.a.k_adjacent || p.m * p.k * Index(sizeof(T)) <= 1048576) return;
      const Index end = rows.end < p.m ? rows.end : p.m;
      for (Index r = rows.begin; r < end; ++r)
        for (Index k = 0; k < chunk.depth; k += 64 / Index(sizeof(T)))
          __builtin_prefetch(p.a.at(r, chunk.begin + k));
    }
  }

  LAMINA_INLINE void tile(Range rows, Range strip, Range cols, Index first_vector, Index end_vector,
                          Chunk chunk, const T* next = nullptr) {
    const Index col = cols.begin + first_vector * lanes<T>;
    const Index height = strip.size(), vectors = end_vector - first_vector;
    Tile<T> t;
    bool k_adjacent = false;
    t.a = a_panels + (strip.begin - rows.begin) * chunk.depth;
    t.a_step = height;
    if constexpr (A::addressable) {
      if (a_direct) {
        k_adjacent = p.a.k_adjacent;
        t.a = p.a.at(strip.begin, chunk.begin);
        t.a_step = p.a.ld;
      }
    }
    t.b = place_of_panel(first_vector, chunk);
    t.b_step = vectors * lanes<T>;
    if constexpr (B::addressable) {
      t.next_step = p.b.ld;
      if (b_direct) {
        t.b = p.b.at(col, chunk.begin);
        t.b_step = p.b.ld;
      }
    }
    t.depth = chunk.depth;
    t.c = p.c + strip.begin * p.ldc + col;
    t.ldc = p.ldc;
    const Index tail = cols.end - (cols.begin + (end_vector - 1) * lanes<T>);
    t.tail = tail < lanes<T> ? tail : lanes<T>;
    t.bias = chunk.last && p.bias ? p.bias + col : nullptr;
    t.add = p.add || !chunk.first;
    t.relu = chunk.last && p.relu;
    t.next = next;
    if constexpr (fetching_rows > 0) {
      // For the other panels the line is in cache.  A comes before the next panel of B.
      if (fetches_a && first_vector == 0) {
        t.next = t.a + terms_ahead * t.a_step;
        t.next_step = t.a_step;
      }
      if (t.next != nullptr) return fetching_kernel(k_adjacent, vectors, height)(t);
    }
    kernel(k_adjacent, b_direct && tail < lanes<T>, vectors, height)(t);
  }

  static LAMINA_INLINE TileKernel<T> fetching_kernel(bool k_adjacent, Index vectors, Index height) {
    return k_adjacent
               ? FetchingTileKernels<T, true>::of_vectors[vectors - 1].of_height[height - 1]
               : FetchingTileKernels<T, false>::of_vectors[vectors - 1].of_height[height - 1];
  }
  static LAMINA_INLINE TileKernel<T> kernel(bool k_adjacent, bool mask_b, Index vectors,
                                            Index height) {
    const Index v = vectors - 1, h = height - 1;
    if (masks_are_free || mask_b)
      return k_adjacent ? TileKernels<T, true, true>::of_vectors[v].of_height[h]
                        : TileKernels<T, false, true>::of_vectors[v].of_height[h];
    return k_adjacent ? TileKernels<T, true, masks_are_free>::of_vectors[v].of_height[h]
                      : TileKernels<T, false, masks_are_free>::of_vectors[v].of_height[h];
  }
};

}  // namespace LAMINA_ISA
}  // namespace lamina
