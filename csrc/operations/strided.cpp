// Data movement without arithmetic: permute, pad, crop, slice, flip, repeat and concatenate are one
// operation, a list of strided copies.
#include "strided.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "moves/bytes.h"
#include "registry.h"
#include "runtime/isa.h"
#include "sizes.h"

namespace lamina {
namespace {

// Properties of an output apart from its pieces.
struct MoveTraits {
  bool leaves = false;  // parts of an input are not used
  bool sums = false;    // an element of an input is used several times
  bool fills = false;   // parts of the output are set to `fill`
  double fill = 0.0;
  bool operator==(const MoveTraits& o) const {
    return leaves == o.leaves && sums == o.sums && fills == o.fills && fill == o.fill &&
           std::signbit(fill) == std::signbit(o.fill);
  }
};

// Numbers of 4 bytes are moved as float: the same width, bits unchanged.
class Move final : public OperationOf<Move> {
 public:
  Move(std::string kind_, std::vector<ValueId> inputs_, std::vector<Piece> pieces, Index width,
       DType dtype, MoveTraits traits)
      : OperationOf(std::move(kind_), std::move(inputs_)),
        pieces_(std::move(pieces)),
        width_(width),
        dtype_(dtype),
        traits_(traits) {}
  Move(ValueId x, Permutation permutation, DType dtype)
      : OperationOf("permute", {x}),
        pieces_{piece_of(permutation)},
        width_(size_of(permutation.shape)),
        dtype_(dtype),
        permutation_(std::move(permutation)) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    if (dtype_ == DType::boolean) return copy(copy_bytes, c, std::uint8_t(traits_.fill != 0.0));
    if (dtype_ != DType::int32) return copy(c.kernels.strided_copy, c, T(traits_.fill));
    const auto whole = std::int32_t(traits_.fill);
    float bits;
    std::memcpy(&bits, &whole, sizeof bits);
    copy(kernels<float>().strided_copy, c, bits);
  }

  template <class T>
  void backward_as(const Call<T>& c) const {
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      T* dx = c.din(int(i));
      if (dx == nullptr) continue;
      const Piece& p = pieces_[i];
      if (traits_.leaves || traits_.sums)
        fill(c.kernels.strided_copy, dx, T(0), p.x_width * c.rows);
      StridedSpec back = p.of_rows(c.rows, width_);
      std::swap_ranges(back.y_stride, back.y_stride + back.axes, back.x_stride);
      (traits_.sums ? c.kernels.strided_add : c.kernels.strided_copy)(dx + p.x_at,
                                                                      c.dout() + p.y_at, back);
    }
  }

  bool same_as(const Operation& operation) const override {
    const auto& other = static_cast<const Move&>(operation);
    return width_ == other.width_ && traits_ == other.traits_ && pieces_ == other.pieces_;
  }
  bool differentiable(int) const override { return is_floating(dtype_); }
  bool row_by_row() const override { return true; }
  bool backward_reads_input(int) const override { return false; }
  bool takes_empty() const override { return true; }
  const Permutation* permutation() const override {
    return permutation_ ? &*permutation_ : nullptr;
  }
  std::unique_ptr<Operation> permuting(ValueId x, Permutation other, DType dtype) const override {
    return std::make_unique<Move>(x, std::move(other), dtype);
  }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    return {double(width_ * rows), 2.0 * double(width_ * rows)};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, width_); }

 private:
  static Piece piece_of(const Permutation& p) {
    const Shape shape = p.result();
    const std::vector<Index> from = strides_of(p.shape), to = strides_of(shape);
    Piece piece(p.shape);
    for (std::size_t i = 0; i < shape.size(); ++i)
      piece.axis(shape[i], to[i], from[std::size_t(p.order[i])]);
    return piece;
  }

  template <class E>
  using Copy = void (*)(E* y, const E* x, const StridedSpec&);

  template <class E>
  static void fill(Copy<E> copy, E* y, E value, Index size) {
    StridedSpec all{};
    all.axes = 1, all.size[0] = size, all.y_stride[0] = 1, all.x_stride[0] = 0;
    copy(y, &value, all);
  }
  template <class E, class T>
  void copy(Copy<E> copy, const Call<T>& c, E value) const {
    E* y = reinterpret_cast<E*>(c.out());
    if (traits_.fills) fill(copy, y, value, width_ * c.rows);
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const Piece& p = pieces_[i];
      copy(y + p.y_at, reinterpret_cast<const E*>(c.in(int(i))) + p.x_at,
           p.of_rows(c.rows, width_));
    }
  }

  const std::vector<Piece> pieces_;
  const Index width_;
  const DType dtype_;
  const MoveTraits traits_{};
  const std::optional<Permutation> permutation_;  // if it is nothing else
};

