#include "update.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "buffer.h"

namespace lamina {
namespace {

// Below it no square overflows, and no step of a sane learning rate.
template <class T>
constexpr T calm = sizeof(T) == 4 ? T(1e15) : T(1e150);
constexpr double sane_rate = 1e6;

// A norm as a product of two numbers: it may itself be too large for a double.
struct Norm {
  double unit, root;
  bool exceeds(double limit) const { return root > limit / unit; }
};

// `parts` are the arrays of the gradient that count, `largest` the largest magnitude in them.
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

// g *= limit / norm, in two steps where the factor is too small for a T.
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

// The gradient is finite, `largest` its largest magnitude.
template <class T>
void clip(const UpdateSettings& settings, const std::vector<GradientSlice>& slices, T* gradient,
          double largest) {
  const Kernels<T>& k = kernels<T>();
  const GradientSlice *begin = slices.data(), *end = begin + slices.size();
  for (const GradientSlice* s = begin; s != end; ++s) {
    T* g = gradient + s->offset;
    if (settings.clipvalue > 0.0) k.clip(g, g, settings.clipvalue, s->size);
    if (settings.clipnorm <= 0.0) continue;
    const Norm norm = norm_of(s, s + 1, gradient, largest);
    if (norm.exceeds(settings.clipnorm)) shorten(g, s->size, settings.clipnorm, norm);
  }
  if (settings.global_clipnorm <= 0.0) return;
  const Norm norm = norm_of(begin, end, gradient, largest);
  if (norm.exceeds(settings.global_clipnorm))
    for (const GradientSlice* s = begin; s != end; ++s)
      shorten(gradient + s->offset, s->size, settings.global_clipnorm, norm);
}

}  // namespace

template <class T>
NotFinite nonfinite_gradient(const std::vector<GradientSlice>& slices, const T* gradient) {
  for (const GradientSlice& s : slices)
    if (kernels<T>().find_nonfinite(gradient + s.offset, s.size) >= 0) return {"gradient", s.path};
  return {};
}

template <class T>
void Updater<T>::set(UpdateSettings settings, const std::vector<GradientSlice>& slices) {
  settings_ = std::move(settings);
  divisor_ = std::numeric_limits<double>::infinity();
  if (settings_.rule >= 0)
    if (const Rule& rule = *rules()[settings_.rule]; rule.divisor != nullptr)
      divisor_ = settings_.settings[std::size_t(find_setting(rule, rule.divisor))];
  runs_.clear();
  for (const GradientSlice& slice : slices) {
    T* data = reinterpret_cast<T*>(slice.weights);
    const bool decays = settings_.weight_decay != 0.0 &&
                        std::find(settings_.no_decay.begin(), settings_.no_decay.end(),
                                  slice.slot) == settings_.no_decay.end();
    const bool follows = !runs_.empty() && runs_.back().parameters + runs_.back().size == data &&
                         runs_.back().offset + runs_.back().size == slice.offset &&
                         runs_.back().decays == decays;
    if (!follows) runs_.push_back({data, slice.offset, 0, decays});
    // The padding holds zeros and keeps them: its gradient is zero.
    runs_.back().size += Index(padded_bytes(slice.size, dtype_of<T>) / sizeof(T));
  }
}

template <class T>
T* Updater<T>::slot(std::size_t place, const Run<T>& run) const {
  T* base = place < slots() ? reinterpret_cast<T*>(settings_.slots[place]) : nullptr;
  return base == nullptr ? nullptr : base + run.offset;
}

template <class T>
template <class Visit>
void Updater<T>::written(Visit&& visit) const {
  for (const Run<T>& run : runs_) {
    visit(run.parameters, run);
    for (std::size_t place = 0; place < slots(); ++place)
      if (T* array = slot(place, run)) visit(array, run);
  }
}

template <class T>
bool Updater<T>::clips() const {
  return settings_.clipvalue > 0.0 || settings_.clipnorm > 0.0 || settings_.global_clipnorm > 0.0;
}

template <class T>
bool Updater<T>::may_overflow(T largest, double learning_rate) const {
  return wary_ || !(largest <= calm<T>) || !(learning_rate <= sane_rate) ||
         !(learning_rate * settings_.weight_decay <= 1.0) ||
         divisor_ < double(std::numeric_limits<T>::min());
}

template <class T>
void Updater<T>::move(const Run<T>& run, const T* gradient, double learning_rate,
                      std::int64_t step) const {
  T* arrays[Rule::most] = {};
  for (std::size_t place = 0; place < slots(); ++place) arrays[place] = slot(place, run);
  apply_rule<T>(*rules()[settings_.rule],
                {run.parameters, arrays, gradient + run.offset, run.size, settings_.settings.data(),
                 learning_rate, run.decays ? settings_.weight_decay : 0.0, step});
}

// For the rare step that may overflow: what it writes is kept until it is known to be finite.
template <class T>
NotFinite Updater<T>::move_or_restore(const std::vector<GradientSlice>& slices, const T* gradient,
                                      double learning_rate, std::int64_t step) {
  const Kernels<T>& k = kernels<T>();
  std::vector<T> before;
  written([&](const T* array, const Run<T>& run) {
    before.insert(before.end(), array, array + run.size);
  });
  for (const Run<T>& run : runs_) move(run, gradient, learning_rate, step);
  T most = 0;
  NotFinite found;
  written([&](const T* array, const Run<T>& run) {
    const T largest = k.largest(array, run.size);
    most = std::max(most, largest);
    if (std::isfinite(largest) || !found.kind.empty()) return;
    const Index place = run.offset + k.find_nonfinite(array, run.size);
    const auto owner = std::find_if(slices.begin(), slices.end(), [&](const GradientSlice& s) {
      return place >= s.offset && place < s.offset + s.size;
    });
    found = {array == run.parameters ? "weight" : "moments", owner->path};
  });
  if (found.kind.empty()) {
    wary_ = most > calm<T> * calm<T>;
    return found;
  }
  const T* kept = before.data();
  written([&](T* array, const Run<T>& run) {
    std::copy_n(kept, run.size, array);
    kept += run.size;
  });
  return found;
}

template <class T>
NotFinite Updater<T>::apply(const std::vector<GradientSlice>& slices, T* gradient, Index size,
                            double learning_rate, std::int64_t step) {
  if (settings_.rule < 0) return {};
  T largest = kernels<T>().largest(gradient, size);
  if (!std::isfinite(largest)) return nonfinite_gradient(slices, gradient);
  if (clips()) {
    clip(settings_, slices, gradient, double(largest));
    largest = kernels<T>().largest(gradient, size);
  }
  if (may_overflow(largest, learning_rate))
    return move_or_restore(slices, gradient, learning_rate, step);
  for (const Run<T>& run : runs_) move(run, gradient, learning_rate, step);
  return {};
}

template NotFinite nonfinite_gradient<float>(const std::vector<GradientSlice>&, const float*);
template NotFinite nonfinite_gradient<double>(const std::vector<GradientSlice>&, const double*);
template class Updater<float>;
template class Updater<double>;

}  // namespace lamina
