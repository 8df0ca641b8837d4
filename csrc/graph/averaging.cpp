#include "averaging.h"

#include <algorithm>

namespace lamina {
namespace {

constexpr Index chunk = 1 << 14;

// Calls body(begin, end) for chunks, on the number of threads that is fastest.
template <class Body>
void each_chunk(Index size, const Body& body) {
  struct Call {
    const Body& body;
    Index size;
  } call{body, size};
  const Index chunks = (size + chunk - 1) / chunk;
  parallel_for(
      threads_for(20 * double(size), chunks), chunks,
      [](void* context, Index i) {
        const Call& c = *static_cast<Call*>(context);
        c.body(i * chunk, std::min(c.size, (i + 1) * chunk));
      },
      &call);
}

// average = keep average + (1 - keep) weights
template <class T>
void blend(T* average, const T* weights, double keep_, Index size) {
  const T keep = T(keep_), rest = T(1 - keep_);
  each_chunk(size, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) average[i] = keep * average[i] + rest * weights[i];
  });
}

template <class T>
void copy(T* to, const T* from, Index size) {
  each_chunk(size,
             [=](Index begin, Index end) { std::copy(from + begin, from + end, to + begin); });
}

}  // namespace

template <class T>
void follow_average(const Averaging& averaging, T* average, T* weights, Index size,
                    std::int64_t done) {
  if (averaging.kind == Averaging::Kind::equal) {
    const std::int64_t since = done + 1 - averaging.start;
    if (since < 0) return copy(average, weights, size);
    if (since % averaging.period != 0) return;
    const double before = double(since / averaging.period);
    return before == 0 ? copy(average, weights, size)
                       : blend(average, weights, before / (before + 1), size);
  }
  if (done == 0)
    copy(average, weights, size);
  else
    blend(average, weights, averaging.momentum, size);
  if (averaging.overwrite > 0 && (done + 1) % averaging.overwrite == 0)
    copy(weights, static_cast<const T*>(average), size);
}

template void follow_average<float>(const Averaging&, float*, float*, Index, std::int64_t);
template void follow_average<double>(const Averaging&, double*, double*, Index, std::int64_t);

}  // namespace lamina
