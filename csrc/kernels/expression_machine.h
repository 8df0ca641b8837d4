// One thread's part of an element-wise program: its blocks, their inputs and results.
//
// An input of a block is read in place, is a single number, or (if it is broadcast otherwise, or of
// another type) is copied into a buffer that is kept as long as it does not change.  An output is
// written in place, converted from a buffer, or summed: in place, into one strip, or from a buffer.
#pragma once

#include "expression_layout.h"

namespace lamina {
namespace LAMINA_ISA {

enum class Access { direct, number, buffered };
enum class Result { direct, converted, added, totalled, summed };

struct Source {
  const Index* stride;
  ElementType type;
  Index bytes;  // per element
  Access access;
  Local local;
};
struct Sink {
  ElementType type;
  Result result;
};

template <class T>
constexpr Index padded_block = block_elements<T> + strip<T>;

// The data derived from a program and the number of rows.
template <class T>
struct Prepared {
  Layout layout;
  Index strip_used;  // for a single number: a vector if no run is as long as a strip
  Source* source;
  Sink* sink;
  Local sums;  // axes of a block in a summed output
  const Index* sum_stride = nullptr;
  const Code<T>* code;
  SingleRun<T> single = nullptr;  // used instead of code if there is only one operation
  T* constants;                   // a strip for each
  int summed_outputs = 0;
  std::size_t thread_bytes;  // memory per thread
};

// One run, which all tasks share.
template <class T>
struct Job {
  const ElementProgram& program;
  const Prepared<T>& prepared;
  void* const* outputs;
  const void* const* inputs;
  T* partial;  // by task, then by summed output
};

constexpr std::size_t lined(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

// --- one thread's memory

template <class T>
class Machine {
 public:
  static std::size_t bytes(const ElementProgram& e, const Prepared<T>& p) {
    const std::size_t slots = std::size_t(e.inputs + e.constants + e.outputs + e.registers);
    std::size_t elements = std::size_t(e.registers) * strip<T>;
    for (int i = 0; i < e.inputs; ++i)
      elements += p.source[i].access == Access::direct   ? lanes<T>
                  : p.source[i].access == Access::number ? strip<T>
                                                         : padded_block<T>;
    for (int i = 0; i < e.outputs; ++i) elements += std::size_t(lanes<T>) + padded_block<T>;
    return 2 * lined(slots * sizeof(Slot<T>)) + elements * sizeof(T);
  }

  Machine(const Job<T>& job, char* memory)
      : job_(job), p_(job.prepared), e_(job.program), l_(job.prepared.layout) {
    const int first_output = e_.inputs + e_.constants, first_register = first_output + e_.outputs;
    const std::size_t table = lined(std::size_t(first_register + e_.registers) * sizeof(Slot<T>));
    slots_ = reinterpret_cast<Slot<T>*>(memory);
    tail_ = reinterpret_cast<Slot<T>*>(memory + table);
    T* free = reinterpret_cast<T*>(memory + 2 * table);
    const auto take = [&](Index elements) {
      T* const taken = free;
      free += elements;
      return taken;
    };
    for (int i = 0; i < e_.inputs; ++i) {
      const Access access = p_.source[i].access;
      last_[i] = nullptr;
      last_count_[i] = 0;
      if (access == Access::direct)
        edge_[i] = take(lanes<T>), slots_[i] = {nullptr, -1};
      else if (access == Access::number)
        slots_[i] = {take(strip<T>), 0};
      else
        slots_[i] = {take(padded_block<T>), -1};
    }
    for (int i = 0; i < e_.constants; ++i) slots_[e_.inputs + i] = {p_.constants + i * strip<T>, 0};
    outputs_ = slots_ + first_output;
    for (int i = 0; i < e_.outputs; ++i) {
      output_edge_[i] = take(lanes<T>);
      const bool strip_only = p_.sink[i].result == Result::totalled;
      outputs_[i] = {take(padded_block<T>), strip_only ? 0 : -1};
    }
    for (int i = 0; i < e_.registers; ++i) slots_[first_register + i] = {take(strip<T>), 0};
  }

  // Calculates the box of one task; sums are added to `sums`, by summed output.
  void run(Index task, T* const* sums) {
    Index low[most_axes], high[most_axes], index[most_axes];
    for (int k = 0; k < l_.axes; ++k) low[k] = 0, high[k] = l_.size[k];
    low[0] = task / l_.tasks_1 * l_.step_0;
    high[0] = smaller(l_.size[0], low[0] + l_.step_0);
    if (l_.axes > 1) {
      low[1] = task % l_.tasks_1 * l_.step_1;
      high[1] = smaller(l_.size[1], low[1] + l_.step_1);
    }
    for (int k = 0; k <= l_.cut; ++k) index[k] = low[k];
    for (;;) {
      Index& at = index[l_.cut];
      for (at = low[l_.cut]; at < high[l_.cut]; at += l_.cut_step)
        run_block(index, smaller(l_.cut_step, high[l_.cut] - at), sums);
      int k = l_.cut - 1;
      while (k >= 0 && ++index[k] == high[k]) index[k] = low[k], --k;
      if (k < 0) return;
    }
  }

 private:
  Index place(const Index* index, const Index* stride) const {
    Index at = 0;
    for (int k = 0; k <= l_.cut; ++k) at += index[k] * stride[k];
    return at;
  }

  void run_block(const Index* index, Index steps, T* const* sums) {
    const Index count = steps * l_.behind[l_.cut];
    for (int i = 0; i < e_.inputs; ++i) take_input(i, index, steps);
    const Index at = place(index, l_.behind);
    const Index at_sum = p_.sum_stride != nullptr ? place(index, p_.sum_stride) : 0;
    for (int i = 0, summed = 0; i < e_.outputs; ++i) {
      const Sink& sink = p_.sink[i];
      if (sink.result == Result::direct) outputs_[i].base = static_cast<T*>(job_.outputs[i]) + at;
      if (sink.result == Result::added) outputs_[i].base = sums[summed] + at_sum;
      if (sink.result == Result::totalled)
        for (int v = 0; v < strip_vectors; ++v) store(outputs_[i].base + v * lanes<T>, Vec<T>{});
      summed += sink.result >= Result::added;
    }
    run_steps(count);
    for (int i = 0, summed = 0; i < e_.outputs; ++i) {
      give_output(i, at, steps, count, sums[summed] + at_sum);
      summed += p_.sink[i].result >= Result::added;
    }
  }

  void take_input(int i, const Index* index, Index steps) {
    const Source& s = p_.source[i];
    const char* from = static_cast<const char*>(job_.inputs[i]) + place(index, s.stride) * s.bytes;
    if (s.access == Access::direct) {
      slots_[i].base = reinterpret_cast<T*>(const_cast<char*>(from));
      return;
    }
    if (from == last_[i] && steps <= last_count_[i]) return;
    last_[i] = from;
    last_count_[i] = steps;
    const bool number = s.access == Access::number;
    const LocalAxis one = {p_.strip_used, 0};
    const LocalAxis* axis = number ? &one : s.local.axis;
    const int count = number ? 1 : s.local.count;
    const Index size = number ? p_.strip_used : steps * s.local.axis[0].size;
    T* const to = slots_[i].base;
    if (s.type == ElementType::number)
      fill_block(to, reinterpret_cast<const T*>(from), axis, count, size);
    else if (s.type == ElementType::int32)
      fill_block(to, reinterpret_cast<const std::int32_t*>(from), axis, count, size);
    else
      fill_block(to, reinterpret_cast<const std::uint8_t*>(from), axis, count, size);
  }

  void run_steps(Index count) {
    if (p_.single != nullptr) {
      const int slot[3] = {e_.step[0].slot, e_.step[1].slot, e_.step[1].other};
      const T* operands[3];
      for (int k = 0; k < 3; ++k) operands[k] = slot[k] < 0 ? nullptr : slots_[slot[k]].base;
      return p_.single(outputs_[0].base, operands, count);
    }
    const Code<T>* const code = p_.code;
    const Vec<T> none = {};
    Index i = 0;
    for (; i + strip<T> <= count; i += strip<T>)
      code->run.wide(none, none, none, none, none, none, none, none, code, slots_, i);
    for (; i + lanes<T> <= count; i += lanes<T>) code->run.thin(none, code, slots_, i);
    if (i < count) run_tail(i, count - i);
  }

  // The last elements, fewer than a vector: through separate vectors, because memory after them
  // must not be touched.
  void run_tail(Index at, Index count) {
    const int all = e_.inputs + e_.constants + e_.outputs + e_.registers;
    for (int i = 0; i < all; ++i) tail_[i] = {slots_[i].base + (at & slots_[i].mask), 0};
    for (int i = 0; i < e_.inputs; ++i) {
      if (p_.source[i].access != Access::direct) continue;
      store(edge_[i], load_partial(tail_[i].base, count));
      tail_[i].base = edge_[i];
    }
    Slot<T>* const tail_outputs = tail_ + e_.inputs + e_.constants;
    for (int i = 0; i < e_.outputs; ++i) {
      store(output_edge_[i], Vec<T>{});
      tail_outputs[i] = {output_edge_[i], 0};
    }
    p_.code->run.thin(Vec<T>{}, p_.code, tail_, 0);
    for (int i = 0; i < e_.outputs; ++i) {
      T* const to = outputs_[i].base + (at & outputs_[i].mask);
      const Vec<T> own = load(output_edge_[i]);
      const Result result = p_.sink[i].result;
      const bool adds = result == Result::added || result == Result::totalled;
      store_partial(to, adds ? load_partial(to, count) + own : own, count);
    }
  }

  void give_output(int i, Index at, Index steps, Index count, T* sum) {
    const Sink& sink = p_.sink[i];
    const T* x = outputs_[i].base;
    if (sink.result == Result::summed) {
      sum_block(sum, x, p_.sums.axis, p_.sums.count, steps * p_.sums.axis[0].size);
    } else if (sink.result == Result::totalled) {
      Vec<T> v[strip_vectors];
      for (int k = 0; k < strip_vectors; ++k) v[k] = load(x + k * lanes<T>);
      *sum += sum_lanes<T>(((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7])));
    } else if (sink.result == Result::converted) {
      if (sink.type == ElementType::boolean) {
        auto* to = static_cast<std::uint8_t*>(job_.outputs[i]) + at;
        for (Index k = 0; k < count; ++k) to[k] = x[k] != 0;
      } else {
        auto* to = static_cast<std::int32_t*>(job_.outputs[i]) + at;
        for (Index k = 0; k < count; ++k) to[k] = whole(x[k]);
      }
    }
  }

  // Rounds towards zero; clamps values beyond the range; NaN gives 0.
  static std::int32_t whole(T x) {
    const double y = double(x);
    if (y >= 2147483647.0) return 2147483647;
    if (y <= -2147483648.0) return -2147483647 - 1;
    return y == y ? std::int32_t(y) : 0;
  }

  const Job<T>& job_;
  const Prepared<T>& p_;
  const ElementProgram& e_;
  const Layout& l_;
  Slot<T>*slots_, *outputs_, *tail_;
  T* edge_[ElementProgram::most_inputs];
  T* output_edge_[ElementProgram::most_outputs];
  const char* last_[ElementProgram::most_inputs];  // the sources of the buffers' contents
  Index last_count_[ElementProgram::most_inputs];
};

}  // namespace LAMINA_ISA
}  // namespace lamina
