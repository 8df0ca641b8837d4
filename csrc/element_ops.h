// Element-wise operations, and the programs made of them that the expression kernel runs.
//
// Like specs.h it is included by objects compiled for one instruction set: no std containers.
#pragma once

#include "specs.h"

namespace lamina {

// Every element-wise operation: name, number of operands, work (in the unit of threads_for for one
// float: a hundredth of a nanosecond).  Truth values are the numbers 0 and 1; any number but 0 is
// true.  kernels/element_laws.h defines each operation.
//
// The last group are derivatives, (dy, saved) -> dx, of the activations named.
#define LAMINA_EACH_ELEMENT_OP(X) \
  X(copy, 1, 1)                   \
  X(negative, 1, 1)               \
  X(abs, 1, 1)                    \
  X(sign, 1, 2)                   \
  X(floor, 1, 3)                  \
  X(ceil, 1, 3)                   \
  X(round, 1, 2)                  \
  X(trunc, 1, 3)                  \
  X(reciprocal, 1, 4)             \
  X(square, 1, 1)                 \
  X(sqrt, 1, 5)                   \
  X(rsqrt, 1, 10)                 \
  X(exp, 1, 30)                   \
  X(expm1, 1, 30)                 \
  X(log, 1, 40)                   \
  X(log1p, 1, 45)                 \
  X(log2, 1, 45)                  \
  X(log10, 1, 45)                 \
  X(sin, 1, 100)                  \
  X(cos, 1, 100)                  \
  X(tan, 1, 120)                  \
  X(sinh, 1, 60)                  \
  X(cosh, 1, 50)                  \
  X(tanh, 1, 45)                  \
  X(arcsin, 1, 100)               \
  X(arccos, 1, 100)               \
  X(arctan, 1, 100)               \
  X(arcsinh, 1, 100)              \
  X(arccosh, 1, 100)              \
  X(arctanh, 1, 100)              \
  X(erf, 1, 80)                   \
  X(erfinv, 1, 200)               \
  X(sigmoid, 1, 40)               \
  X(softplus, 1, 130)             \
  X(relu, 1, 1)                   \
  X(selu, 1, 30)                  \
  X(gelu, 1, 65)                  \
  X(silu, 1, 45)                  \
  X(softsign, 1, 8)               \
  X(hard_sigmoid, 1, 3)           \
  X(mish, 1, 80)                  \
  X(logical_not, 1, 1)            \
  X(isnan, 1, 1)                  \
  X(isinf, 1, 1)                  \
  X(isfinite, 1, 1)               \
  X(add, 2, 1)                    \
  X(subtract, 2, 1)               \
  X(multiply, 2, 1)               \
  X(divide, 2, 4)                 \
  X(maximum, 2, 2)                \
  X(minimum, 2, 2)                \
  X(power, 2, 200)                \
  X(mod, 2, 60)                   \
  X(floor_divide, 2, 60)          \
  X(arctan2, 2, 120)              \
  X(equal, 2, 1)                  \
  X(not_equal, 2, 1)              \
  X(less, 2, 1)                   \
  X(less_equal, 2, 1)             \
  X(greater, 2, 1)                \
  X(greater_equal, 2, 1)          \
  X(logical_and, 2, 1)            \
  X(logical_or, 2, 1)             \
  X(logical_xor, 2, 1)            \
  X(leaky_relu, 2, 1)             \
  X(elu, 2, 30)                   \
  X(where, 3, 2)                  \
  X(relu_gradient, 2, 1)          \
  X(selu_gradient, 2, 3)          \
  X(gelu_gradient, 2, 65)         \
  X(silu_gradient, 2, 45)         \
  X(softsign_gradient, 2, 3)      \
  X(hard_sigmoid_gradient, 2, 3)  \
  X(mish_gradient, 2, 80)         \
  X(leaky_relu_gradient, 3, 2)    \
  X(elu_gradient, 3, 3)

enum class ElementOp : std::uint8_t {
#define LAMINA_NAME(name, operands, work) name,
  LAMINA_EACH_ELEMENT_OP(LAMINA_NAME)
#undef LAMINA_NAME
  // Additional steps of programs: load and store the accumulator, and reversed operands.
  load,
  store,
  subtract_from,  // slot - accumulator
  divide_into,    // slot / accumulator
  select_first,   // where(slot, accumulator, other slot)
  select_second,  // where(slot, other slot, accumulator)
};

// --- programs
//
// A step combines an accumulator with up to two slots and leaves its result in the accumulator. The
// steps run one after another on a vector that stays in a register.  Slots are numbered in this
// order: inputs, constants, outputs, registers.

struct ElementStep {
  ElementOp op;
  std::int16_t slot = -1, other = -1;
};

// The type of an array; labels and truth values are converted to numbers of the kernel's type.
enum class ElementType : std::int8_t { number, int32, boolean };

// The strides of an array along the axes of the program; 0 where it is broadcast.
struct ElementArray {
  static constexpr int most_axes = 9;
  ElementType type = ElementType::number;
  bool summed = false;  // an output that is summed along its axes of stride 0
  Index stride[most_axes] = {};
};

// A program compiled by the kernel for a number of rows, in the first run, and kept for later runs;
// several threads may try to be first.
struct ElementCode {
  // Upper bounds: per step (and one more), per constant, per input or output, and for the rest.
  static constexpr std::size_t step_bytes = 32, constant_bytes = 512, array_bytes = 256,
                               rest_bytes = 1024;

  int state = 0;                // 0 empty, 1 being made, 2 complete
  const void* maker = nullptr;  // the kernel that made it
  Index rows = 0;
  std::uint64_t key = 0;   // identifies what the steps depend on apart from the program
  char* memory = nullptr;  // one block for all of it
};

// Axes are in row-major order, none of size 1 and neighbours merged where possible.  size[0] is
// that of one row, to be multiplied by the rows of a call.  Outputs that are not summed are dense;
// those that are summed all have the same strides, dense in the axes that they keep.  An output may
// overlap an input of the same elements and nothing else.
struct ElementProgram {
  static constexpr int most_inputs = 40, most_outputs = 40;

  int axes = 0;
  Index size[ElementArray::most_axes] = {};
  int inputs = 0, constants = 0, outputs = 0, registers = 0, steps = 0;
  const ElementArray* input = nullptr;
  const double* constant = nullptr;
  const ElementArray* output = nullptr;
  const ElementStep* step = nullptr;
  ElementCode* code = nullptr;  // where compiled code is kept; may be null
};

}  // namespace lamina
