// The steps of the elementary functions, and runs of single operations.
#include "expression_bodies.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

// The law as a function shared by steps and tails, so that its code exists twice rather than four
// times (which saves a third of a megabyte over all instruction sets).
template <ElementOp op, class... V>
__attribute__((noinline)) auto called_law(V... x) {
  return Law<op>{}(x...);
}
template <class T, ElementOp op, int operands>
struct CalledBody {
  const T *y = nullptr, *z = nullptr;
  LAMINA_INLINE CalledBody(const Code<T>* code, const Slot<T>* slots, Index offset) {
    if constexpr (operands > 1) y = place(code->slot, slots, offset);
    if constexpr (operands > 2) z = place(code->other, slots, offset);
  }
  LAMINA_INLINE Vec<T> operator()(Vec<T> a, Index at) const {
    if constexpr (operands == 1) return called_law<op>(a);
    if constexpr (operands == 2) return called_law<op>(a, load(y + at));
    if constexpr (operands == 3) return called_law<op>(a, load(y + at), load(z + at));
  }
};

template <class T, ElementOp op, int operands, int work>
StepPair<T> heavy_step() {
  if constexpr (work > light_work)
    return Step<T, CalledBody<T, op, operands>, false>::pair();
  else
    return {nullptr, nullptr};
}

// Inlined if a call would cost noticeable time.
template <ElementOp op, int work, class... V>
LAMINA_INLINE auto law(V... x) {
  if constexpr (work < 80)
    return Law<op>{}(x...);
  else
    return called_law<op>(x...);
}

// One operation over a run.
template <class T, ElementOp op, int operands, int work>
void single_run(T* to, const T* const* x, Index count) {
  const T *a = x[0], *b = operands > 1 ? x[1] : a, *c = operands > 2 ? x[2] : a;
  Index i = 0;
  for (; i + lanes<T> <= count; i += lanes<T>) {
    if constexpr (operands == 1) store(to + i, law<op, work>(load(a + i)));
    if constexpr (operands == 2) store(to + i, law<op, work>(load(a + i), load(b + i)));
    if constexpr (operands == 3)
      store(to + i, law<op, work>(load(a + i), load(b + i), load(c + i)));
  }
  if (i == count) return;
  const Index rest = count - i;
  const Vec<T> last = load_partial(a + i, rest);
  if constexpr (operands == 1) store_partial(to + i, called_law<op>(last), rest);
  if constexpr (operands == 2)
    store_partial(to + i, called_law<op>(last, load_partial(b + i, rest)), rest);
  if constexpr (operands == 3)
    store_partial(to + i,
                  called_law<op>(last, load_partial(b + i, rest), load_partial(c + i, rest)), rest);
}

}  // namespace

template <class T>
StepPair<T> heavy_steps(ElementOp op) {
  switch (op) {
#define LAMINA_CASE(name, operands, work) \
  case ElementOp::name:                   \
    return heavy_step<T, ElementOp::name, operands, work>();
    LAMINA_EACH_ELEMENT_OP(LAMINA_CASE)
#undef LAMINA_CASE
    default:
      return {nullptr, nullptr};
  }
}
template StepPair<float> heavy_steps<float>(ElementOp);
template StepPair<double> heavy_steps<double>(ElementOp);

template <class T>
SingleRun<T> run_of(ElementOp op) {
  switch (op) {
#define LAMINA_CASE(name, operands, work) \
  case ElementOp::name:                   \
    return single_run<T, ElementOp::name, operands, work>;
    LAMINA_EACH_ELEMENT_OP(LAMINA_CASE)
#undef LAMINA_CASE
    default:
      return nullptr;
  }
}
template SingleRun<float> run_of<float>(ElementOp);
template SingleRun<double> run_of<double>(ElementOp);

}  // namespace LAMINA_ISA
}  // namespace lamina
