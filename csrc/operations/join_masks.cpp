// One mask out of those of several inputs.
#include <algorithm>
#include <stdexcept>

#include "gradient_free.h"
#include "operations.h"
#include "sizes.h"

namespace lamina {
namespace {

// What one mask gives to a row of the joined one: joined[to[i]] |= mask[from[i]].
struct MaskPart {
  Index width = 0;
  std::vector<Index> from, to;
};

class JoinMasks final : public GradientFree<JoinMasks> {
 public:
  JoinMasks(std::vector<ValueId> inputs_, std::vector<MaskPart> parts, Index width)
      : GradientFree("join_masks", std::move(inputs_)), parts_(std::move(parts)), width_(width) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    auto* joined = reinterpret_cast<std::uint8_t*>(c.out());
    std::fill_n(joined, width_ * c.rows, std::uint8_t(0));
    for (std::size_t k = 0; k < parts_.size(); ++k) {
      const MaskPart& part = parts_[k];
      const std::uint8_t* mask = c.mask(int(k));
      for (Index r = 0; r < c.rows; ++r)
        for (std::size_t i = 0; i < part.to.size(); ++i)
          if (mask == nullptr || mask[r * part.width + part.from[i]] != 0)
            joined[r * width_ + part.to[i]] = 1;
    }
  }

  Cost cost(Pass, Index rows, bool) const override {
    double size = 0;
    for (const MaskPart& part : parts_) size += double(rows) * double(part.to.size());
    return {size, 2.0 * size};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, width_); }

 private:
  const std::vector<MaskPart> parts_;
  const Index width_;
};

// Places of all positions of a block, in order, where `whole` lies in memory; an axis of size 1 of
// it is read again and again.
std::vector<Index> places(const Shape& block, const Shape& whole, Index first) {
  std::vector<Index> found{first};
  Index stride = size_of(whole);
  for (std::size_t axis = 0; axis < block.size(); ++axis) {
    stride /= whole[axis];
    const Index step = whole[axis] == 1 ? 0 : stride;
    std::vector<Index> finer;
    finer.reserve(found.size() * std::size_t(block[axis]));
    for (const Index place : found)
      for (Index i = 0; i < block[axis]; ++i) finer.push_back(place + i * step);
    found = std::move(finer);
  }
  return found;
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

// The shape of the joined mask.
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

}  // namespace

Tensor join_masks(Graph& graph, const std::vector<const Tensor*>& masks,
                  const std::vector<Shape>& shapes, Index axis, const std::string& name) {
  const auto given =
      std::count_if(masks.begin(), masks.end(), [](auto* m) { return m != nullptr; });
  if (given == 0 || masks.size() != shapes.size())
    throw std::invalid_argument("join_masks: needs a mask, and a shape for each; got " +
                                std::to_string(given) + " and " + std::to_string(shapes.size()));
  const Shape joined = joined_shape(shapes, axis);
  const Index across =
      axis < 0 ? 0 : size_of(Shape(joined.begin() + std::ptrdiff_t(axis) + 1, joined.end()));
  std::vector<MaskPart> parts;
  std::vector<ValueId> ids;
  Index before = 0;
  for (std::size_t k = 0; k < masks.size(); ++k) {
    MaskPart part;
    part.to = places(shapes[k], joined, before * across);
    if (masks[k] != nullptr) {
      check_repeats(graph, *masks[k], shapes[k]);
      part.width = size_of(masks[k]->shape);
      part.from = places(shapes[k], masks[k]->shape, 0);
    }
    if (axis >= 0) before += shapes[k][std::size_t(axis)];
    parts.push_back(std::move(part));
    ids.push_back(masks[k] == nullptr ? -1 : masks[k]->value);
  }
  return graph.record(
      std::make_unique<JoinMasks>(std::move(ids), std::move(parts), size_of(joined)), joined, name,
      DType::boolean);
}

}  // namespace lamina
