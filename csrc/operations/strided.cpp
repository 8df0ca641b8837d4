// Data moved, not computed: permute, pad, crop, flip, repeat and concatenate are one operation, a
// list of strided copies; and the linear resizing of one axis.
#include "strided.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "registry.h"
#include "sizes.h"

namespace lamina {
namespace {

class Move final : public OperationOf<Move> {
 public:
  // `fills`: parts of the output are nobody's, and 0.  `leaves`: parts of an input go nowhere.
  // `sums`: an element of an input goes to several places.
  Move(std::string kind_, std::vector<ValueId> inputs_, std::vector<Piece> pieces, Index width,
       bool fills, bool leaves, bool sums)
      : OperationOf(std::move(kind_), std::move(inputs_)),
        pieces_(std::move(pieces)),
        width_(width),
        fills_(fills),
        leaves_(leaves),
        sums_(sums) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    if (fills_) zero(c, c.out(), width_ * c.rows);
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const Piece& p = pieces_[i];
      c.kernels.strided_copy(c.out() + p.y_at, c.in(int(i)) + p.x_at, p.of_rows(c.rows, width_));
    }
  }

  template <class T>
  void backward_as(const Call<T>& c) const {
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      T* dx = c.din(int(i));
      if (dx == nullptr) continue;
      const Piece& p = pieces_[i];
      if (leaves_ || sums_) zero(c, dx, p.x_width * c.rows);
      StridedSpec back = p.of_rows(c.rows, width_);
      std::swap_ranges(back.y_stride, back.y_stride + back.axes, back.x_stride);
      (sums_ ? c.kernels.strided_add : c.kernels.strided_copy)(dx + p.x_at, c.dout() + p.y_at,
                                                               back);
    }
  }

  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    return {double(width_ * rows), 2.0 * double(width_ * rows)};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, width_); }

 private:
  template <class T>
  static void zero(const Call<T>& c, T* y, Index size) {
    const T nothing = 0;
    StridedSpec all{};
    all.axes = 1, all.size[0] = size, all.y_stride[0] = 1, all.x_stride[0] = 0;
    c.kernels.strided_copy(y, &nothing, all);
  }

  const std::vector<Piece> pieces_;
  const Index width_;
  const bool fills_, leaves_, sums_;
};

class Resize final : public OperationOf<Resize> {
 public:
  Resize(ValueId x, ResizeDims row) : OperationOf("resize", {x}), row_(row) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.resize_forward(c.out(), c.in(0), dims(c.rows));
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.resize_backward(c.din(0), c.dout(), dims(c.rows));
  }

  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(rows * row_.outer * row_.to * row_.inner);
    return {3.0 * size, 3.0 * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(rows * row_.outer) + "x" + std::to_string(row_.from) + "->" +
           std::to_string(row_.to) + "x" + std::to_string(row_.inner);
  }

 private:
  ResizeDims dims(Index rows) const { return {rows * row_.outer, row_.from, row_.to, row_.inner}; }

  const ResizeDims row_;
};

void check_axes(const Graph& graph, const Tensor& x, std::size_t given, const char* who) {
  graph.check_float(x, who);
  if (given != x.shape.size())
    throw std::invalid_argument(std::string(who) + ": needs one entry for each axis of " +
                                to_string(x.shape) + "; got " + std::to_string(given));
}

void check_room(std::size_t axes, const Shape& shape, const char* who) {
  if (axes + 1 > std::size_t(StridedSpec::most))
    throw std::invalid_argument(std::string(who) + ": inputs " + to_string(shape) +
                                " have more axes than the " +
                                std::to_string(StridedSpec::most - 1) + " that can be moved");
}

Tensor one_piece(Graph& graph, const char* kind, const Tensor& x, Piece piece, Shape shape,
                 bool fills, bool leaves, bool sums, const std::string& name) {
  const Index width = size_of(shape);
  return graph.record(std::make_unique<Move>(kind, std::vector<ValueId>{x.value},
                                             std::vector<Piece>{piece}, width, fills, leaves, sums),
                      std::move(shape), name);
}

void check_margins(const Shape& x, const Margins& margins, const char* who) {
  for (const auto& [low, high] : margins)
    if (low < 0 || high < 0)
      throw std::invalid_argument(std::string(who) + ": margins of inputs " + to_string(x) +
                                  " must be at least 0; got (" + std::to_string(low) + ", " +
                                  std::to_string(high) + ")");
}

Tensor permute(Graph& graph, const Tensor& x, const std::vector<Index>& order,
               const std::string& name) {
  check_axes(graph, x, order.size(), "permute");
  check_room(x.shape.size(), x.shape, "permute");
  std::vector<Index> sorted = order, all(order.size());
  std::sort(sorted.begin(), sorted.end());
  std::iota(all.begin(), all.end(), Index(0));
  if (sorted != all)
    throw std::invalid_argument("permute: the order of the axes of " + to_string(x.shape) +
                                " must hold each once; got " + to_string(order));
  if (order == all) return x;
  Shape shape;
  for (const Index axis : order) shape.push_back(x.shape[std::size_t(axis)]);
  const std::vector<Index> from = strides_of(x.shape), to = strides_of(shape);
  Piece piece(x.shape);
  for (std::size_t i = 0; i < order.size(); ++i)
    piece.axis(shape[i], to[i], from[std::size_t(order[i])]);
  return one_piece(graph, "permute", x, piece, shape, false, false, false, name);
}

