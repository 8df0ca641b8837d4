// Recurrence over whole sequences: SimpleRNN, LSTM and GRU, forward and backward.
//
// The batch is divided into chunks of rows, each of which runs through all its steps on one thread;
// the projection of the input is part of the step's product, and the weights' gradients are summed
// block by block while the gates' gradients are in the L2 cache.  With words (recurrent_words.h)
// the input's part of both is calculated separately.
//
// Measured on a Zen 5 with AVX-512 (64 rows, 200 steps, 32 inputs, 64 units, two threads): one
// product for the inputs of a whole block before its steps is 0 to 2 % slower; blocks of 384 and
// 512 terms, chunks of 32 rows, and panels of two or four vectors are all within 3 %.
#include "gate_laws.h"
#include "gru_cell.h"
#include "lstm_cell.h"
#include "recurrent_sweep.h"
#include "rnn_cell.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

template <class T>
RecurrentSizes recurrent_sizes(RecurrentDims dims) {
  return RecurrentPlan(dims).sizes();
}

// Calls use(cell), with the usual laws compiled in and any others by a switch.
template <class T, class Use>
void with_cell(const RecurrentDims& d, Use&& use) {
  using V = Vec<T>;
  using FixedAct = FixedLaw<GateTanh<V>>;
  using FixedRec = FixedLaw<GateSigmoid<V>>;
  const bool fixed =
      d.activation.kind == Activation::tanh && d.recurrent_activation.kind == Activation::sigmoid;
  const AnyLaw<V> act{d.activation}, rec{d.recurrent_activation};
  switch (d.cell) {
    case Cell::simple_rnn:
      return use(AnyCell<T>(SimpleRnnCell<T>{d.activation}));
    case Cell::lstm:
      if (fixed) return use(AnyCell<T>(LstmCell<T, FixedAct, FixedRec>{}));
      return use(AnyCell<T>(LstmCell<T, AnyLaw<V>, AnyLaw<V>>{act, rec}));
    case Cell::gru:
      if (fixed) return use(AnyCell<T>(GruCell<T, FixedAct, FixedRec>{}));
      return use(AnyCell<T>(GruCell<T, AnyLaw<V>, AnyLaw<V>>{act, rec}));
    case Cell::gru_reset_before:
      if (fixed) return use(AnyCell<T>(GruResetBeforeCell<T, FixedAct, FixedRec>{}));
      return use(AnyCell<T>(GruResetBeforeCell<T, AnyLaw<V>, AnyLaw<V>>{act, rec}));
  }
}

// The work of the products, and of the activations in the same unit.
double work_of(const RecurrentPlan& p) {
  const double rows = double(p.d.rows) * double(p.d.steps);
  return rows * double(p.gates) * (2.0 * double(p.sources) + 60.0);
}

// Numbers the words, if there are any, in the memory after the part that all chunks share; returns
// the chunks' memory.
template <class T>
T* lay_out_words(RecurrentCall<T>& call, T* workspace) {
  const RecurrentPlan& p = call.p;
  T* const memory = workspace + p.shared_size();
  const KnownWords<T>* const known = call.in.known;
  if (p.of_words()) call.words.numbers = number_words(memory, p, call.in);
  if (known) leave_unknown(call.words.numbers, *known, call.in.x_nti, p.d.inputs);
  call.words.gates = known ? known->made_vg : memory + p.word_numbers_size();
  return memory + p.words_size();
}

template <class T>
void pack_forward(RecurrentCall<T>& call, const T* stacked, T* at) {
  const RecurrentPlan& p = call.p;
  const auto pack = [&](PackedWeights<T>& to, const Link& l, Index rows, int most) {
    const Strided<T> from{stacked + l.source * p.gates + l.gate, p.gates, false};
    at = to.pack(at, from, l.depth, l.gates, rows, p.panels_size(l.depth, l.gates), most);
  };
  if (p.inputs_first()) {
    const Index terms = p.chunk_rows * p.block_steps;
    pack(call.links[0], {p.x_at, p.d.inputs, 0, p.gates}, terms, most_vectors);
    pack(call.links[1], {p.h_at, p.d.units, 0, p.gates}, p.chunk_rows, continued_vectors);
    return;
  }
  const int most =
      p.of_words() && p.chunk_rows <= continued_height ? continued_vectors : most_vectors;
  for (int i = 0; i < p.link_count; ++i) {
    const Link step = p.step_part(p.links[i]);
    if (step.depth > 0) pack(call.links[i], step, p.chunk_rows, most);
    const Link x = p.x_part(p.links[i]);
    if (call.words.numbers.count > 0 && x.depth > 0)
      pack(call.words.weights[i], x, p.block_terms(), most_vectors);
  }
}

