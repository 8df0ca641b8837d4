#include "scan.h"

#include "parallel.h"

namespace lamina {
namespace {

constexpr Index widest = 32;  // columns that are scanned together

template <class T>
struct Exact {
  using Type = double;
};
template <>
struct Exact<std::int32_t> {
  using Type = std::uint32_t;
};

// Calls body(start, step, width) with the first element of a run of columns and the distance from
// one position to the next.
template <class Body>
void for_columns(ReduceDims d, bool backwards, const Body& body) {
  if (d.outer * d.size * d.inner == 0) return;
  const Index strips = (d.inner + widest - 1) / widest;
  const Index width = d.inner < widest ? d.inner : widest;
  parallel_units(d.outer * strips, 2 * double(d.size) * double(width), [&](Index begin, Index end) {
    for (Index unit = begin; unit < end; ++unit) {
      const Index column = unit % strips * widest,
                  first = unit / strips * d.size * d.inner + column;
      body(backwards ? first + (d.size - 1) * d.inner : first, backwards ? -d.inner : d.inner,
           d.inner - column < widest ? d.inner - column : widest);
    }
  });
}

template <class T, class Join>
void scan(T* y, const T* x, ReduceDims d, bool reverse, typename Exact<T>::Type neutral,
          const Join& join) {
  for_columns(d, reverse, [&](Index at, Index step, Index width) {
    typename Exact<T>::Type all[widest];
    for (Index k = 0; k < width; ++k) all[k] = neutral;
    for (Index n = 0; n < d.size; ++n, at += step)
      for (Index k = 0; k < width; ++k) y[at + k] = T(all[k] = join(all[k], x[at + k]));
  });
}

}  // namespace

template <class T>
void running_sum(T* y, const T* x, ReduceDims d, bool reverse) {
  using Exact = typename Exact<T>::Type;
  scan(y, x, d, reverse, 0, [](Exact a, T b) { return a + Exact(b); });
}

template <class T>
void running_product(T* y, const T* x, ReduceDims d, bool reverse) {
  using Exact = typename Exact<T>::Type;
  scan(y, x, d, reverse, 1, [](Exact a, T b) { return a * Exact(b); });
}

// From the end: dx_i = y_{i-1} s_i, where s_i = dy_i + x_{i+1} s_{i+1}.
template <class T>
void running_product_backward(T* dx, const T* dy, const T* x, const T* y, ReduceDims d,
                              bool reverse) {
  for_columns(d, !reverse, [&](Index at, Index step, Index width) {
    double behind[widest] = {};  // x_{i+1} s_{i+1}
    for (Index n = 0; n < d.size; ++n, at += step)
      for (Index k = 0; k < width; ++k) {
        const double s = double(dy[at + k]) + behind[k];
        dx[at + k] = T(n + 1 < d.size ? double(y[at + step + k]) * s : s);
        behind[k] = double(x[at + k]) * s;
      }
  });
}

#define LAMINA_SCANS(T)                                      \
  template void running_sum(T*, const T*, ReduceDims, bool); \
  template void running_product(T*, const T*, ReduceDims, bool);
LAMINA_SCANS(float)
LAMINA_SCANS(double)
LAMINA_SCANS(std::int32_t)
#undef LAMINA_SCANS
template void running_product_backward(float*, const float*, const float*, const float*, ReduceDims,
                                       bool);
template void running_product_backward(double*, const double*, const double*, const double*,
                                       ReduceDims, bool);

}  // namespace lamina
