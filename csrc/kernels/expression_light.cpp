// The steps of cheap operations, and those that load and store the accumulator.
#include "expression_bodies.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

template <class T>
struct SlotBody {
  T* x;
  LAMINA_INLINE SlotBody(const Code<T>* code, const Slot<T>* slots, Index offset)
      : x(place(code->slot, slots, offset)) {}
};
template <class T>
struct Load : SlotBody<T> {
  using SlotBody<T>::SlotBody;
  LAMINA_INLINE Vec<T> operator()(Vec<T>, Index at) const {
    prefetch(this->x + at);
    return load(this->x + at);
  }
};
template <class T>
struct Store : SlotBody<T> {
  using SlotBody<T>::SlotBody;
  LAMINA_INLINE Vec<T> operator()(Vec<T> a, Index at) const {
    prefetch(this->x + at);
    store(this->x + at, a);
    return a;
  }
};
template <class T>
struct Add : SlotBody<T> {
  using SlotBody<T>::SlotBody;
  LAMINA_INLINE Vec<T> operator()(Vec<T> a, Index at) const {
    store(this->x + at, load(this->x + at) + a);
    return a;
  }
};

template <class T>
void end_wide(Vec<T>, Vec<T>, Vec<T>, Vec<T>, Vec<T>, Vec<T>, Vec<T>, Vec<T>, const Code<T>*,
              const Slot<T>*, Index) {}
template <class T>
void end_thin(Vec<T>, const Code<T>*, const Slot<T>*, Index) {}

template <class T, ElementOp op, int operands, int work>
StepPair<T> light_step(Operands from) {
  if constexpr (work <= light_work) {
    if (from == Operands::accumulator) return Step<T, OperationBody<T, op, operands>, true>::pair();
    if constexpr (operands < 3 && joins_steps)
      if (from == Operands::loaded)
        return Step<T, OperationBody<T, op, operands, Operands::loaded>, true>::pair();
    if constexpr (operands == 2 && joins_steps) {
      if (from == Operands::uniform)
        return Step<T, OperationBody<T, op, 2, Operands::uniform>, true>::pair();
      if (from == Operands::loaded_uniform)
        return Step<T, OperationBody<T, op, 2, Operands::loaded_uniform>, true>::pair();
    }
  }
  return {nullptr, nullptr};
}

}  // namespace

template <class T>
StepPair<T> light_steps(ElementOp op, Operands from) {
  switch (op) {
#define LAMINA_CASE(name, operands, work) \
  case ElementOp::name:                   \
    return light_step<T, ElementOp::name, operands, work>(from);
    LAMINA_EACH_ELEMENT_OP(LAMINA_CASE)
#undef LAMINA_CASE
    case ElementOp::load:
      return Step<T, Load<T>, true>::pair();
    case ElementOp::store:
      return Step<T, Store<T>, true>::pair();
    case ElementOp::subtract_from:
      return light_step<T, ElementOp::subtract_from, 2, 1>(from);
    case ElementOp::divide_into:
      return light_step<T, ElementOp::divide_into, 2, 4>(from);
    case ElementOp::select_first:
      return light_step<T, ElementOp::select_first, 3, 2>(from);
    case ElementOp::select_second:
      return light_step<T, ElementOp::select_second, 3, 2>(from);
  }
  return {nullptr, nullptr};
}
template StepPair<float> light_steps<float>(ElementOp, Operands);
template StepPair<double> light_steps<double>(ElementOp, Operands);

template <class T>
StepPair<T> adding_steps() {
  return Step<T, Add<T>, true>::pair();
}
template StepPair<float> adding_steps<float>();
template StepPair<double> adding_steps<double>();

template <class T>
StepPair<T> final_steps() {
  return {end_wide<T>, end_thin<T>};
}
template StepPair<float> final_steps<float>();
template StepPair<double> final_steps<double>();

template <class T>
StepPair<T> last_store_steps() {
  return Step<T, Store<T>, true, true>::pair();
}
template StepPair<float> last_store_steps<float>();
template StepPair<double> last_store_steps<double>();

}  // namespace LAMINA_ISA
}  // namespace lamina
