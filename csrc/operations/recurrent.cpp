#include <algorithm>
#include <limits>
#include <stdexcept>

#include "embedding.h"
#include "graph/names.h"
#include "prepared_weights.h"
#include "registry.h"
#include "runtime/isa.h"
#include "sizes.h"

namespace lamina {
namespace {

// A layer's settings.  Dropout draws its factors for x from `stream` and those for the state from
// `recurrent_stream`, once for all steps.
struct RecurrentSpec {
  Cell cell;
  ActivationSpec activation, recurrent_activation;  // for the state, for the gates
  bool return_sequences, return_state, go_backwards;
  double dropout, recurrent_dropout;
  std::uint32_t stream, recurrent_stream;
  bool always;  // whether dropout applies outside training too
};

enum Slot {
  x_slot,  // with words, their ids
  kernel_slot,
  recurrent_slot,
  bias_slot,
  h_slot,
  c_slot,
  mask_slot,
  table_slot,  // with words only
  slots
};

// The smallest number of columns of a table for which absorbing its look-up is faster, if half of
// the words occur again: an LSTM(64) on a Zen 4 trains at 0.97 times the speed with 8, 1.01 with
// 16, 1.10 with 32.
constexpr Index least_columns = 16;
// The largest number of words of a table per step for it, because each call searches all words for
// those of its rows.  With a million words and 10 steps, a prediction for 32 rows took 35 us
// instead of 17.
constexpr Index most_words_a_step = 4096;

constexpr Index aligned(Index elements) { return (elements + 15) / 16 * 16; }

class Recurrent final : public OperationOf<Recurrent> {
 public:
  Recurrent(std::vector<ValueId> inputs_, const RecurrentSpec& spec, Index steps, Index features,
            Index units)
      : OperationOf("recurrent", std::move(inputs_)),
        spec_(spec),
        steps_(steps),
        features_(features),
        units_(units) {
    const char* const kinds[] = {"simple_rnn", "lstm", "gru", "gru"};
    kind = kinds[int(spec.cell)];
  }

  std::string origin() const override { return lamina::name_of(spec_.activation.kind); }

  template <class T>
  void forward_as(const Call<T>& c) const {
    T* const h = c.out(1);
    T* const state = spec_.cell == Cell::lstm ? c.out(2) : nullptr;
    RecurrentInputs<T> in = inputs_of(c);
    KnownWords<T> known{};
    if (find_known(c, in, known)) in.known = &known;
    c.kernels.recurrent_forward(c.out(0), h, state, reinterpret_cast<T*>(c.saved()),
                                workspace_of(c), in, dims(c.rows));
  }

  template <class T>
  void backward_as(const Call<T>& c) const {
    const bool lstm = spec_.cell == Cell::lstm;
    const RecurrentGradients<T> out{c.din(of_words() ? table_slot : x_slot),
                                    c.din(kernel_slot),
                                    c.din(recurrent_slot),
                                    c.din(bias_slot),
                                    c.din(h_slot),
                                    c.din(c_slot)};
    c.kernels.recurrent_backward(out, workspace_of(c), c.dout(0), c.dout(1),
                                 lstm ? c.dout(2) : nullptr, reinterpret_cast<const T*>(c.saved()),
                                 inputs_of(c), dims(c.rows), c.accumulate);
  }

  // Absorbs the look-up of words in a table: see kernels/recurrent_words.h.
  bool absorb_producer(const Operation& producer) override {
    const Index vocabulary = embedded_words(producer);
    if (vocabulary == 0 || producer.output() != inputs[x_slot] || producer.fold != fold ||
        producer.whole != whole || features_ < least_columns ||
        vocabulary / most_words_a_step >= steps_ || spec_.cell == Cell::gru_reset_before ||
        spec_.dropout > 0.0 || vocabulary > std::numeric_limits<std::int32_t>::max())
      return false;
    kind = "embedding+" + kind;
    vocabulary_ = vocabulary;
    inputs[x_slot] = producer.inputs[0];
    inputs[table_slot] = producer.inputs[1];
    return true;
  }
  Index label_bound(int i) const override { return i == x_slot ? vocabulary_ : 0; }
  const char* label_name() const override { return "token ids"; }

