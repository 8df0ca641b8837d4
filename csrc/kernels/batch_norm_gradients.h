// The gradients of a batch normalisation from its sums:
//   dbeta = sum d,  dgamma = sum d x^,  dx = gamma inv (d - m / M (sum d + x^ sum d x^)),
// with the notation of batch_norm.cpp.  The caller supplies d: `from.each(row, rows, column, width,
// group, use)` calls use(row, rows, d) for pieces of the rows in order, and d.at(e, j, count,
// normalised) is d for element e, in column j of the block.
#pragma once

#include "batch_norm_columns.h"
#include "large_output.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T>
struct Gradients : NormalisationInputs<T> {
  T *dx_nc, *dadded_nc, *dgamma_c, *dbeta_c;
  bool add;      // to dgamma and dbeta
  double count;  // rows of x in the statistics; 0 if these were given

  Gradients(NormalisationInputs<T> inputs, T* dx, T* dadded, T* dgamma, T* dbeta,
            Accumulate accumulate)
      : NormalisationInputs<T>(inputs),
        dx_nc(dx),
        dadded_nc(dadded),
        dgamma_c(dgamma),
        dbeta_c(dbeta),
        add(accumulate == Accumulate::yes),
        count(inputs.spec.batch_statistics ? count_rows(inputs.mask_n, inputs.dims.rows) : 0) {
    this->spec.batch_statistics = count > 0;
  }
  // Whether dx depends on the sums.
  bool follows() const { return dx_nc != nullptr && count > 0; }
};

template <class T>
__attribute__((noinline)) void write_parameters(const Gradients<T>& g, Index column,
                                                ColumnPairs sums) {
  for (Index j = 0; j < sums.cols; ++j) {
    const Index at = column + j;
    if (g.wide(at)) continue;
    const double std = __builtin_sqrt(double(g.variance_c[at]) + g.spec.epsilon);
    if (g.dbeta_c) g.dbeta_c[at] = (g.add ? g.dbeta_c[at] : T(0)) + T(sums.first()[j]);
    if (g.dgamma_c) g.dgamma_c[at] = (g.add ? g.dgamma_c[at] : T(0)) + T(sums.second()[j] / std);
  }
}

// dx = scale d.
template <class T, class From>
__attribute__((noinline)) void scale_gradient(const Gradients<T>& g, const From& from) {
  const Index group = rows_as_one<T>(g.dims.cols);
  const RowChunks chunks = cut_rows(g.dims, group);
  for_blocks(chunks, 0, g.dims.cols, affine_work, [&](Index chunk, Index column, Index width) {
    Factors<T, factor_block> factors;
    g.find(factors, column, width, group);
    const auto piece = [&](Index row, Index rows,
                           const auto& incoming) __attribute__((always_inline)) {
      const Index at = row * g.dims.cols + column;
      for_rows<T>(rows, g.dims.cols, width, group, [&](Index e, Index j, Index n) {
        const Vec<T> centred = factors.centred(load_count(g.x_nc + at + e, n), j, n);
        const Vec<T> d = incoming.at(at + e, j, n, factors.normalised(centred, j, n));
        store_count<T>(g.dx_nc + at + e, d * load_count(factors.scale + j, n), n);
      });
    };
    from.each(chunks.begin(chunk), chunks.length(chunk), column, width, group, piece);
  });
}

