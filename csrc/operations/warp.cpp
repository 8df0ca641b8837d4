// Images sampled between their pixels.
#include "moves/warp.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "registry.h"

namespace lamina {
namespace {

// Sizes for a row, if there are rows; `images` and `fields` are multiplied by the rows of the
// arrays that have them.
struct Warped {
  WarpDims dims;
  bool rows_of_images, rows_of_fields;
};

class Warp final : public OperationOf<Warp> {
 public:
  Warp(std::vector<ValueId> inputs_, Warped warped, Reading reading)
      : OperationOf("warp", std::move(inputs_)), warped_(warped), reading_(reading) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    warp_forward(c.out(), c.in(0), c.in(1), c.in(2), dims(c.rows), reading_);
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    const WarpDims d = dims(c.rows);
    if (c.din(0) != nullptr) warp_backward_image(c.din(0), c.dout(), c.in(1), c.in(2), d, reading_);
    if (c.din(1) != nullptr || c.din(2) != nullptr)
      warp_backward_places(c.din(1), c.din(2), c.dout(), c.in(0), c.in(1), c.in(2), d, reading_);
  }

  bool differentiable(int i) const override { return i == 0 || reading_.linear; }
  bool backward_reads_input(int i) const override { return i > 0 || reading_.linear; }
  bool backward_reads_output() const override { return false; }
  bool same_as(const Operation& other) const override {
    const auto* that = dynamic_cast<const Warp*>(&other);
    return that != nullptr && that->reading_.linear == reading_.linear &&
           that->reading_.outside == reading_.outside && that->reading_.fill == reading_.fill;
  }
  Cost cost(Pass, Index rows, bool) const override {
    const WarpDims d = dims(rows);
    const double pixels = double(d.count) * double(d.to_height) * double(d.to_width);
    return {pixels * (15.0 + 7.0 * double(d.channels)), pixels * (2.0 + 2.0 * double(d.channels))};
  }
  std::string sizes(Index rows) const override {
    const WarpDims d = dims(rows);
    return std::to_string(d.count) + "x" + std::to_string(d.height) + "x" +
           std::to_string(d.width) + "x" + std::to_string(d.channels) + "->" +
           std::to_string(d.to_height) + "x" + std::to_string(d.to_width);
  }

 private:
  WarpDims dims(Index rows) const {
    WarpDims d = warped_.dims;
    if (warped_.rows_of_images || warped_.rows_of_fields) {
      d.count = rows;
      d.one_image = !warped_.rows_of_images;
      d.one_field = !warped_.rows_of_fields;
    }
    return d;
  }

  const Warped warped_;
  const Reading reading_;
};

template <std::size_t n>
std::size_t place_of(const std::array<const char*, n>& words, const std::string& word,
                     const char* name) {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found != words.end()) return std::size_t(found - words.begin());
  std::string known;
  for (const char* each : words) known += std::string(known.empty() ? "'" : ", '") + each + "'";
  throw std::invalid_argument("warp: " + std::string(name) + " must be one of " + known +
                              "; got '" + word + "'");
}

Reading reading_of(const std::string& interpolation, const std::string& fill_mode, double fill) {
  const std::array<const char*, 2> interpolations{"nearest", "bilinear"};
  const std::array<const char*, 5> modes{"constant", "nearest", "wrap", "mirror", "reflect"};
  return {place_of(interpolations, interpolation, "interpolation") == 1,
          Outside(place_of(modes, fill_mode, "fill_mode")), fill};
}

Tensor warp(Graph& graph, const Tensor& images, const Tensor& rows, const Tensor& columns,
            const std::string& interpolation, const std::string& fill_mode, double fill_value,
            const std::string& name) {
  for (const Tensor* each : {&images, &rows, &columns}) graph.check_float(*each, "warp");
  graph.check_alike({rows, columns}, "warp");
  const bool of_images = !graph.whole(images), of_fields = !graph.whole(rows);
  const std::size_t leading = of_images || of_fields ? 0 : 1;
  const Shape &x = images.shape, &places = rows.shape;
  if (x.size() != 3 + leading || places.size() != 2 + leading || columns.shape != places ||
      (leading == 1 && x[0] != places[0] && x[0] != 1 && places[0] != 1) ||
      *std::min_element(x.begin(), x.end()) < 1)
    throw std::invalid_argument(
        "warp: needs images (height, width, channels) and rows and columns (new height, new "
        "width), behind a first axis for several images where none has rows; got " +
        to_string(x) + ", " + to_string(places) + " and " + to_string(columns.shape));
  Warped warped{{1, x[leading], x[leading + 1], x[leading + 2], places[leading],
                 places[leading + 1], false, false},
                of_images,
                of_fields};
  Shape shape{places[leading], places[leading + 1], x[leading + 2]};
  if (leading == 1) {
    warped.dims.count = std::max(x[0], places[0]);
    warped.dims.one_image = x[0] == 1;
    warped.dims.one_field = places[0] == 1;
    shape.insert(shape.begin(), warped.dims.count);
  }
  return graph.record(
      std::make_unique<Warp>(std::vector<ValueId>{images.value, rows.value, columns.value}, warped,
                             reading_of(interpolation, fill_mode, fill_value)),
      std::move(shape), name);
}

const Registration warp_registered{
    "warp",
    "Images sampled at other positions, also between pixels; pixel i is at position i.",
    warp,
    {{"images", "(height, width, channels), or several images if nothing has rows."},
     {"rows", "(new height, new width): the vertical position of each pixel, from the top."},
     {"columns", "As rows: the horizontal position, from the left."},
     {"interpolation", "'bilinear' or 'nearest'; ties round away from 0."},
     {"fill_mode", "Pixels outside: 'constant', 'nearest', 'wrap', 'mirror' or 'reflect'."},
     {"fill_value", "The value for 'constant'."}}};

}  // namespace
}  // namespace lamina
