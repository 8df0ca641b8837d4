// The kernels of all tile shapes, compiled once per instruction set.
#include "microkernel.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

template <class T, bool KAdjacent, bool MaskB, int Height, int Vectors>
constexpr TileKernel<T> tile_kernel() {
  constexpr int height = Height < tallest[Vectors - 1] ? Height : tallest[Vectors - 1];
  return &multiply_tile<T, height, Vectors, KAdjacent, MaskB>;
}
template <class T, int Height, int Vectors>
constexpr TileKernel<T> continuing_kernel() {
  return &continue_tile < T, Height < tallest[Vectors - 1] ? Height : tallest[Vectors - 1],
         Vectors > ;
}

template <class T, bool KAdjacent, int Height, int Vectors>
constexpr TileKernel<T> fetching_kernel() {
  constexpr int height = Height < usual_height ? Height : usual_height;
  return &multiply_tile<T, height, Vectors, KAdjacent, masks_are_free, true>;
}

template <class T, bool K, bool M, int V>
constexpr TileColumn<T> tile_column() {
  return {{tile_kernel<T, K, M, 1, V>(), tile_kernel<T, K, M, 2, V>(), tile_kernel<T, K, M, 3, V>(),
           tile_kernel<T, K, M, 4, V>(), tile_kernel<T, K, M, 5, V>(), tile_kernel<T, K, M, 6, V>(),
           tile_kernel<T, K, M, 7, V>(), tile_kernel<T, K, M, 8, V>(), tile_kernel<T, K, M, 9, V>(),
           tile_kernel<T, K, M, 10, V>(), tile_kernel<T, K, M, 11, V>(),
           tile_kernel<T, K, M, 12, V>(), tile_kernel<T, K, M, 13, V>(),
           tile_kernel<T, K, M, 14, V>(), tile_kernel<T, K, M, 15, V>(),
           tile_kernel<T, K, M, 16, V>()}};
}

template <class T, int V>
constexpr TileColumn<T> continuing_column() {
  static_assert(continued_height == 4);
  return {{continuing_kernel<T, 1, V>(), continuing_kernel<T, 2, V>(), continuing_kernel<T, 3, V>(),
           continuing_kernel<T, 4, V>()}};
}

template <class T, bool K, int V>
constexpr TileColumn<T> fetching_column() {
  static_assert(usual_height <= 6);
  return {{fetching_kernel<T, K, 1, V>(), fetching_kernel<T, K, 2, V>(),
           fetching_kernel<T, K, 3, V>(), fetching_kernel<T, K, 4, V>(),
           fetching_kernel<T, K, 5, V>(), fetching_kernel<T, K, 6, V>()}};
}

}  // namespace

#if LAMINA_VECTOR_BYTES >= 32  // fetching_rows
template <class T, bool K>
constexpr TileColumn<T> FetchingTileKernels<T, K>::of_vectors[usual_vectors] = {
    fetching_column<T, K, 1>(),
    fetching_column<T, K, 2>(),
#if LAMINA_VECTOR_BYTES == 64
    fetching_column<T, K, 3>(),
    fetching_column<T, K, 4>(),
#endif
};
template struct FetchingTileKernels<float, false>;
template struct FetchingTileKernels<float, true>;
template struct FetchingTileKernels<double, false>;
template struct FetchingTileKernels<double, true>;
#endif

template <class T>
constexpr TileColumn<T> ContinuingTileKernels<T>::of_vectors[most_vectors] = {
    continuing_column<T, 1>(), continuing_column<T, 2>(), continuing_column<T, 3>(),
    continuing_column<T, 4>(), continuing_column<T, 5>(), continuing_column<T, 6>(),
    continuing_column<T, 7>(), continuing_column<T, 8>()};
template struct ContinuingTileKernels<float>;
template struct ContinuingTileKernels<double>;

template <class T, bool K, bool M>
constexpr TileColumn<T> TileKernels<T, K, M>::of_vectors[most_vectors] = {
    tile_column<T, K, M, 1>(), tile_column<T, K, M, 2>(), tile_column<T, K, M, 3>(),
    tile_column<T, K, M, 4>(), tile_column<T, K, M, 5>(), tile_column<T, K, M, 6>(),
    tile_column<T, K, M, 7>(), tile_column<T, K, M, 8>()};

template struct TileKernels<float, false, true>;
template struct TileKernels<float, true, true>;
template struct TileKernels<double, false, true>;
template struct TileKernels<double, true, true>;
#if LAMINA_VECTOR_BYTES != 64  // masks_are_free
template struct TileKernels<float, false, false>;
template struct TileKernels<float, true, false>;
template struct TileKernels<double, false, false>;
template struct TileKernels<double, true, false>;
#endif

}  // namespace LAMINA_ISA
}  // namespace lamina
