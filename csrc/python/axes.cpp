#include "axes.h"

#include <algorithm>
#include <stdexcept>

namespace lamina {
namespace python {
namespace {

bool is_group(std::string_view name) { return name == "..." || name.front() == '*'; }
bool is_name(std::string_view name) { return name.find(' ') == std::string_view::npos; }

}  // namespace

Axes::Axes(std::string_view text) {
  std::size_t from = text.find('(');
  while (from != std::string_view::npos && from + 1 < text.size()) {
    const std::size_t to = text.find_first_of(",)", from + 1);
    std::string_view name = text.substr(from + 1, to - from - 1);
    if (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    if (!name.empty()) names.push_back(name);
    from = to;
  }
}

bool Axes::rows() const {
  return !names.empty() &&
         (names.front() == "batch" || std::find(names.begin(), names.end(), "...") != names.end());
}

std::size_t Axes::least() const {
  return names.size() - std::size_t(std::count_if(names.begin(), names.end(), is_group));
}

const Shape* Sizes::find(std::string_view name) const {
  for (const auto& [known, sizes] : known_)
    if (known == name) return &sizes;
  return nullptr;
}

std::size_t Sizes::count(const Axes& axes, std::string_view name, std::size_t rank) const {
  if (!is_group(name)) return 1;
  if (const Shape* sizes = find(name)) return sizes->size();
  for (const auto other : axes.names)
    if (other != name) rank -= count(axes, other, rank);
  return rank;
}

void Sizes::match(const Argument& array, const std::string& text, const std::string& words) {
  const Axes axes(text);
  bool known = true, open = false;
  int least = 0;
  for (const auto name : axes.names) {
    const Shape* sizes = find(name);
    known = known && sizes != nullptr;
    open = open || (is_group(name) && sizes == nullptr);
    least += sizes != nullptr ? int(sizes->size()) : is_group(name) ? 0 : 1;
  }
  if (known) return array.needs_shape(shape_of(text), words.c_str());
  open ? array.needs_rank_at_least(least, text.c_str()) : array.needs_rank(least, text.c_str());
  const Shape shape = array.shape();
  learn(text, shape);
  auto from = shape.begin();
  for (const auto name : axes.names) {
    const Shape* sizes = find(name);
    if (sizes != nullptr && !std::equal(sizes->begin(), sizes->end(), from))
      array.refuse(python::text("must have shape ", text, " with ", name, " = ",
                                is_group(name) ? text_of(*sizes) : std::to_string(sizes->front()),
                                "; got shape ", text_of(shape)));
    from += Index(count(axes, name, shape.size()));
  }
}

void Sizes::learn(std::string_view text, const Shape& shape) {
  const Axes axes(text);
  auto from = shape.begin();
  for (const auto name : axes.names) {
    const auto to = from + Index(count(axes, name, shape.size()));
    if (is_name(name) && find(name) == nullptr) known_.emplace_back(name, Shape(from, to));
    from = to;
  }
}

Shape Sizes::shape_of(std::string_view text) const {
  Shape shape;
  for (const auto name : Axes(text).names) {
    const Shape* sizes = find(name);
    if (sizes == nullptr) throw std::logic_error("axis " + std::string(name) + " has no size yet");
    shape.insert(shape.end(), sizes->begin(), sizes->end());
  }
  return shape;
}

std::size_t Sizes::row_axes(std::string_view text) const {
  const Axes axes(text);
  if (!axes.rows()) return 0;
  if (axes.names.front() == "batch") return 1;
  std::size_t all = 0;
  for (const auto name : axes.names) {
    all += find(name)->size();
    if (name == "...") break;
  }
  return all;
}

}  // namespace python
}  // namespace lamina
