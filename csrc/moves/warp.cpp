#include "warp.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "parallel.h"

namespace lamina {
namespace {

constexpr Index block = 64;  // pixels whose neighbours are looked up together

// A pixel next to a position, along one axis.  Outside the image the fill mode decides which pixel
// it is, if any.
struct Neighbour {
  Index at;
  bool somewhere;
};

// The remainder of i; fast for the usual case that i is near the image.
template <class T>
T modulo(T i, T n) {
  if (i >= 0) return i < n ? i : i < 2 * n ? i - n : i - n * std::floor(i / n);
  return i >= -n ? i + n : i - n * std::floor(i / n);
}

template <class T>
Neighbour neighbour(T i, Index size, Outside outside) {
  const T n = T(size);
  if (i >= 0 && i < n) return {Index(i), true};
  switch (outside) {
    case Outside::constant:
      return {0, false};
    case Outside::nearest:
      break;
    case Outside::wrap:
      i = modulo(i, n);
      break;
    case Outside::mirror:
      i = size == 1 ? T(0) : std::abs(modulo(i + (n - 1), 2 * (n - 1)) - (n - 1));
      break;
    case Outside::reflect:
      i = modulo(i, 2 * n);
      if (i >= n) i = 2 * n - 1 - i;
      break;
  }
  // Far from the image, rounding may leave the remainder outside the image.
  return {Index(i < 0 ? T(0) : i > n - 1 ? n - 1 : i), true};
}

// Rounds to the nearest integer, halves away from 0.
template <class T>
T nearest(T place) {
  constexpr T half = T(0.5) - std::numeric_limits<T>::epsilon() / 4;  // exact below 1/2
  return std::trunc(place + std::copysign(half, place));
}

// The pixels whose weighted sum an output pixel is; an index below 0 stands for the fill value.
// Nearest-neighbour sampling uses only the first.
template <class T>
struct Corners {
  Index at[4];
  T weight[4];
  T down, across;  // the distance of the position from the first neighbour
};

template <class T>
Corners<T> corners(T row, T column, const WarpDims& d, const Reading& reading) {
  Corners<T> found{};
  const auto offset = [&](const Neighbour& r, const Neighbour& c) {
    return r.somewhere && c.somewhere ? (r.at * d.width + c.at) * d.channels : Index(-1);
  };
  if (!std::isfinite(row) || !std::isfinite(column)) {
    for (int k = 0; k < 4; ++k) found.at[k] = -1;
    found.weight[0] = found.down = found.across = std::numeric_limits<T>::quiet_NaN();
    return found;
  }
  if (!reading.linear) {
    found.at[0] = offset(neighbour(nearest(row), d.height, reading.outside),
                         neighbour(nearest(column), d.width, reading.outside));
    found.weight[0] = 1;
    return found;
  }
  const T top = std::floor(row), left = std::floor(column);
  found.down = row - top, found.across = column - left;
  for (int k = 0; k < 4; ++k) {
    const bool lower = k >= 2, righter = k % 2 == 1;
    found.at[k] = offset(neighbour(top + T(lower), d.height, reading.outside),
                         neighbour(left + T(righter), d.width, reading.outside));
    found.weight[k] =
        (lower ? found.down : 1 - found.down) * (righter ? found.across : 1 - found.across);
  }
  return found;
}

// For up to `block` positions well within the image: the upper left neighbour and the distance from
// it; -1 for other positions, which are handled by `corners`.
template <class T>
struct Inner {
  std::int32_t at[block];
  T down[block], across[block];
};

template <class T>
void look_up(Inner<T>& inner, const T* row, const T* column, Index count, const WarpDims& d,
             bool linear) {
  const T shift = linear ? T(0) : T(0.5) - std::numeric_limits<T>::epsilon() / 4;
  // Linear sampling also needs the next pixel; nearest sampling starts half a pixel before the
  // first.
  const T bottom = T(linear ? d.height - 1 : d.height), right = T(linear ? d.width - 1 : d.width);
  const auto width = std::int32_t(d.width), channels = std::int32_t(d.channels);
  for (Index k = 0; k < count; ++k) {
    const T r = row[k] + shift, c = column[k] + shift;
    const bool within = r >= 0 && r < bottom && c >= 0 && c < right;
    const auto i = std::int32_t(within ? r : T(0)), j = std::int32_t(within ? c : T(0));
    inner.at[k] = within ? (i * width + j) * channels : -1;
    inner.down[k] = r - T(i);
    inner.across[k] = c - T(j);
  }
}

// Whether the offsets in an image fit into the integers of `look_up`.
bool fits(const WarpDims& d) {
  return double(d.height) * double(d.width) * double(d.channels) < 2e9;
}

template <class T>
struct FourOf {
  typedef T Type __attribute__((vector_size(4 * sizeof(T))));
};

// With three or four channels (`wide`), four numbers are read at once if there are that many.
template <int fixed, bool wide, class T>
void read_inner(T* y, const T* x, T down, T across, Index channels, Index below) {
  const T up = 1 - down, back = 1 - across;
  if constexpr (wide) {
    using Four = typename FourOf<T>::Type;
    Four corner[4];
    const T* const from[4] = {x, x + fixed, x + below, x + below + fixed};
    for (int k = 0; k < 4; ++k) std::memcpy(&corner[k], from[k], sizeof(Four));
    const Four sum = up * (back * corner[0] + across * corner[1]) +
                     down * (back * corner[2] + across * corner[3]);
    std::memcpy(y, &sum, fixed * sizeof(T));
  } else {
    const Index n = fixed > 0 ? fixed : channels;
    for (Index c = 0; c < n; ++c)
      y[c] = up * (back * x[c] + across * x[n + c]) +
             down * (back * x[below + c] + across * x[below + n + c]);
  }
}

template <class T>
void read(T* y, const T* x, const Corners<T>& found, Index channels, const Reading& reading) {
  const int count = reading.linear ? 4 : 1;
  for (Index c = 0; c < channels; ++c) {
    T sum = 0;
    for (int k = 0; k < count; ++k) {
      const T value = found.at[k] < 0 ? T(reading.fill) : x[found.at[k] + c];
      sum += found.weight[k] * value;
    }
    y[c] = sum;
  }
}

template <int fixed, class T>
void forward_line(T* y, const T* x, const T* row, const T* column, const WarpDims& d,
                  const Reading& reading) {
  constexpr bool wide = fixed == 3 || fixed == 4;
  const Index channels = fixed > 0 ? fixed : d.channels, below = d.width * channels;
  const Index last_four = d.height * below - 4 - below - channels;  // the last start of a pixel
  const bool quick = fits(d);
  Inner<T> inner;
  for (Index begin = 0; begin < d.to_width; begin += block) {
    const Index count = d.to_width - begin < block ? d.to_width - begin : block;
    if (quick) look_up(inner, row + begin, column + begin, count, d, reading.linear);
    for (Index k = 0; k < count; ++k, y += channels) {
      const Index at = quick ? inner.at[k] : -1;
      if (at < 0)
        read(y, x, corners(row[begin + k], column[begin + k], d, reading), channels, reading);
      else if (!reading.linear)
        std::memcpy(y, x + at, std::size_t(channels) * sizeof(T));
      else if (wide && at <= last_four)
        read_inner<fixed, wide>(y, x + at, inner.down[k], inner.across[k], channels, below);
      else
        read_inner<fixed, false>(y, x + at, inner.down[k], inner.across[k], channels, below);
    }
  }
}

// Adds the gradients of a line of output pixels to the gradient of the image.
template <class T>
void scatter_line(T* dx, const T* dy, const T* row, const T* column, const WarpDims& d,
                  const Reading& reading) {
  const int count = reading.linear ? 4 : 1;
  for (Index k = 0; k < d.to_width; ++k, dy += d.channels) {
    const Corners<T> found = corners(row[k], column[k], d, reading);
    for (int corner = 0; corner < count; ++corner) {
      if (found.at[corner] < 0) continue;
      T* const to = dx + found.at[corner];
      for (Index c = 0; c < d.channels; ++c) to[c] += found.weight[corner] * dy[c];
    }
  }
}

// Adds the gradients of a line of output pixels to those of the positions.
template <class T>
void places_line(T* drow, T* dcolumn, const T* dy, const T* x, const T* row, const T* column,
                 const WarpDims& d, const Reading& reading) {
  for (Index k = 0; k < d.to_width; ++k, dy += d.channels) {
    const Corners<T> found = corners(row[k], column[k], d, reading);
    T down = 0, across = 0;
    for (Index c = 0; c < d.channels; ++c) {
      T v[4];
      for (int i = 0; i < 4; ++i) v[i] = found.at[i] < 0 ? T(reading.fill) : x[found.at[i] + c];
      down += dy[c] * ((1 - found.across) * (v[2] - v[0]) + found.across * (v[3] - v[1]));
      across += dy[c] * ((1 - found.down) * (v[1] - v[0]) + found.down * (v[3] - v[2]));
    }
    if (drow != nullptr) drow[k] += down;
    if (dcolumn != nullptr) dcolumn[k] += across;
  }
}

// Returns the offset of item `which`, 0 if all outputs share one item.
Index start(Index which, bool shared, Index size) { return shared ? 0 : which * size; }

}  // namespace

template <class T>
void warp_forward(T* y_nhwc, const T* x_nhwc, const T* row_nhw, const T* column_nhw, WarpDims d,
                  Reading reading) {
  const Index image = d.height * d.width * d.channels, field = d.to_height * d.to_width;
  const auto line = d.channels == 1   ? forward_line<1, T>
                    : d.channels == 3 ? forward_line<3, T>
                    : d.channels == 4 ? forward_line<4, T>
                                      : forward_line<0, T>;
  const double each = double(d.to_width) * double(2 + 2 * d.channels);
  parallel_units(d.count * d.to_height, each, [&](Index begin, Index end) {
    for (Index unit = begin; unit < end; ++unit) {
      const Index n = unit / d.to_height, h = unit % d.to_height;
      const Index place = start(n, d.one_field, field) + h * d.to_width;
      line(y_nhwc + unit * d.to_width * d.channels, x_nhwc + start(n, d.one_image, image),
           row_nhw + place, column_nhw + place, d, reading);
    }
  });
}

template <class T>
void warp_backward_image(T* dx_nhwc, const T* dy_nhwc, const T* row_nhw, const T* column_nhw,
                         WarpDims d, Reading reading) {
  const Index image = d.height * d.width * d.channels, field = d.to_height * d.to_width;
  const Index images = d.one_image ? 1 : d.count, uses = d.one_image ? d.count : 1;
  const double each = double(uses) * double(field) * double(2 + 4 * d.channels);
  parallel_units(images, each, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      T* const dx = dx_nhwc + i * image;
      for (Index k = 0; k < image; ++k) dx[k] = 0;
      for (Index n = i; n < i + uses; ++n)
        for (Index h = 0; h < d.to_height; ++h) {
          const Index place = start(n, d.one_field, field) + h * d.to_width;
          scatter_line(dx, dy_nhwc + (n * field + h * d.to_width) * d.channels, row_nhw + place,
                       column_nhw + place, d, reading);
        }
    }
  });
}

