// Parts of a step that have nothing to do with each other, on a thread each.
#pragma once

#include <exception>

#include "kernel.h"

namespace lamina {

constexpr Index most_side_by_side = 2;

// body(part) for all parts, on the threads that pay.  What a part throws, the first of them, is
// thrown once all are done.
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
  // Twice the work: nothing moves between threads, as it does within an operation.
  parallel_for(threads_for(2.0 * flop, parts), parts, run, &context);
  for (const std::exception_ptr& thrown : context.thrown)
    if (thrown) std::rethrow_exception(thrown);
}

}  // namespace lamina
