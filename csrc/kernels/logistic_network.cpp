// One hidden layer of logistic units with linear outputs, evaluated over the same data repeatedly,
// as searches for its weights need it.  Cases are columns, so that a vector holds several of them
// and few units cost little.
#include "microkernel.h"
#include "simd.h"
#include "table.h"
#include "vmath.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

// Columns per chunk: the sums of weights over a chunk fit into the L1 and L2 caches.
constexpr Index columns_a_chunk = logistic_network_chunk;

constexpr double near = 20.0;  // range of sums for a simpler exponential, in both types

// Rows of inputs for units, with the number of columns.
template <class T>
struct Feeding {
  const T* rows;
  Index count;
};

// y = w [1; a; b] for some units and vectors of columns; the last vector has `tail` elements.
template <class T, int Units, int Vectors>
void sums_tile(T* y, const T* w, Index each, Feeding<T> a, Feeding<T> b, Index columns,
               Index tail) {
  Vec<T> sum[Units][Vectors];
  LAMINA_UNROLL
  for (int u = 0; u < Units; ++u) LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v) sum[u][v] = broadcast(w[u * each]);
  const T* factor = w + 1;
  const auto add = [&](const Feeding<T>& from) {
    for (Index i = 0; i < from.count; ++i, ++factor) {
      Vec<T> x[Vectors];
      LAMINA_UNROLL
      for (int v = 0; v < Vectors; ++v)
        x[v] =
            load_count(from.rows + i * columns + v * lanes<T>, v < Vectors - 1 ? lanes<T> : tail);
      LAMINA_UNROLL
      for (int u = 0; u < Units; ++u) {
        const Vec<T> f = broadcast(factor[u * each]);
        LAMINA_UNROLL
        for (int v = 0; v < Vectors; ++v) sum[u][v] = fma(f, x[v], sum[u][v]);
      }
    }
  };
  add(a);
  add(b);
  LAMINA_UNROLL
  for (int u = 0; u < Units; ++u) LAMINA_UNROLL
  for (int v = 0; v < Vectors; ++v)
    store_count(y + u * columns + v * lanes<T>, sum[u][v], v < Vectors - 1 ? lanes<T> : tail);
}

template <class T, int Units>
void sums_of_units(T* y, const T* w, Index each, Feeding<T> a, Feeding<T> b, Index columns,
                   Index count) {
  constexpr int vectors = 2;
  Index j = 0;
  const auto at = [j = &j](Feeding<T> from) { return Feeding<T>{from.rows + *j, from.count}; };
  for (; j + vectors * lanes<T> <= count; j += vectors * lanes<T>)
    sums_tile<T, Units, vectors>(y + j, w, each, at(a), at(b), columns, lanes<T>);
  for (; j < count; j += lanes<T>)
    sums_tile<T, Units, 1>(y + j, w, each, at(a), at(b), columns,
                           count - j < lanes<T> ? count - j : lanes<T>);
}

// Calls f.run<n>() for a number of units n, at most the largest.
template <int Largest, class F>
LAMINA_INLINE void with_units(Index units, const F& f) {
  if constexpr (Largest > 1)
    if (units < Largest) return with_units<Largest - 1>(units, f);
  f.template run<Largest>();
}

template <class T>
struct SumsOfUnits {
  T* y;
  const T* w;
  Index each;
  Feeding<T> a, b;
  Index columns, count;
  template <int Units>
  void run() const {
    sums_of_units<T, Units>(y, w, each, a, b, columns, count);
  }
};

// The same for all units and `count` columns.
template <class T>
void sums(T* y, const T* w, Index units, Feeding<T> a, Feeding<T> b, Index columns, Index count) {
  constexpr int most = 6;
  const Index each = 1 + a.count + b.count;
  for (Index u = 0; u < units; u += most)
    with_units<most>(units - u < most ? units - u : most,
                     SumsOfUnits<T>{y + u * columns, w + u * each, each, a, b, columns, count});
}

// The result of sum_lanes for these lanes, without its loops.
template <class T, int count>
LAMINA_INLINE T folded(const T* part) {
  constexpr int half = count / 2;
  if constexpr (half == 0) {
    return part[0];
  } else {
    T sums[half];
    LAMINA_UNROLL
    for (int i = 0; i < half; ++i) sums[i] = part[i] + part[i + half];
    return folded<T, half>(sums);
  }
}