  bool differentiable(int i) const override {
    return i != mask_slot && !(of_words() && i == x_slot);
  }
  bool accumulates(int i) const override {
    return i == kernel_slot || i == recurrent_slot || i == bias_slot || i == table_slot;
  }
  bool backward_reads_input(int i) const override { return i != bias_slot; }
  bool backward_reads_output() const override { return false; }
  bool sees_batches() const override {
    return spec_.always && (spec_.dropout > 0.0 || spec_.recurrent_dropout > 0.0);
  }

  std::size_t saved_bytes(Index rows, DType dtype) const override {
    return std::size_t(most(rows, &RecurrentSizes::saved)) * bytes_of(dtype);
  }
  std::size_t workspace_bytes(Pass pass, Index rows, DType dtype) const override {
    const Index work =
        most(rows, pass == Pass::forward ? &RecurrentSizes::forward : &RecurrentSizes::backward);
    const Index factors = aligned(input_factors(rows)) + aligned(state_factors(rows));
    return std::size_t(factors + work) * bytes_of(dtype);
  }

  // Predictions keep the products of the weights with the words that they have met.
  std::size_t prepared_bytes(DType dtype) const override {
    if (!of_words()) return 0;
    return dtype == DType::float64
               ? PreparedWeights<double>::bytes(weights_size(), known_size<double>())
               : PreparedWeights<float>::bytes(weights_size(), known_size<float>());
  }

  Index rows_alone() const override { return recurrent_chunk_rows; }
  Cost cost(Pass pass, Index rows, bool to_input) const override {
    const double n = double(rows) * double(steps_), gates = double(cell_gates(spec_.cell) * units_);
    const double from_x = 2.0 * n * double(features_) * gates;
    const double from_h = 2.0 * n * double(units_) * gates;
    const double arrays =
        n * (double(features_) + gates + double(units_)) + double(features_ + units_) * gates;
    if (pass == Pass::forward) return {from_x + from_h, arrays};
    return {(to_input ? 2.0 : 1.0) * from_x + 2.0 * from_h, 2.0 * arrays};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(rows) + "x" + std::to_string(steps_) + "x" + std::to_string(features_) +
           " -> " + std::to_string(units_);
  }

 private:
  RecurrentDims dims(Index rows) const {
    return {spec_.cell,
            rows,
            steps_,
            features_,
            units_,
            spec_.activation,
            spec_.recurrent_activation,
            spec_.go_backwards,
            spec_.return_sequences,
            vocabulary_};
  }
  bool of_words() const { return vocabulary_ > 0; }

  Index gates() const { return cell_gates(spec_.cell) * units_; }
  Index bias_size() const {
    return inputs[bias_slot] < 0 ? 0 : gates() * (spec_.cell == Cell::gru ? 2 : 1);
  }
  Index weights_size() const { return features_ * gates() + bias_size(); }
  // For each word: its row of the table, its product with the weights, and a byte that tells
  // whether it is known.
  template <class T>
  Index known_size() const {
    return checked_product(vocabulary_, features_ + gates()) + vocabulary_ / Index(sizeof(T)) + 1;
  }
  // Whether the execution keeps words.  If so, the kept words are for the current weights, and the
  // kernels read copies of these, because another thread may change the weights meanwhile.
  template <class T>
  bool find_known(const Call<T>& c, RecurrentInputs<T>& in, KnownWords<T>& known) const {
    if (c.prepared() == nullptr) return false;
    const PreparedWeights<T> kept(*c.prepared(), weights_size(), known_size<T>());
    if (!kept.fits()) return false;
    known.table_vi = kept.made();
    known.made_vg = known.table_vi + vocabulary_ * features_;
    known.known_v = reinterpret_cast<std::uint8_t*>(known.made_vg + vocabulary_ * gates());
    const typename PreparedWeights<T>::Sources read{
        {{in.w_ig, features_ * gates()}, {in.b, bias_size()}}};
    if (!kept.is_of(c.kernels, read)) {
      kept.begin(read);
      std::fill_n(known.known_v, vocabulary_, std::uint8_t(0));
      kept.end(c.kernels);
    }
    const auto copies = kept.copies(read);
    in.w_ig = copies[0].data;
    in.b = copies[1].data;
    return true;
  }
  // Throws if the steps of so many rows, with everything kept for each, do not fit into memory.
  void check_size(Index rows) const {
    checked_product(checked_product(rows, steps_),
                    checked_product(checked_sum(features_, units_), 256));
  }
  // A batch with fewer rows is divided differently and may need more: the maximum over all sizes.
  Index most(Index rows, Index RecurrentSizes::* part) const {
    check_size(rows);
    Index numbers = 0;
    for (Index n = 1; n <= std::max(rows, Index(1)); ++n)
      numbers = std::max(numbers, kernels<float>().recurrent_sizes(dims(n)).*part);
    return numbers;
  }
  Index input_factors(Index rows) const { return spec_.dropout > 0.0 ? rows * features_ : 0; }
  Index state_factors(Index rows) const {
    return spec_.recurrent_dropout > 0.0 ? rows * units_ : 0;
  }

