#include "shuffle.h"

#include <utility>
#include <vector>

#include "runtime/isa.h"

namespace lamina {
namespace {

// The words of one key in order.  Word e does not depend on how many are drawn, so when they run
// out (Lemire's method sometimes rejects one), a longer prefix of the same words is drawn.
class Words {
 public:
  Words(RandomKey key, std::size_t expected) : key_(key), words_(expected) { draw(); }
  std::uint32_t next() {
    if (used_ == words_.size()) {
      words_.resize(2 * words_.size());
      draw();
    }
    return words_[used_++];
  }
  // Uniform in [0, bound), unbiased: Lemire, "Fast random integer generation in an interval"
  // (2019), https://arxiv.org/abs/1805.10941
  std::uint32_t below(std::uint32_t bound) {
    std::uint64_t product = std::uint64_t(next()) * bound;
    if (std::uint32_t(product) < bound) {
      const std::uint32_t threshold = (0u - bound) % bound;
      while (std::uint32_t(product) < threshold) product = std::uint64_t(next()) * bound;
    }
    return std::uint32_t(product >> 32);
  }

 private:
  void draw() { kernels<float>().random_bits(words_.data(), Index(words_.size()), key_); }

  RandomKey key_;
  std::vector<std::uint32_t> words_;
  std::size_t used_ = 0;
};

}  // namespace

void shuffle(std::int64_t* rows, Index size, RandomKey key) {
  Words words(key, std::size_t(size) + 64);
  for (Index i = size; i > 1; --i) std::swap(rows[i - 1], rows[words.below(std::uint32_t(i))]);
}

}  // namespace lamina
