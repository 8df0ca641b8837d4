#include "expression.h"

#include <algorithm>
#include <memory>
#include <new>
#include <stdexcept>

#include "activation.h"
#include "chain_gradients.h"
#include "combine.h"
#include "graph/names.h"
#include "sizes.h"

namespace lamina {
namespace {

constexpr int most_fused_inputs = 32, most_fused_nodes = 96, most_fused_registers = 24;

class Expression final : public OperationOf<Expression> {
 public:
  Expression(Chain chain, std::vector<ValueId> values)
      : OperationOf("expression", std::move(values)), chain_(std::move(chain)) {
    compile();
  }

  template <class T>
  void forward_as(const Call<T>& c) const {
    const void* values[ElementProgram::most_inputs];
    for (std::size_t i = 0; i < inputs.size(); ++i) values[i] = c.in(int(i));
    void* const output = c.out();
    if (!forward_->run(c.kernels, &output, values, c.rows, Accumulate::no)) throw std::bad_alloc();
  }

  template <class T>
  void backward_as(const Call<T>& c) const {
    const void* values[ElementProgram::most_inputs];
    for (std::size_t i = 0; i < inputs.size(); ++i) values[i] = c.in(int(i));
    values[inputs.size()] = c.dout();
    values[inputs.size() + 1] = c.out();
    const auto wants = [&](int i) { return c.din(i) != nullptr; };
    for (const ChainGradients::Part& part : gradients_->parts(wants)) {
      void* outputs[ElementProgram::most_outputs];
      for (std::size_t k = 0; k < part.inputs.size(); ++k) outputs[k] = c.din(part.inputs[k]);
      if (!part.program.run(c.kernels, outputs, values, c.rows,
                            part.accumulates ? c.accumulate : Accumulate::no))
        throw std::bad_alloc();
    }
  }

  bool accumulates(int i) const override { return chain_.accumulates(i); }
  bool row_by_row() const override { return true; }
  bool element_by_element() const override {
    return std::all_of(chain_.shapes.begin(), chain_.shapes.end(), [&](const ElementShape& each) {
      return size_of(each.shape) == 1 || (each.shape == chain_.whole && each.rows == chain_.rows);
    });
  }
  void reorder(const Shape& shape) override {
    for (ElementShape& each : chain_.shapes)
      each.shape = each.shape == chain_.whole ? shape : Shape{};
    chain_.whole = shape;
    compile();
  }
  bool backward_reads_input(int i) const override { return gradients_->reads(i); }
  bool backward_reads_output() const override { return gradients_->reads_output(); }
  bool differentiable(int i) const override { return gradients_->flows_to(i); }

  bool same_as(const Operation& operation) const override {
    const auto& other = static_cast<const Expression&>(operation);
    const auto alike = [](const ElementShape& a, const ElementShape& b) {
      return a.shape == b.shape && a.rows == b.rows && a.type == b.type;
    };
    return chain_.result == other.chain_.result && chain_.whole == other.chain_.whole &&
           chain_.rows == other.chain_.rows && chain_.dtype == other.chain_.dtype &&
           chain_.formula == other.chain_.formula &&
           std::equal(chain_.shapes.begin(), chain_.shapes.end(), other.chain_.shapes.begin(),
                      other.chain_.shapes.end(), alike);
  }

  // Absorbs the expression that computes one of its inputs, if nothing is then calculated twice.
  bool absorb_producer(const Operation& operation) override {
    const auto* producer = dynamic_cast<const Expression*>(&operation);
    if (producer == nullptr || producer->chain_.dtype == DType::int32 || producer->fold != fold ||
        producer->chain_.rows != chain_.rows ||
        size_of(producer->chain_.whole) != size_of(chain_.whole))
      return false;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i] == producer->output() && chain_.shapes[i].shape != producer->chain_.whole)
        return false;
    Merged merged = merge(*producer);
    if (merged.inputs.size() > std::size_t(most_fused_inputs) ||
        merged.formula.nodes().size() > std::size_t(most_fused_nodes) ||
        lower(merged.formula, {merged.result}).registers > most_fused_registers)
      return false;
    chain_.formula = std::move(merged.formula);
    chain_.result = merged.result;
    inputs = std::move(merged.inputs);
    chain_.shapes = std::move(merged.shapes);
    compile();
    return true;
  }

