// Whether convolutions may be calculated by Winograd's algorithm, which rounds otherwise than sums.
#include <cstdlib>
#include <cstring>

#include "../kernel.h"

namespace lamina {

bool winograd_allowed() {
  static const bool allowed = [] {
    const char* wish = std::getenv("LAMINA_WINOGRAD");
    return wish == nullptr || std::strcmp(wish, "0") != 0;
  }();
  return allowed;
}

}  // namespace lamina
