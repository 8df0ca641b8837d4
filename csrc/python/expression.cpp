// Element-wise expressions: written as a list of instructions, calculated on arrays or recorded.
//
// Values are numbered: first the inputs, then the results of the instructions.  An instruction is
// (operation, operand, ...), where an operand is the number of a value, an int, or a constant, a
// float.  The result of the last instruction is that of the expression.
#include "../operations/expression.h"

#include <pybind11/stl.h>

#include <memory>
#include <numeric>

#include "../operations/element_program.h"
#include "../runtime/isa.h"
#include "array.h"
#include "graph.h"
#include "kernels.h"

namespace lamina {
namespace python {
namespace {

struct Written {
  Formula formula;
  int result;
};

int operand_node(Formula& formula, const std::vector<int>& values, const py::handle& operand) {
  if (py::isinstance<py::float_>(operand)) return formula.constant(operand.cast<double>());
  if (!py::isinstance<py::int_>(operand) || py::isinstance<py::bool_>(operand))
    throw py::type_error(
        text("expression: an operand is the number of a value (int) or a constant (float); got ",
             text_of(py::reinterpret_borrow<py::object>(operand))));
  const auto number = operand.cast<Index>();
  if (number < 0 || number >= Index(values.size()))
    throw py::value_error(text("expression: operand ", number,
                               " is not the number of an earlier value; there are ",
                               values.size()));
  return values[std::size_t(number)];
}

py::sequence list_of(const char* name, const py::object& value) {
  if (!py::isinstance<py::sequence>(value) || py::isinstance<py::str>(value))
    throw py::type_error(text("expression: ", name, " must be a list; got ", text_of(value)));
  return py::reinterpret_borrow<py::sequence>(value);
}

Written formula_of(const py::object& given, std::size_t inputs) {
  const py::sequence instructions = list_of("instructions", given);
  constexpr std::size_t most = 2000;
  if (instructions.empty() || instructions.size() > most)
    throw py::value_error(
        text("expression: needs 1 to ", most, " instructions; got ", instructions.size()));
  Written written;
  std::vector<int> values;
  for (std::size_t i = 0; i < inputs; ++i) values.push_back(written.formula.input(int(i)));
  for (std::size_t i = 0; i < instructions.size(); ++i) {
    const py::object item = instructions[i];  // an array creates its items
    if (!py::isinstance<py::sequence>(item) || py::len(item) < 1)
      throw py::type_error("expression: an instruction is (operation, operand, ...); got " +
                           text_of(item));
    const auto words = py::reinterpret_borrow<py::sequence>(item);
    const std::string name = word("expression", "operation", words[0]);
    const ElementOp op = element_op_from_name(name);
    const int operands = operands_of(op);
    if (int(words.size()) - 1 != operands)
      throw py::value_error(
          text("expression: ", name, " takes ", operands, " operands; got ", words.size() - 1));
    int node[3] = {-1, -1, -1};
    for (int k = 0; k < operands; ++k)
      node[k] = operand_node(written.formula, values, words[std::size_t(k) + 1]);
    values.push_back(written.formula.apply(op, node[0], node[1], node[2]));
  }
  written.result = values.back();
  return written;
}

bool is_truth(const Written& w) {
  const Formula::Node& n = w.formula.node(w.result);
  return n.kind == Formula::Kind::operation && gives_truth(n.op);
}

// Arrays as the kernel reads them: masks and int32 unchanged, all others as numbers of one type.
class Arrays {
 public:
  Arrays(const char* who, const py::object& given) {
    const py::sequence inputs = list_of("inputs", given);
    if (inputs.empty() || inputs.size() > 32)
      throw py::value_error(text(who, ": needs 1 to 32 inputs; got ", inputs.size()));
    bool found = false;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      arguments_.push_back(std::make_unique<Argument>(who, "inputs", inputs[i]));
      const Argument& a = *arguments_.back();
      Dtype own = dtype;
      if (a.decides(&own)) {
        if (found && own != dtype)
          a.refuse_type(text("must be ", name_of(dtype), " like the previous arrays"));
        dtype = own;
        found = true;
      }
      const bool int32 = a.kind() == 'i' && a.array().itemsize() == 4;
      shapes.push_back({a.shape(), false,
                        a.kind() == 'b' ? ElementType::boolean
                        : int32         ? ElementType::int32
                                        : ElementType::number});
      sizes.push_back(a.shape());
    }
    whole = broadcast_shape(sizes, who);
  }

  template <class T>
  void convert() {
    constexpr int flags = py::array::c_style | py::array::forcecast;
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
      const Argument& a = *arguments_[i];
      py::array array;
      if (shapes[i].type == ElementType::boolean)
        array = py::array_t<bool, flags>::ensure(a.array());
      else if (shapes[i].type == ElementType::int32)
        array = py::array_t<std::int32_t, flags>::ensure(a.array());
      else
        array = a.values<T>();
      kept_.push_back(array);
      pointers.push_back(array.data());
    }
  }

