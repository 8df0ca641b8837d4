// Noise in training: normal numbers, alpha dropout, dropout of whole channels.
#include "normal.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

constexpr double normal_work = 200;  // work per element, for threads_for
constexpr double mask_work = 40;

// Not inlined, because the rounds are long and unrolled.
__attribute__((noinline)) void draw_group(std::uint32_t* words, const Philox& key, Index group) {
  philox_group(key, std::uint64_t(group),
               [&](Index offset, vu32 bits) { store(words + offset, bits); });
}

// Calls body(begin, count, words) for every group of 64 elements in [begin, end).
template <class Body>
LAMINA_INLINE void each_group(const Philox& key, Index begin, Index end, Body&& body) {
  for (Index first = begin; first < end; first += philox_group_size) {
    alignas(64) std::uint32_t words[philox_group_size];
    draw_group(words, key, first / philox_group_size);
    body(first, end - first < philox_group_size ? end - first : philox_group_size, words);
  }
}

// The smallest word that is kept, as in dropout.cpp.
std::uint32_t keep_threshold(double rate) {
  const double t = rate * 0x1p32 + 0.5;
  return t < 0x1p32 ? std::uint32_t(t) : 0xFFFFFFFFu;
}

// --- normal numbers: y = f(x, normal)

// Shared by all laws.
template <class T>
__attribute__((noinline)) void draw_normals(T* normal, const std::uint32_t* words) {
  normals_of_group(normal, words);
}

template <class T, class Law>
LAMINA_INLINE void with_normals(T* y, const T* x, Index size, RandomKey random_key, Law law) {
  const Philox key(random_key);
  parallel_elements(size, normal_work * double(sizeof(T) / 4), [&](Index begin, Index end) {
    each_group(key, begin, end, [&](Index first, Index count, const std::uint32_t* words) {
      alignas(64) T normal[philox_group_size];
      draw_normals(normal, words);
      for_vectors<T>(0, count, [&](Index i, Index n) {
        store_count<T>(y + first + i, law(load_count(x + first + i, n), load(normal + i)), n);
      });
    });
  });
}

template <class T>
void add_normals(T* y, const T* x, Index size, double deviation, RandomKey key) {
  const Vec<T> by = broadcast(T(deviation));
  with_normals(y, x, size, key, [=](Vec<T> v, Vec<T> normal) { return v + by * normal; });
}

// Srivastava et al. 2014, section 10: a factor of mean 1 with the variance of dropout, rate / (1 -
// rate).
template <class T>
void multiply_normals(T* y, const T* x, Index size, double rate, RandomKey key) {
  const Vec<T> by = broadcast(T(__builtin_sqrt(rate / (1.0 - rate))));
  with_normals(y, x, size, key, [=](Vec<T> v, Vec<T> normal) { return v * (1 + by * normal); });
}

// --- alpha dropout: Klambauer et al., "Self-normalizing neural networks", 2017, section 3

// y = scale x + shift where kept, else `dropped`.
template <class T>
struct Alpha {
  T scale, shift, dropped;
};

template <class T>
Alpha<T> alpha_law(double rate, bool backward) {
  constexpr double limit = -1.7580993408473766;  // SELU at minus infinity
  const double scale = 1.0 / __builtin_sqrt((1.0 - rate) * (1.0 + rate * limit * limit));
  const double shift = -scale * limit * rate;
  if (backward) return {T(scale), T(0), T(0)};
  return {T(scale), T(shift), T(scale * limit + shift)};
}

template <class T>
void alpha_dropout(T* y, const T* x, Index size, double rate, RandomKey random_key, bool backward) {
  const Philox key(random_key);
  const Alpha<T> law = alpha_law<T>(rate, backward);
  const Vec<T> dropped = broadcast(law.dropped);
  const auto threshold = keep_threshold(rate);
  parallel_elements(size, mask_work, [&](Index begin, Index end) {
    each_group(key, begin, end, [&](Index first, Index count, const std::uint32_t* words) {
      for_vectors<T>(0, count, [&](Index i, Index n) {
        const Vec<T> kept = load_count(x + first + i, n) * law.scale + law.shift;
        store_count<T>(y + first + i, word_lanes<T>(words + i) >= threshold ? kept : dropped, n);
      });
    });
  });
}

