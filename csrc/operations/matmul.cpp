// Products of matrices: one of each input for every index of their leading axes, which broadcast.
#include <algorithm>
#include <stdexcept>

#include "registry.h"

namespace lamina {
namespace {

// An axis of matrices, and the distance from one to the next in each array; 0 if the array has only
// one matrix for all.
struct PairAxis {
  Index size, c, a, b;
  Index stride(char array) const { return array == 'c' ? c : array == 'a' ? a : b; }
};

// Products of `left` and `right` that are written to `to`, each one of the arrays a, b and c: first
// the axes along which `to` has several matrices, then those along which it is a sum.
class PairProducts {
 public:
  // The first axis is that of the rows, whose size is given in each call.
  PairProducts(Index m, Index n, Index k, bool transpose_left, bool transpose_right,
               const std::vector<PairAxis>& axes, char to, char left, char right) {
    d_.m = m, d_.n = n, d_.k = k;
    d_.transpose_a = transpose_left, d_.transpose_b = transpose_right;
    for (const bool kept : {true, false}) {
      for (std::size_t i = 0; i < axes.size(); ++i) {
        if ((axes[i].stride(to) != 0) != kept) continue;
        if (i == 0) rows_at_ = d_.axes;
        d_.size[d_.axes] = axes[i].size, d_.c_stride[d_.axes] = axes[i].stride(to);
        d_.a_stride[d_.axes] = axes[i].stride(left);
        d_.b_stride[d_.axes++] = axes[i].stride(right);
      }
      if (kept) d_.kept = d_.axes;
    }
  }

  template <class T>
  void run(const Call<T>& c, T* to, const T* left, const T* right) const {
    const BatchedProductSpec d = of_rows(c.rows);
    const Parts parts = parts_of(d);
    if (parts.count < 2) return c.kernels.batched_product(to, left, right, d);
    T* const sums = reinterpret_cast<T*>(c.workspace());
    const Index whole = d.size[parts.axis] / parts.length, rest = d.size[parts.axis] % parts.length;
    const Index left_step = d.a_stride[parts.axis] * parts.length;
    const Index right_step = d.b_stride[parts.axis] * parts.length;
    const auto sum = [&](Index first, Index count, Index length) {
      BatchedProductSpec part = d;
      part.size[parts.axis] = length;
      insert_axis(part, count, parts.elements, left_step, right_step);
      c.kernels.batched_product(sums + first * parts.elements, left + first * left_step,
                                right + first * right_step, part);
    };
    if (whole > 0) sum(0, whole, parts.length);
    if (rest > 0) sum(whole, 1, rest);
    c.kernels.column_sums(to, sums, {parts.count, parts.elements}, Accumulate::no);
  }

  std::size_t workspace_bytes(Index rows, DType dtype) const {
    const Parts parts = parts_of(of_rows(rows));  // with fewer rows there may be more parts
    return parts.count < 2 ? 0 : std::size_t(most_parts * parts.elements) * bytes_of(dtype);
  }

  friend bool operator==(const PairProducts& p, const PairProducts& q) {
    const BatchedProductSpec &d = p.d_, &e = q.d_;
    bool same = p.rows_at_ == q.rows_at_ && d.m == e.m && d.n == e.n && d.k == e.k &&
                d.transpose_a == e.transpose_a && d.transpose_b == e.transpose_b &&
                d.axes == e.axes && d.kept == e.kept;
    for (int i = 0; same && i < d.axes; ++i)
      same = d.size[i] == e.size[i] && d.c_stride[i] == e.c_stride[i] &&
             d.a_stride[i] == e.a_stride[i] && d.b_stride[i] == e.b_stride[i];
    return same;
  }

 private:
  BatchedProductSpec of_rows(Index rows) const {
    BatchedProductSpec d = d_;
    d.size[rows_at_] = rows;
    return d;
  }

  // A sum over many pairs that results in few matrices, none of them for a single row, is divided
  // along its longest axis, by sizes alone, so that threads can share it.
  static constexpr Index most_parts = 16;
  struct Parts {
    int axis;
    Index count, length;
    Index elements;  // per part: all matrices that result from the sum
  };
  Parts parts_of(const BatchedProductSpec& d) const {
    constexpr double least = 262144;  // operations per part
    Parts parts{d.kept, 1, 0, 0};
    Index kept = 1, summed = 1;
    for (int axis = 0; axis < d.axes; ++axis) {
      (axis < d.kept ? kept : summed) *= d.size[axis];
      if (axis > d.kept && d.size[axis] > d.size[parts.axis]) parts.axis = axis;
    }
    const double flop = 2.0 * double(d.m) * double(d.n) * double(d.k) * double(kept * summed);
    const Index wanted = flop < least * double(most_parts) ? Index(flop / least) : most_parts;
    if (rows_at_ < d.kept || kept >= most_parts || wanted < 2 || summed < 2) return parts;
    const Index size = d.size[parts.axis];
    parts.length = (size + wanted - 1) / wanted;
    parts.count = (size + parts.length - 1) / parts.length;
    parts.elements = kept * d.m * d.n;
    return parts;
  }

