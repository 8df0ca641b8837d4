// Shared by the passes of a batch normalisation: the factors of a block of columns, and the loops
// over chunks of rows and blocks of columns.
#pragma once

#include "activations.h"
#include "column_pairs.h"
#include "wide_range.h"

namespace lamina {
namespace LAMINA_ISA {

constexpr double affine_work = 30;  // work per element, for threads_for

constexpr Index factor_block = 512;  // columns whose factors are on the stack

// The factors that normalise some columns.
template <class T, Index room>
struct Factors {
  T centre[room], scale[room], shift[room];

  // Calculates those of `width` columns, given pointers to the first; repeated for each of the
  // `group` rows that are processed as one.  scale = gamma / sqrt(variance + epsilon)
  LAMINA_INLINE void find(const T* mean, const T* variance, const T* gamma, const T* beta,
                          Index width, Index group, double epsilon) {
    for_vectors<T>(0, width, [=](Index j, Index count) {
      const Vec<T> std = sqrt(load_count(variance + j, count) + broadcast(T(epsilon)));
      const Vec<T> weight = gamma ? load_count(gamma + j, count) : broadcast(T(1));
      store_count<T>(scale + j, weight / std, count);
      store_count(centre + j, load_count(mean + j, count), count);
      store_count(shift + j, beta ? load_count(beta + j, count) : Vec<T>{}, count);
    });
    T* const all[] = {centre, scale, shift};
    for (T* factors : all) repeat(factors, width, group);
  }
  static void repeat(T* factors, Index width, Index group) {
    for (Index j = width; j < width * group; ++j) factors[j] = factors[j - width];
  }

  LAMINA_INLINE Vec<T> centred(Vec<T> x, Index j, Index count) const {
    return x - load_count(centre + j, count);
  }
  LAMINA_INLINE Vec<T> normalised(Vec<T> centred, Index j, Index count) const {
    return fma(centred, load_count(scale + j, count), load_count(shift + j, count));
  }
};

// Calls body(element, factor, count) over the rows of a block of columns.
template <class T, class Body>
LAMINA_INLINE void for_rows(Index rows, Index ld, Index width, Index group, const Body& body) {
  for (Index r = 0; r < rows; r += group) {
    const Index now = rows - r < group ? rows - r : group;
    for_vectors<T>(0, width * now, [&](Index j, Index count) { body(r * ld + j, j, count); });
  }
}

// Calls use(chunk, column, width) for every chunk of rows and block of columns in [begin, end).
template <class Use>
LAMINA_INLINE void for_blocks(RowChunks chunks, Index begin, Index end, double work,
                              const Use& use) {
  const int threads =
      chunks.count == 1
          ? 1
          : threads_for(work * double(chunks.rows) * double(end - begin), chunks.count);
  parallel_chunks(threads, chunks.count, [&](Index chunk) __attribute__((noinline)) {
    for (Index j = begin; j < end; j += factor_block)
      use(chunk, j, end - j < factor_block ? end - j : factor_block);
  });
}

// Calls use(law) for the activations of BatchNormSpec; `adds` is that of taken_by_batch_norm.
template <class T, bool adds, class Use>
LAMINA_INLINE void with_taken_law(ActivationSpec spec, const Use& use) {
  const Vec<T> alpha_of_all = broadcast(T(spec.alpha));
  switch (spec.kind) {
#define LAMINA_CASE(name, Law, from, alpha)                    \
  case Activation::name:                                       \
    if constexpr (taken_by_batch_norm(Activation::name, adds)) \
      return use(law_of<Law<Vec<T>>>(alpha_of_all, 0));        \
    break;
    LAMINA_ACTIVATIONS(LAMINA_CASE)
#undef LAMINA_CASE
  }
  use(Linear<Vec<T>>{});
}

// The inputs of the normalisation, the same for every pass.
template <class T>
struct NormalisationInputs {
  const T *x_nc, *mean_c, *variance_c, *gamma_c, *beta_c;  // gamma and beta may be null
  const std::uint8_t* mask_n;
  RowsCols dims;
  BatchNormSpec spec;

  template <Index room>
  LAMINA_INLINE void find(Factors<T, room>& factors, Index column, Index width, Index group) const {
    factors.find(mean_c + column, variance_c + column, gamma_c ? gamma_c + column : nullptr,
                 beta_c ? beta_c + column : nullptr, width, group, spec.epsilon);
  }
  // Whether the variance of a column must be recalculated from x.
  bool wide(Index column) const {
    const double variance = double(variance_c[column]) + spec.epsilon;
    return spec.batch_statistics && !ordinary_variance<T>(variance);
  }
};

// Such a column, in double.
template <class T>
struct WideColumn {
  WideMoments moments;
  double factor, gamma, beta;

  WideColumn(const NormalisationInputs<T>& n, Index column)
      : moments(wide_moments(n.x_nc + column, n.dims.rows, n.dims.cols, n.mask_n)),
        factor(moments.inverse(n.spec.epsilon)),
        gamma(n.gamma_c ? double(n.gamma_c[column]) : 1),
        beta(n.beta_c ? double(n.beta_c[column]) : 0) {}

  double normal(T x) const { return moments.centred(double(x)) * factor; }
  double affine(T x) const { return normal(x) * gamma + beta; }
};

}  // namespace LAMINA_ISA
}  // namespace lamina
