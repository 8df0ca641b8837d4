// Dense layers with products of numbers rounded to bfloat16: see dense.cpp in the parent folder.
#include "exact.h"
#include "pair_product.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

void dense_forward(float* y_no, const float* x_ni, const float* w_io, const float* b_o,
                   DenseDims dims, ActivationSpec activation, DropoutSpec dropout) {
  const Index rows = dims.rows, inputs = dims.inputs, units = dims.units;
  const PairProduct p{y_no,
                      units,
                      {x_ni, inputs, true},
                      {w_io, units, false},
                      rows,
                      units,
                      inputs,
                      false,
                      b_o,
                      activation.kind == Activation::relu};
  if (!multiply(p)) return exact.dense_forward(y_no, x_ni, w_io, b_o, dims, activation, dropout);
  if (!is_fused(activation)) exact.activation_forward(y_no, y_no, rows * units, activation);
  if (dropout.rate > 0) exact.dropout_forward(y_no, y_no, rows * units, dropout.rate, dropout.key);
}

// dx = dz w^T,  dw (+)= x^T dz,  db (+)= column sums of dz, which are not rounded.
void dense_backward(float* dx_ni, float* dw_io, float* db_o, const float* dz_no, const float* x_ni,
                    const float* w_io, DenseDims dims, bool rectified, Accumulate accumulate) {
  const Index rows = dims.rows, inputs = dims.inputs, units = dims.units;
  if (db_o) exact.column_sums(db_o, dz_no, {rows, units}, accumulate);
  const PairProduct weights{dw_io,
                            units,
                            {x_ni, inputs, false},
                            {dz_no, units, false},
                            inputs,
                            units,
                            rows,
                            accumulate == Accumulate::yes,
                            nullptr,
                            false};
  if (dw_io && !multiply(weights))
    exact.dense_backward(nullptr, dw_io, nullptr, dz_no, x_ni, w_io, dims, rectified, accumulate);
  const PairProduct data{
      dx_ni,   inputs, {dz_no, units, true}, {w_io, units, true}, rows, inputs, units, false,
      nullptr, false};
  if (dx_ni && !multiply(data))
    exact.dense_backward(dx_ni, nullptr, nullptr, dz_no, x_ni, w_io, dims, rectified, accumulate);
}

}  // namespace

[[gnu::cold]] void fill_dense(Kernels<float>& k) {
  k.dense_forward = dense_forward;
  k.dense_backward = dense_backward;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
