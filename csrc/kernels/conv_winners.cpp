// The backward pass of a convolution followed by a max pooling that is its only reader.
#include "conv_winners.h"

#include "conv_winograd_weights.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

// A winner's multiply-add takes 2.5 times as long as one in a tile, with whole vectors for each row
// of the window.  (Zen 4, AVX-512, weights and input, speed relative to spreading zeros: 13x13x32
// -> 64 2.0 and 2.1, 8x8x64 -> 128 1.3 and 1.4, 4x4x128 -> 256 0.94 and 0.93, 32x32x3 -> 32 0.44
// and 0.59.)
template <class T>
bool conv2d_winners(ConvDims d, PoolDims pool) {
  if (d.groups != 1 || pool_index_bytes(pool) != 1) return false;
  d.images = pool.images = 1;
  const WinnersProduct<T> p{{nullptr, nullptr, d}, pool, nullptr, nullptr};
  if (by_winograd(p.conv)) return false;  // 3x3: a third of the time of plain sums, winners half
  const Index bytes = p.field_room() * Index(sizeof(T)) +
                      p.positions() * d.filters * Index(sizeof(T) + sizeof(std::int32_t));
  const double cells = double(meeting_cells(vertical_forward(d)) * d.channels) *
                       double(meeting_cells(horizontal_forward(d)));
  return bytes <= 1 << 20 && 2.5 * double(p.positions() * p.padded()) < 0.9 * cells;
}

template <class T>
bool weights_of_winners(const WinnersProduct<T>& p, T* dw, T* db, Accumulate accumulate) {
  const ConvDims& d = p.d();
  const Index size = p.conv.size(), filters = d.filters, positions = p.positions();
  const double flop = 2.0 * double(d.images * positions) * double(p.padded()) * double(filters);
  const WeightsCut cut(d, positions, 1, positions > 64 ? positions : 64, size * Index(sizeof(T)),
                       flop);
  const Index blocks = (filters + 15) / 16, per_unit = cut.units.per_unit;
  bool whole = true;
  for_weight_chunks(
      dw, db, size, filters, blocks, cut, flop, accumulate,
      [&](Range range, T* to_w, T* to_b, Range share, bool onto) {
        const Index last = share.end * 16 < filters ? share.end * 16 : filters;
        const Range some{to_w ? share.begin * 16 : 0, to_w ? last : 0};
        const Index entries = per_unit * positions * filters;
        char* memory = static_cast<char*>(
            scratch(0, (per_unit * p.field_room() + entries) * Index(sizeof(T)) + p.table_bytes() +
                           entries * Index(sizeof(std::int32_t))));
        T* sums = static_cast<T*>(scratch(1, (some.size() * p.padded() + 1) * Index(sizeof(T))));
        if (!memory || !sums) {
          __atomic_store_n(&whole, false, __ATOMIC_RELAXED);
          return;
        }
        Index* vector = reinterpret_cast<Index*>(memory);
        Index* place = vector + p.vectors();
        T* field = reinterpret_cast<T*>(memory + p.table_bytes());
        WinnerList<T> list;
        list.slope = field + per_unit * p.field_room();
        list.at = reinterpret_cast<std::int32_t*>(list.slope + entries);
        list.filters = filters;
        fill_offsets(p, vector, place);
        clear_cells(sums, some.size() * p.padded());
        for (Index i = range.begin; i < range.end; ++i) {
          const Unit unit = cut.units.at(i);
          list.count = unit.images * positions;
          list_winners(p, list, unit.image, unit.images, to_b ? Range{0, filters} : some, place);
          if (to_b) sum_rows(to_b, list.slope, filters, list.count, onto || i > range.begin);
          if (!to_w) continue;
          for (Index k = 0; k < unit.images; ++k)
            fill_field(p, field + k * p.field_room(),
                       p.conv.x + (unit.image + k) * d.height * d.width * d.channels);
          winners_weights_unit(p, sums, field, list, some, vector);
        }
        if (to_w) unpack_weights(p, to_w, sums, some, onto);
        if (to_b && range.size() == 0 && !onto) clear_cells(to_b, filters);
      });
  return whole;
}

template <class T>
bool input_of_winners(const WinnersProduct<T>& p, T* dx, const T* w) {
  const ConvDims& d = p.d();
  T* packed = static_cast<T*>(scratch(2, d.filters * p.padded() * Index(sizeof(T))));
  if (!packed) return false;
  pack_filters(p, packed, w);
  const double flop =
      2.0 * double(d.images * p.positions()) * double(p.padded()) * double(d.filters);
  bool whole = true;
  parallel_chunks(threads_for(flop, d.images), d.images, [&](Index image) {
    const Index tables = p.table_bytes();
    char* memory = static_cast<char*>(scratch(
        0, p.field_room() * Index(sizeof(T)) + tables + d.filters * Index(sizeof(std::int32_t))));
    if (!memory) {
      __atomic_store_n(&whole, false, __ATOMIC_RELAXED);
      return;
    }
    T* field = reinterpret_cast<T*>(memory + tables);
    Index* vector = reinterpret_cast<Index*>(memory);
    Index* place = vector + p.vectors();
    Index* begin = place + p.cells();
    fill_offsets(p, vector, place);
    winners_image(p, field, packed, image, vector, place, begin,
                  reinterpret_cast<std::int32_t*>(field + p.field_room()));
    take_field(p, dx + image * d.height * d.width * d.channels, field);
  });
  return whole;
}

template <class T>
bool conv2d_backward_winners(T* dx, T* dw, T* db, const T* dy, const void* index, const T* x,
                             const T* w, ConvDims d, PoolDims pool, Accumulate accumulate) {
  const WinnersProduct<T> p{{x, nullptr, d}, pool, dy, static_cast<const std::uint8_t*>(index)};
  if ((dw || db) && !weights_of_winners(p, dw, db, accumulate)) return false;
  return !dx || input_of_winners(p, dx, w);
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_convolution_winners(Kernels<T>& k) {
  k.conv2d_winners = conv2d_winners<T>;
  k.conv2d_backward_winners = conv2d_backward_winners<T>;
}
template void fill_convolution_winners<float>(Kernels<float>&);
template void fill_convolution_winners<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
