// Element-wise programs over arrays: one pass over memory, in blocks, on several threads.
#include "expression_machine.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

template <class T>
void prepare_arrays(Prepared<T>& p, const ElementProgram& e) {
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
    p.source[i] = {a.stride, a.type, bytes, access, local};
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
    p.sink[i] = {a.type, result};
  }
}

// A program whose arrays have been examined, and the properties of its steps.
template <class T>
struct Steps {
  const ElementProgram& e;
  const Prepared<T>& p;

  // Whether a slot holds a single number.
  bool is_uniform(int slot) const {
    return slot < e.inputs ? p.source[slot].access == Access::number
                           : slot < e.inputs + e.constants;
  }
  bool is_sum(int slot) const {
    const int output = slot - e.inputs - e.constants;
    return output >= 0 && output < e.outputs &&
           (p.sink[output].result == Result::added || p.sink[output].result == Result::totalled);
  }
  // Whether an operation's other operand, if it has one, is a single number.
  bool is_simple(const ElementStep& step) const {
    return step.other < 0 && (step.slot < 0 || is_uniform(step.slot));
  }
};

// The function for one step.  Storing into a sum adds.
template <class T>
Code<T> single_step(const Steps<T>& in, const ElementStep& step) {
  StepPair<T> run{};
  if (step.op == ElementOp::store && in.is_sum(step.slot))
    run = adding_steps<T>();
  else if (step.slot >= 0 && step.other < 0 && in.is_uniform(step.slot))
    run = light_steps<T>(step.op, Operands::uniform);
  if (run.wide == nullptr) run = light_steps<T>(step.op, Operands::accumulator);
  if (run.wide == nullptr) run = heavy_steps<T>(step.op);
  return {run, step.slot, step.other, -1};
}

// A load and the cheap operation after it as one step; without functions if there is none.
template <class T>
Code<T> loading_step(const Steps<T>& in, const ElementStep* step, int left) {
  if (left < 2 || step[0].op != ElementOp::load || step[1].op == ElementOp::load ||
      step[1].op == ElementOp::store || step[1].other >= 0)
    return {};
  const bool uniform = step[1].slot >= 0 && in.is_uniform(step[1].slot);
  return {light_steps<T>(step[1].op, uniform ? Operands::loaded_uniform : Operands::loaded),
          step[0].slot, step[1].slot, -1};
}

// Two operations, each with a single number as the other operand, as one step, or a load and two;
// without functions if there is none.
template <class T>
Code<T> paired_step(const Steps<T>& in, const ElementStep* step, int left, bool loads) {
  if (left < 2 + loads || (loads && step[0].op != ElementOp::load)) return {};
  const ElementStep &first = step[loads], &second = step[loads + 1];
  if (!in.is_simple(first) || !in.is_simple(second)) return {};
  return {pair_steps<T>(first.op, second.op, loads), first.slot, second.slot,
          loads ? step[0].slot : -1};
}

// Whether the program consists of one operation on operands that are not single numbers, in order.
template <class T>
bool is_single(const Steps<T>& in) {
  const ElementProgram& e = in.e;
  if (e.steps != 3 || e.step[0].op != ElementOp::load || e.step[2].op != ElementOp::store ||
      in.is_sum(e.step[2].slot))
    return false;
  const int slots[] = {e.step[0].slot, e.step[1].slot, e.step[1].other};
  for (const int slot : slots)
    if (slot >= e.inputs || (slot >= 0 && in.is_uniform(slot))) return false;
  return true;
}

// Prepares the next step of the code; returns how many of the program's steps, from `step` on, it
// covers.
template <class T>
int prepare_step(const Steps<T>& in, const ElementStep* step, int left, Code<T>& code) {
  if ((code = paired_step(in, step, left, true)).run.wide != nullptr) return 3;
  if ((code = loading_step(in, step, left)).run.wide != nullptr) return 2;
  if ((code = paired_step(in, step, left, false)).run.wide != nullptr) return 2;
  code = single_step(in, *step);
  return 1;
}

template <class T>
void prepare_steps(const Steps<T>& in, Code<T>* code) {
  const ElementProgram& e = in.e;
  for (int i = 0; i < e.steps; ++code) i += prepare_step(in, e.step + i, e.steps - i, *code);
  const ElementStep& last = e.step[e.steps - 1];
  if (last.op == ElementOp::store && !in.is_sum(last.slot))
    code[-1].run = last_store_steps<T>();
  else
    *code = {final_steps<T>(), -1, -1, -1};
}

