// Steps of two operations: the most frequent ones in chains of element-wise operations.
#include <utility>

#include "expression_bodies.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

// Operations of two operands come first: after a load there are only pairs of these.
constexpr ElementOp paired[] = {ElementOp::add,     ElementOp::subtract, ElementOp::multiply,
                                ElementOp::maximum, ElementOp::minimum,  ElementOp::negative,
                                ElementOp::abs,     ElementOp::square,   ElementOp::relu};
constexpr int paired_ops = sizeof paired / sizeof *paired, binary_ops = 5;

constexpr int index_of(ElementOp op) {
  for (int i = 0; i < paired_ops; ++i)
    if (paired[i] == op) return i;
  return -1;
}

template <class T, int operation>
LAMINA_INLINE Vec<T> applied(Vec<T> a, Vec<T> number) {
  if constexpr (operation < binary_ops)
    return Law<paired[operation]>{}(a, number);
  else
    return Law<paired[operation]>{}(a);
}

template <class T, int first, int second, bool loads>
struct PairBody {
  const T* x = nullptr;
  Vec<T> y{}, z{};
  LAMINA_INLINE PairBody(const Code<T>* code, const Slot<T>* slots, Index offset) {
    if constexpr (loads) x = place(code->from, slots, offset);
    if constexpr (first < binary_ops) y = load(slots[code->slot].base);
    if constexpr (second < binary_ops) z = load(slots[code->other].base);
  }
  LAMINA_INLINE Vec<T> operator()(Vec<T> a, Index at) const {
    if constexpr (loads) {
      prefetch(x + at);
      a = load(x + at);
    }
    return applied<T, second>(applied<T, first>(a, y), z);
  }
};

template <class T, int operations, bool loads, int... k>
StepPair<T> pair_of(int pair, std::integer_sequence<int, k...>) {
  static constexpr StepPair<T> pairs[] = {
      Step<T, PairBody<T, k / operations, k % operations, loads>, true>::pair()...};
  return pairs[pair];
}
template <class T, int operations, bool loads>
StepPair<T> pair_of(int first, int second) {
  return pair_of<T, operations, loads>(first * operations + second,
                                       std::make_integer_sequence<int, operations * operations>());
}

}  // namespace

template <class T>
StepPair<T> pair_steps(ElementOp first, ElementOp second, bool loads) {
  if constexpr (joins_steps) {
    const int i = index_of(first), j = index_of(second);
    if (i >= 0 && j >= 0 && !loads) return pair_of<T, paired_ops, false>(i, j);
    if (i >= 0 && j >= 0 && i < binary_ops && j < binary_ops)
      return pair_of<T, binary_ops, true>(i, j);
  }
  return {nullptr, nullptr};
}
template StepPair<float> pair_steps<float>(ElementOp, ElementOp, bool);
template StepPair<double> pair_steps<double>(ElementOp, ElementOp, bool);

}  // namespace LAMINA_ISA
}  // namespace lamina
