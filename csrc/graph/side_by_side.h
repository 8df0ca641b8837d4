// Independent parts of a step, each on its own thread.
#pragma once

#include <exception>

#include "kernel.h"

namespace lamina {

constexpr Index most_side_by_side = 4;

// Calls body(part) for all parts, on the number of threads that is fastest.  If parts throw, the
// first exception is rethrown when all parts are done.
template <class Body>
void side_by_side(Index parts, double flop, const Body& body) {
  struct Context {
    const Body& body;
    std::exception_ptr thrown[most_side_by_side];
  } context{body, {}};
  const auto run = [](void* given, Index part) {
    auto& own = *static_cast<Context*>(given);
    try {
      own.body(part);
    } catch (...) {
      own.thrown[part] = std::current_exception();
    }
  };
  // The work counts double because no data move between the threads, unlike within one operation.
  parallel_for(threads_for(2.0 * flop, parts), parts, run, &context);
  for (const std::exception_ptr& thrown : context.thrown)
    if (thrown) std::rethrow_exception(thrown);
}

}  // namespace lamina
