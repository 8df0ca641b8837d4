// SimpleRNN, LSTM and GRU over whole sequences on NumPy arrays.
#include "../graph/names.h"
#include "../runtime/isa.h"
#include "array.h"
#include "kernels.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;
using Flags = py::array_t<bool, py::array::c_style | py::array::forcecast>;

// The arguments of both directions; the Python functions fill it from their keywords.
struct Layer {
  Layer(const char* who, const std::string& cell_name, Object x_, Object kernel_, Object recurrent_,
        Object bias_, Object h_, Object c_, Object mask_, Object drop_, Object recurrent_drop_,
        Object activation, Object alpha, Object recurrent_activation, Object go_backwards,
        Object return_sequences)
      : who(who),
        x(who, "x", x_),
        kernel(who, "kernel", kernel_),
        recurrent(who, "recurrent_kernel", recurrent_),
        bias(who, "bias", bias_),
        h(who, "initial_h", h_),
        c(who, "initial_c", c_),
        mask(who, "mask", mask_),
        drop(who, "input_drop", drop_),
        recurrent_drop(who, "recurrent_drop", recurrent_drop_) {
    dims.cell = from_name<Cell>(cell_name);
    dims.activation = activation_spec(who, activation, alpha);
    dims.recurrent_activation = activation_spec(who, recurrent_activation, py::none());
    dims.reversed = flag(who, "go_backwards", go_backwards);
    dims.sequences = flag(who, "return_sequences", return_sequences);
    check_weights();
    check_states();
    if (!mask.given()) return;
    mask.needs_shape({dims.rows, dims.steps}, "(rows, steps)");
    if (mask.kind() != 'b' && mask.kind() != 'u' && mask.kind() != 'i')
      mask.refuse_type("must be boolean, one value per step; got " + text_of(mask_));
    flags = in_python([&] { return Flags(mask.array()); });
  }

  Index gates() const { return cell_gates(dims.cell) * dims.units; }
  bool lstm() const { return dims.cell == Cell::lstm; }
  Shape states() const { return {dims.rows, dims.units}; }
  Shape bias_shape() const { return dims.cell == Cell::gru ? Shape{2, gates()} : Shape{gates()}; }
  Shape output_shape() const {
    return dims.sequences ? Shape{dims.rows, dims.steps, dims.units} : states();
  }

  const char* who;
  Argument x, kernel, recurrent;
  OptionalArgument bias, h, c, mask, drop, recurrent_drop;
  Flags flags;
  RecurrentDims dims{};

 private:
  void check_weights() {
    x.needs_rank(3, "(rows, steps, inputs)");
    recurrent.needs_rank(2, "(units, gates * units)");
    dims.rows = x.axis(0);
    dims.steps = x.axis(1);
    dims.inputs = x.axis(2);
    dims.units = recurrent.axis(0);
    if (dims.steps == 0 || dims.inputs == 0)
      x.refuse("must have at least one time step and one input; got shape " + text_of(x.shape()));
    if (dims.units == 0)
      recurrent.refuse("must have at least one unit; got shape " + text_of(recurrent.shape()));
    recurrent.needs_shape({dims.units, gates()}, "(units, gates * units)");
    kernel.needs_shape({dims.inputs, gates()}, "(inputs, gates * units)");
    if (!bias.given()) return;
    bias.needs_shape(bias_shape(),
                     dims.cell == Cell::gru ? "(2, gates * units)" : "(gates * units,)");
  }
  void check_states() const {
    if (h.given()) h.needs_shape(states(), "(rows, units)");
    if (c.given()) c.needs_shape(states(), "(rows, units)");
    if (drop.given()) drop.needs_shape({dims.rows, dims.inputs}, "(rows, inputs)");
    if (recurrent_drop.given()) recurrent_drop.needs_shape(states(), "(rows, units)");
  }
};

