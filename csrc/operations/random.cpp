// Random numbers as values, drawn in every step, in training and in inference.
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "gradient_free.h"
#include "graph/names.h"
#include "moves/parallel.h"
#include "registry.h"
#include "sizes.h"

namespace lamina {
namespace {

// A number unlike those for neighbouring arguments: Steele, Lea, Flood, "Fast splittable
// pseudorandom number generators", OOPSLA 2014.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// Element e is a function of the key and e: the bits do not depend on threads or other rows.
class RandomNumbers final : public GradientFree<RandomNumbers> {
 public:
  RandomNumbers(Draw draw, Index width, bool each, std::uint32_t stream, double low, double high)
      : GradientFree("random", {}),
        draw_(draw),
        width_(width),
        each_(each),
        stream_(stream),
        low_(low),
        high_(high) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    const RandomKey key{c.random.seed, stream_, c.random.step};
    const Index size = width_ * c.rows;
    T* const y = c.out();
    if (draw_ == Draw::uniform) {
      c.kernels.random_uniform(y, size, key);
      return spread(y, size);
    }
    const bool truncated = draw_ == Draw::truncated_normal;
    parallel_units(size, 1, [=](Index begin, Index end) {
      std::fill(y + begin, y + end, truncated ? T(0) : T(low_));
    });
    c.kernels.noise_forward(y, y, size, Noise::gaussian, truncated ? 1.0 : high_, key);
    if (truncated) truncate(c.kernels, y, size, key);
  }

  bool gives_rows() const override { return each_; }
  bool sees_batches() const override { return true; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(width_) * double(rows);
    return {4.0 * size, size};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, width_); }

 private:
  // Maps [0, 1) to [low, high); the result must not be rounded to high.
  template <class T>
  void spread(T* y, Index size) const {
    const T low = T(low_), range = T(high_ - low_);
    const T last = T(high_) > low ? std::nextafter(T(high_), low) : low;
    parallel_units(size, 1, [=](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) y[i] = std::min(T(low + range * y[i]), last);
    });
  }

  // Draws numbers beyond two standard deviations again, in groups of 64, until there are none.
  template <class T>
  void truncate(const Kernels<T>& k, T* y, Index size, RandomKey key) const {
    constexpr Index group = 64;
    parallel_units((size + group - 1) / group, 8.0 * double(group), [&](Index first, Index last) {
      for (Index g = first; g < last; ++g) {
        T* const own = y + g * group;
        const Index count = std::min(group, size - g * group);
        const auto beyond = [](T x) { return !(std::abs(x) <= T(2)); };
        for (std::uint64_t round = 1; std::any_of(own, own + count, beyond); ++round) {
          T again[group] = {};
          const std::uint64_t seed = mixed(mixed(key.seed ^ round) + std::uint64_t(g));
          k.noise_forward(again, again, group, Noise::gaussian, 1.0, {seed, stream_, key.step});
          for (Index i = 0; i < count; ++i)
            if (beyond(own[i])) own[i] = again[i];
        }
      }
    });
    const T mean = T(low_), deviation = T(high_);
    parallel_units(size, 1, [=](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) y[i] = mean + deviation * y[i];
    });
  }

  const Draw draw_;
  const Index width_;
  const bool each_;
  const std::uint32_t stream_;
  const double low_, high_;
};

Tensor random(Graph& graph, Draw draw, const Shape& shape, std::uint32_t stream, double low,
              double high, bool each, const std::string& name) {
  const auto got = [&] { return std::to_string(low) + " and " + std::to_string(high); };
  if (!std::isfinite(low) || !std::isfinite(high) || !std::isfinite(high - low))
    throw std::invalid_argument("random: low and high must be finite; got " + got());
  if (draw == Draw::uniform ? high < low : high < 0.0)
    throw std::invalid_argument(draw == Draw::uniform
                                    ? "random: high must be at least low; got " + got()
                                    : "random: a standard deviation must be at least 0; got " +
                                          std::to_string(high));
  return graph.record(
      std::make_unique<RandomNumbers>(draw, size_of(shape), each, stream, low, high), shape, name);
}

const Registration random_registered{
    "random",
    "Random numbers, drawn again in every step, in training and in inference.",
    random,
    {{"kind", "The distribution."},
     {"shape", "The shape of the result, or of a row of it."},
     {"stream", "Stream of random numbers; each use needs its own."},
     {"low", "The lower bound of uniform numbers, the mean of normal ones.", 0.0},
     {"high",
      "The exclusive upper bound of uniform numbers, the standard deviation of normal ones.", 1.0},
     {"each", "Whether every row has its own numbers; otherwise the tensor has no rows.", false}}};

}  // namespace
}  // namespace lamina