  static void insert_axis(BatchedProductSpec& d, Index size, Index to, Index left, Index right) {
    for (int axis = d.axes++; axis > d.kept; --axis) {
      d.size[axis] = d.size[axis - 1], d.c_stride[axis] = d.c_stride[axis - 1];
      d.a_stride[axis] = d.a_stride[axis - 1], d.b_stride[axis] = d.b_stride[axis - 1];
    }
    d.size[d.kept] = size, d.c_stride[d.kept] = to;
    d.a_stride[d.kept] = left, d.b_stride[d.kept++] = right;
  }

  BatchedProductSpec d_{};
  int rows_at_ = 0;
};

class MatrixProduct final : public OperationOf<MatrixProduct> {
 public:
  MatrixProduct(const char* kind_, ValueId a, ValueId b, Index m, Index n, Index k, bool ta,
                bool tb, const std::vector<PairAxis>& axes)
      : OperationOf(kind_, {a, b}),
        m_(m),
        n_(n),
        k_(k),
        ta_(ta),
        tb_(tb),
        product_(m, n, k, ta, tb, axes, 'c', 'a', 'b'),
        to_a_(ta ? PairProducts(k, m, n, tb, true, axes, 'a', 'b', 'c')
                 : PairProducts(m, k, n, false, !tb, axes, 'a', 'c', 'b')),
        to_b_(tb ? PairProducts(n, k, m, true, ta, axes, 'b', 'c', 'a')
                 : PairProducts(k, n, m, !ta, false, axes, 'b', 'a', 'c')) {
    for (const PairAxis& axis : axes) pairs_ *= axis.size;
  }

  template <class T>
  void forward_as(const Call<T>& c) const {
    if (k_ == 0)  // empty sums of values without rows
      std::fill_n(c.out(), pairs_ * m_ * n_, T(0));
    else
      product_.run(c, c.out(), c.in(0), c.in(1));
  }

  // op(a)' = dc op(b)^T and op(b)' = op(a)^T dc, transposed if a and b are.
  template <class T>
  void backward_as(const Call<T>& c) const {
    const T *a = c.in(0), *b = c.in(1), *dc = c.dout();
    if (T* da = c.din(0)) to_a_.run(c, da, ta_ ? b : dc, ta_ ? dc : b);
    if (T* db = c.din(1)) to_b_.run(c, db, tb_ ? dc : a, tb_ ? a : dc);
  }

  bool backward_reads_input(int) const override { return true; }
  bool backward_reads_output() const override { return false; }
  bool takes_empty() const override { return true; }
  std::size_t workspace_bytes(Pass pass, Index rows, DType dtype) const override {
    if (pass == Pass::forward) return 0;
    return std::max(to_a_.workspace_bytes(rows, dtype), to_b_.workspace_bytes(rows, dtype));
  }
  bool same_as(const Operation& other) const override {
    return product_ == static_cast<const MatrixProduct&>(other).product_;
  }
  Cost cost(Pass pass, Index rows, bool) const override {
    const double count = double(rows) * double(pairs_);
    const double flop = 2.0 * count * double(m_) * double(n_) * double(k_);
    return {pass == Pass::forward ? flop : 2.0 * flop, count * double(m_ * k_ + k_ * n_ + m_ * n_)};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(rows * pairs_) + " x " + std::to_string(m_) + "x" + std::to_string(k_) +
           " @ " + std::to_string(k_) + "x" + std::to_string(n_);
  }

