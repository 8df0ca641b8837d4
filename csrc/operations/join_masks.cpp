// Combination of the masks of several inputs.
#include <algorithm>
#include <stdexcept>

#include "gradient_free.h"
#include "registry.h"
#include "sizes.h"
#include "strided.h"

namespace lamina {
namespace {

// Pieces of a row, one per mask; a missing mask is true everywhere.
class JoinMasks final : public GradientFree<JoinMasks> {
 public:
  JoinMasks(std::vector<ValueId> inputs_, std::vector<Piece> pieces, Index width)
      : GradientFree("join_masks", std::move(inputs_)), pieces_(std::move(pieces)), width_(width) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    const std::uint8_t everywhere = 1;
    auto* joined = reinterpret_cast<std::uint8_t*>(c.out());
    std::fill_n(joined, width_ * c.rows, std::uint8_t(0));
    for (std::size_t k = 0; k < pieces_.size(); ++k) {
      const std::uint8_t* mask = inputs[k] < 0 ? &everywhere : c.mask(int(k));
      c.kernels.strided_any(joined + pieces_[k].y_at, mask, pieces_[k].of_rows(c.rows, width_));
    }
  }

  Cost cost(Pass, Index rows, bool) const override {
    double size = 0;
    for (const Piece& piece : pieces_) size += double(rows) * double(piece.size());
    return {size, 2.0 * size};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, width_); }

 private:
  const std::vector<Piece> pieces_;
  const Index width_;
};

// A block of the combined mask, filled from `mask`, whose axes of size 1 are repeated; a missing
// mask is a single truth value for the block.
Piece piece_of(const std::optional<Tensor>& mask, const Shape& block, const Shape& joined,
               Index y_at) {
  const Shape from = !mask ? Shape(block.size(), 1) : mask->shape;
  const std::vector<Index> y = strides_of(joined), x = strides_of(from);
  Piece piece(from);
  if (!mask) piece.x_width = 0;
  piece.y_at = y_at;
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (piece.full())
      throw std::invalid_argument("join_masks: masks of shape " + to_string(joined) +
                                  " have too many axes");
    piece.axis(block[i], y[i], from[i] == 1 ? 0 : x[i]);
  }
  return piece;
}

void check_repeats(const Graph& graph, const Tensor& mask, const Shape& shape) {
  graph.check_mask(mask, mask.shape, "join_masks");
  bool fits = mask.shape.size() == shape.size();
  for (std::size_t i = 0; fits && i < shape.size(); ++i)
    fits = mask.shape[i] == shape[i] || mask.shape[i] == 1;
  if (!fits)
    throw std::invalid_argument("join_masks: a mask of shape " + to_string(mask.shape) +
                                " cannot be repeated to " + to_string(shape));
}

// The shape of the combined mask.
Shape joined_shape(const std::vector<Shape>& shapes, Index axis) {
  for (const Shape& shape : shapes)
    for (const Index size : shape)
      if (size < 1)
        throw std::invalid_argument("join_masks: every axis needs at least 1 element; got " +
                                    to_string(shape));
  Shape joined = shapes[0];
  if (axis >= Index(joined.size()))
    throw std::invalid_argument("join_masks: axis must be one of shape " + to_string(joined) +
                                "; got " + std::to_string(axis));
  for (std::size_t k = 1; k < shapes.size(); ++k) {
    Shape alike = shapes[k];
    if (axis >= 0 && alike.size() == joined.size()) {
      joined[std::size_t(axis)] = checked_sum(joined[std::size_t(axis)], alike[std::size_t(axis)]);
      alike[std::size_t(axis)] = joined[std::size_t(axis)];
    }
    if (alike != joined)
      throw std::invalid_argument("join_masks: shapes must agree; got " + to_string(shapes[0]) +
                                  " and " + to_string(shapes[k]));
  }
  return joined;
}

Tensor join_masks(Graph& graph, const OptionalTensors& masks, const std::vector<Shape>& shapes,
                  std::optional<Index> along, const std::string& name) {
  const Index axis = along.value_or(-1);
  const auto given =
      std::count_if(masks.begin(), masks.end(), [](const auto& m) { return m.has_value(); });
  if (given == 0 || masks.size() != shapes.size())
    throw std::invalid_argument("join_masks: needs a mask, and a shape for each; got " +
                                std::to_string(given) + " and " + std::to_string(shapes.size()));
  const Shape joined = joined_shape(shapes, axis);
  const Index width = size_of(joined);
  const Index across =
      axis < 0 ? 0 : size_of(Shape(joined.begin() + std::ptrdiff_t(axis) + 1, joined.end()));
  std::vector<Piece> pieces;
  std::vector<ValueId> ids;
  Index before = 0;
  for (std::size_t k = 0; k < masks.size(); ++k) {
    if (masks[k]) check_repeats(graph, *masks[k], shapes[k]);
    pieces.push_back(piece_of(masks[k], shapes[k], joined, before * across));
    if (axis >= 0) before += shapes[k][std::size_t(axis)];
    ids.push_back(masks[k] ? masks[k]->value : -1);
  }
  return graph.record(std::make_unique<JoinMasks>(std::move(ids), std::move(pieces), width), joined,
                      name, DType::boolean);
}

const Registration join_masks_registered{
    "join_masks",
    "The combination of several masks: their union, or their concatenation along an axis.",
    join_masks,
    {{"masks", "Masks, to be repeated along axes of size 1; None is true everywhere."},
     {"shapes", "The shape of each mask after it is repeated."},
     {"axis", "Axis along which to concatenate; None takes the union.", left_out}}};

}  // namespace
}  // namespace lamina