template <class T>
constexpr std::size_t steps_bytes(const ElementProgram& e) {
  return lined(std::size_t(e.steps + 1) * sizeof(Code<T>));
}
template <class T>
constexpr std::size_t code_bytes(const ElementProgram& e) {
  return steps_bytes<T>(e) + std::size_t(e.constants) * strip<T> * sizeof(T);
}

template <class T>
void prepare_code(const ElementProgram& e, const Prepared<T>& p, char* memory) {
  static_assert(sizeof(Code<T>) <= ElementCode::step_bytes);
  static_assert(std::size_t(strip<T>) * sizeof(T) <= ElementCode::constant_bytes);
  prepare_steps(Steps<T>{e, p}, reinterpret_cast<Code<T>*>(memory));
  T* const constants = reinterpret_cast<T*>(memory + steps_bytes<T>(e));
  for (int i = 0; i < e.constants; ++i) {
    const T constant = T(e.constant[i]);
    fill_run(constants + i * strip<T>, &constant, {strip<T>, 0}, strip<T>);
  }
}

template <class T>
void take_code(const ElementProgram& e, Prepared<T>& p, char* memory) {
  p.code = reinterpret_cast<const Code<T>*>(memory);
  p.constants = reinterpret_cast<T*>(memory + steps_bytes<T>(e));
}

// Everything but the code, in the memory for the arrays.
template <class T>
void prepare(const ElementProgram& e, Index rows, Prepared<T>& p, Source* source, Sink* sink) {
  p.source = source;
  p.sink = sink;
  p.layout = layout_of<T>(e, rows);
  p.strip_used = p.layout.total < strip<T> ? lanes<T> : strip<T>;
  if (p.layout.total == 0) return;
  prepare_arrays(p, e);
  if (is_single(Steps<T>{e, p})) p.single = run_of<T>(e.step[1].op);
  p.thread_bytes = Machine<T>::bytes(e, p);
}

// Determines which inputs are single numbers, and whether steps add to sums.
template <class T>
std::uint64_t key_of(const ElementProgram& e, const Prepared<T>& p) {
  std::uint64_t key = p.summed_outputs > 0 && p.sums.count == 1;
  for (int i = 0; i < e.inputs; ++i)
    key |= std::uint64_t(p.source[i].access == Access::number) << (i + 1);
  return key;
}

// The layout of kept code: the code, then what it was compiled for, with its arrays.
template <class T>
Prepared<T>* kept_in(const ElementProgram& e) {
  return reinterpret_cast<Prepared<T>*>(e.code->memory + lined(code_bytes<T>(e)));
}

// Returns false if there are no elements.
template <class T>
bool make_kept(const ElementProgram& e, Index rows, const void* maker) {
  static_assert(sizeof(Source) + sizeof(Sink) <= ElementCode::array_bytes);
  static_assert(sizeof(Prepared<T>) + 128 <= ElementCode::rest_bytes);
  ElementCode& kept = *e.code;
  Prepared<T>& p = *kept_in<T>(e) = Prepared<T>{};
  Source* const source = reinterpret_cast<Source*>(&p + 1);
  prepare(e, rows, p, source, reinterpret_cast<Sink*>(source + e.inputs));
  if (p.layout.total == 0) return false;
  prepare_code(e, p, kept.memory);
  take_code(e, p, kept.memory);
  kept.maker = maker;
  kept.rows = rows;
  kept.key = key_of(e, p);
  return true;
}

