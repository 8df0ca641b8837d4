// An operation written in Python: a user's layer or loss.
#include <pybind11/stl.h>

#include <cstring>
#include <stdexcept>

#include "gil.h"
#include "graph.h"

namespace lamina {
namespace python {

namespace py = pybind11;
using namespace py::literals;

namespace {

class PythonOperation final : public OperationOf<PythonOperation> {
 public:
  PythonOperation(std::vector<ValueId> inputs_, std::vector<Shape> input_shapes,
                  std::vector<DType> dtypes, Shape shape, py::object forward, py::object backward)
      : OperationOf("python", std::move(inputs_)),
        input_shapes_(std::move(input_shapes)),
        dtypes_(std::move(dtypes)),
        shape_(std::move(shape)),
        forward_(std::move(forward)),
        backward_(std::move(backward)) {}
  ~PythonOperation() override {
    const WithGil gil;
    forward_ = py::object();
    backward_ = py::object();
  }

  template <class T>
  void forward_as(const Call<T>& c) const {
    const WithGil gil;
    const py::object result = call_python(forward_, arguments(c));
    copy_checked<T>(result, c.out(), c.rows, shape_, "forward");
  }

  template <class T>
  void backward_as(const Call<T>& c) const {
    const WithGil gil;
    const py::array dy =
        copy(lamina::dtype_of<T>, c.rows, shape_, reinterpret_cast<std::byte*>(c.dout()));
    py::object result = call_python(backward_, py::make_tuple(dy) + arguments(c));
    if (!py::isinstance<py::tuple>(result) && !py::isinstance<py::list>(result))
      result = py::make_tuple(result);
    const auto gradients = py::reinterpret_borrow<py::sequence>(result);
    if (gradients.size() != inputs.size())
      throw py::value_error(name + ": backward must return one gradient for each of the " +
                            std::to_string(inputs.size()) + " inputs; got " +
                            std::to_string(gradients.size()));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      T* into = c.din(int(i));
      if (into == nullptr) continue;
      const py::object gradient = gradients[i];
      const Index size = c.rows * size_of(input_shapes_[i]);
      if (gradient.is_none())
        std::memset(into, 0, std::size_t(size) * sizeof(T));
      else
        copy_checked<T>(gradient, into, c.rows, input_shapes_[i], "backward");
    }
  }

  bool differentiable(int i) const override {
    return is_floating(dtypes_[std::size_t(i)]) && !backward_.is_none();
  }
  bool backward_reads_input(int) const override { return true; }
  bool backward_reads_output() const override { return false; }
  bool sees_batches() const override { return true; }
  Cost cost(Pass, Index rows, bool) const override {
    return {0.0, double(rows) * double(size_of(shape_))};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(rows) + "x" + to_string(shape_);
  }

 private:
  // Passed to the user, who may keep it: a copy does not change later.
  static py::array copy(DType dtype, Index rows, Shape shape, const std::byte* data) {
    shape.insert(shape.begin(), rows);
    return copy_of(dtype, shape, data);
  }

  template <class T>
  py::tuple arguments(const Call<T>& c) const {
    py::tuple arrays(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i)
      arrays[i] = copy(dtypes_[i], c.rows, input_shapes_[i], c.values[inputs[i]]);
    return arrays;
  }

  // NumPy's casts raise as the user's numpy.seterr says; those of the engine are silent.
  template <class T>
  static py::array converted(const py::array& any) {
    using Wanted = py::array_t<T, py::array::c_style | py::array::forcecast>;
    if (py::isinstance<Wanted>(any)) return any;
    const py::object silent = in_python([] {
      py::object state = py::module_::import("numpy").attr("errstate")("all"_a = "ignore");
      state.attr("__enter__")();
      return state;
    });
    const auto leave = [&] {
      in_python([&] { silent.attr("__exit__")(py::none(), py::none(), py::none()); });
    };
    try {
      const Wanted array = in_python([&] { return Wanted(any); });
      leave();
      return array;
    } catch (py::error_already_set&) {
      leave();
      throw;
    }
  }

  template <class T>
  void copy_checked(const py::object& result, T* into, Index rows, const Shape& shape,
                    const char* which) const {
    const py::object asarray = py::module_::import("numpy").attr("asarray");
    const py::array any = call_python(asarray, py::make_tuple(result));
    if (const char kind = any.dtype().kind();
        kind != 'f' && kind != 'i' && kind != 'u' && kind != 'b')
      throw py::type_error(name + ": " + which + " must return real numbers; got dtype " +
                           std::string(py::str(any.dtype())));
    const py::array_t<T, py::array::c_style | py::array::forcecast> array = converted<T>(any);
    Shape wanted = shape;
    wanted.insert(wanted.begin(), rows);
    const Shape got(array.shape(), array.shape() + array.ndim());
    if (got != wanted)
      throw py::value_error(name + ": " + which + " must return an array of shape " +
                            to_string(wanted) + "; got " + to_string(got));
    std::memcpy(into, array.data(), std::size_t(array.size()) * sizeof(T));
  }

  const std::vector<Shape> input_shapes_;
  const std::vector<DType> dtypes_;
  const Shape shape_;
  py::object forward_, backward_;
};

}  // namespace

Tensor record_python(RecordedGraph& graph, const std::vector<Tensor>& inputs, Shape shape,
                     py::object forward, py::object backward, const std::string& name) {
  if (!PyCallable_Check(forward.ptr()))
    throw py::type_error("python: forward must be callable; got " +
                         std::string(py::str(py::type::of(forward))));
  if (!backward.is_none() && !PyCallable_Check(backward.ptr()))
    throw py::type_error("python: backward must be callable or None; got " +
                         std::string(py::str(py::type::of(backward))));
  std::vector<ValueId> ids;
  std::vector<Shape> shapes;
  std::vector<DType> dtypes;
  for (const Tensor& input : inputs) {
    const Value& value = graph.check(input, "python");
    if (value.kind == ValueKind::parameter)
      throw py::value_error("python: parameters cannot be inputs of a Python operation");
    ids.push_back(input.value);
    shapes.push_back(input.shape);
    dtypes.push_back(value.dtype);
  }
  const Shape copy = shape;
  return graph.record(
      std::make_unique<PythonOperation>(std::move(ids), std::move(shapes), std::move(dtypes), copy,
                                        std::move(forward), std::move(backward)),
      std::move(shape), name);
}

}  // namespace python
}  // namespace lamina
