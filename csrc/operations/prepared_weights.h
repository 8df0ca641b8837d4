// Data that an operation calculates from its weights, kept by an execution between calls.
//
// Weights may change between any two calls, also from Python, where numpy.asarray(weight) is a view
// of them.  So copies of the sources are kept as well, and compared.
#pragma once

#include <array>
#include <cstring>

#include "graph/buffer.h"
#include "graph/operation.h"

namespace lamina {

// A buffer of an execution, or a part of one.
struct LentMemory {
  std::byte* data = nullptr;
  std::size_t size = 0;

  LentMemory() = default;
  LentMemory(const Buffer& whole) : data(whole.data()), size(whole.size()) {}
  LentMemory first(std::size_t bytes) const {
    LentMemory part = *this;
    if (bytes < size) part.size = bytes;
    return bytes == 0 ? LentMemory() : part;
  }
  // The rest after the first bytes.
  LentMemory after(std::size_t bytes) const {
    LentMemory rest;
    if (bytes < size) rest.data = data + bytes, rest.size = size - bytes;
    return rest;
  }
};

template <class T>
class PreparedWeights {
 public:
  struct Source {
    const T* data = nullptr;  // null: nothing is read
    Index size = 0;
  };
  using Sources = std::array<Source, 6>;

  // The size for sources of `read` numbers in all and `made` numbers calculated from them.
  static std::size_t bytes(Index read, Index made) {
    return head_bytes + whole_lines(read) + whole_lines(made);
  }

  // The memory is zero when it is first lent.
  PreparedWeights(LentMemory lent, Index read, Index made)
      : fits_(bytes(read, made) <= lent.size),
        head_(reinterpret_cast<Head*>(lent.data)),
        copies_(reinterpret_cast<T*>(lent.data + head_bytes)),
        made_(reinterpret_cast<T*>(lent.data + head_bytes + whole_lines(read))) {}

  bool fits() const { return fits_; }

  T* made() const { return made_; }

  // Whether the data are for these sources, in the layout of these kernels.
  bool is_of(const Kernels<T>& kernels, const Sources& sources) const {
    if (head_->maker != &kernels) return false;
    const T* copy = copies_;
    for (const Source& source : sources) {
      if (source.data == nullptr) continue;
      if (std::memcmp(copy, source.data, std::size_t(source.size) * sizeof(T)) != 0) return false;
      copy += source.size;
    }
    return true;
  }

  // Marks the data as incomplete until `end`.  Returns copies of the sources, from which the data
  // are to be calculated, because another thread may change the weights meanwhile.
  Sources begin(const Sources& sources) const {
    head_->maker = nullptr;
    T* copy = copies_;
    for (const Source& source : sources) {
      if (source.data == nullptr) continue;
      std::memcpy(copy, source.data, std::size_t(source.size) * sizeof(T));
      copy += source.size;
    }
    return copies(sources);
  }
  // The copies of sources of these sizes, after `begin`.
  Sources copies(const Sources& sources) const {
    Sources found;
    const T* copy = copies_;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      if (sources[i].data == nullptr) continue;
      found[i] = {copy, sources[i].size};
      copy += sources[i].size;
    }
    return found;
  }
  void end(const Kernels<T>& kernels) const { head_->maker = &kernels; }

 private:
  struct Head {
    const Kernels<T>* maker;  // null: there are no data
  };
  static constexpr std::size_t head_bytes = 64;
  static std::size_t whole_lines(Index count) { return padded_bytes(count, dtype_of<T>); }

  const bool fits_;
  Head* const head_;
  T *const copies_, *const made_;
};

}  // namespace lamina
