// An operation of the graph on NumPy arrays: recorded for the shapes of the arrays, then run once,
// forward or backward, on the arrays in place.
#pragma once

#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "axes.h"
#include "given.h"
#include "operations/registry.h"

namespace lamina {
namespace python {

// Rethrows errors of operations under the function's name; shapes in them are extended by the rows.
template <class F>
auto in_name_of(const std::string& function, const std::deque<Given>& given, F&& f) {
  try {
    return f();
  } catch (const std::invalid_argument& error) {
    std::string said = error.what();
    if (const auto at = said.find(": "); at != std::string::npos && at < said.find(" must"))
      said.erase(0, at + 2);
    for (const Given& each : given) {
      if (each.row_axes == 0) continue;
      const Shape row(each.shape.begin() + Index(each.row_axes), each.shape.end());
      const std::string spoken = "inputs " + text_of(row);
      if (const auto at = said.find(spoken); at != std::string::npos)
        said.replace(at, spoken.size(), "inputs " + text_of(each.shape));
    }
    throw py::value_error(function + ": " + said);
  }
}

class Applied {
 public:
  Applied(const std::string& function, const std::string& operation, const py::list& arrays,
          const py::dict& settings);

  py::list forward();
  py::list backward(const std::vector<std::string>& wanted);

 private:
  void match(Given& given);
  void check_elements(const Given& given);
  void record(const OperationDescription& operation, const py::dict& settings);
  void check_output();
  void check_sums() const;
  void fetch();
  template <class T>
  void fetch_as();
  template <class T>
  py::list forward_as();
  template <class T>
  py::list gradient_arrays(const std::vector<std::string>& wanted, std::vector<T*>& data);
  template <class T>
  py::list backward_as(const std::vector<std::string>& wanted);
  template <class T>
  void run(Pass pass, const Operation& operation, std::byte* saved,
           const std::vector<T*>& into = {}, Accumulate accumulate = Accumulate::no);
  template <class T>
  py::array output_array(const Tensor& tensor);
  py::array saved_array(const Operation& operation);
  void fill_saved(py::array saved) const;
  const Given* find(Role role) const;
  const Given& named(const std::string& name) const;
  Shape whole_shape(const Tensor& tensor) const;
  // The output as the function describes it, or null.
  const Given* said_output() const;
  const char* who() const { return function_.c_str(); }

  const std::string function_;
  std::deque<Given> given_;
  Sizes sizes_;
  std::unique_ptr<Graph> graph_;
  std::vector<Tensor> outputs_;
  Shape leading_;                               // axes of the rows
  bool empty_ = false;                          // an axis of length 0: nothing is calculated
  std::vector<std::byte*> places_, gradients_;  // by value id
};

}  // namespace python
}  // namespace lamina
