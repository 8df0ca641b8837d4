#include "parallel.h"

namespace lamina {

void run_units(Index units, double elements, UnitsBody body, const void* context) {
  if (units <= 0) return;
  constexpr double chunk = 8192, work = 15;  // elements per chunk; the work of one for threads_for
  const double each = elements < 1 ? 1 : elements;
  const Index step = each >= chunk ? 1 : Index(chunk / each);
  const Index chunks = (units + step - 1) / step;
  if (chunks == 1) return body(context, 0, units);
  const auto run = [=](Index k) {
    const Index begin = k * step;
    body(context, begin, units - begin < step ? units : begin + step);
  };
  using Run = decltype(run);
  parallel_for(
      threads_for(work * each * double(units), chunks), chunks,
      [](void* own, Index k) { (*static_cast<const Run*>(own))(k); },
      const_cast<void*>(static_cast<const void*>(&run)));
}

}  // namespace lamina