// Whether there is kept code made by this kernel; makes it if nothing is kept, unless another
// thread is making it.
template <class T>
bool keeps(const ElementProgram& e, Index rows, const void* maker) {
  ElementCode* const kept = e.code;
  if (kept == nullptr) return false;
  int state = __atomic_load_n(&kept->state, __ATOMIC_ACQUIRE);
  if (state == 0 && __atomic_compare_exchange_n(&kept->state, &state, 1, false, __ATOMIC_ACQ_REL,
                                                __ATOMIC_ACQUIRE)) {
    state = make_kept<T>(e, rows, maker) ? 2 : 0;
    __atomic_store_n(&kept->state, state, __ATOMIC_RELEASE);
  }
  return state == 2 && kept->maker == maker;
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

// Adds the sums of the tasks, in order, to the outputs.
template <class T>
void add_partial(const Job<T>& job, Index tasks) {
  const Prepared<T>& p = job.prepared;
  const Index kept = p.layout.kept;
  for (Index task = 0; task < tasks; ++task)
    for (int i = 0, summed = 0; i < job.program.outputs; ++i) {
      if (!job.program.output[i].summed) continue;
      add_run(static_cast<T*>(job.outputs[i]),
              job.partial + (task * p.summed_outputs + summed++) * kept, kept);
    }
}

template <class T>
void run_task(const Job<T>& job, Index task, char* memory) {
  const Prepared<T>& p = job.prepared;
  T* sums[ElementProgram::most_outputs + 1];
  int summed = 0;
  for (int i = 0; i < job.program.outputs; ++i) {
    if (!job.program.output[i].summed) continue;
    T* own = static_cast<T*>(job.outputs[i]);
    if (job.partial != nullptr) {
      own = job.partial + (task * p.summed_outputs + summed) * p.layout.kept;
      for_vectors<T>(0, p.layout.kept,
                     [=](Index k, Index n) { store_count<T>(own + k, Vec<T>{}, n); });
    }
    sums[summed++] = own;
  }
  sums[summed] = nullptr;
  Machine<T>(job, memory).run(task, sums);
}

template <class T>
bool run(const Job<T>& job) {
  const Prepared<T>& p = job.prepared;
  const Index tasks = p.layout.tasks_0 * p.layout.tasks_1;
  const int threads =
      tasks == 1 ? 1 : threads_for(work_of<T>(job.program) * double(p.layout.total), tasks);
  bool enough = true;
  parallel_chunks(threads, tasks, [&job, &enough](Index task) {
    if (char* memory = static_cast<char*>(scratch(0, job.prepared.thread_bytes)); memory != nullptr)
      run_task(job, task, memory);
    else
      __atomic_store_n(&enough, false, __ATOMIC_RELAXED);
  });
  if (job.partial != nullptr) add_partial(job, tasks);
  return enough;
}

// Sums are added to the existing contents if `accumulate` says that these count.
template <class T>
void clear_sums(void* const* outputs, const ElementProgram& e, Index kept, Accumulate accumulate) {
  if (accumulate != Accumulate::no) return;
  for (int i = 0; i < e.outputs; ++i)
    if (T* sum = static_cast<T*>(outputs[i]); e.output[i].summed)
      for_vectors<T>(0, kept, [=](Index k, Index n) { store_count<T>(sum + k, Vec<T>{}, n); });
}

template <class T>
bool expression(void* const* outputs, const void* const* inputs, const ElementProgram& e,
                Index rows, Accumulate accumulate) {
  const bool kept = keeps<T>(e, rows, reinterpret_cast<const void*>(&expression<T>));
  const bool of_these_rows = kept && e.code->rows == rows;
  Prepared<T> own;
  Source source[ElementProgram::most_inputs];
  Sink sink[ElementProgram::most_outputs];
  if (!of_these_rows) prepare(e, rows, own, source, sink);
  const Prepared<T>& p = of_these_rows ? *kept_in<T>(e) : own;
  clear_sums<T>(outputs, e, p.layout.kept, accumulate);
  if (p.layout.total == 0) return true;

  const bool own_code = !of_these_rows && !(kept && e.code->key == key_of(e, own));
  const std::size_t own_bytes = own_code ? lined(code_bytes<T>(e)) : 0;
  const std::size_t partial_bytes =
      p.layout.partial ? std::size_t(p.layout.tasks_0 * p.layout.tasks_1) *
                             std::size_t(p.summed_outputs) * std::size_t(p.layout.kept) * sizeof(T)
                       : 0;
  char* shared = nullptr;
  if (own_bytes + partial_bytes > 0) {
    shared = static_cast<char*>(scratch(1, own_bytes + partial_bytes));
    if (shared == nullptr) return false;
  }
  if (own_code) prepare_code(e, own, shared);
  if (!of_these_rows) take_code(e, own, own_code ? shared : e.code->memory);
  T* const partial = partial_bytes > 0 ? reinterpret_cast<T*>(shared + own_bytes) : nullptr;
  return run(Job<T>{e, p, outputs, inputs, partial});
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_expression(Kernels<T>& k) {
  k.expression = expression<T>;
}
template void fill_expression(Kernels<float>&);
template void fill_expression(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
