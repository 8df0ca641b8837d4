// Embedding: rows of a table by id, and the gradient, either as a whole table or for the ids that
// occur.
//
// Backward adds in row order for each id without atomics: the columns or, if rows are short, the
// ids are divided among threads.  In both cases each element of the table belongs to one thread.
#include "id_set.h"
#include "row_chunks.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

constexpr double row_work = 30;  // work per element, for threads_for

template <class T>
void embedding_forward(T* y_nd, const T* table_vd, const std::int32_t* id_n, RowsCols dims) {
  const Index cols = dims.cols;
  parallel_rows(dims, row_work, [=](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      if (r + 4 < end) __builtin_prefetch(table_vd + Index(id_n[r + 4]) * cols);
      const T* row = table_vd + Index(id_n[r]) * cols;
      for_vectors<T>(0, cols, [=](Index j, Index count) {
        store_count(y_nd + r * cols + j, load_count(row + j, count), count);
      });
    }
  });
}

// --- backward

// The part, of `parts`, to which an id belongs: a hash, because frequent ids tend to be neighbours.
LAMINA_INLINE std::uint32_t part_of(Index id, std::uint32_t parts) {
  return std::uint32_t((std::uint64_t(std::uint32_t(id) * 0x9E3779B1u) * parts) >> 32);
}

// sum[place(row)] += dy[row] for all rows in order.
template <class T, class Place>
LAMINA_INLINE void add_rows(T* sum, const T* dy_nd, RowsCols dims, const Place& place) {
  constexpr Index line = 64 / Index(sizeof(T)), ahead = 4;
  const Index cols = dims.cols;
  const double work = row_work * double(dims.rows) * double(cols);
  const Index most = dims.rows < 1024 ? dims.rows : 1024;
  const Index parts = dims.rows * cols < element_chunk ? 1 : threads_for(work, most);
  const bool by_columns = cols >= parts * line;
  parallel_chunks(int(parts), parts, [=](Index part) {
    Index begin = 0, end = cols;
    if (by_columns) {  // whole cache lines
      begin = cols / line * part / parts * line;
      end = part + 1 < parts ? cols / line * (part + 1) / parts * line : cols;
    }
    for (Index r = 0; r < dims.rows; ++r) {
      const Index to = place(r);
      if (!by_columns && part_of(to, std::uint32_t(parts)) != std::uint32_t(part)) continue;
      if (r + ahead < dims.rows) __builtin_prefetch(sum + place(r + ahead) * cols + begin, 1);
      for_vectors<T>(begin, end, [=](Index j, Index count) {
        T* at = sum + to * cols + j;
        store_count<T>(at, load_count(at, count) + load_count(dy_nd + r * cols + j, count), count);
      });
    }
  });
}

template <class T>
void write_zeros(T* y, Index size) {
  parallel_elements(size, 15, [=](Index begin, Index end) {
    __builtin_memset(y + begin, 0, sizeof(T) * std::size_t(end - begin));
  });
}

template <class T>
void embedding_backward(T* dtable_vd, const T* dy_nd, const std::int32_t* id_n, RowsCols dims,
                        Index vocabulary, Accumulate accumulate) {
  if (accumulate == Accumulate::no) write_zeros(dtable_vd, vocabulary * dims.cols);
  add_rows(dtable_vd, dy_nd, dims, [=](Index r) { return Index(id_n[r]); });
}

template <class T>
Index embedding_backward_sparse(std::int32_t* unique_n, T* sum_nd, const T* dy_nd,
                                const std::int32_t* id_n, RowsCols dims, Index vocabulary) {
  const Index words = IdSet::words_of(vocabulary);
  auto* memory = static_cast<std::uint64_t*>(scratch(3, 12 * std::size_t(words) + 64));
  if (memory == nullptr) return -1;
  const IdSet set = {memory, reinterpret_cast<std::int32_t*>(memory + words), words};
  set.clear();
  for (Index r = 0; r < dims.rows; ++r) set.add(id_n[r]);
  const Index found = set.list(unique_n);
  write_zeros(sum_nd, found * dims.cols);
  add_rows(sum_nd, dy_nd, dims, [=](Index r) { return Index(set.place(id_n[r])); });
  return found;
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_embedding(Kernels<T>& k) {
  k.embedding_forward = embedding_forward<T>;
  k.embedding_backward = embedding_backward<T>;
  k.embedding_backward_sparse = embedding_backward_sparse<T>;
}
template void fill_embedding<float>(Kernels<float>&);
template void fill_embedding<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
