#include "parameter.h"

#include <stdexcept>

namespace lamina {
namespace python {

Parameter::Parameter(std::string name_, Shape shape_, DType dtype_, bool trainable_)
    : name(std::move(name_)),
      shape(std::move(shape_)),
      size(size_of(shape)),
      dtype(dtype_),
      trainable(trainable_) {
  for (const Index axis : shape)
    if (axis < 1)
      throw std::invalid_argument("Parameter '" + name +
                                  "': every axis needs at least 1 element; got shape " +
                                  to_string(shape));
  checked_product(size, 16);  // allows for bytes and padding
}

std::byte* Parameter::data() const {
  if (!allocated())
    throw std::runtime_error("Parameter '" + name + "' has no values yet; call allocate first");
  return storage_->data() + offset_;
}

void allocate(const std::vector<std::shared_ptr<Parameter>>& parameters) {
  const auto bytes_of = [](const Parameter& p) { return padded_bytes(p.size, p.dtype); };
  Index bytes = 0;
  for (const auto& p : parameters)
    if (!p->allocated() && __builtin_add_overflow(bytes, Index(bytes_of(*p)), &bytes))
      throw std::invalid_argument("allocate: the parameters need more than 2^63 bytes");
  const auto storage = std::make_shared<Buffer>(std::size_t(bytes));
  std::size_t offset = 0;
  for (const auto& p : parameters) {
    if (p->allocated()) continue;
    p->storage_ = storage;
    p->offset_ = offset;
    offset += bytes_of(*p);
  }
}

}  // namespace python
}  // namespace lamina
