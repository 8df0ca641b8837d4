// Mean and variance of columns.
//
// Within a chunk of rows the values are shifted by the mean of its first rows, so that sum d^2 -
// (sum d)^2 / n does not cancel (d = x - shift); chunks are merged in double by the method of Chan,
// Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances",
// 1979.
//
// A column whose variance does not fit the type is recalculated separately, from x (wide_range.h).
#include "column_pairs.h"
#include "table.h"
#include "wide_range.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

constexpr double sum_work = 20;  // work per element, for threads_for

// The mean of the first rows, at most 8 * group of those with a mask; false if there are none.
template <class T>
__attribute__((noinline)) bool find_shift(T* shift, const T* x, const std::uint8_t* mask_n,
                                          Index rows, Index ld, Index width, Index group) {
  Index found = 0;
  for_vectors<T>(0, width, [=](Index j, Index n) { store_count(shift + j, Vec<T>{}, n); });
  for (Index r = 0; r < rows && found < 8 * group; ++r) {
    if (mask_n != nullptr && mask_n[r] == 0) continue;
    ++found;
    for_vectors<T>(0, width, [=](Index j, Index n) {
      store_count<T>(shift + j, load_count(shift + j, n) + load_count(x + r * ld + j, n), n);
    });
  }
  const Vec<T> count = broadcast(T(found > 0 ? found : 1));
  for_vectors<T>(0, width, [=](Index j, Index n) {
    store_count<T>(shift + j, load_count(shift + j, n) / count, n);
  });
  for (Index j = width; j < width * group; ++j) shift[j] = shift[j - width];
  return found > 0;
}

// Mean and sum of squared deviations for `width` columns of a chunk.
template <class T>
__attribute__((noinline)) void strip_moments(double* mean, double* squares, double count,
                                             const T* x, const std::uint8_t* mask_n, Index rows,
                                             Index ld, Index width, Index group) {
  T shift[strip_size<T>], first[strip_size<T>], second[strip_size<T>];
  const bool any = find_shift(shift, x, mask_n, rows, ld, width, group);
  const Index whole = rows / group, rest = rows % group, wide = ld * group;
  const auto from = [&](const T* base) {
    return [=, &shift](Index r, Index j, Index n, Vec<T>& a, Vec<T>& b)
               __attribute__((always_inline)) {
                 a = b = load_count(base + r * wide + j, n) - load_count(shift + j, n);
               };
  };
  for (int pass = 0; pass < (rest > 0 ? 2 : 1); ++pass)  // the rest: no mask, one row per strip
    sum_pairs(first, second, pass == 0 ? whole : 1, width * (pass == 0 ? group : rest), mask_n,
              pass > 0, from(pass == 0 ? x : x + whole * wide));
  for (Index j = 0; j < width; ++j) {
    double sum = 0, square = 0;
    for (Index g = 0; g < group; ++g) {
      sum += double(first[g * width + j]);
      square += double(second[g * width + j]);
    }
    const double deviation = any ? square - sum * sum / count : 0;
    mean[j] = any ? double(shift[j]) + sum / count : 0;
    squares[j] = deviation < 0 ? 0 : deviation;
  }
}

void merge_moments(ColumnPairs total, ColumnPairs part) {
  if (part.count() == 0) return;
  const double share = part.count() / (total.count() + part.count());
  const double weight = total.count() * share;
  for (Index j = 0; j < total.cols; ++j) {
    const double apart = part.first()[j] - total.first()[j];
    total.first()[j] += apart * share;
    total.second()[j] += part.second()[j] + apart * apart * weight;
  }
  total.count() += part.count();
}

template <class T>
__attribute__((noinline)) void wide_column_moments(T* mean, T* variance, const T* x,
                                                   const std::uint8_t* mask_n, RowsCols dims) {
  const WideMoments moments = wide_moments(x, dims.rows, dims.cols, mask_n);
  *mean = T(moments.mean / moments.scale);
  *variance = T(moments.variance / moments.scale / moments.scale);
}

// The moments of a chunk of rows, for some columns.
template <class T>
struct ChunkMoments {
  const T* x_nc;
  const std::uint8_t* mask_n;
  Index cols, group;
  RowChunks chunks;

  ChunkMoments(const T* x, const std::uint8_t* mask, RowsCols dims)
      : x_nc(x),
        mask_n(mask),
        cols(dims.cols),
        group(mask == nullptr ? rows_as_one<T>(dims.cols) : 1),
        chunks(cut_rows(dims, group)) {}

  void operator()(Index chunk, Index column, ColumnPairs out) const {
    const Index begin = chunks.begin(chunk), rows = chunks.length(chunk);
    const std::uint8_t* mask = mask_n == nullptr ? nullptr : mask_n + begin;
    out.count() = count_rows(mask, rows);
    for (Index j = 0; j < out.cols; j += strip_size<T>) {
      const Index width = out.cols - j < strip_size<T> ? out.cols - j : strip_size<T>;
      strip_moments(out.first() + j, out.second() + j, out.count(),
                    x_nc + begin * cols + column + j, mask, rows, cols, width, group);
    }
  }
};

template <class T>
void column_moments_part(double* part, const T* x_nc, RowsCols dims) {
  const ChunkMoments<T> moments(x_nc, nullptr, dims);
  fill_part<T>(part, dims.cols, moments.chunks.count, moments, merge_moments);
}

template <class T>
void column_moments(T* mean_c, T* variance_c, const T* x_nc, const std::uint8_t* mask_n,
                    RowsCols dims, ColumnParts made) {
  const auto use = [=](Index column, ColumnPairs total) {
    const double count = total.count() > 0 ? total.count() : 1;
    for (Index j = 0; j < total.cols; ++j) {
      const Index at = column + j;
      mean_c[at] = T(total.first()[j]);
      variance_c[at] = T(total.second()[j] / count);
      if (!(variance_c[at] - variance_c[at] == 0))  // the variance may still fit
        wide_column_moments(mean_c + at, variance_c + at, x_nc + at, mask_n, dims);
    }
  };
  if (made.count > 0) return join_parts(made, dims.cols, merge_moments, use);
  const ChunkMoments<T> moments(x_nc, mask_n, dims);
  const double work = sum_work * double(dims.rows) * double(dims.cols);
  reduce_pairs<T>(dims.cols, moments.chunks.count, work, moments, merge_moments, use);
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_column_moments(Kernels<T>& k) {
  k.column_moments = column_moments<T>;
  k.column_moments_part = column_moments_part<T>;
}
template void fill_column_moments<float>(Kernels<float>&);
template void fill_column_moments<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
