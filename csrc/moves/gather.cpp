#include "gather.h"

#include <cstring>

#include "parallel.h"

namespace lamina {
namespace {

// The position an index refers to, -1 if it is outside.
inline Index place_of(std::int32_t index, GatherDims d) {
  Index at = index;
  if (d.from_end && at < 0) at += d.size;
  return at >= 0 && at < d.size ? at : -1;
}

template <class T>
void fill_elements(T* y, T value, Index size) {
  for (Index i = 0; i < size; ++i) y[i] = value;
}

template <class T>
void write_zeros(T* y, Index size) {
  parallel_units(size, 1, [=](Index begin, Index end) {
    std::memset(y + begin, 0, sizeof(T) * std::size_t(end - begin));
  });
}

// y += x, 16 bytes at a time: any order of the columns gives the same bits.
template <class T>
inline void add_run(T* y, const T* x, Index size) {
  typedef T Pack __attribute__((vector_size(16)));
  constexpr Index lanes = Index(sizeof(Pack) / sizeof(T));
  Index i = 0;
  for (; i + lanes <= size; i += lanes) {
    Pack a, b;
    std::memcpy(&a, y + i, sizeof a);
    std::memcpy(&b, x + i, sizeof b);
    a += b;
    std::memcpy(y + i, &a, sizeof a);
  }
  for (; i < size; ++i) y[i] += x[i];
}

// The part, of `parts`, to which a position belongs: a hash, because frequent ones tend to be
// neighbours.
inline Index part_of(Index at, Index parts) {
  return Index((std::uint64_t(std::uint32_t(at) * 0x9E3779B1u) * std::uint64_t(parts)) >> 32);
}

// The part of the sums that one thread calculates: some columns of all positions, or all columns of
// some.
struct Share {
  Index begin, end;  // columns
  Index part, parts;
};

// Calls serve(context, o, share) for disjoint shares on the threads.
void share_out(GatherDims d, void (*serve)(const void*, Index, Share), const void* context) {
  constexpr Index line = 16, most = 64;
  const double elements = double(d.count) * double(d.inner), all = elements * double(d.outer);
  const Index parts =
      d.outer >= most || all < 8192 ? 1 : threads_for(30 * all, d.count < 1024 ? d.count : 1024);
  const bool by_columns = d.inner >= parts * line;
  const double each = 2 * elements / double(parts);
  parallel_units(d.outer * parts, parts > 1 && each < 8192 ? 8192 : each,
                 [&](Index first, Index last) {
                   for (Index unit = first; unit < last; ++unit) {
                     const Index part = unit % parts;
                     Share share{0, d.inner, part, parts};
                     if (by_columns) {
                       share = {d.inner / line * part / parts * line, d.inner, 0, 1};
                       if (part + 1 < parts) share.end = d.inner / line * (part + 1) / parts * line;
                     }
                     serve(context, unit / parts, share);
                   }
                 });
}

// Calls body(y, x, size) for each valid index in order, with the starts of the corresponding runs
// of elements in y, outer x size x inner, and in x.
template <class T, class Body>
void for_places(const T* y, const std::int32_t* index_c, GatherDims d, const Body& body) {
  constexpr Index ahead = 4;
  const auto serve = [&](Index o, Share s) {
    for (Index c = 0; c < d.count; ++c) {
      const Index at = place_of(index_c[c], d);
      if (const Index next = c + ahead < d.count ? place_of(index_c[c + ahead], d) : -1; next >= 0)
        __builtin_prefetch(y + (o * d.size + next) * d.inner + s.begin, 1);
      if (at < 0 || (s.parts > 1 && part_of(at, s.parts) != s.part)) continue;
      body((o * d.size + at) * d.inner + s.begin, (o * d.count + c) * d.inner + s.begin,
           s.end - s.begin);
    }
  };
  using Serve = decltype(serve);
  share_out(
      d, [](const void* own, Index o, Share s) { (*static_cast<const Serve*>(own))(o, s); },
      &serve);
}

}  // namespace

template <class T>
void Gather<T>::rows(T* y, const T* x, const std::int32_t* index, GatherDims d, T fill) {
  parallel_units(d.outer * d.count, double(d.inner), [=](Index begin, Index end) {
    Index o = begin / d.count, c = begin % d.count;
    for (Index row = begin; row < end; ++row, ++c) {
      if (c == d.count) c = 0, ++o;
      const Index at = place_of(index[c], d);
      T* to = y + row * d.inner;
      if (at < 0)
        fill_elements(to, fill, d.inner);
      else if (d.inner == 1)
        *to = x[o * d.size + at];
      else
        std::memcpy(to, x + (o * d.size + at) * d.inner, sizeof(T) * std::size_t(d.inner));
    }
  });
}

template <class T>
void Gather<T>::elements(T* y, const T* x, const std::int32_t* index, GatherDims d, T fill) {
  parallel_units(d.outer * d.count, double(d.inner), [=](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const T* from = x + row / d.count * d.size * d.inner;
      for (Index i = 0; i < d.inner; ++i) {
        const Index at = place_of(index[row * d.inner + i], d);
        y[row * d.inner + i] = at < 0 ? fill : from[at * d.inner + i];
      }
    }
  });
}

