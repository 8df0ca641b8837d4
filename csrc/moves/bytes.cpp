#include "bytes.h"

#include <cstring>

#include "parallel.h"

namespace lamina {
namespace {

void copy_run(std::uint8_t* y, Index y_stride, const std::uint8_t* x, Index x_stride, Index size) {
  if (y_stride == 1 && x_stride == 1) {
    std::memcpy(y, x, std::size_t(size));
  } else if (y_stride == 1 && x_stride == 0) {
    std::memset(y, *x, std::size_t(size));
  } else {
    for (Index i = 0; i < size; ++i) y[i * y_stride] = x[i * x_stride];
  }
}

}  // namespace

void copy_bytes(std::uint8_t* y, const std::uint8_t* x, const StridedSpec& spec) {
  const int last = spec.axes - 1;
  Index runs = 1;
  for (int k = 0; k < last; ++k) runs *= spec.size[k];
  if (runs == 0 || spec.size[last] == 0) return;
  parallel_units(runs, double(spec.size[last]), [&](Index begin, Index end) {
    Index index[StridedSpec::most], rest = begin, to = 0, from = 0;
    for (int k = last - 1; k >= 0; --k) {
      index[k] = rest % spec.size[k];
      rest /= spec.size[k];
      to += index[k] * spec.y_stride[k], from += index[k] * spec.x_stride[k];
    }
    for (Index run = begin; run < end; ++run) {
      copy_run(y + to, spec.y_stride[last], x + from, spec.x_stride[last], spec.size[last]);
      for (int k = last - 1; k >= 0; --k) {
        to += spec.y_stride[k], from += spec.x_stride[k];
        if (++index[k] < spec.size[k]) break;
        to -= spec.size[k] * spec.y_stride[k], from -= spec.size[k] * spec.x_stride[k];
        index[k] = 0;
      }
    }
  });
}

}  // namespace lamina
