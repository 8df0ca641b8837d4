#include <stdexcept>

#include "gradient_free.h"
#include "registry.h"
#include "sizes.h"

namespace lamina {
namespace {

class MaskedWeight final : public GradientFree<MaskedWeight> {
 public:
  MaskedWeight(std::vector<ValueId> inputs_, Index positions, bool each)
      : GradientFree("masked_weight", std::move(inputs_)), positions_(positions), each_(each) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    const std::uint8_t* mask = c.mask(0);
    const T* weight = c.in(1);
    T* y = c.out();
    const Index size = c.rows * positions_;
    for (Index i = 0; i < size; ++i) {
      const T own = weight == nullptr ? T(1) : weight[each_ ? i : i / positions_];
      y[i] = mask[i] != 0 ? own : T(0);
    }
  }

  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(positions_ * rows);
    return {size, 2.0 * size};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, positions_); }

 private:
  const Index positions_;
  const bool each_;  // one weight per position rather than per row
};

Tensor masked_weight(Graph& graph, const Tensor& mask, const Tensor* weight,
                     const std::string& name) {
  graph.check_mask(mask, mask.shape, "masked_weight");
  const Index positions = size_of(mask.shape);
  Index each = 1;
  if (weight != nullptr) {
    graph.check_float_rows(*weight, "masked_weight");
    each = size_of(weight->shape);
    if (each != 1 && each != positions)
      throw std::invalid_argument(
          "masked_weight: weights are one number per row or one for each of " +
          to_string(mask.shape) + "; got shape " + to_string(weight->shape));
  }
  return graph.record(std::make_unique<MaskedWeight>(
                          std::vector<ValueId>{mask.value, weight == nullptr ? -1 : weight->value},
                          positions, each == positions),
                      mask.shape, name);
}

const Registration masked_weight_registered{
    "masked_weight",
    "The weight of each position times its mask.",
    masked_weight,
    {{"mask", "Any shape."},
     {"weight", "One number per row or per position; None for 1.", left_out}}};

}  // namespace
}  // namespace lamina
