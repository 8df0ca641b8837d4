// Ranges of independent units on the threads that pay.
#pragma once

#include "../kernel.h"

namespace lamina {

// body(begin, end) over [0, units); `elements`: how many a unit reads or writes.
template <class Body>
void parallel_units(Index units, double elements, const Body& body) {
  if (units <= 0) return;
  constexpr double chunk = 8192, work = 15;  // elements of a chunk; threads_for's measure of one
  const double each = elements < 1 ? 1 : elements;
  const Index step = each >= chunk ? 1 : Index(chunk / each);
  const Index chunks = (units + step - 1) / step;
  const auto run = [&](Index k) {
    const Index begin = k * step;
    body(begin, units - begin < step ? units : begin + step);
  };
  using Run = decltype(run);
  const int threads = chunks == 1 ? 1 : threads_for(work * each * double(units), chunks);
  parallel_for(
      threads, chunks, [](void* context, Index k) { (*static_cast<const Run*>(context))(k); },
      const_cast<void*>(static_cast<const void*>(&run)));
}

}  // namespace lamina
