// Sizes of one row of a tensor (the row axis, the batch, is never part of a Shape).
#pragma once

#include <string>
#include <vector>

#include "../kernel.h"

namespace lamina {

using Shape = std::vector<Index>;

// Elements of one row; throws std::invalid_argument if the product overflows.
Index size_of(const Shape& shape);
// Runs of `length` elements in one row; none where the length is 0.
Index runs_in(const Shape& shape, Index length);
// a * b for sizes; throws std::invalid_argument on overflow.
Index checked_product(Index a, Index b);
Index checked_sum(Index a, Index b);
std::string to_string(const Shape& shape);  // "(28, 28)", "(5,)", "()"

enum class DType { float32, float64, int32, boolean };  // boolean: a mask, 1 byte each
const char* name_of(DType);
constexpr bool is_floating(DType d) { return d == DType::float32 || d == DType::float64; }
std::size_t bytes_of(DType);

template <class T>
constexpr DType dtype_of = DType::float32;
template <>
inline constexpr DType dtype_of<double> = DType::float64;
template <>
inline constexpr DType dtype_of<std::int32_t> = DType::int32;

}  // namespace lamina
