// Element-wise programs over arrays: one pass over memory, in blocks, on the threads that pay.
#include "expression_machine.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

template <class T>
void prepare_arrays(Prepared<T>& p, void* const* outputs, const void* const* inputs) {
  const ElementProgram& e = *p.program;
  for (int i = 0; i < e.inputs; ++i) {
    const ElementArray& a = e.input[i];
    const Index bytes = a.type == ElementType::number  ? Index(sizeof(T))
                        : a.type == ElementType::int32 ? 4
                                                       : 1;
    const Local local = local_axes(p.layout, a.stride);
    const bool one = local.count == 1;
    const Access access = one && local.axis[0].stride == 0 ? Access::number
                          : one && local.axis[0].stride == 1 && a.type == ElementType::number
                              ? Access::direct
                              : Access::buffered;
    p.source[i] = {static_cast<const char*>(inputs[i]), a.stride, a.type, bytes, access, local};
  }
  for (int i = 0; i < e.outputs; ++i) {
    const ElementArray& a = e.output[i];
    Result result = a.type == ElementType::number ? Result::direct : Result::converted;
    if (a.summed) {
      p.sums = local_axes(p.layout, a.stride);
      p.sum_stride = a.stride;
      ++p.summed_outputs;
      result = p.sums.count > 1             ? Result::summed
               : p.sums.axis[0].stride == 0 ? Result::totalled
                                            : Result::added;
    }
    p.sink[i] = {static_cast<char*>(outputs[i]), a.type, result};
  }
}

// Whether a slot holds one number.
template <class T>
bool is_uniform(const Prepared<T>& p, int slot) {
  const int inputs = p.program->inputs;
  return slot < inputs ? p.source[slot].access == Access::number
                       : slot < inputs + p.program->constants;
}

template <class T>
bool is_sum(const Prepared<T>& p, int slot) {
  const int output = slot - p.program->inputs - p.program->constants;
  return output >= 0 && output < p.program->outputs &&
         (p.sink[output].result == Result::added || p.sink[output].result == Result::totalled);
}

// The function of one step.  What is stored into a sum is added.
template <class T>
Code<T> single_step(const Prepared<T>& p, const ElementStep& step) {
  StepPair<T> run{};
  if (step.op == ElementOp::store && is_sum(p, step.slot))
    run = adding_steps<T>();
  else if (step.slot >= 0 && step.other < 0 && is_uniform(p, step.slot))
    run = light_steps<T>(step.op, Operands::uniform);
  if (run.wide == nullptr) run = light_steps<T>(step.op, Operands::accumulator);
  if (run.wide == nullptr) run = heavy_steps<T>(step.op);
  return {run, step.slot, step.other, -1};
}

// A load and the cheap operation behind it as one step; no functions where there is none.
template <class T>
Code<T> loading_step(const Prepared<T>& p, const ElementStep* step, int left) {
  if (left < 2 || step[0].op != ElementOp::load || step[1].op == ElementOp::load ||
      step[1].op == ElementOp::store || step[1].other >= 0)
    return {};
  const bool uniform = step[1].slot >= 0 && is_uniform(p, step[1].slot);
  return {light_steps<T>(step[1].op, uniform ? Operands::loaded_uniform : Operands::loaded),
          step[0].slot, step[1].slot, -1};
}

// Whether an operation's other operand, if it has one, is one number.
template <class T>
bool is_simple(const Prepared<T>& p, const ElementStep& step) {
  return step.other < 0 && (step.slot < 0 || is_uniform(p, step.slot));
}

// Two such operations as one step, or a load and two; no functions where there is none.
template <class T>
Code<T> paired_step(const Prepared<T>& p, const ElementStep* step, int left, bool loads) {
  if (left < 2 + loads || (loads && step[0].op != ElementOp::load)) return {};
  const ElementStep &first = step[loads], &second = step[loads + 1];
  if (!is_simple(p, first) || !is_simple(p, second)) return {};
  return {pair_steps<T>(first.op, second.op, loads), first.slot, second.slot,
          loads ? step[0].slot : -1};
}

