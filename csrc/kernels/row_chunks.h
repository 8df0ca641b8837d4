// Division of rows into chunks, and loops over them; only this file determines the rows per chunk.
#pragma once

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

// Rows with about element_chunk elements together: at least `least` and a multiple of `unit`, so
// never 0, even for very wide rows.
constexpr Index rows_per_chunk(Index cols, Index least = 1, Index unit = 1) {
  const Index wanted = element_chunk / (cols > 0 ? cols : 1);
  const Index rows = wanted > least ? wanted : least;
  return (rows + unit - 1) / unit * unit;
}

// Calls body(begin, end) over the rows in chunks of `step`; `work` is the equivalent work per
// element.
template <class Body>
LAMINA_INLINE void parallel_rows(RowsCols dims, Index step, double work, const Body& body) {
  const Index chunks = (dims.rows + step - 1) / step;
  if (chunks <= 0) return;
  const double flop = work * double(dims.rows) * double(dims.cols);
  parallel_chunks(chunks == 1 ? 1 : threads_for(flop, chunks), chunks,
                  [&](Index chunk) __attribute__((noinline)) {
                    const Index begin = chunk * step;
                    body(begin, begin + step < dims.rows ? begin + step : dims.rows);
                  });
}
template <class Body>
LAMINA_INLINE void parallel_rows(RowsCols dims, double work, const Body& body) {
  parallel_rows(dims, rows_per_chunk(dims.cols), work, body);
}

// Calls body(row) for every row.
template <class Body>
LAMINA_INLINE void for_each_row(RowsCols dims, double work, const Body& body) {
  parallel_rows(dims, work, [&](Index begin, Index end) __attribute__((always_inline)) {
    for (Index r = begin; r < end; ++r) body(r);
  });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
