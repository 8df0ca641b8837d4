// The steps of the elementary functions; and runs of single operations.
#include "expression_bodies.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

template <class T, ElementOp op, int operands, int work>
StepPair<T> heavy_step() {
  if constexpr (work > light_work)
    return Step<T, OperationBody<T, op, operands>, false>::pair();
  else
    return {nullptr, nullptr};
}

// One operation over a run.
template <class T, ElementOp op, int operands>
void single_run(T* to, const T* const* x, Index count) {
  const T *a = x[0], *b = operands > 1 ? x[1] : a, *c = operands > 2 ? x[2] : a;
  for_vectors<T>(0, count, [=](Index i, Index n) __attribute__((always_inline)) {
    const Vec<T> first = load_count<T>(a + i, n);
    if constexpr (operands == 1)
      store_count<T>(to + i, Law<op>{}(first), n);
    else if constexpr (operands == 2)
      store_count<T>(to + i, Law<op>{}(first, load_count<T>(b + i, n)), n);
    else
      store_count<T>(to + i, Law<op>{}(first, load_count<T>(b + i, n), load_count<T>(c + i, n)), n);
  });
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
    return single_run<T, ElementOp::name, operands>;
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