// Whether all that the program does is one operation on operands that vary, in their order.
template <class T>
bool is_single(const Prepared<T>& p) {
  const ElementProgram& e = *p.program;
  if (e.steps != 3 || e.step[0].op != ElementOp::load || e.step[2].op != ElementOp::store ||
      is_sum(p, e.step[2].slot))
    return false;
  const int slots[] = {e.step[0].slot, e.step[1].slot, e.step[1].other};
  for (const int slot : slots)
    if (slot >= e.inputs || (slot >= 0 && p.source[slot].access == Access::number)) return false;
  return true;
}

// How many of the program's steps, from `step` on, the next of the code stands for.
template <class T>
int prepare_step(const Prepared<T>& p, const ElementStep* step, int left, Code<T>& code) {
  if ((code = paired_step(p, step, left, true)).run.wide != nullptr) return 3;
  if ((code = loading_step(p, step, left)).run.wide != nullptr) return 2;
  if ((code = paired_step(p, step, left, false)).run.wide != nullptr) return 2;
  code = single_step(p, *step);
  return 1;
}

template <class T>
void prepare_steps(const Prepared<T>& p, Code<T>* code) {
  const ElementProgram& e = *p.program;
  for (int i = 0; i < e.steps; ++code) i += prepare_step(p, e.step + i, e.steps - i, *code);
  const ElementStep& last = e.step[e.steps - 1];
  if (last.op == ElementOp::store && !is_sum(p, last.slot))
    code[-1].run = last_store_steps<T>();
  else
    *code = {final_steps<T>(), -1, -1, -1};
}

template <class T>
constexpr std::size_t code_bytes(const ElementProgram& e) {
  return lined(std::size_t(e.steps + 1) * sizeof(Code<T>));
}

template <class T>
void prepare_code(Prepared<T>& p, char* memory) {
  static_assert(sizeof(Code<T>) <= ElementCode::step_bytes);
  static_assert(std::size_t(strip<T>) * sizeof(T) <= ElementCode::constant_bytes);
  const ElementProgram& e = *p.program;
  prepare_steps(p, reinterpret_cast<Code<T>*>(memory));
  T* const constants = reinterpret_cast<T*>(memory + code_bytes<T>(e));
  for (int i = 0; i < e.constants; ++i) {
    const T constant = T(e.constant[i]);
    fill_run(constants + i * strip<T>, &constant, {strip<T>, 0}, strip<T>);
  }
}

template <class T>
void take_code(Prepared<T>& p, char* memory) {
  p.code = reinterpret_cast<const Code<T>*>(memory);
  p.constants = reinterpret_cast<T*>(memory + code_bytes<T>(*p.program));
}

// Which inputs are one number, and whether sums are added by steps.
template <class T>
std::uint64_t key_of(const Prepared<T>& p) {
  std::uint64_t key = p.summed_outputs > 0 && p.sums.count == 1;
  for (int i = 0; i < p.program->inputs; ++i)
    key |= std::uint64_t(p.source[i].access == Access::number) << (i + 1);
  return key;
}

// Takes the code that is kept, or makes it if there is none; false where it is of another kind, or
// another thread is making it.
template <class T>
bool take_kept_code(Prepared<T>& p, const void* maker) {
  ElementCode* const kept = p.program->code;
  if (kept == nullptr) return false;
  const std::uint64_t key = key_of(p);
  int state = __atomic_load_n(&kept->state, __ATOMIC_ACQUIRE);
  if (state == 0 && __atomic_compare_exchange_n(&kept->state, &state, 1, false, __ATOMIC_ACQ_REL,
                                                __ATOMIC_ACQUIRE)) {
    prepare_code(p, kept->memory);
    kept->maker = maker;
    kept->key = key;
    state = 2;
    __atomic_store_n(&kept->state, state, __ATOMIC_RELEASE);
  }
  if (state != 2 || kept->maker != maker || kept->key != key) return false;
  take_code(p, kept->memory);
  return true;
}

constexpr double work_of(ElementOp op) {
  switch (op) {
#define LAMINA_CASE(name, operands, work) \
  case ElementOp::name:                   \
    return work;
    LAMINA_EACH_ELEMENT_OP(LAMINA_CASE)
#undef LAMINA_CASE
    default:
      return 1;
  }
}

