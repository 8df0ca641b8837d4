#include "clipping.h"

#include <cmath>
#include <limits>

#include "runtime/isa.h"

namespace lamina {
namespace {

// A norm as a product of two numbers, because it may be too large for a double.
struct Norm {
  double unit, root;
  bool exceeds(double limit) const { return root > limit / unit; }
};

// `parts` are the arrays of the gradient to include, `largest` the largest magnitude in them.
template <class T>
Norm norm_of(const GradientSlice* begin, const GradientSlice* end, const T* gradient,
             double largest) {
  const bool huge = largest > double(calm<double>);
  double squares = 0.0;
  for (const GradientSlice* s = begin; s != end; ++s) {
    const T* g = gradient + s->offset;
    if (!huge) squares += kernels<T>().dot(g, g, s->size);
    for (Index i = 0; huge && i < s->size; ++i)
      squares += (double(g[i]) / largest) * (double(g[i]) / largest);
  }
  return {huge ? largest : 1.0, std::sqrt(squares)};
}

// g *= limit / norm, in two steps if the factor is too small for a T.
template <class T>
void shorten(T* g, Index size, double limit, const Norm& norm) {
  constexpr double least = std::numeric_limits<T>::min();
  double factor = limit / norm.unit / norm.root;
  if (factor < least) {
    kernels<T>().scale(g, g, least, size);
    factor = limit / norm.unit / least / norm.root;
  }
  kernels<T>().scale(g, g, factor, size);
}

}  // namespace

template <class T>
void clip(const Clipping& clipping, const std::vector<GradientSlice>& slices, T* gradient,
          double largest) {
  const Kernels<T>& k = kernels<T>();
  const GradientSlice *begin = slices.data(), *end = begin + slices.size();
  for (const GradientSlice* s = begin; s != end; ++s) {
    T* g = gradient + s->offset;
    if (clipping.value > 0.0) k.clip(g, g, clipping.value, s->size);
    if (clipping.norm <= 0.0) continue;
    const Norm norm = norm_of(s, s + 1, gradient, largest);
    if (norm.exceeds(clipping.norm)) shorten(g, s->size, clipping.norm, norm);
  }
  if (clipping.global_norm <= 0.0) return;
  const Norm norm = norm_of(begin, end, gradient, largest);
  if (norm.exceeds(clipping.global_norm))
    for (const GradientSlice* s = begin; s != end; ++s)
      shorten(gradient + s->offset, s->size, clipping.global_norm, norm);
}

template void clip<float>(const Clipping&, const std::vector<GradientSlice>&, float*, double);
template void clip<double>(const Clipping&, const std::vector<GradientSlice>&, double*, double);

}  // namespace lamina
