#include <stdexcept>

#include "gradient_free.h"
#include "operations.h"
#include "sizes.h"

namespace lamina {
namespace {

class MaskedWeight final : public GradientFree<MaskedWeight> {
 public:
  MaskedWeight(std::vector<ValueId> inputs_, Index positions, bool each, bool normalized)
      : GradientFree("masked_weight", std::move(inputs_)),
        positions_(positions),
        each_(each),
        normalized_(normalized) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    const std::uint8_t* mask = c.mask(0);
    const T* weight = c.in(1);
    T* y = c.out();
    const Index size = c.rows * positions_;
    Index kept = 0;
    for (Index i = 0; i < size; ++i) kept += mask[i] != 0;
    // A batch without a single position kept has no loss, not an infinite one.
    const T factor = normalized_ ? T(double(size) / double(kept > 0 ? kept : 1)) : T(1);
    for (Index i = 0; i < size; ++i) {
      const T own = weight == nullptr ? T(1) : weight[each_ ? i : i / positions_];
      y[i] = mask[i] != 0 ? factor * own : T(0);
    }
  }

  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(positions_ * rows);
    return {size, 2.0 * size};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, positions_); }

 private:
  const Index positions_;
  const bool each_;  // a weight for each position, not one a row
  const bool normalized_;
};

}  // namespace

Tensor masked_weight(Graph& graph, const Tensor& mask, const Tensor* weight, bool normalized,
                     const std::string& name) {
  graph.check_mask(mask, mask.shape, "masked_weight");
  const Index positions = size_of(mask.shape);
  Index each = 1;
  if (weight != nullptr) {
    graph.check_float_rows(*weight, "masked_weight");
    each = size_of(weight->shape);
    if (each != 1 && each != positions)
      throw std::invalid_argument(
          "masked_weight: weights are one number a row or one for each of " +
          to_string(mask.shape) + "; got shape " + to_string(weight->shape));
  }
  return graph.record(std::make_unique<MaskedWeight>(
                          std::vector<ValueId>{mask.value, weight == nullptr ? -1 : weight->value},
                          positions, each == positions, normalized),
                      mask.shape, name);
}

}  // namespace lamina
