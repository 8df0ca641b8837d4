// Sums over arrays: column sums (column_sums.h), dot products; the largest magnitude, and the
// search for numbers that are not finite.
//
// Sums run over chunks whose length depends on the shapes alone, and the chunks' results are added
// in order, so that the bits do not depend on the number of threads.
#include "column_sums.h"
#include "simd.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

constexpr int partial_slot = 3;  // scratch for the chunks' results

// part(chunk) -> R for all chunks; join(R) receives the results in order on the calling thread.  If
// there is no memory for the results, the chunks run one after another, with the same result.
template <class R, class Part, class Join>
LAMINA_INLINE void reduce_chunks(Index chunks, double work, Part&& part, Join&& join) {
  const int threads = chunks <= 1 ? 1 : threads_for(work, chunks);
  R* results = nullptr;
  if (threads > 1)
    results = static_cast<R*>(scratch(partial_slot, sizeof(R) * std::size_t(chunks)));
  if (results == nullptr) {
    for (Index chunk = 0; chunk < chunks; ++chunk) join(part(chunk));
    return;
  }
  parallel_chunks(threads, chunks, [&](Index chunk) { results[chunk] = part(chunk); });
  for (Index chunk = 0; chunk < chunks; ++chunk) join(results[chunk]);
}

// --- sums in double

typedef float half_vf __attribute__((vector_size(LAMINA_VECTOR_BYTES / 2)));

// lanes<double> elements, widened.
LAMINA_INLINE vd load_wide(const float* p) {
  return __builtin_convertvector(load_as<half_vf>(p), vd);
}
LAMINA_INLINE vd load_wide(const double* p) { return load(p); }

// The sum of term(a, b) over [begin, end) in double: sixteen partial sums by position (so that the
// order is the same for every vector width), then the rest one by one.
template <class T, class Term>
LAMINA_INLINE double sum_range(const T* a, const T* b, Index begin, Index end, Term term) {
  constexpr Index width = 16, vectors = width / lanes<double>;
  vd sums[vectors] = {};
  Index i = begin;
  for (; i + width <= end; i += width) {
    LAMINA_UNROLL
    for (Index v = 0; v < vectors; ++v) {
      const Index at = i + v * lanes<double>;
      sums[v] += term(load_wide(a + at), load_wide(b + at));
    }
  }
  double part[width];
  __builtin_memcpy(part, sums, sizeof part);
  for (Index step = width / 2; step > 0; step /= 2)
    for (Index k = 0; k < step; ++k) part[k] += part[k + step];
  for (; i < end; ++i) {
    const vd rest = term(vd{} + double(a[i]), vd{} + double(b[i]));
    part[0] += rest[0];
  }
  return part[0];
}

template <class T, class Term>
LAMINA_INLINE double sum_terms(const T* a, const T* b, Index size, Term term) {
  const Index chunks = (size + element_chunk - 1) / element_chunk;
  double sum = 0;
  reduce_chunks<double>(
      chunks, 15 * double(size),
      [=](Index chunk) {
        const Index begin = chunk * element_chunk, end = begin + element_chunk;
        return sum_range(a, b, begin, end < size ? end : size, term);
      },
      [&](double part) { sum += part; });
  return sum;
}

template <class T>
double dot(const T* a, const T* b, Index size) {
  if (b == nullptr) return sum_terms(a, a, size, [](vd x, vd) { return x; });
  return sum_terms(a, b, size, [](vd x, vd y) { return x * y; });
}

template <class T>
double absolute_sum(const T* a, Index size) {
  return sum_terms(a, a, size, [](vd x, vd) { return max(x, -x); });
}

// --- the largest magnitude, and the search for numbers that are not finite

// Without the sign bit, bits are ordered like magnitudes, with NaN above all.
template <class T>
T largest_range(const T* x, Index begin, Index end) {
  using I = typename Of<T>::ivec;
  const I magnitude = ~I(-broadcast(T(0)));
  I most[4] = {};
  Index i = begin;
  for (; i + 4 * lanes<T> <= end; i += 4 * lanes<T>) {
    LAMINA_UNROLL
    for (int v = 0; v < 4; ++v) {
      const I bits = I(load(x + i + v * lanes<T>)) & magnitude;
      most[v] = bits > most[v] ? bits : most[v];
    }
  }
  for (; i < end; i += lanes<T>) {
    const I bits = I(load_count(x + i, end - i < lanes<T> ? end - i : lanes<T>)) & magnitude;
    most[0] = bits > most[0] ? bits : most[0];
  }
  for (int v = 1; v < 4; ++v) most[0] = most[v] > most[0] ? most[v] : most[0];
  auto best = most[0][0];
  for (Index lane = 1; lane < lanes<T>; ++lane) best = most[0][lane] > best ? most[0][lane] : best;
  T result;
  __builtin_memcpy(&result, &best, sizeof result);
  return result;
}

template <class T>
T largest(const T* x, Index size) {
  const Index chunks = (size + element_chunk - 1) / element_chunk;
  T most = 0;
  reduce_chunks<T>(
      chunks, 15 * double(size),
      [=](Index chunk) {
        const Index begin = chunk * element_chunk, end = begin + element_chunk;
        return largest_range(x, begin, end < size ? end : size);
      },
      [&](T found) { most = found > most || found != found ? found : most; });
  return most;
}

// Position of the first one in [begin, end), or -1; only blocks that contain one are searched.
template <class T>
Index find_range(const T* x, Index begin, Index end) {
  constexpr Index block = 8 * lanes<T>;
  Index i = begin;
  for (; i + block <= end; i += block) {
    auto any = nonfinite<T>(load(x + i));
    LAMINA_UNROLL
    for (Index v = 1; v < 8; ++v) any |= nonfinite<T>(load(x + i + v * lanes<T>));
    if (any_lane(any)) break;
  }
  for (; i < end; ++i)
    if (nonfinite<T>(Vec<T>{} + x[i])[0] != 0) return i;
  return -1;
}

template <class T>
Index find_nonfinite(const T* x, Index size) {
  const Index chunks = (size + element_chunk - 1) / element_chunk;
  Index first = -1;
  reduce_chunks<Index>(
      chunks, 15 * double(size),
      [=](Index chunk) {
        const Index begin = chunk * element_chunk, end = begin + element_chunk;
        return find_range(x, begin, end < size ? end : size);
      },
      [&](Index found) {
        if (first < 0) first = found;
      });
  return first;
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_reductions(Kernels<T>& k) {
  k.column_sums = sum_columns<T>;
  k.dot = dot<T>;
  k.absolute_sum = absolute_sum<T>;
  k.largest = largest<T>;
  k.find_nonfinite = find_nonfinite<T>;
}
template void fill_reductions(Kernels<float>&);
template void fill_reductions(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
