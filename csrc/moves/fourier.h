// Discrete Fourier transforms of lines of complex numbers, with separate real and imaginary parts.
//
// y_k = scale * sum over n of x_n exp(-2 pi i k n / size), without a divisor.  Exchanging the real
// and imaginary parts of both input and output reverses the sign of the exponent, which gives the
// inverse and the gradient.
#pragma once

#include <memory>
#include <vector>

#include "../kernel.h"

namespace lamina {

class Fourier {
 public:
  explicit Fourier(Index size);

  Index size() const { return size_; }
  // The approximate flops per line.
  double work() const;

  // float and double; a null input part is zero, and a null output part is not wanted.  Returns
  // false if memory is short.
  template <class T>
  bool run(T* y_real, T* y_imaginary, const T* x_real, const T* x_imaginary, Index lines,
           double scale) const;

 private:
  template <class T>
  struct Table {
    std::vector<T> cos, sin;  // of -2 pi k / size
  };
  template <class T>
  const Table<T>& table() const;
  template <class T>
  void transform(T*& real, T*& imaginary, T* other_real, T* other_imaginary) const;
  template <class T>
  void convolve(T*& real, T*& imaginary, T* other_real, T* other_imaginary) const;
  void prepare_convolution();

  Index size_;
  std::vector<Index> radices_;  // their product is the size, unless a convolution is used
  Table<float> floats_;
  Table<double> doubles_;
  // For sizes with a large prime factor (Bluestein 1970): a transform of a power of two, the chirp
  // exp(-pi i n^2 / size), and the transform of its conjugate.
  std::unique_ptr<Fourier> longer_;
  std::vector<double> chirp_real_, chirp_imaginary_, kernel_real_, kernel_imaginary_;
};

}  // namespace lamina