void check_axes(const Graph& graph, const Tensor& x, std::size_t given, const char* who) {
  graph.check(x, who);
  if (given != x.shape.size())
    throw std::invalid_argument(std::string(who) + ": needs one entry for each axis of " +
                                to_string(x.shape) + "; got " + std::to_string(given));
}

void check_room(std::size_t axes, const Shape& shape, const char* who) {
  if (axes + 1 > std::size_t(StridedSpec::most))
    throw std::invalid_argument(std::string(who) + ": inputs " + to_string(shape) +
                                " have more axes than the " +
                                std::to_string(StridedSpec::most - 1) + " that are supported");
}

Tensor one_piece(Graph& graph, const char* kind, const Tensor& x, Piece piece, Shape shape,
                 MoveTraits traits, const std::string& name) {
  const Index width = size_of(shape);
  const DType dtype = graph.check(x, kind).dtype;
  return graph.record(std::make_unique<Move>(kind, std::vector<ValueId>{x.value},
                                             std::vector<Piece>{piece}, width, dtype, traits),
                      std::move(shape), name, dtype);
}

void check_margins(const Shape& x, const Margins& margins, const char* who) {
  for (const auto& [low, high] : margins)
    if (low < 0 || high < 0)
      throw std::invalid_argument(std::string(who) + ": margins for inputs " + to_string(x) +
                                  " must be at least 0; got (" + std::to_string(low) + ", " +
                                  std::to_string(high) + ")");
}

void check_fill(DType dtype, double value) {
  if (dtype == DType::int32 &&
      !(value >= -2147483648.0 && value <= 2147483647.0 && value == std::trunc(value)))
    throw std::invalid_argument("pad: int32 tensors need an int32 value; got " +
                                std::to_string(value));
}

Tensor permute(Graph& graph, const Tensor& x, const std::vector<Index>& order,
               const std::string& name) {
  check_axes(graph, x, order.size(), "permute");
  check_room(x.shape.size(), x.shape, "permute");
  std::vector<Index> sorted = order, all(order.size());
  std::sort(sorted.begin(), sorted.end());
  std::iota(all.begin(), all.end(), Index(0));
  if (sorted != all)
    throw std::invalid_argument("permute: the order for the axes of " + to_string(x.shape) +
                                " must contain each axis once; got " + to_string(order));
  Permutation permutation{x.shape, order};
  Shape shape = permutation.result();
  if (!permutation.moves()) return {x.value, std::move(shape), x.graph};
  const DType dtype = graph.check(x, "permute").dtype;
  return graph.record(std::make_unique<Move>(x.value, std::move(permutation), dtype),
                      std::move(shape), name, dtype);
}

Tensor pad(Graph& graph, const Tensor& x, const Margins& margins, double value,
           const std::string& name) {
  check_axes(graph, x, margins.size(), "pad");
  check_fill(graph.check(x, "pad").dtype, value);
  check_room(x.shape.size(), x.shape, "pad");
  check_margins(x.shape, margins, "pad");
  Shape shape = x.shape;
  for (std::size_t i = 0; i < shape.size(); ++i)
    shape[i] = checked_sum(shape[i], checked_sum(margins[i].first, margins[i].second));
  size_of(shape);  // throws on overflow
  const std::vector<Index> from = strides_of(x.shape), to = strides_of(shape);
  Piece piece(x.shape);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    piece.axis(x.shape[i], to[i], from[i]);
    piece.y_at += margins[i].first * to[i];
  }
  return one_piece(graph, "pad", x, piece, shape, {false, false, true, value}, name);
}