template <class T>
void recurrent_forward(T* y, T* h_nu, T* c_nu, T* saved, T* workspace, const RecurrentInputs<T>& in,
                       RecurrentDims dims) {
  const RecurrentPlan p(dims);
  RecurrentCall<T> call{p, in, {}, {}, {}, {}, {}, nullptr};
  T* const parts = lay_out_words(call, workspace);
  T* bias = workspace + p.stacked_size();
  stack_weights(workspace, bias, p, in);
  if (in.b) call.bias = bias;
  pack_forward(call, workspace, bias + round_up(p.gates, 16));
  const Index size = p.forward_chunk_size();
  if (p.of_words()) project_words(call.words, p, in, call.bias, parts);
  with_cell<T>(dims, [&](const AnyCell<T>& cell) {
    parallel_chunks(threads_for(work_of(p), p.chunks.count), p.chunks.count, [&](Index chunk) {
      ForwardSweep<T>(call, chunk, saved, parts + chunk * size, cell).run(y, h_nu, c_nu);
    });
  });
}

// Transposed: a column of the operand is a source, its terms are gates.
template <class T>
void pack_backward(RecurrentCall<T>& call, T* workspace, bool inputs) {
  const RecurrentPlan& p = call.p;
  stack_weights<T>(workspace, nullptr, p, call.in);
  T* at = workspace + p.stacked_size() + round_up(p.gates, 16);
  const auto from = [&](Index source, Index gate) {
    return Strided<T>{workspace + source * p.gates + gate, p.gates, true};
  };
  const Index i = p.d.inputs, u = p.d.units;
  if (inputs) call.to_x.pack(at, from(p.x_at, 0), p.x_gates, i, p.chunk_rows * p.block_steps, 0);
  at += p.panels_size(p.x_gates, i);
  at = call.to_h.pack(at, from(p.h_at, p.h_gate), p.h_gates, u, p.chunk_rows,
                      p.panels_size(p.h_gates, u));
  if (p.reset_before()) call.to_reset.pack(at, from(0, 0), u, u, p.chunk_rows, 0);
}

template <class T>
void recurrent_backward(const RecurrentGradients<T>& out, T* workspace, const T* dy, const T* dh_nu,
                        const T* dc_nu, const T* saved, const RecurrentInputs<T>& in,
                        RecurrentDims dims, Accumulate accumulate) {
  const RecurrentPlan p(dims);
  RecurrentCall<T> call{p, in, {}, {}, {}, {}, {}, nullptr};
  pack_backward(call, workspace, out.dx_nti != nullptr);
  T* const parts = lay_out_words(call, workspace);
  const Index size = p.backward_chunk_size();
  with_cell<T>(dims, [&](const AnyCell<T>& cell) {
    const double work = 2.0 * work_of(p);
    parallel_chunks(threads_for(work, p.chunks.count), p.chunks.count, [&](Index chunk) {
      BackwardSweep<T>(call, chunk, saved, parts + chunk * size, cell, out).run(dy, dh_nu, dc_nu);
    });
  });
  const Index partial =
      p.sources_size() + p.block_gates_size() + p.block_inputs_size() + 4 * p.state_size();
  if (p.of_words()) {
    sort_places(call.words.numbers, p.positions());
    add_word_gradients(call.words, p, in, call.to_x, parts, partial, out, accumulate);
  }
  if (out.dw_ig || out.du_ug || out.db)
    unstack_gradients(out, parts + partial, size, p, accumulate);
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_recurrent(Kernels<T>& k) {
  k.recurrent_sizes = recurrent_sizes<T>;
  k.recurrent_forward = recurrent_forward<T>;
  k.recurrent_backward = recurrent_backward<T>;
}
template void fill_recurrent<float>(Kernels<float>&);
template void fill_recurrent<double>(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
