// Ranges of independent units on several threads.
#pragma once

#include "../kernel.h"

namespace lamina {

using UnitsBody = void (*)(const void* context, Index begin, Index end);
void run_units(Index units, double elements, UnitsBody body, const void* context);

// Calls body(begin, end) over [0, units); a unit reads or writes `elements` elements.
template <class Body>
void parallel_units(Index units, double elements, const Body& body) {
  const auto run = [](const void* context, Index begin, Index end) {
    (*static_cast<const Body*>(context))(begin, end);
  };
  run_units(units, elements, run, &body);
}

}  // namespace lamina
