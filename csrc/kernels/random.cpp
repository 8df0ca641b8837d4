// Uniform numbers and raw words from Philox (philox.h): the same bits on every instruction set.
#include "philox.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

constexpr double random_work = 40;  // work per element, for threads_for

void random_bits(std::uint32_t* out, Index size, RandomKey random_key) {
  const Philox key(random_key);
  parallel_elements(size, random_work, [&](Index begin, Index end) {
    philox_range(key, begin, end, [&](Index e, vu32 bits, Index count) {
      if (count == lanes<float>)
        store(out + e, bits);
      else
        __builtin_memcpy(out + e, &bits, sizeof(std::uint32_t) * std::size_t(count));
    });
  });
}

// The upper 24 bits of one word, times 2^-24.
void random_uniform(float* out, Index size, RandomKey random_key) {
  const Philox key(random_key);
  parallel_elements(size, random_work, [&](Index begin, Index end) {
    philox_range(key, begin, end, [&](Index e, vu32 bits, Index count) {
      store_count(out + e, __builtin_convertvector(vi32(bits >> 8), vf) * 0x1p-24f, count);
    });
  });
}

// All 32 bits of `hi` and the upper 21 of `lo` as a fraction.  A word in the low bits of 2^52 makes
// 2^52 + word, so every step is exact.
LAMINA_INLINE vd fraction53(vu64 hi, vu64 lo) {
  constexpr std::uint64_t exponent52 = 0x4330000000000000ull;
  const vd high = vd(hi | exponent52) - 0x1p52, low = vd((lo >> 11) | exponent52) - 0x1p52;
  return high * 0x1p-32 + low * 0x1p-53;
}

// Element e takes words 2 w (its upper bits) and 2 w + 1 with w = (e % 32) / 16 from block
// 16 * (e / 32) + e % 16: a group of sixteen blocks holds 32 elements.
void random_uniform(double* out, Index size, RandomKey random_key) {
  typedef std::uint32_t half __attribute__((vector_size(LAMINA_VECTOR_BYTES / 2)));
  const Philox key(random_key);
  parallel_elements(size, 2 * random_work, [&](Index begin, Index end) {
    for (Index first = begin; first < end; first += 32) {
      alignas(64) std::uint32_t words[philox_group_size];
      philox_group(key, std::uint64_t(first / 32),
                   [&](Index offset, vu32 bits) { store(words + offset, bits); });
      for_vectors<double>(first, first + 32 < end ? first + 32 : end, [&](Index e, Index count) {
        const Index at = e - first, place = at % 16 + 32 * (at / 16);
        const vu64 hi = __builtin_convertvector(load_as<half>(words + place), vu64);
        const vu64 lo = __builtin_convertvector(load_as<half>(words + place + 16), vu64);
        store_count(out + e, fraction53(hi, lo), count);
      });
    }
  });
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_random(Kernels<T>& k) {
  k.random_uniform = random_uniform;
  k.random_bits = random_bits;
}
template void fill_random(Kernels<float>&);
template void fill_random(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
