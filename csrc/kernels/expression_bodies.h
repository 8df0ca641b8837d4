// Operations as bodies of steps.
#pragma once

#include "element_laws.h"
#include "expression_steps.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T, ElementOp op, int operands, Operands from = Operands::accumulator>
struct OperationBody;

template <class T, ElementOp op>
struct OperationBody<T, op, 1, Operands::accumulator> {
  LAMINA_INLINE OperationBody(const Code<T>*, const Slot<T>*, Index) {}
  LAMINA_INLINE Vec<T> operator()(Vec<T> a, Index) const { return Law<op>{}(a); }
};
template <class T, ElementOp op>
struct OperationBody<T, op, 1, Operands::loaded> {
  const T* x;
  LAMINA_INLINE OperationBody(const Code<T>* code, const Slot<T>* slots, Index offset)
      : x(place(code->slot, slots, offset)) {}
  LAMINA_INLINE Vec<T> operator()(Vec<T>, Index at) const { return Law<op>{}(load(x + at)); }
};

template <class T, ElementOp op>
struct OperationBody<T, op, 2, Operands::accumulator> {
  const T* y;
  LAMINA_INLINE OperationBody(const Code<T>* code, const Slot<T>* slots, Index offset)
      : y(place(code->slot, slots, offset)) {}
  LAMINA_INLINE Vec<T> operator()(Vec<T> a, Index at) const { return Law<op>{}(a, load(y + at)); }
};
template <class T, ElementOp op>
struct OperationBody<T, op, 2, Operands::uniform> {
  const Vec<T> y;
  LAMINA_INLINE OperationBody(const Code<T>* code, const Slot<T>* slots, Index)
      : y(load(slots[code->slot].base)) {}
  LAMINA_INLINE Vec<T> operator()(Vec<T> a, Index) const { return Law<op>{}(a, y); }
};
template <class T, ElementOp op>
struct OperationBody<T, op, 2, Operands::loaded> {
  const T *x, *y;
  LAMINA_INLINE OperationBody(const Code<T>* code, const Slot<T>* slots, Index offset)
      : x(place(code->slot, slots, offset)), y(place(code->other, slots, offset)) {}
  LAMINA_INLINE Vec<T> operator()(Vec<T>, Index at) const {
    return Law<op>{}(load(x + at), load(y + at));
  }
};
template <class T, ElementOp op>
struct OperationBody<T, op, 2, Operands::loaded_uniform> {
  const T* x;
  const Vec<T> y;
  LAMINA_INLINE OperationBody(const Code<T>* code, const Slot<T>* slots, Index offset)
      : x(place(code->slot, slots, offset)), y(load(slots[code->other].base)) {}
  LAMINA_INLINE Vec<T> operator()(Vec<T>, Index at) const { return Law<op>{}(load(x + at), y); }
};

template <class T, ElementOp op>
struct OperationBody<T, op, 3, Operands::accumulator> {
  const T *y, *z;
  LAMINA_INLINE OperationBody(const Code<T>* code, const Slot<T>* slots, Index offset)
      : y(place(code->slot, slots, offset)), z(place(code->other, slots, offset)) {}
  LAMINA_INLINE Vec<T> operator()(Vec<T> a, Index at) const {
    return Law<op>{}(a, load(y + at), load(z + at));
  }
};

}  // namespace LAMINA_ISA
}  // namespace lamina