// sum(u, i) += e(u) x(i) for one vector of columns; with no inputs sum(u, 0) += e(u).
template <class T, int Units, int Inputs, int Sums>
LAMINA_INLINE void add_products(Vec<T> (&sum)[Units][Sums], const T* e, const T* x, Index columns,
                                Index some) {
  Vec<T> from[Sums];
  LAMINA_UNROLL
  for (int i = 0; i < Inputs; ++i) from[i] = load_count(x + i * columns, some);
  LAMINA_UNROLL
  for (int u = 0; u < Units; ++u) {
    const Vec<T> error = load_count(e + u * columns, some);
    if constexpr (Inputs == 0) sum[u][0] = sum[u][0] + error;
    LAMINA_UNROLL
    for (int i = 0; i < Inputs; ++i) fma_into(sum[u][i], error, from[i]);
  }
}

// d(u, i) (+)= these sums over all columns.
template <class T, int Units, int Inputs>
void products_tile(T* d, Index each, const T* e, const T* x, Index columns, Index count,
                   bool adds) {
  constexpr int sums = Inputs > 0 ? Inputs : 1;
  Vec<T> sum[Units][sums];
  LAMINA_UNROLL
  for (int u = 0; u < Units; ++u) LAMINA_UNROLL
  for (int i = 0; i < sums; ++i) sum[u][i] = Vec<T>{};
  Index j = 0;
  for (; j + lanes<T> <= count; j += lanes<T>)
    add_products<T, Units, Inputs>(sum, e + j, x + j, columns, lanes<T>);
  if (j < count) add_products<T, Units, Inputs>(sum, e + j, x + j, columns, count - j);
  LAMINA_UNROLL
  for (int u = 0; u < Units; ++u) LAMINA_UNROLL
  for (int i = 0; i < sums; ++i) {
    T part[lanes<T>];
    store(part, sum[u][i]);
    T& into = d[u * each + i];
    into = (adds ? into : T(0)) + folded<T, int(lanes<T>)>(part);
  }
}

template <class T, int Units>
void products_of_inputs(T* d, Index each, const T* e, Feeding<T> x, Index columns, Index count,
                        bool adds) {
  constexpr int inputs = 3;
  Index i = 0;
  for (; i + inputs <= x.count; i += inputs)
    products_tile<T, Units, inputs>(d + i, each, e, x.rows + i * columns, columns, count, adds);
  for (; i < x.count; ++i)
    products_tile<T, Units, 1>(d + i, each, e, x.rows + i * columns, columns, count, adds);
}

template <class T>
struct ProductsOfUnits {
  T* d;
  const T* e;
  Index each;
  Feeding<T> a, b;
  Index columns, count;
  bool adds;
  template <int Units>
  void run() const {
    products_tile<T, Units, 0>(d, each, e, nullptr, columns, count, adds);
    products_of_inputs<T, Units>(d + 1, each, e, a, columns, count, adds);
    products_of_inputs<T, Units>(d + 1 + a.count, each, e, b, columns, count, adds);
  }
};

// The derivatives with respect to the weights of units with errors e: d (+)= e [1; a; b]'.
template <class T>
void products(T* d, const T* e, Index units, Feeding<T> a, Feeding<T> b, Index columns, Index count,
              bool adds) {
  constexpr int most = LAMINA_VECTOR_BYTES == 64 ? 6 : 3;  // limited by the registers
  const Index each = 1 + a.count + b.count;
  for (Index u = 0; u < units; u += most)
    with_units<most>(
        units - u < most ? units - u : most,
        ProductsOfUnits<T>{d + u * each, e + u * columns, each, a, b, columns, count, adds});
}

// 1 / (1 + exp(-x)) for |x| <= near, as in vmath.h for all x: 2^n + 1 is exact or its error
// negligible.  Unspecified beyond.
template <class V>
LAMINA_INLINE V near_sigmoid(V x) {
  const auto [n, r] = reduce(-x);
  const V shift = constant<V>(Format<V>::shift);
  const V power = power_of_two<V>(bits_of(n + shift) - bits_of(shift));
  return constant<V>(1) / fma(power, expm1_reduced(r), power + constant<V>(1));
}

// Turns sums into units; a sum farther than `reach` from 0 gives 0 or 1.
template <class T, bool within>
void become_units(T* at, Index count, double most) {
  const Vec<T> reach = broadcast(T(most)), one = broadcast(T(1));
  for_vectors<T>(0, count, [&](Index j, Index some) __attribute__((always_inline)) {
    const Vec<T> z = load_count(at + j, some), end = z > Vec<T>{} ? one : Vec<T>{};
    Vec<T> unit;
    if constexpr (within)
      unit = near_sigmoid(z);
    else
      unit = sigmoid(z);
    store_count<T>(at + j, absolute(z) > reach ? end : unit, some);
  });
}