  // The workspace begins with the factors of dropout, which backward draws again, as dropout layers
  // do.
  template <class T>
  T* workspace_of(const Call<T>& c) const {
    return reinterpret_cast<T*>(c.workspace()) + aligned(input_factors(c.rows)) +
           aligned(state_factors(c.rows));
  }
  template <class T>
  const T* draw(const Call<T>& c, T* factors, Index size, double rate, std::uint32_t stream) const {
    if (!(c.training || spec_.always) || size == 0) return nullptr;
    std::fill_n(factors, size, T(1));
    c.kernels.dropout_forward(factors, factors, size, rate, {c.random.seed, stream, c.random.step});
    return factors;
  }
  template <class T>
  RecurrentInputs<T> inputs_of(const Call<T>& c) const {
    T* const factors = reinterpret_cast<T*>(c.workspace());
    const Index of_inputs = input_factors(c.rows);
    return {c.in(of_words() ? table_slot : x_slot),
            c.in(kernel_slot),
            c.in(recurrent_slot),
            c.in(bias_slot),
            c.in(h_slot),
            c.in(c_slot),
            c.mask(mask_slot),
            draw(c, factors, of_inputs, spec_.dropout, spec_.stream),
            draw(c, factors + aligned(of_inputs), state_factors(c.rows), spec_.recurrent_dropout,
                 spec_.recurrent_stream),
            of_words() ? c.labels(x_slot) : nullptr,
            nullptr};
  }

