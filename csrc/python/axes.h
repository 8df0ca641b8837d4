// Axes by name, "(batch, steps, channels)": a name has one size in all arrays of a call.
//
// "..." and a name with a star, "*alpha", stand for any number of axes; an expression such as
// "channels / groups" stands for any size.
#pragma once

#include <string_view>

#include "array.h"

namespace lamina {
namespace python {

class Axes {
 public:
  // `text` must outlive this object.
  explicit Axes(std::string_view text);
  // Whether the first axes count rows: "batch" alone, or all up to "...".
  bool rows() const;
  // The minimum number of axes, without those that stand for any number.
  std::size_t least() const;

  std::vector<std::string_view> names;
};

class Sizes {
 public:
  // Throws if the axes of an array do not fit the sizes known so far, and records new sizes.
  // `words` describes the shape in messages if all its sizes are known.
  void match(const Argument& array, const std::string& text, const std::string& words);
  // The same for a shape that is known to fit.
  void learn(std::string_view text, const Shape& shape);
  // The shape, from known sizes.
  Shape shape_of(std::string_view text) const;
  // The number of axes that count rows.
  std::size_t row_axes(std::string_view text) const;

 private:
  const Shape* find(std::string_view name) const;
  // The number of axes that one name stands for in an array of this rank.
  std::size_t count(const Axes& axes, std::string_view name, std::size_t rank) const;

  std::vector<std::pair<std::string_view, Shape>> known_;
};

}  // namespace python
}  // namespace lamina
