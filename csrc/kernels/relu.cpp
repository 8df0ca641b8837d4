// ReLUs with bounds (Keras's ReLU layer) or with a trainable slope (PReLU).
#include "row_chunks.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

constexpr double relu_work = 15;  // work per element, for threads_for

// --- bounded

// A slope of 0 does not multiply: minus infinity gives 0, NaN remains.
template <class T>
void bounded_relu_forward(T* y, const T* x, Index size, ReluSpec spec) {
  const Vec<T> most = broadcast(T(spec.max_value)), least = broadcast(T(spec.threshold));
  const Vec<T> slope = broadcast(T(spec.negative_slope)), zero = {};
  const bool flat = spec.negative_slope == 0;
  parallel_elements(size, relu_work, [=](Index begin, Index end) {
    for_vectors<T>(begin, end, [=](Index i, Index count) {
      const Vec<T> v = load_count(x + i, count);
      const Vec<T> below = flat ? (v == v ? zero : v) : slope * (v - least);
      const Vec<T> inside = v >= least ? v : below;
      store_count<T>(y + i, v >= most ? most : inside, count);
    });
  });
}

// At the threshold itself the lower slope applies, as for the plain ReLU at 0.
template <class T>
void bounded_relu_backward(T* dx, const T* dy, const T* x, Index size, ReluSpec spec) {
  const Vec<T> most = broadcast(T(spec.max_value)), least = broadcast(T(spec.threshold));
  const Vec<T> slope = broadcast(T(spec.negative_slope)), zero = {};
  const bool flat = spec.negative_slope == 0;
  parallel_elements(size, relu_work, [=](Index begin, Index end) {
    for_vectors<T>(begin, end, [=](Index i, Index count) {
      const Vec<T> v = load_count(x + i, count), d = load_count(dy + i, count);
      const Vec<T> inside = v > least ? d : (flat ? zero : slope * d);
      store_count<T>(dx + i, v >= most ? zero : inside, count);
    });
  });
}

// --- trainable slope: He et al., "Delving deep into rectifiers", 2015

template <class T>
void prelu_forward(T* y_nc, const T* x_nc, const T* alpha_c, RowsCols dims) {
  const Index cols = dims.cols;
  for_each_row(dims, relu_work, [=](Index r) {
    for_vectors<T>(0, cols, [=](Index i, Index count) {
      const Vec<T> v = load_count(x_nc + r * cols + i, count);
      const Vec<T> scaled = load_count(alpha_c + i, count) * v;
      store_count<T>(y_nc + r * cols + i, v > Vec<T>{} ? v : scaled, count);
    });
  });
}

// A chunk of rows is summed from zero in row order, and the chunks are added in order.
constexpr Index prelu_rows = 512;

template <class T>
struct PreluChunk {
  T* dx;
  T* dalpha;  // of this chunk
  const T *dy, *x, *alpha;
  Index rows, cols;
  bool add;
};

template <class T>
void prelu_chunk(const PreluChunk<T>& p) {
  for_vectors<T>(0, p.cols, [&](Index i, Index count) {
    const Vec<T> alpha = load_count(p.alpha + i, count), zero = {};
    Vec<T> sum = {};
    for (Index r = 0, at = i; r < p.rows; ++r, at += p.cols) {
      const Vec<T> v = load_count(p.x + at, count), d = load_count(p.dy + at, count);
      if (p.dx) store_count<T>(p.dx + at, v > zero ? d : alpha * d, count);
      sum = sum + (v > zero ? zero : v * d);
    }
    if (!p.dalpha) return;
    store_count<T>(p.dalpha + i, p.add ? load_count(p.dalpha + i, count) + sum : sum, count);
  });
}

template <class T>
void prelu_backward(T* dx_nc, T* dalpha_c, const T* dy_nc, const T* x_nc, const T* alpha_c,
                    RowsCols dims, Accumulate accumulate) {
  const Index cols = dims.cols;
  const bool add = accumulate == Accumulate::yes;
  if (cols <= 0) return;
  const Index chunks = dims.rows <= prelu_rows ? 1 : (dims.rows + prelu_rows - 1) / prelu_rows;
  const auto chunk_at = [=](Index chunk, T* dalpha, bool adds) {
    const Index first = chunk * prelu_rows * cols, left = dims.rows - chunk * prelu_rows;
    prelu_chunk<T>({dx_nc ? dx_nc + first : nullptr, dalpha, dy_nc + first, x_nc + first, alpha_c,
                    left < prelu_rows ? left : prelu_rows, cols, adds});
  };
  int threads =
      chunks == 1 ? 1 : threads_for(2 * relu_work * double(dims.rows) * double(cols), chunks);
  T* partial = nullptr;
  if (threads > 1 && dalpha_c) {
    partial = static_cast<T*>(scratch(1, sizeof(T) * std::size_t(chunks * cols)));
    if (!partial) threads = 1;
  }
  parallel_chunks(threads, chunks, [=](Index i) {
    if (partial)
      chunk_at(i, partial + i * cols, false);
    else
      chunk_at(i, dalpha_c, add || i > 0);
  });
  if (!partial) return;
  for (Index i = 0; i < chunks; ++i)
    for_vectors<T>(0, cols, [=](Index j, Index count) {
      const Vec<T> part = load_count(partial + i * cols + j, count);
      const bool adds = add || i > 0;
      store_count<T>(dalpha_c + j, adds ? load_count(dalpha_c + j, count) + part : part, count);
    });
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_relu(Kernels<T>& k) {
  k.bounded_relu_forward = bounded_relu_forward<T>;
  k.bounded_relu_backward = bounded_relu_backward<T>;
  k.prelu_forward = prelu_forward<T>;
  k.prelu_backward = prelu_backward<T>;
}
template void fill_relu(Kernels<float>&);
template void fill_relu(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
