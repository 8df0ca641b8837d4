// Parameters (weights, biases, statistics) and the flat storage they share.
#pragma once

#include <memory>
#include <string>
#include <vector>

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
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

class Parameter {
 public:
  Parameter(std::string name, Shape shape, DType dtype, bool trainable);

  const std::string name;
  const Shape shape;
  const Index size;
  const DType dtype;
  bool trainable;

  bool allocated() const { return storage_ != nullptr; }
  // Throws std::runtime_error before allocate().
  std::byte* data() const;
  const std::shared_ptr<Buffer>& storage() const { return storage_; }

 private:
  friend void allocate(const std::vector<std::shared_ptr<Parameter>>&);
  std::shared_ptr<Buffer> storage_;
  std::size_t offset_ = 0;
};

// Gives every parameter that has no home yet a place in one flat, zeroed storage, each on a cache
// line of its own, in the order of the list.
void allocate(const std::vector<std::shared_ptr<Parameter>>& parameters);

// Bytes a parameter occupies: its size rounded up to whole cache lines.
std::size_t padded_bytes(const Parameter& parameter);

}  // namespace lamina
