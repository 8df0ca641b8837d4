// The division of an element-wise program: tasks for threads, blocks that fit the L1 cache.
//
// Everything depends on the sizes alone.  A block is a run of consecutive elements: some indices of
// one axis, the cut, with all axes after it.  A task is a box: a range of the first axis and a
// range of the second.
#pragma once

#include "expression_steps.h"

namespace lamina {
namespace LAMINA_ISA {

constexpr int most_axes = ElementArray::most_axes;

// A multiple of every strip.
template <class T>
constexpr Index block_elements = 8192 / Index(sizeof(T));

LAMINA_INLINE Index smaller(Index a, Index b) { return a < b ? a : b; }
LAMINA_INLINE Index larger(Index a, Index b) { return a > b ? a : b; }
LAMINA_INLINE Index parts(Index size, Index step) { return (size + step - 1) / step; }

struct Layout {
  int axes;
  Index size[most_axes];
  Index behind[most_axes];  // elements per index of an axis: all axes after it
  Index total;
  bool summed[most_axes] = {};  // by the summed outputs
  bool sums = false;
  Index kept = 1;  // elements of such an output

  Index step_0, step_1, tasks_0, tasks_1;
  bool partial = false;  // every task has its own sums, added in order at the end
  int cut;
  Index cut_step;
};

// Tasks of about element_chunk elements.  Tasks along an axis that is kept write to separate sums;
// along a summed axis they need partial sums, which stay below a sixteenth of the whole.
LAMINA_INLINE void cut_tasks(Layout& l) {
  const Index rest = l.behind[0], inner = l.axes > 1 ? l.behind[1] : rest;
  const bool second_kept = l.axes > 1 && !l.summed[1];
  l.step_1 = l.axes > 1 ? l.size[1] : 1;
  if (l.summed[0] && second_kept && rest >= element_chunk / 2) {
    l.step_0 = l.size[0];
    l.step_1 = larger(1, element_chunk / 8 / inner);
  } else if (l.summed[0]) {
    l.step_0 = larger(1, larger(element_chunk / rest, 16 * l.kept / rest));
    l.partial = l.size[0] > l.step_0;
  } else if (rest >= element_chunk && second_kept) {
    l.step_0 = 1;
    l.step_1 = larger(1, element_chunk / inner);
  } else {
    l.step_0 = larger(1, element_chunk / rest);
  }
  l.tasks_0 = parts(l.size[0], l.step_0);
  l.tasks_1 = l.axes > 1 ? parts(l.size[1], l.step_1) : 1;
}

// Elements per block: few enough for buffers in the L1 cache, if any may be needed.
template <class T>
LAMINA_INLINE Index block_size(const ElementProgram& p) {
  bool buffers = p.axes > 1;
  for (int i = 0; i < p.inputs; ++i) buffers |= p.input[i].type != ElementType::number;
  for (int i = 0; i < p.outputs; ++i) buffers |= p.output[i].type != ElementType::number;
  return buffers ? block_elements<T> : element_chunk;
}

template <class T>
LAMINA_INLINE void cut_blocks(Layout& l, Index block) {
  l.cut = 0;
  while (l.behind[l.cut] > block) ++l.cut;
  const Index range = l.cut == 0 ? smaller(l.size[0], l.step_0)
                                 : (l.cut == 1 ? smaller(l.size[1], l.step_1) : l.size[l.cut]);
  const Index most = block / l.behind[l.cut];
  l.cut_step = larger(1, parts(range, larger(1, parts(range, most))));
  if (l.behind[l.cut] == 1)  // even blocks, of whole strips
    l.cut_step = smaller(most, parts(l.cut_step, strip<T>) * strip<T>);
}

template <class T>
LAMINA_INLINE Layout layout_of(const ElementProgram& p, Index rows) {
  Layout l;
  l.axes = p.axes;
  l.total = 1;
  for (int k = p.axes - 1; k >= 0; --k) {
    l.size[k] = k == 0 ? p.size[0] * rows : p.size[k];
    l.behind[k] = l.total;
    l.total *= l.size[k];
  }
  for (int i = 0; i < p.outputs; ++i) {
    if (!p.output[i].summed) continue;
    l.sums = true;
    for (int k = 0; k < l.axes; ++k) l.summed[k] = p.output[i].stride[k] == 0;
  }
  for (int k = 0; k < l.axes; ++k) l.kept *= l.summed[k] ? 1 : l.size[k];
  if (l.total == 0) return l;
  const Index block = block_size<T>(p);
  if (l.total <= smaller(block, element_chunk / 4)) {  // as the rules below, without divisions
    l.step_0 = l.size[0];
    l.step_1 = l.axes > 1 ? l.size[1] : 1;
    l.tasks_0 = l.tasks_1 = 1;
    l.cut = 0;
    l.cut_step = l.size[0];
    return l;
  }
  cut_tasks(l);
  cut_blocks<T>(l, block);
  return l;
}

// --- the elements of one block in an array

struct LocalAxis {
  Index size, stride;
};
// The axes of a block, merged; the first one's size is for one index of the cut.
struct Local {
  int count;
  LocalAxis axis[most_axes];
};
LAMINA_INLINE Local local_axes(const Layout& l, const Index* stride) {
  Local local;
  local.count = 0;
  for (int k = l.cut; k < l.axes; ++k) {
    const Index size = k == l.cut ? 1 : l.size[k];
    if (local.count > 0) {
      LocalAxis& outer = local.axis[local.count - 1];
      if (outer.stride == stride[k] * l.size[k]) {
        outer = {outer.size * l.size[k], stride[k]};
        continue;
      }
    }
    local.axis[local.count++] = {size, stride[k]};
  }
  return local;
}

// --- filling a block from an array that is broadcast or of another type

template <class T, class S>
LAMINA_INLINE T number_of(S x) {
  return T(x);
}
template <class T>
LAMINA_INLINE T number_of(std::uint8_t x) {
  return x != 0 ? T(1) : T(0);
}

// May write up to a vector beyond the end, which is the place of the next run or unused.
template <class T, class S>
LAMINA_INLINE T* fill_run(T* to, const S* from, LocalAxis axis, Index size) {
  if (axis.stride == 0) {
    const Vec<T> v = broadcast(number_of<T>(*from));
    for (Index i = 0; i < size; i += lanes<T>) store(to + i, v);
  } else if constexpr (sizeof(S) == sizeof(T) && S(0.5) != S(0)) {
    if (axis.stride == 1)
      for_vectors<T>(0, size, [=](Index i, Index n) { store(to + i, load_count<T>(from + i, n)); });
    else
      for (Index i = 0; i < size; ++i) to[i] = from[i * axis.stride];
  } else {
    for (Index i = 0; i < size; ++i) to[i] = number_of<T>(from[i * axis.stride]);
  }
  return to + size;
}

// `size` indices of axis[0], all of the others.
template <class T, class S>
T* fill_block(T* to, const S* from, const LocalAxis* axis, int count, Index size) {
  if (count == 1) return fill_run(to, from, axis[0], size);
  const Index inner = axis[1].size;
  if (axis[0].stride == 0 && size > 1) {
    const T* first = to;
    T* end = fill_block(to, from, axis + 1, count - 1, inner);
    const Index whole = (end - first) * size;
    for (Index done = end - first; done < whole; done += smaller(done, whole - done))
      __builtin_memcpy(to + done, first, sizeof(T) * std::size_t(smaller(done, whole - done)));
    return to + whole;
  }
  for (Index i = 0; i < size; ++i, from += axis[0].stride)
    to = count == 2 ? fill_run(to, from, axis[1], inner)
                    : fill_block(to, from, axis + 1, count - 1, inner);
  return to;
}

// --- sums of a block

template <class T>
LAMINA_INLINE T sum_of_run(const T* x, Index size) {
  if (size < lanes<T>) {
    T sum = 0;
    for (Index i = 0; i < size; ++i) sum += x[i];
    return sum;
  }
  Vec<T> a = {}, b = {};
  Index i = 0;
  for (; i + 2 * lanes<T> <= size; i += 2 * lanes<T>)
    a = a + load(x + i), b = b + load(x + i + lanes<T>);
  for_vectors<T>(i, size, [&](Index k, Index n) { a = a + load_count<T>(x + k, n); });
  return sum_lanes<T>(a + b);
}

template <class T>
LAMINA_INLINE void add_run(T* sum, const T* x, Index size) {
  for_vectors<T>(0, size, [=](Index i, Index n) {
    store_count<T>(sum + i, load_count<T>(sum + i, n) + load_count<T>(x + i, n), n);
  });
}

// sum += the columns of x.
template <class T>
LAMINA_INLINE void add_columns(T* sum, const T* x, Index rows, Index cols) {
  for_vectors<T>(0, cols, [=](Index i, Index n) {
    Vec<T> own = {};
    for (Index r = 0; r < rows; ++r) own = own + load_count<T>(x + r * cols + i, n);
    store_count<T>(sum + i, load_count<T>(sum + i, n) + own, n);
  });
}

// The same for few columns: as many vectors as there are columns hold as many rows as a vector has
// lanes.
template <class T>
LAMINA_INLINE void add_narrow_columns(T* sum, const T* x, Index rows, Index cols) {
  Vec<T> part[lanes<T>] = {};
  Index r = 0;
  for (; r + lanes<T> <= rows; r += lanes<T>, x += cols * lanes<T>)
    for (Index v = 0; v < cols; ++v) part[v] = part[v] + load(x + v * lanes<T>);
  T own[lanes<T> * lanes<T>];
  for (Index v = 0; v < cols; ++v) store(own + v * lanes<T>, part[v]);
  for (Index c = 0; c < cols; ++c) {
    T total = 0;
    for (Index k = 0; k < lanes<T>; ++k) total += own[k * cols + c];
    for (Index k = 0; k < rows - r; ++k) total += x[k * cols + c];
    sum[c] += total;
  }
}

// Adds a block to sums; `axis`: strides in the sums, 0 where they sum.  Returns the end of the
// block.
template <class T>
const T* sum_block(T* sum, const T* x, const LocalAxis* axis, int count, Index size) {
  if (count == 1) {
    if (axis[0].stride != 0)
      add_run(sum, x, size);
    else
      *sum += sum_of_run(x, size);
    return x + size;
  }
  const Index inner = axis[1].size;
  if (count == 2 && axis[0].stride == 0) {  // the other one is then kept
    if (inner < lanes<T>)
      add_narrow_columns(sum, x, size, inner);
    else
      add_columns(sum, x, size, inner);
    return x + size * inner;
  }
  if (count == 2) {
    for (Index i = 0; i < size; ++i) sum[i * axis[0].stride] += sum_of_run(x + i * inner, inner);
    return x + size * inner;
  }
  for (Index i = 0; i < size; ++i)
    x = sum_block(sum + i * axis[0].stride, x, axis + 1, count - 1, inner);
  return x;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