// dx = scale d + offset + slope (x - mean) for the columns in [begin, end), the last two terms only
// where the mask is not 0.  The sums begin with those of column `column`.
template <class T, class From>
__attribute__((noinline)) void batch_gradient(const Gradients<T>& g, const From& from, Index begin,
                                              Index end, Index column, ColumnPairs sums) {
  const bool whole_rows = end - begin == g.dims.cols && g.mask_n == nullptr;
  const Index group = whole_rows ? rows_as_one<T>(g.dims.cols) : 1;
  const RowChunks chunks = cut_rows(g.dims, group);
  const bool apart = From::apart && end - begin == g.dims.cols;
  const LargeOutput<T> output(g.dx_nc, g.dims, apart);
  const auto block = [&](Index chunk, Index first, Index width) {
    Factors<T, factor_block> factors;
    T offset[factor_block], slope[factor_block];
    g.find(factors, first, width, group);
    for (Index j = 0; j < width; ++j) {
      const double share = -double(factors.scale[j]) / g.count;
      const double precision = 1 / (double(g.variance_c[first + j]) + g.spec.epsilon);
      offset[j] = T(share * sums.first()[first - column + j]);
      slope[j] = T(share * precision * sums.second()[first - column + j]);
    }
    factors.repeat(offset, width, group);
    factors.repeat(slope, width, group);
    const auto piece = [&](Index row, Index rows,
                           const auto& incoming) __attribute__((always_inline)) {
      const Index at = row * g.dims.cols + first;
      const auto body = [&](Index e, Index j, Index n) __attribute__((always_inline)) {
        const Vec<T> centred = factors.centred(load_count(g.x_nc + at + e, n), j, n);
        const Vec<T> d = incoming.at(at + e, j, n, factors.normalised(centred, j, n));
        const Vec<T> plain = fma(load_count(factors.scale + j, n), d, load_count(offset + j, n));
        output.write(g.dx_nc + at + e, fma(load_count(slope + j, n), centred, plain), n);
      };
      if (g.mask_n == nullptr) return for_rows<T>(rows, g.dims.cols, width, group, body);
      for (Index r = 0; r < rows; ++r) {
        const bool kept = g.mask_n[row + r] != 0;
        for_vectors<T>(0, width, [&](Index j, Index n) {
          const Index e = r * g.dims.cols + j;
          if (kept) return body(e, j, n);
          const Vec<T> centred = factors.centred(load_count(g.x_nc + at + e, n), j, n);
          const Vec<T> d = incoming.at(at + e, j, n, factors.normalised(centred, j, n));
          output.write(g.dx_nc + at + e, load_count(factors.scale + j, n) * d, n);
        });
      }
    };
    from.each(chunks.begin(chunk), chunks.length(chunk), first, width, group, piece);
    output.end();
  };
  for_blocks(chunks, begin, end, affine_work, block);
}

// The same for the columns with sums, except those that are calculated separately.
template <class T, class From>
void batch_gradients(const Gradients<T>& g, const From& from, Index column, ColumnPairs sums) {
  for (Index begin = column, end; begin < column + sums.cols; begin = end + 1) {
    for (end = begin; end < column + sums.cols && !g.wide(end);) ++end;
    if (end > begin) batch_gradient(g, from, begin, end, column, sums);
  }
}

// All gradients of one column in double.
template <class T, class From>
__attribute__((noinline)) void wide_column_backward(const Gradients<T>& g, const From& from,
                                                    Index at) {
  const Index rows = g.dims.rows, cols = g.dims.cols;
  const WideColumn<T> wide(g, at);
  const auto normal_at = [&](Index e) { return wide.normal(g.x_nc[e]); };
  // Calls use(element, row, d) in row order.
  const auto each = [&](const auto& use) {
    from.each(0, rows, at, 1, 1, [&](Index row, Index count_of, const auto& incoming) {
      for (Index r = row; r < row + count_of; ++r) {
        const Index e = r * cols + at;
        const Vec<T> normalised = broadcast(T(wide.affine(g.x_nc[e])));
        use(e, r, double(incoming.at(e, 0, 1, normalised)[0]));
      }
    });
  };
  double plain = 0, normal = 0;
  each([&](Index e, Index, double d) {
    plain += d;
    normal += d * normal_at(e);
  });
  if (g.dbeta_c) g.dbeta_c[at] = (g.add ? g.dbeta_c[at] : T(0)) + T(plain);
  if (g.dgamma_c) g.dgamma_c[at] = (g.add ? g.dgamma_c[at] : T(0)) + T(normal);
  if (!g.dx_nc) return;
  const double scale = wide.gamma * wide.factor * wide.moments.scale;
  each([&](Index e, Index r, double d) {
    const bool follows = g.mask_n == nullptr || g.mask_n[r] != 0;
    const double share = follows ? (plain + normal_at(e) * normal) / g.count : 0;
    g.dx_nc[e] = T(scale * (d - share));
  });
}

}  // namespace LAMINA_ISA
}  // namespace lamina
