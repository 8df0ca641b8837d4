#include "pair_product.h"

#include "../gemm.h"
#include "pair_tile.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

// K is summed in nearly equal chunks of at most this many pairs.  Part of the contract, like
// longest_chunk.
constexpr Index longest_pairs = 512;
// The units of packing: B in blocks of this many columns and chunks, by all threads; A in blocks of
// rows, by the thread that multiplies them.
constexpr Index block_columns = 1024, block_chunks = 4, pair_rows = 128;

// One block of B, and the part of A that it is multiplied with.
struct Block {
  Index column, columns;  // first, number
  Index chunk, chunks;
};

class BlockedPairs {
 public:
  explicit BlockedPairs(const PairProduct& product)
      : p(product),
        chunks(pairs_of(p.k), p.k == 0 ? 1 : parts_of(pairs_of(p.k), longest_pairs)),
        rows(p.m, parts_of(p.m, pair_rows)) {
    for (Index r = 0; r < pair_rows; ++r) places[r] = {r * row_pairs(), r * p.ldc};
  }

  bool run() {
    const Index most = p.n < block_columns ? p.n : block_columns;
    const Index columns = PanelCut<float>(most).padded();
    const Index count = chunks.count < block_chunks ? chunks.count : block_chunks;
    panels = static_cast<Pair*>(scratch(1, sizeof(Pair) * (columns * count * longest_of() + 1)));
    if (!panels) return false;
    const Parts column_blocks(p.n, parts_of(p.n, block_columns));
    const Parts chunk_blocks(chunks.count, parts_of(chunks.count, block_chunks));
    for (Index j = 0; j < column_blocks.count; ++j)
      for (Index i = 0; i < chunk_blocks.count; ++i)
        block({column_blocks.begin(j), column_blocks.begin(j + 1) - column_blocks.begin(j),
               chunk_blocks.begin(i), chunk_blocks.begin(i + 1) - chunk_blocks.begin(i)});
    return true;
  }

 private:
  const PairProduct& p;
  const Parts chunks;  // of pairs
  const Parts rows;
  Pair* panels = nullptr;  // of the current block: chunk by chunk, panel by panel
  Place places[pair_rows];

  Index longest_of() const { return chunks.begin(1) - chunks.begin(0); }
  // Rows of A are an odd number of cache lines apart: a power of two would put them into few sets.
  Index row_pairs() const {
    return ((longest_of() + pair_lanes - 1) / pair_lanes | 1) * pair_lanes;
  }
  std::size_t a_bytes() const { return sizeof(Pair) * std::size_t(rows.begin(1) * row_pairs()); }
  Index depth_of(Index chunk) const {  // numbers
    const Index end = 2 * chunks.begin(chunk + 1);
    return (end < p.k ? end : p.k) - 2 * chunks.begin(chunk);
  }
  Pair* chunk_panels(const Block& b, Index chunk) const {
    return panels +
           (chunks.begin(chunk) - chunks.begin(b.chunk)) * PanelCut<float>(b.columns).padded();
  }

  void block(const Block& b) {
    const PanelCut<float> cut(b.columns);
    const double work = double(p.k) * double(b.columns);
    const Index tasks = cut.count() * b.chunks;
    parallel_chunks(threads_for(8.0 * work, tasks), tasks, [&](Index task) {
      const Index chunk = b.chunk + task / cut.count(), j = task % cut.count();
      const Index pairs = chunks.begin(chunk + 1) - chunks.begin(chunk);
      pack_panel(chunk_panels(b, chunk) + cut.first(j) * pairs, cut.vectors(j) * pair_lanes, p.b,
                 b.column + cut.first(j), cut.used(j), 2 * chunks.begin(chunk), depth_of(chunk));
    });
    // With few rows, columns are divided too, into four parts per thread.
    const double flop = work * double(p.m);
    const int threads = threads_for(flop, rows.count * cut.count());
    Index shares = threads == 1 ? 1 : (4 * threads + rows.count - 1) / rows.count;
    if (shares > cut.count()) shares = cut.count();
    const Parts columns(cut.count(), shares);
    parallel_chunks(threads, rows.count * shares, [&](Index task) {
      const Index r = task / shares, s = task % shares;
      const Range strip_rows{rows.begin(r), rows.begin(r + 1)};
      const Range strip_panels{columns.begin(s), columns.begin(s + 1)};
      if (auto* a = static_cast<Pair*>(scratch(0, a_bytes())))
        strip(b, a, strip_rows, strip_panels);
      else
        strip_without_memory(b, strip_rows, strip_panels);
    });
  }

  // Without scratch memory: a few rows at a time, on the stack.
  __attribute__((noinline)) void strip_without_memory(const Block& b, Range strip_rows,
                                                      Range strip_panels) const {
    constexpr Index few = 12;
    alignas(64) Pair a[few * (longest_pairs + pair_lanes)];
    for (Index r = strip_rows.begin; r < strip_rows.end; r += few)
      strip(b, a, {r, r + few < strip_rows.end ? r + few : strip_rows.end}, strip_panels);
  }

  // Some rows times some panels.
  void strip(const Block& b, Pair* a, Range strip_rows, Range strip_panels) const {
    const PanelCut<float> cut(b.columns);
    for (Index i = b.chunk; i < b.chunk + b.chunks; ++i) {
      const Index pairs = chunks.begin(i + 1) - chunks.begin(i);
      const bool last = i == chunks.count - 1;
      pack_rows(a, row_pairs(), p.a, strip_rows.begin, strip_rows.size(), 2 * chunks.begin(i),
                depth_of(i));
      const Run run{0, 0, pairs};
      for (Index j = strip_panels.begin; j < strip_panels.end; ++j) {
        PairTile t;
        t.a = a;
        t.b = chunk_panels(b, i) + cut.first(j) * pairs;
        t.c = p.c + strip_rows.begin * p.ldc + b.column + cut.first(j);
        t.runs = &run;
        t.run_count = 1;
        t.a_step = 1;
        t.b_step = cut.vectors(j) * pair_lanes;
        t.tail = cut.tail(j);
        t.bias = last && p.bias ? p.bias + b.column + cut.first(j) : nullptr;
        t.add = p.add || i > 0;
        t.relu = last && p.relu;
        multiply_places(t, places, strip_rows.size(), cut.vectors(j));
      }
    }
  }
};

}  // namespace

bool multiply(const PairProduct& p) {
  if (p.m <= 0 || p.n <= 0) return true;
  return BlockedPairs(p).run();
}

}  // namespace LAMINA_ISA
}  // namespace lamina