// --- the table's entries

template <class T>
void noise_forward(T* y, const T* x, Index size, Noise kind, double amount, RandomKey key) {
  switch (kind) {
    case Noise::gaussian:
      return add_normals(y, x, size, amount, key);
    case Noise::gaussian_dropout:
      return multiply_normals(y, x, size, amount, key);
    case Noise::alpha_dropout:
      return alpha_dropout(y, x, size, amount, key, false);
  }
}

template <class T>
void noise_backward(T* dx, const T* dy, Index size, Noise kind, double amount, RandomKey key) {
  switch (kind) {
    case Noise::gaussian:
      if (dx == dy) return;
      return parallel_elements(size, 15, [=](Index begin, Index end) {
        __builtin_memcpy(dx + begin, dy + begin, sizeof(T) * std::size_t(end - begin));
      });
    case Noise::gaussian_dropout:  // linear in x: the same factors
      return multiply_normals(dx, dy, size, amount, key);
    case Noise::alpha_dropout:
      return alpha_dropout(dx, dy, size, amount, key, true);
  }
}

// --- whole channels (Tompson et al., "Efficient object localization", 2015)

constexpr Index channel_strip = 256;
constexpr Index position_block = 1024;  // positions that repeat the draw of their strip

// Channels [first, first + count) of some positions of one row: draws their words, then applies
// them to every position.
template <class T>
void drop_channels(T* y, const T* x, Index positions, Index cols, Index row, Index first,
                   const Philox& key, double rate) {
  const Index left = cols - first, count = left < channel_strip ? left : channel_strip;
  const Index element = row * cols + first, offset = element % philox_group_size;
  alignas(64) std::uint32_t words[channel_strip + 2 * philox_group_size] = {};
  each_group(key, element - offset, element + count,
             [&](Index at, Index, const std::uint32_t* group) {
               __builtin_memcpy(words + (at - (element - offset)), group,
                                philox_group_size * sizeof(std::uint32_t));
             });
  const auto threshold = keep_threshold(rate);
  const Vec<T> scale = broadcast(T(1.0 / (1.0 - rate))), zero = {};
  for (Index p = 0; p < positions; ++p) {
    const Index at = p * cols + first;
    for_vectors<T>(0, count, [&](Index i, Index n) {
      const Vec<T> scaled = load_count(x + at + i, n) * scale;
      const auto word = word_lanes<T>(words + offset + i);
      store_count<T>(y + at + i, word >= threshold ? scaled : zero, n);
    });
  }
}

template <class T>
void spatial_dropout_forward(T* y_npc, const T* x_npc, Index positions, RowsCols dims, double rate,
                             RandomKey random_key) {
  const Index strips = (dims.cols + channel_strip - 1) / channel_strip;
  const Index blocks = (positions + position_block - 1) / position_block;
  const Index units = dims.rows * blocks * strips;
  if (units <= 0) return;
  const Philox key(random_key);
  const double work = 15.0 * double(dims.rows) * double(dims.cols) * double(positions);
  parallel_chunks(threads_for(work, units), units, [&](Index unit) {
    const Index first = unit % strips * channel_strip, block = unit / strips;
    const Index row = block / blocks, begin = block % blocks * position_block;
    const Index left = positions - begin, at = (row * positions + begin) * dims.cols;
    drop_channels(y_npc + at, x_npc + at, left < position_block ? left : position_block, dims.cols,
                  row, first, key, rate);
  });
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_noise(Kernels<T>& k) {
  k.noise_forward = noise_forward<T>;
  k.noise_backward = noise_backward<T>;
  k.spatial_dropout_forward = spatial_dropout_forward<T>;
}
template void fill_noise(Kernels<float>&);
template void fill_noise(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