Tensor crop(Graph& graph, const Tensor& x, const Margins& margins, const std::string& name) {
  check_axes(graph, x, margins.size(), "crop");
  check_room(x.shape.size(), x.shape, "crop");
  check_margins(x.shape, margins, "crop");
  Shape shape = x.shape;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    shape[i] -= margins[i].first + margins[i].second;
    if (shape[i] < (graph.whole(x) ? 0 : 1))
      throw std::invalid_argument("crop: nothing is left of axis " + std::to_string(i) +
                                  " of inputs " + to_string(x.shape) + " without (" +
                                  std::to_string(margins[i].first) + ", " +
                                  std::to_string(margins[i].second) + ")");
  }
  const std::vector<Index> from = strides_of(x.shape), to = strides_of(shape);
  Piece piece(x.shape);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    piece.axis(shape[i], to[i], from[i]);
    piece.x_at += margins[i].first * from[i];
  }
  return one_piece(graph, "crop", x, piece, shape, {/*leaves=*/true}, name);
}

// Whether [0, length) contains all of start, start + step, ..., `size` of them.
bool lies_within(Index start, Index size, Index step, Index length) {
  Index last = 0;
  if (size < 0 || step == 0) return false;
  if (size == 0) return true;
  if (__builtin_mul_overflow(size - 1, step, &last) || __builtin_add_overflow(start, last, &last))
    return false;
  return start >= 0 && start < length && last >= 0 && last < length;
}

Tensor slice(Graph& graph, const Tensor& x, const Shape& starts, const Shape& sizes,
             const Shape& steps, const std::string& name) {
  for (const Shape* given : {&starts, &sizes, &steps}) check_axes(graph, x, given->size(), "slice");
  check_room(x.shape.size(), x.shape, "slice");
  const std::vector<Index> from = strides_of(x.shape), to = strides_of(sizes);
  Piece piece(x.shape);
  bool all = true;
  for (std::size_t i = 0; i < x.shape.size(); ++i) {
    if (!lies_within(starts[i], sizes[i], steps[i], x.shape[i]))
      throw std::invalid_argument("slice: indices of axis " + std::to_string(i) +
                                  " must lie in [0, " + std::to_string(x.shape[i]) +
                                  ") and the step must not be 0; got " + std::to_string(sizes[i]) +
                                  " from " + std::to_string(starts[i]) + " with step " +
                                  std::to_string(steps[i]));
    piece.axis(sizes[i], to[i], sizes[i] > 1 ? steps[i] * from[i] : from[i]);
    if (sizes[i] > 0) piece.x_at += starts[i] * from[i];
    all = all && sizes[i] == x.shape[i] && (steps[i] == 1 || sizes[i] < 2);
  }
  if (all) return x;
  return one_piece(graph, "slice", x, piece, sizes, {/*leaves=*/true}, name);
}

Tensor flip(Graph& graph, const Tensor& x, Index axis, const std::string& name) {
  graph.check(x, "flip");
  check_room(x.shape.size(), x.shape, "flip");
  if (axis < 0 || std::size_t(axis) >= x.shape.size())
    throw std::invalid_argument("flip: axis must be in [0, " + std::to_string(x.shape.size()) +
                                ") for inputs " + to_string(x.shape) + "; got " +
                                std::to_string(axis));
  const std::vector<Index> strides = strides_of(x.shape);
  Piece piece(x.shape);
  for (std::size_t i = 0; i < x.shape.size(); ++i) {
    const bool flipped = i == std::size_t(axis);
    piece.axis(x.shape[i], strides[i], flipped ? -strides[i] : strides[i]);
    if (flipped && x.shape[i] > 0) piece.x_at = (x.shape[i] - 1) * strides[i];
  }
  return one_piece(graph, "flip", x, piece, x.shape, {}, name);
}

Tensor repeat(Graph& graph, const Tensor& x, const std::vector<Index>& times,
              const std::string& name) {
  check_axes(graph, x, times.size(), "repeat");
  Shape shape = x.shape;
  std::size_t axes = shape.size();
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (times[i] < (graph.whole(x) ? 0 : 1))
      throw std::invalid_argument("repeat: inputs " + to_string(x.shape) +
                                  " must be repeated at least once; got " + to_string(times));
    shape[i] = checked_product(shape[i], times[i]);
    axes += times[i] != 1 && x.shape[i] != 1;
  }
  if (shape == x.shape) return x;
  size_of(shape);  // throws on overflow
  check_room(axes, x.shape, "repeat");
  const std::vector<Index> from = strides_of(x.shape), to = strides_of(shape);
  Piece piece(x.shape);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (times[i] == 1 || x.shape[i] != 1) piece.axis(x.shape[i], to[i] * times[i], from[i]);
    if (times[i] != 1) piece.axis(times[i], to[i], 0);
  }
  return one_piece(graph, "repeat", x, piece, shape, {false, /*sums=*/true}, name);
}

