#include "shape.h"

#include <stdexcept>

namespace lamina {

Index checked_product(Index a, Index b) {
  Index product = 0;
  if (__builtin_mul_overflow(a, b, &product))
    throw std::invalid_argument("size: " + std::to_string(a) + " x " + std::to_string(b) +
                                " elements overflow; the sizes of an array must multiply to less "
                                "than 2^63");
  return product;
}

Index checked_sum(Index a, Index b) {
  Index sum = 0;
  if (__builtin_add_overflow(a, b, &sum))
    throw std::invalid_argument("size: " + std::to_string(a) + " + " + std::to_string(b) +
                                " elements overflow; an axis must be shorter than 2^63");
  return sum;
}

Index size_of(const Shape& shape) {
  Index size = 1;
  for (const Index axis : shape) size = checked_product(size, axis);
  return size;
}

Index runs_in(const Shape& shape, Index length) {
  return length == 0 ? 0 : size_of(shape) / length;
}

std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i)
    text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

const char* name_of(DType d) {
  switch (d) {
    case DType::float32:
      return "float32";
    case DType::float64:
      return "float64";
    case DType::int32:
      return "int32";
    case DType::boolean:
      break;
  }
  return "bool";
}

std::size_t bytes_of(DType d) { return d == DType::float64 ? 8 : d == DType::boolean ? 1 : 4; }

}  // namespace lamina