  // An activation's name, if the last node is one.
  std::string origin() const override {
    const Formula::Node& last = chain_.last();
    return last.kind == Formula::Kind::operation ? name_of(last.op) : kind;
  }
  bool rectified() const override {
    const Formula::Node& last = chain_.last();
    return last.kind == Formula::Kind::operation && last.op == ElementOp::relu;
  }

  std::optional<ActivationSpec> activation() const {
    const Formula::Node& last = chain_.last();
    if (last.kind != Formula::Kind::operation || inputs.size() != 1 || !is_floating(chain_.dtype) ||
        chain_.shapes[0].type != ElementType::number || chain_.shapes[0].shape != chain_.whole)
      return std::nullopt;
    const int count = operands_of(last.op);
    if (chain_.formula.node(last.operand[0]).kind != Formula::Kind::input) return std::nullopt;
    double alpha = 0.0;
    if (count == 2) {
      const Formula::Node& second = chain_.formula.node(last.operand[1]);
      if (second.kind != Formula::Kind::constant || !(second.constant >= 0.0)) return std::nullopt;
      alpha = second.constant;
    }
    // With two operands, only these two are activations with their alpha.
    if (count > 2 ||
        (count == 2) != (last.op == ElementOp::leaky_relu || last.op == ElementOp::elu))
      return std::nullopt;
    const std::string name = last.op == ElementOp::exp ? "exponential" : name_of(last.op);
    for (const Activation kind : {
#define LAMINA_KIND(name, ...) Activation::name,
             LAMINA_ACTIVATIONS(LAMINA_KIND)
#undef LAMINA_KIND
         })
      if (name == lamina::name_of(kind)) return ActivationSpec{kind, alpha};
    return std::nullopt;
  }

  // What the expression adds to `x`: a vector of `units` without rows, or values of the same shape.
  ValueId added_vector(ValueId x, Index units) const {
    const auto other = added_to(x);
    if (!other) return -1;
    const ElementShape& vector = chain_.shapes[*other];
    const bool fits = vector.shape == Shape{units} && !vector.rows && chain_.whole.back() == units;
    return fits && (chain_.rows || chain_.whole.size() > 1) ? inputs[*other] : -1;
  }
  ValueId added_values(ValueId x) const {
    const auto other = added_to(x);
    if (!other) return -1;
    return chain_.shapes[*other].shape == chain_.whole && chain_.shapes[*other].rows == chain_.rows
               ? inputs[*other]
               : -1;
  }

  Cost cost(Pass pass, Index rows, bool) const override {
    const double size = double(size_of(chain_.whole)) * double(rows);
    const double arrays = double(inputs.size()) + 1.0, steps = double(forward_->steps());
    return {steps * size * (pass == Pass::forward ? 1.0 : 2.0),
            arrays * size * (pass == Pass::forward ? 1.0 : 2.0)};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, size_of(chain_.whole)); }

 private:
  // The other operand, if the expression is nothing but a sum with `x`, and x has the shape of the
  // sum.
  std::optional<std::size_t> added_to(ValueId x) const {
    const Formula::Node& last = chain_.last();
    if (last.kind != Formula::Kind::operation || last.op != ElementOp::add || inputs.size() != 2 ||
        !is_floating(chain_.dtype))
      return std::nullopt;
    const int a = chain_.formula.node(last.operand[0]).input,
              b = chain_.formula.node(last.operand[1]).input;
    if (a < 0 || b < 0 || a == b) return std::nullopt;
    const auto own = std::size_t(inputs[std::size_t(a)] == x ? a : b);
    const auto other = std::size_t(int(own) == a ? b : a);
    const bool fits = inputs[own] == x && chain_.shapes[own].shape == chain_.whole &&
                      chain_.shapes[own].rows == chain_.rows &&
                      chain_.shapes[own].type == ElementType::number &&
                      chain_.shapes[other].type == ElementType::number;
    return fits ? std::optional(other) : std::nullopt;
  }

  struct Merged {
    Formula formula;
    int result = -1;
    std::vector<ValueId> inputs;
    std::vector<ElementShape> shapes;
  };

  Merged merge(const Expression& producer) const {
    Merged merged;
    // Adds an input to the merged formula; the same value with the same shape is added only once.
    const auto input = [&](ValueId value, const ElementShape& shape) {
      std::size_t k = 0;
      while (k < merged.inputs.size() &&
             (merged.inputs[k] != value || merged.shapes[k].shape != shape.shape))
        ++k;
      if (k == merged.inputs.size()) {
        merged.inputs.push_back(value);
        merged.shapes.push_back(shape);
      }
      return merged.formula.input(int(k));
    };
    std::vector<int> before, own;
    for (std::size_t i = 0; i < producer.inputs.size(); ++i)
      before.push_back(input(producer.inputs[i], producer.chain_.shapes[i]));
    int made = merged.formula.copy_of(producer.chain_.formula, producer.chain_.result, before);
    const Formula::Node& node = merged.formula.node(made);
    if (producer.chain_.dtype == DType::boolean &&
        !(node.kind == Formula::Kind::operation && gives_truth(node.op)))
      made = merged.formula.apply(ElementOp::not_equal, made, merged.formula.constant(0.0));
    for (std::size_t i = 0; i < inputs.size(); ++i)
      own.push_back(inputs[i] == producer.output() ? made : input(inputs[i], chain_.shapes[i]));
    merged.result = merged.formula.copy_of(chain_.formula, chain_.result, own);
    return merged;
  }

  void compile() {
    const std::vector<CompiledProgram::Output> output = {
        {chain_.result, element_type(chain_.dtype)}};
    forward_.emplace(chain_.formula, chain_.shapes, chain_.whole, chain_.rows, output);
    gradients_ = std::make_unique<ChainGradients>(chain_);
  }

  Chain chain_;
  std::optional<CompiledProgram> forward_;
  std::unique_ptr<ChainGradients> gradients_;
};

}  // namespace

