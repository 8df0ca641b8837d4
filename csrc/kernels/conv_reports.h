// Reports of finished pixels: a convolution tells RowsHook of each of its units, so that the pixels
// are read again while they are in the cache.
#pragma once

#include "conv_product.h"
#include "large_output.h"

namespace lamina {
namespace LAMINA_ISA {

// Whether reports cost less than a pass over y: if it is large, or not small and its rows are long.
// On two cores of a Zen 4, moments of 64 images of 32x32x128 take 0.5 ms in a convolution and 1.5
// in a pass, of 8 images of 56x56x128 0.15 and 0.4; of 8 images of 56x56x64 both take 0.06.
template <class T>
bool reports_pay(const ConvProduct<T>& p) {
  const bool long_rows = p.y_pixel() * Index(sizeof(T)) > 256;
  return p.images * p.y_image() * Index(sizeof(T)) >= (long_rows ? cached_bytes / 4 : cached_bytes);
}

// The parts in which the pixels of y are reported: the units for one thread, which depend on the
// sizes alone.  None if these are too few for threads to share them evenly, or if the pixels of a
// unit are not consecutive.
constexpr Index least_parts = 32;
template <class T>
Index count_parts(const ConvProduct<T>& p, const Units& units) {
  const bool consecutive = units.bands == 1 || units.per_unit == 1;
  const bool enough = units.count >= least_parts && units.count <= p.pixels() / rows_per_part;
  return reports_pay(p) && consecutive && enough ? units.count : 0;
}
template <class T>
void report(const ConvProduct<T>& p, Index part, const Unit& unit) {
  if (!p.finished.call) return;
  const Index row = (unit.image * p.vertical.outputs + unit.row) * p.horizontal.outputs;
  p.finished.call(p.finished.context, part, row, unit.pixels(p.horizontal.outputs));
}

}  // namespace LAMINA_ISA
}  // namespace lamina
