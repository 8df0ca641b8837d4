// A parameter in Python: a name, and a place in storage that several parameters share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graph/buffer.h"

namespace lamina {
namespace python {

class Parameter {
 public:
  Parameter(std::string name, Shape shape, DType dtype, bool trainable);

  const std::string name;
  const Shape shape;
  const Index size;
  DType dtype;  // fixed once it has values
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

using Parameters = std::vector<std::shared_ptr<Parameter>>;

// Gives every parameter without values a place in one flat, zeroed storage, each on its own cache
// lines, in the order of the list.
void allocate(const Parameters& parameters);

}  // namespace python
}  // namespace lamina
