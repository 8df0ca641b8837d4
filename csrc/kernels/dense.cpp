// Dense layers: y = activation(x w + b), and its gradients.
#include "activations.h"
#include "column_sums.h"
#include "dense_unit.h"
#include "dropout_law.h"
#include "gemm.h"
#include "narrow.h"
#include "transpose.h"

namespace lamina {
namespace LAMINA_ISA {

// Applies an activation, unless the product has done so, and dropout to every block of rows when
// the product has finished it.
template <class T>
struct FinishBlock {
  static constexpr bool wanted = true;
  T* y_no;
  Index units;
  ActivationSpec spec;
  const Philox* key;  // of dropout, or null
  DropoutLaw law;
  double work = (is_fused(spec) ? 0 : activation_work<T>(spec)) + (key ? dropout_work : 0);
  void operator()(Range rows, Range cols) const {
    if (cols.size() == units) return finish(rows.begin * units, rows.end * units);
    for (Index r = rows.begin; r < rows.end; ++r)
      finish(r * units + cols.begin, r * units + cols.end);
  }
  void finish(Index begin, Index end) const {
    if (!is_fused(spec)) activate(y_no + begin, end - begin, spec);
    if (key) drop_in_place(y_no, begin, end, *key, law);
  }
};

// Whether two columns of outputs are faster calculated as rows, whose vectors are many rows of x,
// transposed on the way.  In float32 with AVX-512, 64x64: 0.75 to 0.54 us; in float64 10000x128 is
// slower.
template <class T>
bool better_turned(DenseDims dims) {
  if (dims.inputs < square<T> || dims.inputs > 128) return false;
  return sizeof(T) == 4 && dims.units == 2 && dims.rows >= 16;
}

constexpr Index turned_rows = 256;  // rows of x whose outputs are transposed back at a time

// The same as `dense_forward` for `rows` rows: each output is the same chain, then the bias is
// added.
template <class T>
void forward_turned(T* y_no, const T* x_ni, const T* w_io, const T* b_o, DenseDims dims,
                    ActivationSpec activation) {
  alignas(64) T turned[2 * turned_rows];
  const Index rows = dims.rows, inputs = dims.inputs, units = dims.units;
  const Product<T, Strided<T>, Strided<T>> p{turned,
                                             rows,
                                             left_operand(w_io, units, true, inputs),
                                             right_operand(x_ni, inputs, true, inputs),
                                             units,
                                             rows,
                                             inputs,
                                             false,
                                             nullptr,
                                             false};
  BlockedProduct<T, Strided<T>, Strided<T>, NoHook>(p, NoHook{}).run({0, units}, {0, rows});
  for (Index o = 0; b_o && o < units; ++o)
    for_vectors<T>(0, rows, [&](Index r, Index count) {
      T* y = turned + o * rows + r;
      store_count(y, load_count(y, count) + broadcast(b_o[o]), count);
    });
  transpose_copy(y_no, units, turned, rows, units, rows);
  activate(y_no, rows * units, activation);
}

template <class T>
void forward_by_turned_blocks(T* y_no, const T* x_ni, const T* w_io, const T* b_o, DenseDims dims,
                              ActivationSpec activation) {
  const Parts blocks(dims.rows, parts_of(dims.rows, turned_rows));
  const double flop = 2.0 * double(dims.rows) * double(dims.inputs) * double(dims.units);
  parallel_chunks(threads_for(flop, blocks.count), blocks.count, [&](Index i) {
    const Index begin = blocks.begin(i), rows = blocks.begin(i + 1) - begin;
    forward_turned(y_no + begin * dims.units, x_ni + begin * dims.inputs, w_io, b_o,
                   {rows, dims.inputs, dims.units}, activation);
  });
}

template <class T>
void dense_forward(T* y_no, const T* x_ni, const T* w_io, const T* b_o, DenseDims dims,
                   ActivationSpec activation, DropoutSpec dropout) {
  const bool drops = dropout.rate > 0, turned = better_turned<T>(dims);
  if (dims.units == 1 || turned) {
    if (turned)
      forward_by_turned_blocks(y_no, x_ni, w_io, b_o, dims, activation);
    else
      dense_unit_forward(y_no, x_ni, w_io, b_o, dims, activation);
    const Index size = dims.rows * dims.units;
    if (drops) dropout_forward(y_no, y_no, size, dropout.rate, dropout.key);
    return;
  }
  const auto calculate = [=](const auto& hook) {
    const bool relu = activation.kind == Activation::relu;
    const Index rows = dims.rows, inputs = dims.inputs, units = dims.units;
    const Strided<T> w = right_operand(w_io, units, false, inputs);
    if (is_narrow<T>(rows, units, inputs))
      return multiply_narrow<T>({y_no, x_ni, w, rows, units, inputs, b_o, relu}, hook);
    const Strided<T> x = left_operand(x_ni, inputs, false, inputs);
    multiply(Product<T, Strided<T>, Strided<T>>{y_no, units, x, w, rows, units, inputs, false, b_o,
                                                relu},
             hook);
  };
  const DropoutLaw law(dropout.rate);
  if (drops) {
    const Philox key(dropout.key);
    calculate(FinishBlock<T>{y_no, dims.units, activation, &key, law});
  } else if (is_fused(activation)) {
    calculate(NoHook{});
  } else {
    calculate(FinishBlock<T>{y_no, dims.units, activation, nullptr, law});
  }
}

// dx = dz w^T,  dw (+)= x^T dz,  db (+)= column sums of dz.
template <class T>
void dense_backward(T* dx_ni, T* dw_io, T* db_o, const T* dz_no, const T* x_ni, const T* w_io,
                    DenseDims dims, bool rectified, Accumulate accumulate) {
  const Index rows = dims.rows, inputs = dims.inputs, units = dims.units;
  if (db_o) sum_columns(db_o, dz_no, {rows, units}, accumulate);
  if (units == 1) {
    if (dw_io) sum_weighted_columns(dw_io, x_ni, dz_no, {rows, inputs}, accumulate);
    if (dx_ni) dense_unit_to_input(dx_ni, dz_no, rectified ? x_ni : nullptr, w_io, rows, inputs);
    return;
  }
  if (dw_io)
    gemm(dw_io, x_ni, dz_no, inputs, units, rows, units, inputs, units, true, false, accumulate);
  if (dx_ni && is_narrow<T>(rows, inputs, units)) {
    const Strided<T> w = right_operand(w_io, units, true, units);
    multiply_narrow<T>({dx_ni, dz_no, w, rows, inputs, units, nullptr, false}, NoHook{});
  } else if (dx_ni) {
    gemm(dx_ni, dz_no, w_io, rows, inputs, units, inputs, units, units, false, true,
         Accumulate::no);
  }
}

template <class T>
[[gnu::cold]] void fill_dense(Kernels<T>& k) {
  k.dense_forward = dense_forward<T>;
  k.dense_backward = dense_backward<T>;
}
template void fill_dense<float>(Kernels<float>&);
template void fill_dense<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
