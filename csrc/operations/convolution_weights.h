// A convolution's weights in predictions: with the batch normalisation behind it folded in, and in
// the form that the kernel reads.
#pragma once

#include <optional>

#include "pooled_images.h"
#include "prepared_weights.h"
#include "runtime/isa.h"

namespace lamina {

template <class T>
struct ReadyWeights {
  const T *w, *b;
  const T* prepared = nullptr;        // the kernel's form of w
  std::optional<PassBehind<T>> pass;  // what could not be folded, with the activation
};

// The inputs of the operation are x, the weights, the bias, and those of the normalisation.
struct ConvolutionWeights {
  Index size, filters;
  std::optional<NormBehind> norm = {};  // before the activation

  Index rows() const { return size / filters; }
  Index folded_bytes(Index element) const {
    if (!norm) return 0;
    return (checked_product(FoldedNorm<float>::room(rows(), filters), element) + 63) / 64 * 64;
  }

  // The weights, the weights with the normalisation folded in, and the kernel's form of them.  An
  // image of 13 x 13 pixels by 3x3 from 32 channels to 64, on one core of a Zen 4: 33 us for a call
  // that calculates them, 20 us for one that finds them after a comparison.
  template <class T>
  std::size_t prepared_bytes(const ConvDims& row) const {
    const Index made = folded_size<T>() + kernels<T>().conv2d_prepared_size(row);
    return made == 0 ? 0 : PreparedWeights<T>::bytes(read_size(), made);
  }

  // Uses what is kept in `lent`, or folds them in the workspace.
  template <class T>
  ReadyWeights<T> ready(const Call<T>& c, const ConvDims& row, LentMemory lent,
                        std::byte* workspace, ActivationSpec activation) const {
    ReadyWeights<T> found{c.in(1), c.in(2), nullptr, std::nullopt};
    if (lent.data != nullptr && find_kept(c, row, lent, found)) return found;
    if (!norm) return found;
    T* const folded = reinterpret_cast<T*>(workspace);
    const FoldedNorm<T> norm_here = norm_of(c.in(3), c.in(4), c.in(5), c.in(6));
    if (norm_here.fold(c.kernels, folded, found.w, found.b, rows()))
      found.w = folded, found.b = folded + size;
    else
      found.pass = PassBehind<T>{norm_here, activation};
    return found;
  }

 private:
  Index read_size() const { return size + (norm ? 5 * filters : 0); }
  template <class T>
  Index folded_size() const {
    return folded_bytes(sizeof(T)) / Index(sizeof(T));
  }
  template <class T>
  FoldedNorm<T> norm_of(const T* gamma, const T* beta, const T* mean, const T* variance) const {
    return {gamma, beta, mean, variance, norm->epsilon, filters};
  }
  // Recalculates the kept weights if they are not current; false if that is not possible.
  template <class T>
  bool find_kept(const Call<T>& c, const ConvDims& row, LentMemory lent,
                 ReadyWeights<T>& found) const {
    const Index prepared = c.kernels.conv2d_prepared_size(row);
    const PreparedWeights<T> kept(lent, read_size(), folded_size<T>() + prepared);
    if (!kept.fits()) return false;  // lent for other kernels
    T* const ready = kept.made() + folded_size<T>();
    typename PreparedWeights<T>::Sources read{{{found.w, size}}};
    if (norm)
      for (int i = 2; i <= 6; ++i) read[std::size_t(i - 1)] = {c.in(i), filters};
    if (!kept.is_of(c.kernels, read)) {
      const auto [weights, bias, gamma, beta, mean, variance] = kept.begin(read);
      if (norm && !norm_of(gamma.data, beta.data, mean.data, variance.data)
                       .fold(c.kernels, kept.made(), weights.data, bias.data, rows()))
        return false;
      if (!c.kernels.conv2d_prepare(ready, norm ? kept.made() : weights.data, row)) return false;
      kept.end(c.kernels);
    }
    if (norm) found.w = kept.made(), found.b = kept.made() + size;
    if (prepared > 0) found.prepared = ready;
    return true;
  }
};

}  // namespace lamina
