// A symmetric matrix with products with vectors and updates by pairs of vectors.
#pragma once

#include <vector>

#include "../kernel.h"

namespace lamina {

class SymmetricMatrix {
 public:
  explicit SymmetricMatrix(Index size) : size_(size) {}

  void set_diagonal(double value);
  // y = A x
  void multiply(const std::vector<double>& x, std::vector<double>& y) const;
  // A += a s s' + b (s h' + h s')
  void update(const std::vector<double>& s, const std::vector<double>& h, double a, double b);

 private:
  const Index size_;
  std::vector<double> elements_, left_, right_;  // all rows; the factors of an update
};

}  // namespace lamina
