// Element-wise bit operations and divisors of two integer tensors.
#include <cstdint>
#include <stdexcept>

#include "gradient_free.h"
#include "moves/parallel.h"
#include "registry.h"

namespace lamina {
namespace {

using Bits = std::uint32_t;

enum class IntegerOp { bit_and, bit_or, bit_xor, left, right, gcd, lcm };

Bits magnitude(std::int32_t a) { return a < 0 ? Bits(0) - Bits(a) : Bits(a); }

Bits common_divisor(Bits a, Bits b) {
  while (b != 0) {
    const Bits rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

// Shifts by 32 or more leave 0, or the sign only.
std::int32_t shifted(std::int32_t a, std::int32_t by, bool left) {
  const bool all = by < 0 || by > 31;
  if (left) return all ? 0 : std::int32_t(Bits(a) << by);
  return a >> (all ? 31 : by);
}

template <IntegerOp op>
std::int32_t calculated(std::int32_t a, std::int32_t b) {
  if constexpr (op == IntegerOp::bit_and) return a & b;
  if constexpr (op == IntegerOp::bit_or) return a | b;
  if constexpr (op == IntegerOp::bit_xor) return a ^ b;
  if constexpr (op == IntegerOp::left) return shifted(a, b, true);
  if constexpr (op == IntegerOp::right) return shifted(a, b, false);
  const Bits x = magnitude(a), y = magnitude(b), divisor = common_divisor(x, y);
  if constexpr (op == IntegerOp::gcd) return std::int32_t(divisor);
  return std::int32_t(divisor == 0 ? 0 : x / divisor * y);
}

template <IntegerOp op>
class IntegerPair final : public GradientFree<IntegerPair<op>> {
 public:
  IntegerPair(const char* kind_, std::vector<ValueId> inputs_, Index size)
      : GradientFree<IntegerPair<op>>(kind_, std::move(inputs_)), size_(size) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    auto* const y = reinterpret_cast<std::int32_t*>(c.out());
    const std::int32_t *const a = c.labels(0), *const b = c.labels(1);
    parallel_units(c.rows * size_, 3.0, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) y[i] = calculated<op>(a[i], b[i]);
    });
  }
  bool same_as(const Operation& other) const override { return other.kind == this->kind; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(rows) * double(size_);
    return {size, 3.0 * size};
  }
  std::string sizes(Index rows) const override { return std::to_string(rows * size_); }

 private:
  const Index size_;
};

template <IntegerOp op>
Tensor integer_pair(const char* who, Graph& graph, const Tensor& a, const Tensor& b,
                    const std::string& name) {
  for (const Tensor* each : {&a, &b})
    if (const DType got = graph.check(*each, who).dtype; got != DType::int32)
      throw std::invalid_argument(std::string(who) + ": needs int32; got " + name_of(got));
  graph.check_alike({a, b}, who);
  if (a.shape != b.shape)
    throw std::invalid_argument(std::string(who) + ": needs two tensors of one shape; got " +
                                to_string(a.shape) + " and " + to_string(b.shape));
  return graph.record(std::make_unique<IntegerPair<op>>(who, std::vector<ValueId>{a.value, b.value},
                                                        size_of(a.shape)),
                      a.shape, name, DType::int32);
}

#define LAMINA_INTEGER_PAIR(name, op)                                                  \
  Tensor name(Graph& graph, const Tensor& a, const Tensor& b, const std::string& of) { \
    return integer_pair<IntegerOp::op>(#name, graph, a, b, of);                        \
  }
LAMINA_INTEGER_PAIR(bitwise_and, bit_and)
LAMINA_INTEGER_PAIR(bitwise_or, bit_or)
LAMINA_INTEGER_PAIR(bitwise_xor, bit_xor)
LAMINA_INTEGER_PAIR(bitwise_left_shift, left)
LAMINA_INTEGER_PAIR(bitwise_right_shift, right)
LAMINA_INTEGER_PAIR(gcd, gcd)
LAMINA_INTEGER_PAIR(lcm, lcm)
#undef LAMINA_INTEGER_PAIR

#define LAMINA_PAIRED {{"a", "Any shape, int32."}, {"b", "The shape of a, int32."}}

const Registration integer_pairs_registered[] = {
    {"bitwise_and", "The bits that are set in both.", bitwise_and, LAMINA_PAIRED},
    {"bitwise_or", "The bits that are set in either.", bitwise_or, LAMINA_PAIRED},
    {"bitwise_xor", "The bits that are set in exactly one.", bitwise_xor, LAMINA_PAIRED},
    {"bitwise_left_shift", "a shifted left by b bits; 0 where b is not in [0, 32).",
     bitwise_left_shift, LAMINA_PAIRED},
    {"bitwise_right_shift", "a shifted right by b bits, keeping its sign.", bitwise_right_shift,
     LAMINA_PAIRED},
    {"gcd", "The greatest common divisor, not negative.", gcd, LAMINA_PAIRED},
    {"lcm", "The least common multiple, not negative; its lowest 32 bits.", lcm, LAMINA_PAIRED},
};
#undef LAMINA_PAIRED

}  // namespace
}  // namespace lamina
