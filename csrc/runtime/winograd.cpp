// Whether convolutions may use Winograd's algorithm, which rounds differently from plain sums.
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
