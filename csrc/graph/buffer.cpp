#include "buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

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

std::size_t padded_bytes(Index size, DType dtype) {
  return (std::size_t(size) * bytes_of(dtype) + 63) / 64 * 64;
}

}  // namespace lamina
