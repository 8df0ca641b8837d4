// The mapping of one array's elements to another's for one row: the arguments of the strided
// kernels.
#pragma once

#include <vector>

#include "graph/shape.h"

namespace lamina {

inline std::vector<Index> strides_of(const Shape& shape) {
  std::vector<Index> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

// The part of the output that comes from one input: y[y_at + i y_stride] = x[x_at + i x_stride],
// per row.
class Piece {
 public:
  explicit Piece(const Shape& x) : x_width(size_of(x)) { row_.axes = 1; }

  Index x_width, x_at = 0, y_at = 0;

  // Adds the next axis, slowest first; an axis contiguous with the last one in both arrays is
  // merged.
  void axis(Index size, Index y_stride, Index x_stride) {
    const int last = row_.axes - 1;
    if (last > 0 && row_.y_stride[last] == size * y_stride &&
        row_.x_stride[last] == size * x_stride) {
      row_.size[last] *= size;
      row_.y_stride[last] = y_stride, row_.x_stride[last] = x_stride;
      return;
    }
    row_.size[row_.axes] = size, row_.y_stride[row_.axes] = y_stride;
    row_.x_stride[row_.axes++] = x_stride;
  }

  // Elements that it writes per row.
  Index size() const {
    Index product = 1;
    for (int k = 1; k < row_.axes; ++k) product *= row_.size[k];
    return product;
  }
  bool operator==(const Piece& other) const {
    bool same = x_width == other.x_width && x_at == other.x_at && y_at == other.y_at &&
                row_.axes == other.row_.axes;
    for (int k = 1; same && k < row_.axes; ++k)
      same = row_.size[k] == other.row_.size[k] && row_.y_stride[k] == other.row_.y_stride[k] &&
             row_.x_stride[k] == other.row_.x_stride[k];
    return same;
  }
  bool full() const { return row_.axes == StridedSpec::most; }  // no further axis
  StridedSpec of_rows(Index rows, Index y_width) const {
    StridedSpec full = row_;
    full.size[0] = rows, full.y_stride[0] = y_width, full.x_stride[0] = x_width;
    return full;
  }

 private:
  StridedSpec row_{};  // axis 0, the rows, is filled in by each call
};

}  // namespace lamina
