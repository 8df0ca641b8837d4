#include "sort.h"

#include <cstring>
#include <type_traits>

#include "parallel.h"

namespace lamina {
namespace {

template <class T>
using KeyOf = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;

// Unsigned integers that have the order of the elements.
template <class T>
KeyOf<T> key_of(T x) {
  using Key = KeyOf<T>;
  constexpr Key sign = Key(1) << (8 * sizeof(Key) - 1);
  if (x != x) return ~Key(0);
  if (x == T(0)) return sign;
  Key bits;
  std::memcpy(&bits, &x, sizeof bits);
  if constexpr (std::is_integral_v<T>) return bits ^ sign;
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

template <class Key>
struct Entry {
  Key key;
  std::uint32_t place;
};

template <class Key>
void insert(Entry<Key>* a, Index size, Entry<Key> entry) {
  for (; size > 0 && entry.key < a[size - 1].key; --size) a[size] = a[size - 1];
  a[size] = entry;
}

// Digit by digit from the lowest, each pass stable; the result is in a or in b.
template <class Key>
const Entry<Key>* sort_entries(Entry<Key>* a, Entry<Key>* b, Index size) {
  constexpr int digits = int(sizeof(Key));
  if (size <= 48) {
    for (Index i = 1; i < size; ++i) insert(a, i, Entry<Key>(a[i]));
    return a;
  }
  std::uint32_t count[digits][256] = {};
  for (Index i = 0; i < size; ++i)
    for (int k = 0; k < digits; ++k) ++count[k][(a[i].key >> (8 * k)) & 255];
  for (int k = 0; k < digits; ++k) {
    const auto digit = [k](const Entry<Key>& e) { return (e.key >> (8 * k)) & 255; };
    if (Index(count[k][digit(a[0])]) == size) continue;  // all have the same digit
    std::uint32_t before = 0;
    for (std::uint32_t& c : count[k]) {
      const std::uint32_t own = c;
      c = before;
      before += own;
    }
    for (Index i = 0; i < size; ++i) b[count[k][digit(a[i])]++] = a[i];
    Entry<Key>* const sorted = b;
    b = a;
    a = sorted;
  }
  return a;
}

// The first `kept` elements of a line if few are wanted; `best` has room for one more.
template <class Key, class Read>
void select_entries(Entry<Key>* best, Index kept, Index size, const Read& read) {
  Index found = 0;
  for (Index n = 0; n < size; ++n) {
    const Entry<Key> entry = read(n);
    if (found == kept && !(entry.key < best[kept - 1].key)) continue;
    insert(best, found < kept ? found++ : kept - 1, entry);
  }
}

}  // namespace

template <class T>
bool sort_lines(T* values, std::int32_t* places, const T* x, SortDims d, bool descending) {
  using Key = KeyOf<T>;
  const Index lines = d.outer * d.inner;
  if (lines == 0 || d.kept == 0) return true;
  const bool few = d.kept <= 32 && d.kept < d.size / 4;
  const auto bytes = sizeof(Entry<Key>) * std::size_t(few ? d.kept : 2 * d.size);
  bool enough = true;
  parallel_units(lines, 8 * double(d.size), [&](Index begin, Index end) {
    auto* entries = static_cast<Entry<Key>*>(scratch(0, bytes));
    if (entries == nullptr) return __atomic_store_n(&enough, false, __ATOMIC_RELAXED);
    for (Index line = begin; line < end; ++line) {
      const Index o = line / d.inner, i = line % d.inner;
      const T* from = x + o * d.size * d.inner + i;
      const auto read = [&](Index n) {
        const Key key = key_of(from[n * d.inner]);
        return Entry<Key>{descending ? Key(~key) : key, std::uint32_t(n)};
      };
      const Entry<Key>* sorted = entries;
      if (few) {
        select_entries(entries, d.kept, d.size, read);
      } else {
        for (Index n = 0; n < d.size; ++n) entries[n] = read(n);
        sorted = sort_entries(entries, entries + d.size, d.size);
      }
      for (Index k = 0; k < d.kept; ++k) {
        const Index to = (o * d.kept + k) * d.inner + i, place = sorted[k].place;
        if (values != nullptr) values[to] = from[place * d.inner];
        if (places != nullptr) places[to] = std::int32_t(place);
      }
    }
  });
  return enough;
}

template <class T>
void sort_backward(T* dx, const T* dvalues, const std::int32_t* places, SortDims d) {
  parallel_units(d.outer, 2 * double(d.size) * double(d.inner), [&](Index begin, Index end) {
    for (Index o = begin; o < end; ++o) {
      T* to = dx + o * d.size * d.inner;
      std::memset(to, 0, sizeof(T) * std::size_t(d.size * d.inner));
      for (Index k = 0; k < d.kept; ++k)
        for (Index i = 0; i < d.inner; ++i) {
          const Index from = (o * d.kept + k) * d.inner + i;
          to[places[from] * d.inner + i] = dvalues[from];
        }
    }
  });
}

template bool sort_lines(float*, std::int32_t*, const float*, SortDims, bool);
template bool sort_lines(double*, std::int32_t*, const double*, SortDims, bool);
template bool sort_lines(std::int32_t*, std::int32_t*, const std::int32_t*, SortDims, bool);
template void sort_backward(float*, const float*, const std::int32_t*, SortDims);
template void sort_backward(double*, const double*, const std::int32_t*, SortDims);

}  // namespace lamina