// The layer's arrays as the kernel reads them, kept alive.
template <class T>
class Inputs {
 public:
  explicit Inputs(const Layer& l)
      : in{hold(l.x),
           hold(l.kernel),
           hold(l.recurrent),
           hold(l.bias),
           hold(l.h),
           hold(l.c),
           l.mask.given() ? reinterpret_cast<const std::uint8_t*>(l.flags.data()) : nullptr,
           hold(l.drop),
           hold(l.recurrent_drop),
           nullptr,
           nullptr} {}
  const T* hold(const Argument& a) {
    if (!a.given()) return nullptr;
    held.push_back(a.values<T>());
    return held.back().data();
  }

 private:
  std::vector<py::array_t<T>> held;

 public:
  RecurrentInputs<T> in;
};

template <class F>
auto with_layer_dtype(const Layer& l, F&& f) {
  return with_dtype(
      {&l.x, &l.kernel, &l.recurrent, &l.bias, &l.h, &l.c, &l.drop, &l.recurrent_drop}, f);
}

template <class T>
py::tuple forward_typed(const Layer& l, bool keep) {
  Inputs<T> inputs(l);
  const RecurrentSizes sizes = kernels<T>().recurrent_sizes(l.dims);
  auto y = output<T>(l.who, l.output_shape()), h = output<T>(l.who, l.states());
  auto c = output<T>(l.who, l.lstm() ? l.states() : Shape{0});
  auto saved = output<T>(l.who, {keep ? sizes.saved : 0});
  auto workspace = output<T>(l.who, {sizes.forward});
  T *yp = y.mutable_data(), *hp = h.mutable_data(), *cp = l.lstm() ? c.mutable_data() : nullptr;
  T *sp = keep ? saved.mutable_data() : nullptr, *wp = workspace.mutable_data();
  without_gil([&] { kernels<T>().recurrent_forward(yp, hp, cp, sp, wp, inputs.in, l.dims); });
  return py::make_tuple(y, h, l.lstm() ? Object(c) : Object(py::none()), saved);
}

py::tuple recurrent_forward(const std::string& who, const std::string& cell, Object x,
                            Object kernel, Object recurrent, Object bias, Object h, Object c,
                            Object mask, Object drop, Object recurrent_drop, Object activation,
                            Object alpha, Object recurrent_activation, Object go_backwards,
                            Object return_sequences, Object keep_) {
  const bool keep = flag(who.c_str(), "keep", keep_);
  const Layer l(who.c_str(), cell, x, kernel, recurrent, bias, h, c, mask, drop, recurrent_drop,
                activation, alpha, recurrent_activation, go_backwards, return_sequences);
  return with_layer_dtype(l, [&](auto zero) { return forward_typed<decltype(zero)>(l, keep); });
}

struct Backward {
  OptionalArgument dy;
  Argument saved;
  OptionalArgument dh, dc, dkernel, drecurrent, dbias;
  Object kernel_object, recurrent_object, bias_object;

  void check(const Layer& l) const {
    if (dy.given()) {
      dy.needs_shape(l.output_shape(), l.dims.sequences ? "(rows, steps, units)" : "(rows, units)");
    }
    if (dh.given()) dh.needs_shape(l.states(), "(rows, units)");
    if (dc.given()) dc.needs_shape(l.states(), "(rows, units)");
    if (dkernel.given() != drecurrent.given() || dkernel.given() != dbias.given())
      dkernel.refuse(
          "drecurrent_kernel and dbias must be given together, to be added to, or not at all");
    const std::initializer_list<const Argument*> inputs = {
        &dy, &saved, &dh, &dc, &l.x, &l.kernel, &l.recurrent, &l.bias, &l.h, &l.c};
    for (const Argument* read : inputs)
      for (const Argument* written :
           std::initializer_list<const Argument*>{&dkernel, &drecurrent, &dbias})
        written->apart_from(*read);
  }
};

template <class T>
std::pair<Object, T*> gradient_of(const Argument& into, const Object& object, const Shape& shape) {
  if (into.given()) {
    into.needs_shape(shape, "as the weight");
    return {object, into.in_place<T>()};
  }
  auto fresh = output<T>(into.function, shape);
  return {fresh, fresh.mutable_data()};
}

