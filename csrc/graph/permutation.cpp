#include "permutation.h"

namespace lamina {

Shape Permutation::result() const {
  Shape result;
  for (const Index axis : order) result.push_back(shape[std::size_t(axis)]);
  return result;
}

bool Permutation::moves() const {
  Index last = -1;
  for (const Index axis : order) {
    if (shape[std::size_t(axis)] == 1) continue;
    if (axis < last) return true;
    last = axis;
  }
  return false;
}

Permutation Permutation::then(const Permutation& next) const {
  Permutation both{shape, {}};
  for (const Index axis : next.order) both.order.push_back(order[std::size_t(axis)]);
  return both;
}

}  // namespace lamina
