// Discrete Fourier transforms of lines of complex numbers, their real and imaginary parts apart.
//
// y_k = scale * sum over n of x_n exp(-2 pi i k n / size), not divided by anything.  With real and
// imaginary parts exchanged, in what goes in and in what comes out, it is the sum with the other
// sign: the inverse, and the gradient.
#pragma once

#include <memory>
#include <vector>

#include "../kernel.h"

namespace lamina {

class Fourier {
 public:
  explicit Fourier(Index size);

  Index size() const { return size_; }
  // Flops of a line, about.
  double work() const;

  // float and double; either part may be null: one that is not wanted, or one that is zero.
  // False where there is no memory.
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
  std::vector<Index> radices_;  // their product is the size, unless it is done by a convolution
  Table<float> floats_;
  Table<double> doubles_;
  // Of sizes with a large prime factor (Bluestein 1970): a transform of a power of two, the chirp
  // exp(-pi i n^2 / size), and the transform of its conjugate.
  std::unique_ptr<Fourier> longer_;
  std::vector<double> chirp_real_, chirp_imaginary_, kernel_real_, kernel_imaginary_;
};

}  // namespace lamina