template <class T>
void Scatter<T>::add_rows(T* y, const T* x, const std::int32_t* index, GatherDims d,
                          Accumulate accumulate) {
  if (accumulate == Accumulate::no) write_zeros(y, d.outer * d.size * d.inner);
  for_places(y, index, d,
             [=](Index to, Index from, Index size) { add_run(y + to, x + from, size); });
}

template <class T>
void Scatter<T>::add_elements(T* y, const T* x, const std::int32_t* index, GatherDims d,
                              Accumulate accumulate) {
  constexpr Index wide = 16;
  const Index strips = (d.inner + wide - 1) / wide, width = d.inner < wide ? d.inner : wide;
  if (accumulate == Accumulate::no) write_zeros(y, d.outer * d.size * d.inner);
  parallel_units(
      d.outer * strips, 2 * double(d.count) * double(width), [=](Index first, Index last) {
        for (Index unit = first; unit < last; ++unit) {
          const Index o = unit / strips, begin = unit % strips * wide;
          const Index end = d.inner - begin < wide ? d.inner : begin + wide;
          for (Index c = 0; c < d.count; ++c)
            for (Index i = begin; i < end; ++i) {
              const Index from = (o * d.count + c) * d.inner + i, at = place_of(index[from], d);
              if (at >= 0) y[(o * d.size + at) * d.inner + i] += x[from];
            }
        }
      });
}

template <class T>
void Scatter<T>::largest_rows(T* y, const T* x, const std::int32_t* index, GatherDims d) {
  parallel_units(d.outer * d.size, double(d.inner), [=](Index begin, Index end) {
    fill_elements(y + begin * d.inner, T(-__builtin_inf()), (end - begin) * d.inner);
  });
  for_places(y, index, d, [=](Index to, Index from, Index size) {
    for (; size > 0; --size, ++to, ++from)
      if (x[from] > y[to] || x[from] != x[from]) y[to] = x[from];
  });
}

template <class T>
void Scatter<T>::largest_backward(T* dx, T* ties, const T* dy, const T* x, const T* y,
                                  const std::int32_t* index, GatherDims d) {
  write_zeros(ties, d.outer * d.size * d.inner);
  write_zeros(dx, d.outer * d.count * d.inner);
  for_places(y, index, d, [=](Index to, Index from, Index size) {
    for (; size > 0; --size, ++to, ++from) ties[to] += T(x[from] == y[to]);
  });
  for_places(y, index, d, [=](Index to, Index from, Index size) {
    for (; size > 0; --size, ++to, ++from)
      if (x[from] == y[to]) dx[from] = dy[to] / ties[to];
  });
}

template struct Gather<std::uint8_t>;
template struct Gather<std::uint32_t>;
template struct Gather<std::uint64_t>;
template struct Scatter<float>;
template struct Scatter<double>;
template void Scatter<std::uint32_t>::add_rows(std::uint32_t*, const std::uint32_t*,
                                               const std::int32_t*, GatherDims, Accumulate);

}  // namespace lamina
