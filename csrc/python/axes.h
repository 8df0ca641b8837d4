// Axes by name, "(batch, steps, channels)": a name stands for one size in all arrays of a call.
//
// "..." and a name with a star, "*alpha", stand for any number of axes, and what is no name, such
// as "channels / groups", for any size.
#pragma once

#include <string_view>

#include "array.h"

namespace lamina {
namespace python {

class Axes {
 public:
  // `text` outlives the axes.
  explicit Axes(std::string_view text);
  // Whether the first count rows: "batch" alone, or all up to "...".
  bool rows() const;
  // The number of axes, names of several not counted.
  std::size_t least() const;

  std::vector<std::string_view> names;
};

class Sizes {
 public:
  // Refuses an array whose axes do not fit the sizes known; those that are new are remembered.
  // `words` are what messages call the shape where all of it is known.
  void match(const Argument& array, const std::string& text, const std::string& words);
  // The same of a shape that is known to fit.
  void learn(std::string_view text, const Shape& shape);
  // Of axes that are known.
  Shape shape_of(std::string_view text) const;
  // How many axes count rows.
  std::size_t row_axes(std::string_view text) const;

 private:
  const Shape* find(std::string_view name) const;
  // What one name stands for in an array of a rank.
  std::size_t count(const Axes& axes, std::string_view name, std::size_t rank) const;

  std::vector<std::pair<std::string_view, Shape>> known_;
};

}  // namespace python
}  // namespace lamina
