#include "proximal.h"

namespace lamina {
namespace {

template <class T>
signed char side_of(T value) {
  return value > T(0) ? 1 : value < T(0) ? -1 : 0;
}

// Calls use(weights, gradient, size) for each array with such a penalty and a gradient.
template <class T, class Use>
void each_proximal(const Graph& graph, const Buffers& buffers, const Use& use) {
  for (const Penalty& penalty : graph.penalties()) {
    const auto id = std::size_t(penalty.parameter);
    if (!penalty.proximal || buffers.gradients[id] == nullptr) continue;
    use(reinterpret_cast<T*>(buffers.values[id]), reinterpret_cast<T*>(buffers.gradients[id]),
        graph.values()[id].width);
  }
}

}  // namespace

template <class T>
void add_proximal_gradient(T* gradient, const T* w, Index size, double l1) {
  const T factor = T(l1);
  for (Index i = 0; i < size; ++i) {
    const T g = gradient[i];
    gradient[i] = w[i] > T(0)   ? g + factor
                  : w[i] < T(0) ? g - factor
                  : g > factor  ? g - factor
                  : g < -factor ? g + factor
                                : T(0);
  }
}

template <class T>
void note_sides(const Graph& graph, const Buffers& buffers, std::vector<signed char>& sides) {
  sides.clear();
  each_proximal<T>(graph, buffers, [&](const T* w, const T* gradient, Index size) {
    for (Index i = 0; i < size; ++i)
      sides.push_back(w[i] != T(0) ? side_of(w[i]) : side_of(-gradient[i]));
  });
}

template <class T>
void stop_at_zero(const Graph& graph, const Buffers& buffers,
                  const std::vector<signed char>& sides) {
  const signed char* side = sides.data();
  each_proximal<T>(graph, buffers, [&](T* w, const T*, Index size) {
    for (Index i = 0; i < size; ++i, ++side)
      if (side_of(w[i]) != *side) w[i] = T(0);
  });
}

#define LAMINA_PROXIMAL(T)                                                              \
  template void add_proximal_gradient<T>(T*, const T*, Index, double);                  \
  template void note_sides<T>(const Graph&, const Buffers&, std::vector<signed char>&); \
  template void stop_at_zero<T>(const Graph&, const Buffers&, const std::vector<signed char>&);
LAMINA_PROXIMAL(float)
LAMINA_PROXIMAL(double)
#undef LAMINA_PROXIMAL

}  // namespace lamina