template <class T>
py::tuple backward_typed(const Layer& l, const Backward& b) {
  Inputs<T> inputs(l);
  const RecurrentSizes sizes = kernels<T>().recurrent_sizes(l.dims);
  b.saved.needs_shape({sizes.saved}, "as forward returned it");
  auto workspace = output<T>(l.who, {sizes.backward});
  auto dx = output<T>(l.who, l.x.shape()), dh = output<T>(l.who, l.states());
  auto dc = output<T>(l.who, l.lstm() ? l.states() : Shape{0});
  auto [dw, dwp] = gradient_of<T>(b.dkernel, b.kernel_object, l.kernel.shape());
  auto [du, dup] = gradient_of<T>(b.drecurrent, b.recurrent_object, l.recurrent.shape());
  auto [db, dbp] = gradient_of<T>(b.dbias, b.bias_object, l.bias_shape());
  const RecurrentGradients<T> out{
      dx.mutable_data(), dwp, dup, dbp, dh.mutable_data(), l.lstm() ? dc.mutable_data() : nullptr};
  T* wp = workspace.mutable_data();
  const T *dyp = inputs.hold(b.dy), *sp = inputs.hold(b.saved);
  const T *dhp = inputs.hold(b.dh), *dcp = inputs.hold(b.dc);
  const auto add = Accumulate(b.dkernel.given());
  without_gil(
      [&] { kernels<T>().recurrent_backward(out, wp, dyp, dhp, dcp, sp, inputs.in, l.dims, add); });
  return py::make_tuple(dx, dw, du, db, dh, l.lstm() ? Object(dc) : Object(py::none()));
}

py::tuple recurrent_backward(const std::string& who_, const std::string& cell, Object dy,
                             Object saved, Object dh, Object dc, Object dkernel, Object drecurrent,
                             Object dbias, Object x, Object kernel, Object recurrent, Object bias,
                             Object h, Object c, Object mask, Object drop, Object recurrent_drop,
                             Object activation, Object alpha, Object recurrent_activation,
                             Object go_backwards, Object return_sequences) {
  const char* who = who_.c_str();
  const Layer l(who, cell, x, kernel, recurrent, bias, h, c, mask, drop, recurrent_drop, activation,
                alpha, recurrent_activation, go_backwards, return_sequences);
  const Backward b{{who, "dy", dy},
                   {who, "saved", saved},
                   {who, "dh", dh},
                   {who, "dc", dc},
                   {who, "dkernel", dkernel},
                   {who, "drecurrent_kernel", drecurrent},
                   {who, "dbias", dbias},
                   dkernel,
                   drecurrent,
                   dbias};
  b.check(l);
  return with_dtype({&l.x, &l.kernel, &l.recurrent, &l.bias, &l.h, &l.c, &l.drop, &l.recurrent_drop,
                     &b.dy, &b.saved, &b.dh, &b.dc, &b.dkernel, &b.drecurrent, &b.dbias},
                    [&](auto zero) { return backward_typed<decltype(zero)>(l, b); });
}

}  // namespace
}  // namespace python

void bind_kernels_recurrence(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  module.def("recurrent_forward", &recurrent_forward, arg("who"), arg("cell"), arg("x"),
             arg("kernel"), arg("recurrent_kernel"), arg("bias"), arg("initial_h"),
             arg("initial_c"), arg("mask"), arg("input_drop"), arg("recurrent_drop"),
             arg("activation"), arg("alpha"), arg("recurrent_activation"), arg("go_backwards"),
             arg("return_sequences"), arg("keep"), "(y, h, c or None, saved) of one layer.");
  module.def("recurrent_backward", &recurrent_backward, arg("who"), arg("cell"), arg("dy"),
             arg("saved"), arg("dh"), arg("dc"), arg("dkernel"), arg("drecurrent_kernel"),
             arg("dbias"), arg("x"), arg("kernel"), arg("recurrent_kernel"), arg("bias"),
             arg("initial_h"), arg("initial_c"), arg("mask"), arg("input_drop"),
             arg("recurrent_drop"), arg("activation"), arg("alpha"), arg("recurrent_activation"),
             arg("go_backwards"), arg("return_sequences"),
             "(dx, dkernel, drecurrent_kernel, dbias, dh, dc or None) of one layer.");
}

}  // namespace lamina
