// Steps of an element-wise program on vectors: each calls the next, with eight vectors in
// registers.
//
// A strip of eight vectors passes through all steps before the next strip begins, so that no
// intermediate result is stored.  A step is a function that ends with a call of the next one, which
// the compiler turns into a jump: the vectors stay where the calling convention puts them.  Thin
// steps do the same with one vector, for the remainder of a run.
#pragma once

#include "simd.h"

namespace lamina {
namespace LAMINA_ISA {

constexpr int strip_vectors = 8;
template <class T>
constexpr Index strip = strip_vectors * lanes<T>;

// Element e of a run is at base[e & mask]: the mask has all bits set, or none for repeated
// elements.
template <class T>
struct Slot {
  T* base;
  Index mask;
};

template <class T>
struct Code;
template <class T>
using WideStep = void (*)(Vec<T>, Vec<T>, Vec<T>, Vec<T>, Vec<T>, Vec<T>, Vec<T>, Vec<T>,
                          const Code<T>*, const Slot<T>*, Index);
template <class T>
using ThinStep = void (*)(Vec<T>, const Code<T>*, const Slot<T>*, Index);
template <class T>
struct StepPair {
  WideStep<T> wide;
  ThinStep<T> thin;
};
template <class T>
struct Code {
  StepPair<T> run;
  int slot, other, from;  // `from`: for a pair that loads
};

// The data that the following strips load or store, prefetched while this one is calculated: ten
// operations on a million floats from memory take 0.67 ms instead of 0.92, those in a cache as long
// as without.
template <class T>
LAMINA_INLINE void prefetch(const T* x) {
  __builtin_prefetch(x + 512 / sizeof(T));
}

// The steps made from a body, V operator()(V accumulator, Operands, Index at).
template <class T>
LAMINA_INLINE T* place(int slot, const Slot<T>* slots, Index offset) {
  return slots[slot].base + (offset & slots[slot].mask);
}

// `light`: the eight vectors are unrolled; otherwise they take turns in a loop, whose moves between
// registers cost less than an array.  `last`: nothing follows.
template <class T, class Body, bool light, bool last = false>
struct Step {
  using V = Vec<T>;
  static void wide(V a, V b, V c, V d, V e, V f, V g, V h, const Code<T>* code,
                   const Slot<T>* slots, Index offset) {
    constexpr Index n = lanes<T>;
    const Body body(code, slots, offset);
    if constexpr (light) {
      a = body(a, 0), b = body(b, n), c = body(c, 2 * n), d = body(d, 3 * n);
      e = body(e, 4 * n), f = body(f, 5 * n), g = body(g, 6 * n), h = body(h, 7 * n);
    } else {
      _Pragma("GCC unroll 1") for (Index at = 0; at < strip<T>; at += n) {
        const V done = body(a, at);
        a = b, b = c, c = d, d = e, e = f, f = g, g = h, h = done;
      }
    }
    if constexpr (last) return;
    ++code;
    return code->run.wide(a, b, c, d, e, f, g, h, code, slots, offset);
  }
  static void thin(V a, const Code<T>* code, const Slot<T>* slots, Index offset) {
    a = Body(code, slots, offset)(a, 0);
    if constexpr (last) return;
    ++code;
    return code->run.thin(a, code, slots, offset);
  }
  static constexpr StepPair<T> pair() { return {wide, thin}; }
};

// Where an operation finds its operands.
enum class Operands {
  accumulator,  // the first is the accumulator, the others are slots
  uniform,      // the second is a single number
  loaded,       // the first is a slot, the second the other slot
  loaded_uniform,
};

// Whether steps that often follow each other are combined, which saves passing on the accumulator;
// not on the oldest CPUs, which saves a sixth of a megabyte.
constexpr bool joins_steps = LAMINA_VECTOR_BYTES > 16;

// The steps of cheap operations, including loads and stores, and those of the others.  Both
// functions return null if there is no such step.
template <class T>
StepPair<T> light_steps(ElementOp op, Operands operands);
template <class T>
StepPair<T> heavy_steps(ElementOp op);
// Two cheap operations whose other operands are single numbers, after a load if `loads`, with half
// the jumps: without them ten operations take 1.3 times as long with vectors of 32 bytes.  Null if
// there is no such pair.
template <class T>
StepPair<T> pair_steps(ElementOp first, ElementOp second, bool loads);
// A program of one operation needs no steps: it maps operands x to results, both in place.
template <class T>
using SingleRun = void (*)(T* to, const T* const* x, Index count);
template <class T>
SingleRun<T> run_of(ElementOp op);
// slot += accumulator; the end of a program; and a store that ends it.
template <class T>
StepPair<T> adding_steps();
template <class T>
StepPair<T> final_steps();
template <class T>
StepPair<T> last_store_steps();

constexpr int light_work = 9;  // in LAMINA_EACH_ELEMENT_OP; operations above have a loop

}  // namespace LAMINA_ISA
}  // namespace lamina