Tensor concatenate(Graph& graph, const std::vector<Tensor>& inputs, Index axis,
                   const std::string& name) {
  if (inputs.empty()) throw std::invalid_argument("concatenate: needs at least 1 input; got none");
  Shape shape = inputs[0].shape;
  if (axis < 0 || std::size_t(axis) >= shape.size())
    throw std::invalid_argument("concatenate: axis must be in [0, " + std::to_string(shape.size()) +
                                ") for inputs " + to_string(shape) + "; got " +
                                std::to_string(axis));
  check_room(shape.size(), shape, "concatenate");
  const auto at = std::size_t(axis);
  shape[at] = 0;
  const DType dtype = graph.check(inputs[0], "concatenate").dtype;
  for (const Tensor& x : inputs) {
    if (graph.check(x, "concatenate").dtype != dtype)
      throw std::invalid_argument(std::string("concatenate: inputs must be of one type; got ") +
                                  name_of(dtype) + " and " +
                                  name_of(graph.check(x, "concatenate").dtype));
    Shape alike = x.shape;
    if (alike.size() == shape.size()) alike[at] = inputs[0].shape[at];
    if (alike != inputs[0].shape)
      throw std::invalid_argument("concatenate: inputs must agree on all axes except axis " +
                                  std::to_string(axis) + "; got " + to_string(inputs[0].shape) +
                                  " and " + to_string(x.shape));
    shape[at] = checked_sum(shape[at], x.shape[at]);
  }
  graph.check_alike(inputs, "concatenate");
  const Index width = size_of(shape);
  const std::vector<Index> to = strides_of(shape);
  std::vector<Piece> pieces;
  std::vector<ValueId> ids;
  Index before = 0;
  for (const Tensor& x : inputs) {
    const std::vector<Index> from = strides_of(x.shape);
    Piece piece(x.shape);
    for (std::size_t i = 0; i < shape.size(); ++i) piece.axis(x.shape[i], to[i], from[i]);
    piece.y_at = before * to[at];
    before += x.shape[at];
    pieces.push_back(piece);
    ids.push_back(x.value);
  }
  return graph.record(std::make_unique<Move>("concatenate", std::move(ids), std::move(pieces),
                                             width, dtype, MoveTraits{}),
                      shape, name, dtype);
}

// Axes are those of a row.
const Registration moves_registered[] = {
    {"permute",
     "The axes in another order.",
     permute,
     {{"x", "Any shape and type."}, {"order", "For each axis of the output, the axis of x."}}},
    {"pad",
     "One value added before and after each axis.",
     pad,
     {{"x", "Any shape and type."},
      {"margins", "(before, after) for each axis."},
      {"value", "The value to add.", 0.0}}},
    {"crop",
     "Each axis without its ends.",
     crop,
     {{"x", "Any shape and type."},
      {"margins", "The numbers of elements to remove, (before, after) for each axis."}}},
    {"slice",
     "A range of indices along each axis.",
     slice,
     {{"x", "Any shape and type."},
      {"starts", "The first index of each axis."},
      {"sizes", "The number of indices for each axis."},
      {"steps", "The step from one index to the next for each axis; may be negative."}}},
    {"flip",
     "One axis in reverse order.",
     flip,
     {{"x", "Any shape and type."}, {"axis", "The axis, counted from 0."}}},
    {"repeat",
     "Every element repeated several times, axis by axis.",
     repeat,
     {{"x", "Any shape and type."}, {"times", "Repetitions along each axis."}}},
    {"concatenate",
     "The inputs concatenated along an axis.",
     concatenate,
     {{"inputs", "Values of one type whose shapes differ along the axis only."},
      {"axis", "The axis, counted from 0."}}},
};

}  // namespace
}  // namespace lamina