Tensor pad(Graph& graph, const Tensor& x, const Margins& margins, const std::string& name) {
  check_axes(graph, x, margins.size(), "pad");
  check_room(x.shape.size(), x.shape, "pad");
  check_margins(x.shape, margins, "pad");
  Shape shape = x.shape;
  for (std::size_t i = 0; i < shape.size(); ++i)
    shape[i] = checked_sum(shape[i], checked_sum(margins[i].first, margins[i].second));
  size_of(shape);  // refuses what does not fit
  const std::vector<Index> from = strides_of(x.shape), to = strides_of(shape);
  Piece piece(x.shape);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    piece.axis(x.shape[i], to[i], from[i]);
    piece.y_at += margins[i].first * to[i];
  }
  return one_piece(graph, "pad", x, piece, shape, true, false, false, name);
}

Tensor crop(Graph& graph, const Tensor& x, const Margins& margins, const std::string& name) {
  check_axes(graph, x, margins.size(), "crop");
  check_room(x.shape.size(), x.shape, "crop");
  check_margins(x.shape, margins, "crop");
  Shape shape = x.shape;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    shape[i] -= margins[i].first + margins[i].second;
    if (shape[i] < 1)
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
  return one_piece(graph, "crop", x, piece, shape, false, true, false, name);
}

Tensor flip(Graph& graph, const Tensor& x, Index axis, const std::string& name) {
  graph.check_float(x, "flip");
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
    if (flipped) piece.x_at = (x.shape[i] - 1) * strides[i];
  }
  return one_piece(graph, "flip", x, piece, x.shape, false, false, false, name);
}

Tensor repeat(Graph& graph, const Tensor& x, const std::vector<Index>& times,
              const std::string& name) {
  check_axes(graph, x, times.size(), "repeat");
  Shape shape = x.shape;
  std::size_t axes = shape.size();
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (times[i] < 1)
      throw std::invalid_argument("repeat: inputs " + to_string(x.shape) +
                                  " are repeated at least once; got " + to_string(times));
    shape[i] = checked_product(shape[i], times[i]);
    axes += times[i] > 1;
  }
  if (shape == x.shape) return x;
  size_of(shape);  // refuses what does not fit
  check_room(axes, x.shape, "repeat");
  const std::vector<Index> from = strides_of(x.shape), to = strides_of(shape);
  Piece piece(x.shape);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    piece.axis(x.shape[i], to[i] * times[i], from[i]);
    if (times[i] > 1) piece.axis(times[i], to[i], 0);
  }
  return one_piece(graph, "repeat", x, piece, shape, false, false, true, name);
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
  for (const Tensor& x : inputs) {
    graph.check_float(x, "concatenate");
    Shape alike = x.shape;
    if (alike.size() == shape.size()) alike[at] = inputs[0].shape[at];
    if (alike != inputs[0].shape)
      throw std::invalid_argument("concatenate: inputs must agree on all axes but " +
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
                                             width, false, false, false),
                      shape, name);
}

Tensor resize(Graph& graph, const Tensor& x, Index axis, Index to, const std::string& name) {
  graph.check_float(x, "resize");
  if (axis < 0 || std::size_t(axis) >= x.shape.size() || to < 1)
    throw std::invalid_argument("resize: axis must be one of inputs " + to_string(x.shape) +
                                " and the size positive; got axis " + std::to_string(axis) +
                                ", size " + std::to_string(to));
  Shape shape = x.shape;
  const auto at = x.shape.begin() + axis;
  const ResizeDims row{size_of(Shape(x.shape.begin(), at)), *at, to,
                       size_of(Shape(at + 1, x.shape.end()))};
  shape[std::size_t(axis)] = to;
  if (shape == x.shape) return x;
  return graph.record(std::make_unique<Resize>(x.value, row), shape, name);
}

// Axes are those of a row.
const Registration moves_registered[] = {
    {"permute",
     "The axes in another order.",
     permute,
     {{"x", "Any shape."}, {"order", "For each axis of the output the axis of x that it is."}}},
    {"pad",
     "Zeros before and behind each axis.",
     pad,
     {{"x", "Any shape."}, {"margins", "(before, behind) for each axis."}}},
    {"crop",
     "Each axis without its ends.",
     crop,
     {{"x", "Any shape."}, {"margins", "What is left out, (before, behind) for each axis."}}},
    {"flip",
     "One axis, last index first.",
     flip,
     {{"x", "Any shape."}, {"axis", "The axis, counted from 0."}}},
    {"repeat",
     "Every element several times in a row, axis by axis.",
     repeat,
     {{"x", "Any shape."}, {"times", "Repetitions along each axis."}}},
    {"concatenate",
     "One input behind the other along an axis.",
     concatenate,
     {{"inputs", "Values whose shapes differ along the axis alone."},
      {"axis", "The axis, counted from 0."}}},
    {"resize",
     "One axis resized linearly; the centres of its pixels lie at (i + 0.5).",
     resize,
     {{"x", "Any shape."},
      {"axis", "The axis, counted from 0."},
      {"to", "The new size of the axis."}}},
};

}  // namespace
}  // namespace lamina