template <class T>
struct Network {
  const LogisticNetworkDims& d;
  Index of_hidden, of_outputs;  // where the weights of outputs begin, and how many each has

  explicit Network(const LogisticNetworkDims& dims)
      : d(dims),
        of_hidden(dims.hidden * (1 + dims.inputs)),
        of_outputs(1 + dims.hidden + (dims.skip ? dims.inputs : 0)) {}
  Index weights() const { return of_hidden + d.outputs * of_outputs; }
  Index count(Index first) const {
    return d.columns - first < columns_a_chunk ? d.columns - first : columns_a_chunk;
  }
  Index chunks() const { return (d.columns + columns_a_chunk - 1) / columns_a_chunk; }
  double work() const { return 2.0 * double(d.columns) * double(weights() + 10 * d.hidden); }
  Feeding<T> inputs(const T* x, Index first) const { return {x + first, d.inputs}; }
  Feeding<T> skipping(const T* x, Index first) const { return {x + first, d.skip ? d.inputs : 0}; }
};

template <class T>
void logistic_network_forward(T* y_oc, T* hidden_hc, const T* x_ic, const T* w,
                              const LogisticNetworkDims& d) {
  const Network<T> n(d);
  parallel_chunks(threads_for(n.work(), n.chunks()), n.chunks(), [=, &n](Index chunk) {
    const Index first = chunk * columns_a_chunk, count = n.count(first);
    T* hidden = hidden_hc + first;
    sums<T>(hidden, w, n.d.hidden, n.inputs(x_ic, first), {nullptr, 0}, n.d.columns, count);
    for (Index h = 0; h < n.d.hidden; ++h) {
      T* of_unit = hidden + h * n.d.columns;
      if (n.d.reach <= near)
        become_units<T, true>(of_unit, count, n.d.reach);
      else
        become_units<T, false>(of_unit, count, n.d.reach);
    }
    sums<T>(y_oc + first, w + n.of_hidden, n.d.outputs, {hidden, n.d.hidden},
            n.skipping(x_ic, first), n.d.columns, count);
  });
}

template <class T>
void logistic_network_backward(T* dw, T* workspace, const T* dy_oc, const T* hidden_hc,
                               const T* x_ic, const T* w, const LogisticNetworkDims& d,
                               Accumulate accumulate) {
  const Network<T> n(d);
  const bool adds = accumulate == Accumulate::yes;
  T* const error_hc = workspace;
  T* const partial = workspace + d.hidden * d.columns;  // one per chunk, if there are several
  const Index chunks = n.chunks(), weights = n.weights();
  parallel_chunks(threads_for(2.0 * n.work(), chunks), chunks, [=, &n](Index chunk) {
    const Index first = chunk * columns_a_chunk, count = n.count(first), columns = n.d.columns;
    T* const into = chunks == 1 ? dw : partial + chunk * weights;
    const bool onto = chunks == 1 && adds;
    const T *hidden = hidden_hc + first, *dy = dy_oc + first, *to_outputs = w + n.of_hidden;
    T* error = error_hc + first;
    const Vec<T> one = broadcast(T(1));
    for (Index h = 0; h < n.d.hidden; ++h)
      for_vectors<T>(0, count, [&](Index j, Index some) {
        Vec<T> sum = {};
        for (Index o = 0; o < n.d.outputs; ++o)
          sum = fma(broadcast(to_outputs[o * n.of_outputs + 1 + h]),
                    load_count(dy + o * columns + j, some), sum);
        const Vec<T> s = load_count(hidden + h * columns + j, some);
        store_count<T>(error + h * columns + j, sum * s * (one - s), some);
      });
    products<T>(into, error, n.d.hidden, n.inputs(x_ic, first), {nullptr, 0}, columns, count, onto);
    products<T>(into + n.of_hidden, dy, n.d.outputs, {hidden, n.d.hidden}, n.skipping(x_ic, first),
                columns, count, onto);
  });
  for (Index chunk = 0; chunks > 1 && chunk < chunks; ++chunk)
    for_vectors<T>(0, weights, [&](Index k, Index some) {
      const Vec<T> part = load_count(partial + chunk * weights + k, some);
      store_count<T>(dw + k, chunk > 0 || adds ? load_count(dw + k, some) + part : part, some);
    });
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_logistic_network(Kernels<T>& k) {
  k.logistic_network_forward = logistic_network_forward<T>;
  k.logistic_network_backward = logistic_network_backward<T>;
}
template void fill_logistic_network(Kernels<float>&);
template void fill_logistic_network(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
