// Dense layers: y = activation(x w + b), and its gradients.
#include "activations.h"
#include "column_sums.h"
#include "dense_unit.h"
#include "gemm.h"

namespace lamina {
namespace LAMINA_ISA {

// Applies an activation to every block of rows as it leaves the product.
template <class T>
struct ActivateBlock {
  static constexpr bool wanted = true;
  T* y_no;
  Index units;
  ActivationSpec spec;
  void operator()(Range rows, Range cols) const {
    if (cols.size() == units) {
      activate(y_no + rows.begin * units, rows.size() * units, spec);
      return;
    }
    for (Index r = rows.begin; r < rows.end; ++r)
      activate(y_no + r * units + cols.begin, cols.size(), spec);
  }
};

template <class T>
void dense_forward(T* y_no, const T* x_ni, const T* w_io, const T* b_o, DenseDims dims,
                   ActivationSpec activation) {
  if (dims.units == 1) return dense_unit_forward(y_no, x_ni, w_io, b_o, dims, activation);
  const Product<T, Strided<T>, Strided<T>> p{y_no,
                                             dims.units,
                                             left_operand(x_ni, dims.inputs, false, dims.inputs),
                                             right_operand(w_io, dims.units, false, dims.inputs),
                                             dims.rows,
                                             dims.units,
                                             dims.inputs,
                                             false,
                                             b_o,
                                             activation.kind == Activation::relu};
  if (activation.kind == Activation::linear || activation.kind == Activation::relu)
    multiply(p, NoHook{});
  else
    multiply(p, ActivateBlock<T>{y_no, dims.units, activation});
}

// dx = dz w^T,  dw (+)= x^T dz,  db (+)= column sums of dz.
template <class T>
void dense_backward(T* dx_ni, T* dw_io, T* db_o, const T* dz_no, const T* x_ni, const T* w_io,
                    DenseDims dims, Accumulate accumulate) {
  const Index rows = dims.rows, inputs = dims.inputs, units = dims.units;
  if (db_o) sum_columns(db_o, dz_no, {rows, units}, accumulate);
  if (dw_io) {
    if (units == 1)
      sum_weighted_columns(dw_io, x_ni, dz_no, {rows, inputs}, accumulate);
    else
      gemm(dw_io, x_ni, dz_no, inputs, units, rows, units, inputs, units, true, false, accumulate);
  }
  if (dx_ni)
    gemm(dx_ni, dz_no, w_io, rows, inputs, units, inputs, units, units, false, true,
         Accumulate::no);
}

template <class T>
void fill_dense(Kernels<T>& k) {
  k.dense_forward = dense_forward<T>;
  k.dense_backward = dense_backward<T>;
}
template void fill_dense<float>(Kernels<float>&);
template void fill_dense<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
