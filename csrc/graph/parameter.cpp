#include "parameter.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>

namespace lamina {

Buffer::Buffer(std::size_t bytes) : size_(bytes) {
  constexpr std::size_t huge_page = std::size_t(2) << 20;
  void* fresh = nullptr;
  const bool large = bytes >= 2 * huge_page;
  if (posix_memalign(&fresh, large ? huge_page : 64, bytes == 0 ? 64 : bytes) != 0)
    throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  // Packing a matrix walks down its rows, a page each: fewer, larger pages.
  if (large) madvise(fresh, bytes, MADV_HUGEPAGE);
#endif
  std::memset(fresh, 0, bytes);
  data_.reset(static_cast<std::byte*>(fresh));
}

void Buffer::Free::operator()(std::byte* p) const { std::free(p); }

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
  checked_product(size, 16);  // room for bytes and padding
}

std::byte* Parameter::data() const {
  if (!allocated())
    throw std::runtime_error("Parameter '" + name + "' has no values yet; call allocate first");
  return storage_->data() + offset_;
}

std::size_t padded_bytes(const Parameter& parameter) {
  return (std::size_t(parameter.size) * bytes_of(parameter.dtype) + 63) / 64 * 64;
}

void allocate(const std::vector<std::shared_ptr<Parameter>>& parameters) {
  Index bytes = 0;
  for (const auto& p : parameters)
    if (!p->allocated() && __builtin_add_overflow(bytes, Index(padded_bytes(*p)), &bytes))
      throw std::invalid_argument("allocate: the parameters need more than 2^63 bytes");
  const auto storage = std::make_shared<Buffer>(std::size_t(bytes));
  std::size_t offset = 0;
  for (const auto& p : parameters) {
    if (p->allocated()) continue;
    p->storage_ = storage;
    p->offset_ = offset;
    offset += padded_bytes(*p);
  }
}

}  // namespace lamina