  const RecurrentSpec spec_;
  const Index steps_, features_, units_;
  Index vocabulary_ = 0;  // with words
};

void check_shape(const Tensor& tensor, const Shape& wanted, const char* what) {
  if (tensor.shape != wanted)
    throw std::invalid_argument(std::string("recurrent: ") + what + " has shape " +
                                to_string(tensor.shape) + ", needs " + to_string(wanted));
}

// Steps, features and units, after checking the shapes of the weights.
RecurrentDims checked_dims(const Graph& graph, const Tensor& x, const Tensor& kernel,
                           const Tensor& recurrent_kernel, const Tensor* bias, Cell cell) {
  graph.check_float_rows(x, "recurrent");
  graph.check_whole(kernel, "recurrent");
  graph.check_whole(recurrent_kernel, "recurrent");
  if (x.shape.size() != 2 || x.shape[0] < 1 || x.shape[1] < 1)
    throw std::invalid_argument("recurrent: x has shape " + to_string(x.shape) +
                                ", needs (steps, features), both at least 1");
  const Index units = recurrent_kernel.shape.empty() ? 0 : recurrent_kernel.shape[0];
  if (units < 1) throw std::invalid_argument("recurrent: recurrent_kernel has no units");
  const Index gates = cell_gates(cell) * units;
  check_shape(recurrent_kernel, {units, gates}, "recurrent_kernel");
  check_shape(kernel, {x.shape[1], gates}, "kernel");
  if (bias != nullptr) {
    graph.check_whole(*bias, "recurrent");
    check_shape(*bias, cell == Cell::gru ? Shape{2, gates} : Shape{gates}, "bias");
  }
  RecurrentDims d{};
  d.steps = x.shape[0], d.inputs = x.shape[1], d.units = units;
  return d;
}

// y, (steps, units) or that of the last step, then with return_state the last h (and c).
std::vector<Tensor> record_recurrent(Graph& graph, const Tensor& x, const Tensor& kernel,
                                     const Tensor& recurrent_kernel, const Tensor* bias,
                                     const std::vector<Tensor>& initial_state, const Tensor* mask,
                                     const RecurrentSpec& spec, const std::string& name) {
  const RecurrentDims d = checked_dims(graph, x, kernel, recurrent_kernel, bias, spec.cell);
  const std::size_t states = spec.cell == Cell::lstm ? 2 : 1;
  check_rate(spec.dropout, "recurrent", "dropout");
  check_rate(spec.recurrent_dropout, "recurrent", "recurrent_dropout");
  if (!initial_state.empty() && initial_state.size() != states)
    throw std::invalid_argument("recurrent: initial_state needs " + std::to_string(states) +
                                " tensors; got " + std::to_string(initial_state.size()));
  for (const Tensor& state : initial_state) {
    graph.check_float_rows(state, "recurrent");
    check_shape(state, {d.units}, "initial_state");
  }
  if (mask != nullptr) {
    if (graph.check_rows(*mask, "recurrent").dtype != DType::boolean)
      throw std::invalid_argument("recurrent: mask must be boolean");
    check_shape(*mask, {d.steps}, "mask");
  }
  std::vector<ValueId> inputs(slots, -1);
  inputs[x_slot] = x.value;
  inputs[kernel_slot] = kernel.value;
  inputs[recurrent_slot] = recurrent_kernel.value;
  if (bias != nullptr) inputs[bias_slot] = bias->value;
  for (std::size_t i = 0; i < initial_state.size(); ++i)
    inputs[h_slot + i] = initial_state[i].value;
  if (mask != nullptr) inputs[mask_slot] = mask->value;
  std::vector<Shape> shapes{spec.return_sequences ? Shape{d.steps, d.units} : Shape{d.units}};
  if (spec.return_state) shapes.insert(shapes.end(), states, Shape{d.units});
  return graph.record(
      std::make_unique<Recurrent>(std::move(inputs), spec, d.steps, d.inputs, d.units), shapes,
      name);
}

std::vector<Tensor> recurrent(Graph& graph, Cell cell, const Tensor& x, const Tensor& kernel,
                              const Tensor& recurrent_kernel, const Tensor* bias,
                              const std::vector<Tensor>& initial_state, const Tensor* mask,
                              Activation activation, double alpha, Activation recurrent_activation,
                              double recurrent_alpha, bool return_sequences, bool return_state,
                              bool go_backwards, double dropout, double recurrent_dropout,
                              std::uint32_t stream, std::uint32_t recurrent_stream, bool always,
                              const std::string& name) {
  const RecurrentSpec spec{cell,
                           {activation, alpha},
                           {recurrent_activation, recurrent_alpha},
                           return_sequences,
                           return_state,
                           go_backwards,
                           dropout,
                           recurrent_dropout,
                           stream,
                           recurrent_stream,
                           always};
  return record_recurrent(graph, x, kernel, recurrent_kernel, bias, initial_state, mask, spec,
                          name);
}

const Registration recurrent_registered{
    "recurrent",
    "A recurrent layer: y, then with return_state h and, for an lstm, c.",
    recurrent,
    {{"cell", "The cell."},
     {"x", "(steps, features)."},
     {"kernel", "(features, gates * units), a parameter."},
     {"recurrent_kernel", "(units, gates * units), a parameter."},
     {"bias", "(gates * units,), for a gru (2, gates * units); a parameter.", left_out},
     {"initial_state", "h and, for an lstm, c, (units,) each; empty for zeros.", OptionalTensors{}},
     {"mask", "(steps,): a step whose entry is false is skipped.", left_out},
     {"activation", "Activation of the state.", "tanh"},
     {"alpha", "Slope or scale of that activation.", 0.0},
     {"recurrent_activation", "Activation of the gates.", "sigmoid"},
     {"recurrent_alpha", "Slope or scale of that activation.", 0.0},
     {"return_sequences", "Whether y is (steps, units), with all steps, or only the last step.",
      false},
     {"return_state", "Whether the last state is returned too.", false},
     {"go_backwards", "Whether to process the steps in reverse order.", false},
     {"dropout", "Rate of dropout on x, in [0, 1).", 0.0},
     {"recurrent_dropout", "Rate of dropout on the state, in [0, 1).", 0.0},
     {"stream", "Stream of random numbers for the dropout on x.", 0},
     {"recurrent_stream", "Stream of random numbers for the dropout on the state.", 0},
     {"always", "Whether to apply dropout outside training too.", false}}};

}  // namespace
}  // namespace lamina
