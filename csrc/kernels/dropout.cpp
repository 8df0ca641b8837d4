// Dropout over runs of elements, forward and backward; dropout_law.h defines it.
#include "dropout_law.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

template <class T>
void fill_with(T* y, Index size, T value) {
  for (Index i = 0; i < size; ++i) y[i] = value;
}

template <class T>
LAMINA_INLINE void drop_range(T* y, const T* x, Index begin, Index end, const Philox& key,
                              DropoutLaw law) {
  philox_range(key, begin, end,
               [&](Index e, vu32 bits, Index count) { drop(y + e, x + e, bits, count, law); });
}

}  // namespace

template <class T>
void dropout_forward(T* y, const T* x, Index size, double rate, RandomKey random_key) {
  if (rate >= 1) return fill_with(y, size, T(0));
  const Philox key(random_key);
  const DropoutLaw law(rate);
  parallel_elements(size, dropout_work,
                    [&](Index begin, Index end) { drop_range(y, x, begin, end, key, law); });
}

template <class T>
void dropout_backward(T* dx, const T* dy, const T* y, Index size, double rate,
                      RandomKey random_key) {
  // The layer multiplies by a diagonal matrix: backward applies the same map to dy.
  if (y == nullptr || rate >= 1) return dropout_forward(dx, dy, size, rate, random_key);
  const DroppedRelu<Vec<T>> law{broadcast(T(DropoutLaw(rate).scale))};
  parallel_elements(size, 8, [=](Index begin, Index end) {
    for_vectors<T>(begin, end, [=](Index i, Index count) {
      store_count(dx + i, law.backward(load_count(dy + i, count), load_count(y + i, count)), count);
    });
  });
}

template <class T>
void drop_in_place(T* y, Index begin, Index end, const Philox& key, DropoutLaw law) {
  drop_range(y, y, begin, end, key, law);
}

template <class T>
[[gnu::cold]] void fill_dropout(Kernels<T>& k) {
  k.dropout_forward = dropout_forward<T>;
  k.dropout_backward = dropout_backward<T>;
}
template void drop_in_place(float*, Index, Index, const Philox&, DropoutLaw);
template void drop_in_place(double*, Index, Index, const Philox&, DropoutLaw);
template void fill_dropout(Kernels<float>&);
template void fill_dropout(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