 private:
  const Index m_, n_, k_;
  const bool ta_, tb_;
  const PairProducts product_, to_a_, to_b_;
  Index pairs_ = 1;  // per row
};

struct Matrices {
  Shape lead;
  Index rows, cols;  // as multiplied
};

Matrices matrices_of(const Tensor& x, bool transposed) {
  const std::size_t rank = x.shape.size();
  return {Shape(x.shape.begin(), x.shape.end() - 2), x.shape[rank - (transposed ? 1 : 2)],
          x.shape[rank - (transposed ? 2 : 1)]};
}

void check_summed(const char* who, const Tensor& a, const Tensor& b, Index k, Index other) {
  if (k != other)
    throw std::invalid_argument(std::string(who) +
                                ": the axes that are summed must have one size; got inputs " +
                                to_string(a.shape) + " and " + to_string(b.shape));
}

// NumPy's rule, for the axes before those of the matrices.
Shape broadcast_lead(const char* who, const Tensor& a, const Tensor& b, const Shape& x,
                     const Shape& y) {
  Shape shape = x.size() < y.size() ? y : x;
  const Shape& shorter = x.size() < y.size() ? x : y;
  const std::size_t before = shape.size() - shorter.size();
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    Index& size = shape[before + i];
    if (size != shorter[i] && size != 1 && shorter[i] != 1)
      throw std::invalid_argument(std::string(who) + ": leading axes must broadcast; got inputs " +
                                  to_string(a.shape) + " and " + to_string(b.shape));
    if (size == 1) size = shorter[i];
  }
  return shape;
}

// The distance from one matrix to the next along each axis of `lead`, in an array with leading axes
// `own`.
std::vector<Index> lead_strides(const Shape& lead, const Shape& own, Index matrix) {
  std::vector<Index> strides(lead.size(), 0);
  for (std::size_t i = own.size(); i-- > 0;) {
    if (own[i] > 1) strides[lead.size() - own.size() + i] = matrix;
    matrix *= own[i];
  }
  return strides;
}

Tensor product(Graph& graph, const char* who, const Tensor& a, const Tensor& b, bool transpose_a,
               bool transpose_b, const std::string& name) {
  const Matrices left = matrices_of(a, transpose_a), right = matrices_of(b, transpose_b);
  check_summed(who, a, b, left.cols, right.rows);
  Shape shape = broadcast_lead(who, a, b, left.lead, right.lead);
  const Index m = left.rows, k = left.cols, n = right.cols;
  const auto c_strides = lead_strides(shape, shape, checked_product(m, n));
  const auto a_strides = lead_strides(shape, left.lead, m * k);
  const auto b_strides = lead_strides(shape, right.lead, k * n);
  const bool rows_a = !graph.whole(a), rows_b = !graph.whole(b);
  const Index row_c = checked_product(size_of(shape), m * n);
  std::vector<PairAxis> axes{{1, rows_a || rows_b ? row_c : 0, rows_a ? size_of(a.shape) : 0,
                              rows_b ? size_of(b.shape) : 0}};
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    const PairAxis axis{shape[i], c_strides[i], a_strides[i], b_strides[i]};
    PairAxis& last = axes.back();
    if (axes.size() > 1 && last.c == axis.size * axis.c && last.a == axis.size * axis.a &&
        last.b == axis.size * axis.b)
      last = {last.size * axis.size, axis.c, axis.a, axis.b};  // contiguous with the last axis
    else
      axes.push_back(axis);
  }
  if (axes.size() + 1 > std::size_t(BatchedProductSpec::most))
    throw std::invalid_argument(std::string(who) + ": inputs " + to_string(a.shape) + " and " +
                                to_string(b.shape) + " broadcast along more axes than the " +
                                std::to_string(BatchedProductSpec::most - 2) +
                                " that are supported");
  shape.push_back(m), shape.push_back(n);
  return graph.record(std::make_unique<MatrixProduct>(who, a.value, b.value, m, n, k, transpose_a,
                                                      transpose_b, axes),
                      shape, name);
}

Tensor matmul(Graph& graph, const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b,
              const std::string& name) {
  const char* who = "matmul";
  graph.check_float(a, who);
  graph.check_float(b, who);
  if (a.shape.size() < 2 || b.shape.size() < 2)
    throw std::invalid_argument(std::string(who) + ": needs at least 2 axes of each input; got " +
                                to_string(a.shape) + " and " + to_string(b.shape));
  // One matrix for all rows of a: a single product.
  if (graph.whole(b) && b.shape.size() == 2 && !transpose_a && size_of(b.shape) > 0) {
    check_summed(who, a, b, a.shape.back(), b.shape[transpose_b ? 1 : 0]);
    const Tensor kernel =
        transpose_b ? record(graph, "permute", {b, std::vector<Index>{1, 0}}, name)[0] : b;
    return record(graph, "dense", {a, kernel}, name)[0];
  }
  return product(graph, who, a, b, transpose_a, transpose_b, name);
}

// For Keras's Dot: one matrix per row.
Tensor dot(Graph& graph, const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b,
           const std::string& name) {
  graph.check_float(a, "dot");
  graph.check_float(b, "dot");
  graph.check_alike({a, b}, "dot");
  if (a.shape.size() != 2 || b.shape.size() != 2)
    throw std::invalid_argument("dot: each input must have one matrix per row; got " +
                                to_string(a.shape) + " and " + to_string(b.shape));
  return product(graph, "dot", a, b, transpose_a, transpose_b, name);
}

const Registration products_registered[] = {
    {"matmul",
     "Products over the last two axes; the axes before them broadcast, after that of the rows.",
     matmul,
     {{"a", "(..., m, k), with rows or without."},
      {"b", "(..., k, n), with rows or without."},
      {"transpose_a", "Whether a is (..., k, m).", false},
      {"transpose_b", "Whether b is (..., n, k).", false}}},
    {"dot",
     "The product of two matrices per row, each as it is or transposed.",
     dot,
     {{"a", "(m, k)."},
      {"b", "(k, n)."},
      {"transpose_a", "Whether a is (k, m).", false},
      {"transpose_b", "Whether b is (n, k).", false}}},
};

}  // namespace
}  // namespace lamina