template <class T>
double work_of(const ElementProgram& e) {
  double work = 6 + 6 * double(e.inputs + e.outputs);
  for (int i = 0; i < e.steps; ++i) work += work_of(e.step[i].op);
  return work * double(sizeof(T) / 4);
}

// The sums of the tasks, in their order, into the outputs.
template <class T>
void add_partial(const Prepared<T>& p, Index tasks) {
  const Index kept = p.layout.kept;
  for (Index task = 0; task < tasks; ++task)
    for (int i = 0, summed = 0; i < p.program->outputs; ++i) {
      if (!p.program->output[i].summed) continue;
      add_run(reinterpret_cast<T*>(p.sink[i].data),
              p.partial + (task * p.summed_outputs + summed++) * kept, kept);
    }
}

template <class T>
void run_task(const Prepared<T>& p, Index task, char* memory) {
  T* sums[ElementProgram::most_outputs + 1];
  int summed = 0;
  for (int i = 0; i < p.program->outputs; ++i) {
    if (!p.program->output[i].summed) continue;
    T* own = reinterpret_cast<T*>(p.sink[i].data);
    if (p.partial != nullptr) {
      own = p.partial + (task * p.summed_outputs + summed) * p.layout.kept;
      for_vectors<T>(0, p.layout.kept,
                     [=](Index k, Index n) { store_count<T>(own + k, Vec<T>{}, n); });
    }
    sums[summed++] = own;
  }
  sums[summed] = nullptr;
  Machine<T>(p, memory).run(task, sums);
}

template <class T>
bool expression(void* const* outputs, const void* const* inputs, const ElementProgram& e,
                Index rows, Accumulate accumulate) {
  Prepared<T> p;
  p.program = &e;
  p.layout = layout_of<T>(e, rows);
  const Layout& l = p.layout;
  p.strip_used = l.total < strip<T> ? lanes<T> : strip<T>;
  if (accumulate == Accumulate::no)
    for (int i = 0; i < e.outputs; ++i)
      if (T* sum = static_cast<T*>(outputs[i]); e.output[i].summed)
        for_vectors<T>(0, l.kept, [=](Index k, Index n) { store_count<T>(sum + k, Vec<T>{}, n); });
  if (l.total == 0) return true;
  prepare_arrays(p, outputs, inputs);

  const Index tasks = l.tasks_0 * l.tasks_1;
  const bool kept = take_kept_code(p, reinterpret_cast<const void*>(&expression<T>));
  const std::size_t own_bytes =
      kept ? 0 : code_bytes<T>(e) + std::size_t(e.constants) * strip<T> * sizeof(T);
  const std::size_t partial_bytes = l.partial ? std::size_t(tasks) * std::size_t(p.summed_outputs) *
                                                    std::size_t(l.kept) * sizeof(T)
                                              : 0;
  if (own_bytes + partial_bytes > 0) {
    char* const shared = static_cast<char*>(scratch(1, own_bytes + partial_bytes));
    if (shared == nullptr) return false;
    if (!kept) {
      prepare_code(p, shared);
      take_code(p, shared);
    }
    if (l.partial) p.partial = reinterpret_cast<T*>(shared + own_bytes);
  }
  if (is_single(p)) p.single = run_of<T>(e.step[1].op);

  const std::size_t memory_bytes = Machine<T>::bytes(p);
  const int threads = tasks == 1 ? 1 : threads_for(work_of<T>(e) * double(l.total), tasks);
  bool enough = true;
  parallel_chunks(threads, tasks, [&p, &enough, memory_bytes](Index task) {
    if (char* memory = static_cast<char*>(scratch(0, memory_bytes)); memory != nullptr)
      run_task(p, task, memory);
    else
      __atomic_store_n(&enough, false, __ATOMIC_RELAXED);
  });
  if (l.partial) add_partial(p, tasks);
  return enough;
}

}  // namespace

template <class T>
void fill_expression(Kernels<T>& k) {
  k.expression = expression<T>;
}
template void fill_expression(Kernels<float>&);
template void fill_expression(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
