// Aligned memory, and the layout of several arrays in one buffer.
#pragma once

#include <memory>

#include "shape.h"

namespace lamina {

// 64-byte aligned, zeroed bytes.  Throws std::bad_alloc.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t bytes);
  std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    std::size_t mapped;  // bytes mapped from the system; 0: allocated on the heap
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

// Bytes that `size` elements occupy in a buffer shared by several arrays: whole cache lines.
std::size_t padded_bytes(Index size, DType dtype);

}  // namespace lamina
