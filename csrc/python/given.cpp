#include "given.h"

namespace lamina {
namespace python {

Given::Given(const char* who, const py::tuple& from)
    : of(from[0].cast<std::string>()),
      name(from[1].cast<std::string>()),
      axes(from[3].cast<std::string>()),
      words(axes),
      value(from[2]) {
  if (const auto at = axes.find(") "); at != std::string::npos) {
    words = axes.substr(at + 2);
    axes.resize(at + 1);
  }
  if (from.size() > 4) {
    content = py::isinstance<py::str>(from[4]) ? Content::mask : Content::labels;
    if (content == Content::labels) {
      const auto below = from[4].cast<py::tuple>();
      bound = below[0], what = below[1].cast<std::string>();
    }
  }
  bool optional = of.back() == '?';
  if (optional) of.pop_back();
  if (of == "gradient" || of == "output" || of == "saved")
    role = of == "gradient" ? Role::gradient : of == "output" ? Role::output : Role::saved;
  if (of.front() == '+') role = Role::into, of.erase(0, 1), optional = true;
  if (name.empty() || (value.is_none() && optional)) return;
  if (value.is_none()) Argument(who, name.c_str(), value);  // throws
  array.emplace(who, name.c_str(), value);
}

}  // namespace python
}  // namespace lamina