std::optional<ActivationSpec> activation_of(const Operation& operation) {
  if (const auto* own = dynamic_cast<const ActivationOperation*>(&operation)) return own->spec();
  const auto* written = dynamic_cast<const Expression*>(&operation);
  return written == nullptr ? std::nullopt : written->activation();
}

bool absorb_activation(Operation& operation, ActivationSpec& own, const Operation& follower,
                       bool in_inference) {
  const auto next = activation_of(follower);
  if (!next || own.kind != Activation::linear ||
      !(in_inference || derivative_from_output(next->kind)))
    return false;
  own = *next;
  operation.kind += std::string("+") + name_of(own.kind);
  return true;
}

ValueId added_vector(const Operation& operation, ValueId x, Index units) {
  const auto* written = dynamic_cast<const Expression*>(&operation);
  return written == nullptr ? -1 : written->added_vector(x, units);
}

ValueId added_values(const Operation& operation, ValueId x) {
  if (is_sum(operation)) return operation.inputs[operation.inputs[0] == x ? 1 : 0];
  const auto* written = dynamic_cast<const Expression*>(&operation);
  return written == nullptr ? -1 : written->added_values(x);
}

Tensor expression(Graph& graph, const Formula& formula, int result,
                  const std::vector<Tensor>& inputs, DType dtype, const std::string& name) {
  const std::string who = name.empty() ? "expression" : name;
  if (inputs.size() > std::size_t(most_fused_inputs))
    throw std::invalid_argument(who + ": takes at most " + std::to_string(most_fused_inputs) +
                                " inputs; got " + std::to_string(inputs.size()));
  if (is_floating(dtype) && dtype != graph.dtype)
    throw std::invalid_argument(who + ": the graph is " + name_of(graph.dtype) +
                                "; an output cannot be " + name_of(dtype));
  std::vector<ValueId> values;
  std::vector<ElementShape> shapes;
  std::vector<Shape> sizes;
  std::vector<int> place;  // a tensor passed twice is one input
  Formula own;
  bool any_rows = false;
  for (const Tensor& tensor : inputs) {
    const Value& value = graph.check(tensor, who.c_str());
    const bool rows = !graph.whole(tensor);
    any_rows = any_rows || rows;
    std::size_t k = 0;
    while (k < values.size() && (values[k] != tensor.value || sizes[k] != tensor.shape)) ++k;
    if (k == values.size()) {
      values.push_back(tensor.value);
      shapes.push_back({tensor.shape, rows, element_type(value.dtype)});
      sizes.push_back(tensor.shape);
    }
    place.push_back(own.input(int(k)));
  }
  if (inputs.empty()) throw std::invalid_argument(who + ": needs at least 1 input; got none");
  const Shape whole = broadcast_shape(sizes, who.c_str());
  const int root = own.copy_of(formula, result, place);
  Chain chain = {std::move(own), root, std::move(shapes), whole, any_rows, dtype};
  return graph.record(std::make_unique<Expression>(std::move(chain), std::move(values)), whole,
                      name, dtype);
}

}  // namespace lamina
