// A batch in shares: runs of its rows that threads calculate side by side, each from the first
// operation to the last and back.
//
// The operations of a small network are too small for threads: what one writes and the next reads
// would move between the CPUs' caches.  A share stays on one thread, in buffers of its own.  How
// many there are follows from the graph and the rows alone, so that no bit depends on threads;
// gradients are added up in the order of the shares.
#pragma once

#include "plan.h"
#include "side_by_side.h"

namespace lamina {

constexpr Index most_shares = most_side_by_side;

struct Shares {
  Index count = 1;    // 1: the step is calculated as a whole
  double flop = 0.0;  // floating-point operations of the step

  // The first row of a share of a batch; that of the one behind the last is `rows`.
  Index begin(Index share, Index rows) const { return rows * share / count; }
  // Where its random numbers begin, added to the batch's seed.
  static std::uint64_t seed(Index share) { return std::uint64_t(share) * 0x9E3779B97F4A7C15u; }
};

// Those of a training step of so many rows: more than one where its operations are too small for
// threads, no row has to do with another, and adding up gradients costs little beside the rest.
Shares shares_of(const Graph& graph, const Plan& plan, Index rows, Index gradient_size);

}  // namespace lamina