  Dtype dtype = Dtype::float64;
  std::vector<ElementShape> shapes;
  std::vector<Shape> sizes;
  Shape whole;
  std::vector<const void*> pointers;

 private:
  std::vector<std::unique_ptr<Argument>> arguments_;
  std::vector<py::array> kept_;
};

template <class T>
void run_program(const CompiledProgram& program, std::vector<void*> outputs,
                 const std::vector<const void*>& inputs) {
  bool enough = true;
  without_gil([&] {
    enough = program.run(kernels<T>(), outputs.data(), inputs.data(), 1, Accumulate::no);
  });
  if (!enough) throw std::bad_alloc();
}

py::array expression_values(const py::object& instructions, const py::object& inputs) {
  const char* who = "expression";
  Arrays arrays(who, inputs);
  const Written w = formula_of(instructions, arrays.sizes.size());
  const bool truth = is_truth(w);
  const CompiledProgram program(w.formula, arrays.shapes, arrays.whole, false,
                                {{w.result, truth ? ElementType::boolean : ElementType::number}});
  const auto run = [&](auto zero) -> py::array {
    using T = decltype(zero);
    arrays.convert<T>();
    checked_size(who, arrays.whole, sizeof(T));
    py::array y = truth ? py::array(py::array_t<bool>(arrays.whole))
                        : py::array(py::array_t<T>(arrays.whole));
    run_program<T>(program, {y.mutable_data()}, arrays.pointers);
    return y;
  };
  return arrays.dtype == Dtype::float32 ? run(float{}) : run(double{});
}

// By input; None for those without a gradient.
py::list expression_gradients(const py::object& dy, const py::object& instructions,
                              const py::object& inputs) {
  const char* who = "expression_gradients";
  Arrays arrays(who, inputs);
  const int count = int(arrays.sizes.size());
  Written w = formula_of(instructions, arrays.sizes.size());
  const Argument seed(who, "dy", dy);
  seed.needs_shape(arrays.whole, "of the result");
  std::vector<int> wanted;
  for (int i = 0; i < count; ++i)
    if (arrays.shapes[std::size_t(i)].type == ElementType::number) wanted.push_back(i);
  const std::vector<int> nodes = differentiate(w.formula, w.result, w.formula.input(count), wanted);
  py::list gradients;
  for (int i = 0; i < count; ++i) gradients.append(py::none());
  std::vector<ElementShape> shapes = arrays.shapes;
  shapes.push_back({arrays.whole, false});
  const auto run = [&](auto zero) {
    using T = decltype(zero);
    arrays.convert<T>();
    const auto dys = seed.values<T>();
    arrays.pointers.push_back(dys.data());
    for (std::size_t k = 0; k < wanted.size(); ++k) {
      if (nodes[k] < 0) continue;
      const int i = wanted[k];
      const CompiledProgram program(w.formula, shapes, arrays.whole, false,
                                    {{nodes[k], ElementType::number, i}});
      py::array_t<T> dx(arrays.sizes[std::size_t(i)]);
      run_program<T>(program, {dx.mutable_data()}, arrays.pointers);
      gradients[std::size_t(i)] = dx;
    }
  };
  arrays.dtype == Dtype::float32 ? run(float{}) : run(double{});
  return gradients;
}

Tensor record_expression(RecordedGraph& graph, const py::object& instructions,
                         const std::vector<Tensor>& inputs, const std::optional<std::string>& dtype,
                         const std::string& name) {
  const Written w = formula_of(instructions, inputs.size());
  DType type = is_truth(w) ? DType::boolean : graph.dtype;
  if (dtype) {
    if (*dtype == "bool")
      type = DType::boolean;
    else if (*dtype == "int32")
      type = DType::int32;
    else if (*dtype == "float")
      type = graph.dtype;
    else
      throw py::value_error("expression: dtype must be 'float', 'int32' or 'bool'; got '" + *dtype +
                            "'");
  }
  return expression(graph, w.formula, w.result, inputs, type, name);
}

}  // namespace

void bind_graph_expression(GraphClass& graph) {
  using namespace py::literals;
  graph.def(
      "expression", &record_expression, "instructions"_a, "inputs"_a, "dtype"_a = py::none(),
      "name"_a = "",
      "A chain of element-wise operations.  Values are numbered, beginning with the inputs; an "
      "instruction is\n(operation, operand, ...) and creates the next one.  An int is the "
      "number of a value, a float a\nconstant.  Rows and parameters broadcast, row by row.  "
      "dtype: 'float', 'int32' or 'bool',\nby default the type of the last operation.");
}

}  // namespace python

void bind_kernels_expression(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  module.def(
      "expression", &expression_values, arg("instructions"), arg("inputs"),
      "The result of the last instruction.  Values are numbered, beginning with the inputs; "
      "an instruction is\n(operation, operand, ...) and creates the next one.  An int is the "
      "number of a value, a float a\nconstant.");
  module.def("expression_gradients", &expression_gradients, arg("dy"), arg("instructions"),
             arg("inputs"), "Its gradients with respect to the inputs; None for those without.");
}

}  // namespace lamina
