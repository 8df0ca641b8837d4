#include "symmetric_matrix.h"

#include "runtime/isa.h"

namespace lamina {

void SymmetricMatrix::set_diagonal(double value) {
  elements_.assign(std::size_t(size_ * size_), 0.0);
  for (Index i = 0; i < size_; ++i) elements_[std::size_t(i * (size_ + 1))] = value;
}

void SymmetricMatrix::multiply(const std::vector<double>& x, std::vector<double>& y) const {
  y.resize(std::size_t(size_));
  kernels<double>().gemm(y.data(), x.data(), elements_.data(), 1, size_, size_, size_, size_, size_,
                         false, false, Accumulate::no);
}

// One product of (size, 2) and (2, size): s h' + h s' is s (h + a/b s)' and so on; the terms of s
// s' are added to s on the left.
void SymmetricMatrix::update(const std::vector<double>& s, const std::vector<double>& h, double a,
                             double b) {
  const auto n = std::size_t(size_);
  left_.resize(2 * n);
  right_.resize(2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    left_[2 * i] = a * s[i] + b * h[i];
    left_[2 * i + 1] = b * s[i];
    right_[i] = s[i];
    right_[n + i] = h[i];
  }
  kernels<double>().gemm(elements_.data(), left_.data(), right_.data(), size_, size_, 2, size_, 2,
                         size_, false, false, Accumulate::yes);
}

}  // namespace lamina
