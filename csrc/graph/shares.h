// A batch in shares: runs of its rows that threads calculate in parallel, each from the first
// operation to the last and back.
//
// The operations of a small network are too small to be divided among threads, or gain less from
// it: the output of one and the input of the next move between the CPUs' caches.  A share stays on
// one thread, in its own buffers.  The number of shares depends on the graph and the rows alone, so
// that the bits do not depend on threads; gradients are added up in the order of the shares.
#pragma once

#include "plan.h"
#include "side_by_side.h"

namespace lamina {

constexpr Index most_shares = most_side_by_side;

struct Shares {
  Index count = 1;    // 1: the step is calculated as a whole
  double flop = 0.0;  // floating-point operations of the step

  // The first row of a share of a batch; for the share after the last it is `rows`.
  Index begin(Index share, Index rows) const { return rows * share / count; }
  // The offset of its random numbers, added to the batch's seed.
  static std::uint64_t seed(Index share) { return std::uint64_t(share) * 0x9E3779B97F4A7C15u; }
};

// The shares of a training step of `rows` rows: more than one if its operations are too small for
// threads, rows are independent of each other, and adding up gradients is cheap in comparison.
Shares shares_of(const Graph& graph, const Plan& plan, Index rows, Index gradient_size);

}  // namespace lamina