template <class T>
void warp_backward_places(T* drow_nhw, T* dcolumn_nhw, const T* dy_nhwc, const T* x_nhwc,
                          const T* row_nhw, const T* column_nhw, WarpDims d, Reading reading) {
  const Index image = d.height * d.width * d.channels, field = d.to_height * d.to_width;
  const Index fields = d.one_field ? 1 : d.count, uses = d.one_field ? d.count : 1;
  const double each = double(uses) * double(d.to_width) * double(4 + 4 * d.channels);
  parallel_units(fields * d.to_height, each, [&](Index begin, Index end) {
    for (Index unit = begin; unit < end; ++unit) {
      const Index f = unit / d.to_height, h = unit % d.to_height, place = unit * d.to_width;
      T* const drow = drow_nhw == nullptr ? nullptr : drow_nhw + place;
      T* const dcolumn = dcolumn_nhw == nullptr ? nullptr : dcolumn_nhw + place;
      for (Index k = 0; k < d.to_width; ++k) {
        if (drow != nullptr) drow[k] = 0;
        if (dcolumn != nullptr) dcolumn[k] = 0;
      }
      for (Index n = f; n < f + uses; ++n)
        places_line(drow, dcolumn, dy_nhwc + (n * field + h * d.to_width) * d.channels,
                    x_nhwc + start(n, d.one_image, image), row_nhw + place, column_nhw + place, d,
                    reading);
    }
  });
}

#define LAMINA_WARP(T)                                                                            \
  template void warp_forward<T>(T*, const T*, const T*, const T*, WarpDims, Reading);             \
  template void warp_backward_image<T>(T*, const T*, const T*, const T*, WarpDims, Reading);      \
  template void warp_backward_places<T>(T*, T*, const T*, const T*, const T*, const T*, WarpDims, \
                                        Reading)
LAMINA_WARP(float);
LAMINA_WARP(double);
#undef LAMINA_WARP

}  // namespace lamina
