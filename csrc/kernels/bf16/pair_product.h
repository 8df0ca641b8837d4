// The matrix product of numbers rounded to bfloat16: C (+)= A B, + bias, ReLU; sums in float32.
#pragma once

#include "pairs.h"

namespace lamina {
namespace LAMINA_ISA {

struct PairProduct {
  float* c;
  Index ldc;
  Numbers a, b;  // m x k, k x n
  Index m, n, k;
  bool add;           // to C, else overwrite it
  const float* bias;  // of length n, or null
  bool relu;
};

// Returns false and does nothing if there is no memory for packed operands.
bool multiply(const PairProduct& p);

}  // namespace LAMINA_ISA
}  // namespace lamina
