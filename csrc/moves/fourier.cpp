#include "fourier.h"

#include <cmath>
#include <new>
#include <utility>

#include "parallel.h"

namespace lamina {
namespace {

constexpr Index lanes = 8;           // lines that are transformed together
constexpr Index largest_radix = 50;  // a convolution is faster for larger ones

// exp(-2 pi i k / n) reduced exactly to an octant: cos and sin of an angle of at most pi / 4.
void turn(Index k, Index n, double* cosine, double* sine) {
  constexpr double pi = 3.14159265358979323846;
  const Index eighth = 8 * k / n;
  const double angle = pi * double(8 * k - eighth * n) / (4.0 * double(n));  // within the octant
  double c, s;
  if (eighth % 2 == 0) {
    c = std::cos(angle), s = std::sin(angle);
  } else {
    const double rest = pi / 4 - angle;
    c = std::sin(rest), s = std::cos(rest);
  }
  switch (eighth / 2) {
    case 0:
      *cosine = c, *sine = -s;
      break;
    case 1:
      *cosine = -s, *sine = -c;
      break;
    case 2:
      *cosine = -c, *sine = s;
      break;
    default:
      *cosine = s, *sine = c;
  }
}

// Lines in parallel, as a compiler vector: one element of each of `lanes` lines.
template <class T>
struct LanesOf {
  typedef T Type __attribute__((vector_size(lanes * sizeof(T)), may_alias));
};
template <class T>
using Lanes = typename LanesOf<T>::Type;

// Element n of all lines is at n.
template <class T>
struct SplitLines {
  Lanes<T>*real, *imaginary;
  SplitLines(T* real_, T* imaginary_)
      : real(reinterpret_cast<Lanes<T>*>(real_)),
        imaginary(reinterpret_cast<Lanes<T>*>(imaginary_)) {}
  SplitLines at(Index place) const {
    SplitLines there = *this;
    there.real += place, there.imaginary += place;
    return there;
  }
};

template <class T>
struct Turn {
  T cos, sin;
};

// Each takes `count` elements from x and from each of the following runs, which are `apart`
// elements apart, and writes to consecutive runs of y.

// y_0 = a + b, y_1 = (a - b) w.
template <class T>
void radix_2(SplitLines<T> y, SplitLines<T> x, Index apart, Turn<T> w, Index count) {
  const SplitLines<T> z = x.at(apart), y1 = y.at(count);
  for (Index k = 0; k < count; ++k) {
    const Lanes<T> ar = x.real[k], ai = x.imaginary[k], br = z.real[k], bi = z.imaginary[k];
    const Lanes<T> r = ar - br, i = ai - bi;
    y.real[k] = ar + br;
    y.imaginary[k] = ai + bi;
    y1.real[k] = r * w.cos - i * w.sin;
    y1.imaginary[k] = r * w.sin + i * w.cos;
  }
}

template <class T>
void radix_4(SplitLines<T> y, SplitLines<T> x, Index apart, const Turn<T> (&w)[4], Index count) {
  const SplitLines<T> x1 = x.at(apart), x2 = x1.at(apart), x3 = x2.at(apart);
  const SplitLines<T> y1 = y.at(count), y2 = y1.at(count), y3 = y2.at(count);
  for (Index k = 0; k < count; ++k) {
    const Lanes<T> ar = x.real[k] + x2.real[k], ai = x.imaginary[k] + x2.imaginary[k];
    const Lanes<T> br = x.real[k] - x2.real[k], bi = x.imaginary[k] - x2.imaginary[k];
    const Lanes<T> cr = x1.real[k] + x3.real[k], ci = x1.imaginary[k] + x3.imaginary[k];
    const Lanes<T> dr = x1.real[k] - x3.real[k], di = x1.imaginary[k] - x3.imaginary[k];
    y.real[k] = ar + cr;
    y.imaginary[k] = ai + ci;
    const Lanes<T> er = br + di, ei = bi - dr, fr = ar - cr, fi = ai - ci;
    const Lanes<T> gr = br - di, gi = bi + dr;
    y1.real[k] = er * w[1].cos - ei * w[1].sin;
    y1.imaginary[k] = er * w[1].sin + ei * w[1].cos;
    y2.real[k] = fr * w[2].cos - fi * w[2].sin;
    y2.imaginary[k] = fr * w[2].sin + fi * w[2].cos;
    y3.real[k] = gr * w[3].cos - gi * w[3].sin;
    y3.imaginary[k] = gr * w[3].sin + gi * w[3].cos;
  }
}

// The same factor for every line.
template <class T>
struct WideTurn {
  Lanes<T> cos, sin;
  void set(Turn<T> w) { cos = Lanes<T>{} + w.cos, sin = Lanes<T>{} + w.sin; }
};

// One of the runs of y, for any radix: the sum of the runs of x, each times a root of unity.
template <class T>
void radix_any(SplitLines<T> y, SplitLines<T> x, Index apart, const WideTurn<T>* w, Index radix,
               Index count) {
  for (Index k = 0; k < count; ++k) {
    SplitLines<T> next = x.at(k);
    Lanes<T> real{}, imaginary{};
    for (Index n = 0; n < radix; ++n) {
      const Lanes<T> r = *next.real, i = *next.imaginary;
      real += r * w[n].cos - i * w[n].sin;
      imaginary += r * w[n].sin + i * w[n].cos;
      next.real += apart, next.imaginary += apart;
    }
    y.real[k] = real;
    y.imaginary[k] = imaginary;
  }
}

Index power_of_two_from(Index size) {
  Index power = 1;
  while (power < size) power *= 2;
  return power;
}

// The factors, the largest last.
std::vector<Index> radices_of(Index size) {
  std::vector<Index> all;
  for (; size % 4 == 0 && size > 0; size /= 4) all.push_back(4);
  if (size % 2 == 0 && size > 0) all.push_back(2), size /= 2;
  for (Index radix = 3; radix * radix <= size; radix += 2)
    for (; size % radix == 0; size /= radix) all.push_back(radix);
  if (size > 1) all.push_back(size);
  return all;
}

// Up to `lanes` lines; the other lanes are zero.
template <class T>
void read_lines(T* to, const T* from, Index size, Index lines) {
  if (from == nullptr || lines < lanes)
    for (Index n = 0; n < size * lanes; ++n) to[n] = T(0);
  if (from == nullptr) return;
  for (Index n = 0; n < size; ++n)
    for (Index q = 0; q < lines; ++q) to[n * lanes + q] = from[q * size + n];
}

template <class T>
void write_lines(T* to, const T* from, Index size, Index lines, T scale) {
  if (to == nullptr) return;
  for (Index n = 0; n < size; ++n)
    for (Index q = 0; q < lines; ++q) to[q * size + n] = scale * from[n * lanes + q];
}

}  // namespace

Fourier::Fourier(Index size) : size_(size), radices_(radices_of(size)) {
  if (!radices_.empty() && radices_.back() > largest_radix) {
    prepare_convolution();
    return;
  }
  doubles_.cos.resize(std::size_t(size)), doubles_.sin.resize(std::size_t(size));
  for (Index k = 0; k < size; ++k)
    turn(k, size, &doubles_.cos[std::size_t(k)], &doubles_.sin[std::size_t(k)]);
  floats_.cos.assign(doubles_.cos.begin(), doubles_.cos.end());
  floats_.sin.assign(doubles_.sin.begin(), doubles_.sin.end());
}

void Fourier::prepare_convolution() {
  const Index length = power_of_two_from(2 * size_ - 1);
  longer_ = std::make_unique<Fourier>(length);
  chirp_real_.resize(std::size_t(size_)), chirp_imaginary_.resize(std::size_t(size_));
  kernel_real_.assign(std::size_t(length), 0.0), kernel_imaginary_ = kernel_real_;
  std::vector<double> real(std::size_t(length), 0.0), imaginary = real;
  Index square = 0;  // n^2 modulo 2 size
  for (Index n = 0; n < size_; ++n) {
    const auto i = std::size_t(n);
    turn(square, 2 * size_, &chirp_real_[i], &chirp_imaginary_[i]);
    for (const auto place : {i, std::size_t(n == 0 ? 0 : length - n)})
      real[place] = chirp_real_[i], imaginary[place] = -chirp_imaginary_[i];
    square = (square + 2 * n + 1) % (2 * size_);
  }
  if (!longer_->run(kernel_real_.data(), kernel_imaginary_.data(), real.data(), imaginary.data(), 1,
                    1.0 / double(length)))
    throw std::bad_alloc();
}

double Fourier::work() const {
  if (longer_ != nullptr) return 2.0 * longer_->work() + 14.0 * double(longer_->size_);
  double all = 0.0;
  for (const Index radix : radices_)
    all += double(size_) * (radix == 2 ? 5.0 : radix == 4 ? 8.5 : 8.0 * double(radix));
  return all;
}

template <>
const Fourier::Table<float>& Fourier::table() const {
  return floats_;
}
template <>
const Fourier::Table<double>& Fourier::table() const {
  return doubles_;
}

// The self-sorting passes of Stockham (Van Loan 1992, section 1.7), alternating between two pairs
// of arrays; at the end the first pair refers to the result.
template <class T>
void Fourier::transform(T*& real, T*& imaginary, T* other_real, T* other_imaginary) const {
  const Table<T>& all = table<T>();
  const auto turned = [&](Index k) {
    const auto place = std::size_t(k % size_);
    return Turn<T>{all.cos[place], all.sin[place]};
  };
  Index length = size_, stride = 1;
  for (const Index radix : radices_) {
    const Index parts = length / radix, step = size_ / length;
    for (Index j = 0; j < parts; ++j) {
      const SplitLines<T> x = SplitLines<T>{real, imaginary}.at(stride * j);
      const SplitLines<T> y = SplitLines<T>{other_real, other_imaginary}.at(stride * radix * j);
      const Index apart = stride * parts;
      if (radix == 4) {
        const Turn<T> by[4] = {
            {1, 0}, turned(j * step), turned(2 * j * step), turned(3 * j * step)};
        radix_4(y, x, apart, by, stride);
      } else if (radix == 2) {
        radix_2(y, x, apart, turned(j * step), stride);
      } else {
        WideTurn<T> by[largest_radix];
        for (Index r = 0; r < radix; ++r) {
          for (Index k = 0; k < radix; ++k) by[k].set(turned(r * (k * (size_ / radix) + j * step)));
          radix_any(y.at(r * stride), x, apart, by, radix, stride);
        }
      }
    }
    std::swap(real, other_real), std::swap(imaginary, other_imaginary);
    length = parts, stride *= radix;
  }
}

// With the chirp, n k = (n^2 + k^2 - (k - n)^2) / 2 turns the sum into a convolution.
template <class T>
void Fourier::convolve(T*& real, T*& imaginary, T* other_real, T* other_imaginary) const {
  const auto times = [&](Index n, double c, double s) {
    const SplitLines<T> at = SplitLines<T>{real, imaginary}.at(n);
    const Lanes<T> r = *at.real, i = *at.imaginary;
    *at.real = r * T(c) - i * T(s);
    *at.imaginary = r * T(s) + i * T(c);
  };
  const auto with_chirp = [&] {
    for (Index n = 0; n < size_; ++n)
      times(n, chirp_real_[std::size_t(n)], chirp_imaginary_[std::size_t(n)]);
  };
  const Index length = longer_->size_;
  with_chirp();
  for (Index n = size_ * lanes; n < length * lanes; ++n) real[n] = imaginary[n] = T(0);
  T *first_real = real, *first_imaginary = imaginary;
  longer_->transform(real, imaginary, other_real, other_imaginary);
  if (real != first_real) other_real = first_real, other_imaginary = first_imaginary;
  for (Index n = 0; n < length; ++n)
    times(n, kernel_real_[std::size_t(n)], kernel_imaginary_[std::size_t(n)]);
  longer_->transform(imaginary, real, other_imaginary, other_real);  // the inverse
  with_chirp();
}

template <class T>
bool Fourier::run(T* y_real, T* y_imaginary, const T* x_real, const T* x_imaginary, Index lines,
                  double scale) const {
  const Index length = longer_ != nullptr ? longer_->size_ : size_;
  const Index blocks = (lines + lanes - 1) / lanes;
  bool enough = true;
  const auto at = [](auto* p, Index place) { return p == nullptr ? p : p + place; };
  parallel_units(blocks, double(lanes) * work() / 8.0, [&](Index begin, Index end) {
    const Index room = length * lanes;
    T* const all = static_cast<T*>(scratch(0, sizeof(T) * 4 * std::size_t(room)));
    if (all == nullptr) return __atomic_store_n(&enough, false, __ATOMIC_RELAXED);
    for (Index unit = begin; unit < end; ++unit) {
      const Index first = unit * lanes, count = lines - first < lanes ? lines - first : lanes;
      T *real = all, *imaginary = all + room;
      read_lines(real, at(x_real, first * size_), size_, count);
      read_lines(imaginary, at(x_imaginary, first * size_), size_, count);
      if (longer_ != nullptr)
        convolve(real, imaginary, all + 2 * room, all + 3 * room);
      else
        transform(real, imaginary, all + 2 * room, all + 3 * room);
      write_lines(at(y_real, first * size_), real, size_, count, T(scale));
      write_lines(at(y_imaginary, first * size_), imaginary, size_, count, T(scale));
    }
  });
  return enough;
}

template bool Fourier::run(float*, float*, const float*, const float*, Index, double) const;
template bool Fourier::run(double*, double*, const double*, const double*, Index, double) const;

}  // namespace lamina
