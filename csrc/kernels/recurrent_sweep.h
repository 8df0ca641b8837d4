// One chunk of rows through all time steps, forward and backward.
#pragma once

#include "column_sums.h"
#include "recurrent_words.h"

namespace lamina {
namespace LAMINA_ISA {

// The data that all chunks read: the plan, the arguments, the packed weights.
template <class T>
struct RecurrentCall {
  const RecurrentPlan& p;
  const RecurrentInputs<T>& in;
  PackedWeights<T> links[3];  // forward, one per link; with inputs_first for x's part and h's
  CallWords<T> words;
  PackedWeights<T> to_x, to_h;  // backward: from gradients of the gates to those of x and h
  PackedWeights<T> to_reset;    // gru_reset_before: to r h
  const T* bias;                // of the gates, or null
};

// The parts of a chunk that both directions read.
template <class T>
class RecurrentChunk {
 public:
  RecurrentChunk(const RecurrentCall<T>& call, Index chunk, T* saved)
      : call(call), p(call.p), in(call.in), d(call.p.d) {
    first = p.chunks.begin(chunk);
    rows = p.chunks.begin(chunk + 1) - first;
    if (!saved) return;
    T* at = saved + first * d.steps * p.step_saved();
    saved_z = p.keeps_gates ? at : nullptr;
    saved_h = at + (p.keeps_gates ? rows * d.steps * p.gates : 0);
    const Index states = rows * d.steps * d.units;
    saved_c = p.lstm() ? saved_h + states : nullptr;
    saved_sources = p.keeps_sources() ? saved_h + (p.lstm() ? 2 : 1) * states : nullptr;
  }

 protected:
  const RecurrentCall<T>& call;
  const RecurrentPlan& p;
  const RecurrentInputs<T>& in;
  const RecurrentDims& d;
  Index first, rows;
  // [steps][rows][...]
  T *saved_z = nullptr, *saved_h = nullptr, *saved_c = nullptr, *saved_sources = nullptr;
  T* sources;  // of one block: [step][rows][source_ld]

  Index time(Index step) const { return d.reversed ? d.steps - 1 - step : step; }
  T* source_of(Index slot) const { return sources + slot * rows * p.source_ld; }
  const T* factors(const T* drop, Index row, Index cols) const {
    return drop ? drop + (first + row) * cols : nullptr;
  }
  const std::uint8_t* mask_of(Index step) const {
    return in.mask_nt ? in.mask_nt + first * d.steps + time(step) : nullptr;
  }

  // Copies x of the steps [begin, end) to the sources; masked values are unspecified, and become 0.
  // A few features are copied step by step: 64 rows of 5 steps of 3 took 0.9 us instead of 2.6 on a
  // Zen 4.
  void gather_inputs(Index begin, Index end) const {
    const Index cols = d.inputs, steps = end - begin;
    const auto x_at = [&](Index r, Index t) {
      return in.x_nti + ((first + r) * d.steps + time(t)) * cols;
    };
    if (cols < lanes<T> && rows > steps) {
      for (Index t = begin; t < end; ++t)
        scale_rows<T>({source_of(t - begin) + p.x_at, p.source_ld}, {x_at(0, t), d.steps * cols},
                      {factors(in.drop_ni, 0, cols), cols}, rows, cols);
    } else {
      for (Index r = 0; r < rows; ++r)
        scale_rows<T>({source_of(0) + r * p.source_ld + p.x_at, rows * p.source_ld},
                      {x_at(r, begin), d.reversed ? -cols : cols},
                      {factors(in.drop_ni, r, cols), 0}, steps, cols);
    }
    if (in.mask_nt) hide_inputs(begin, end);
  }
  void hide_inputs(Index begin, Index end) const {
    for (Index r = 0; r < rows; ++r)
      for (Index t = begin; t < end; ++t)
        if (!mask_of(t)[r * d.steps])
          zero_values(source_of(t - begin) + r * p.source_ld + p.x_at, d.inputs);
  }
  void gather_state(T* source, const T* h) const {
    scale_rows<T>({source + p.h_at, p.source_ld}, {h, d.units},
                  {factors(in.drop_nu, 0, d.units), d.units}, rows, d.units);
  }

  LAMINA_INLINE void fetch_inputs(Index step) const {
    fetch_rows(in.x_nti + (first * d.steps + time(step)) * d.inputs, d.steps * d.inputs, rows,
               d.inputs);
  }

  Step<T> step_at(Index step, Index slot) const {
    Step<T> s{};
    s.rows = rows;
    s.units = d.units;
    s.gates = p.gates;
    s.source = source_of(slot);
    s.source_ld = p.source_ld;
    s.h_at = p.h_at;
    s.mask = mask_of(step);
    s.mask_ld = d.steps;
    return s;
  }
};

template <class T>
class ForwardSweep : RecurrentChunk<T> {
  using Base = RecurrentChunk<T>;
  using Base::call, Base::p, Base::in, Base::d, Base::first, Base::rows;

 public:
  ForwardSweep(const RecurrentCall<T>& call, Index chunk, T* saved, T* workspace,
               const AnyCell<T>& cell)
      : Base(call, chunk, saved), cell(cell) {
    this->sources = this->saved_sources ? this->saved_sources : workspace;
    T* at = workspace + p.sources_size();
    T** const states[] = {&zero, &h[0], &h[1], &c[0], &c[1]};
    for (T** state : states) {
      *state = at;
      at += p.state_size();
    }
    z = at;
    zero_values(zero, rows * d.units);
  }

  void run(T* y, T* h_last, T* c_last) {
    const Index at = first * d.units;
    const T* h_before = in.h_nu ? in.h_nu + at : zero;
    const T* c_before = in.c_nu ? in.c_nu + at : zero;
    this->gather_state(this->source_of(0), h_before);
    for (Index block = 0; block < p.steps.count; ++block) {
      const Index begin = p.steps.begin(block), end = p.steps.begin(block + 1);
      if (!p.of_words()) this->gather_inputs(begin, end);
      if (p.inputs_first())
        multiply_packed<T>(gates_at(begin, 0), p.gates, this->source_of(0) + p.x_at, p.source_ld,
                           (end - begin) * rows, call.links[0], nullptr, false);
      for (Index t = begin; t < end; ++t) {
        Step<T> s = state_at(t, t - begin);
        s.h_before = h_before;
        s.c_before = c_before;
        if (t + p.block_steps < d.steps && !p.of_words()) this->fetch_inputs(t + p.block_steps);
        advance(s, t);
        hand_over(s, t, t + 1 < end ? t + 1 - begin : 0, y);
        h_before = s.h;
        c_before = s.c;
      }
    }
    if (h_last) copy_values(h_last + at, h_before, rows * d.units);
    if (c_last && p.lstm()) copy_values(c_last + at, c_before, rows * d.units);
  }

 private:
  const AnyCell<T>& cell;
  T *zero, *h[2], *c[2], *z;  // for values that are not saved

  Step<T> state_at(Index t, Index slot) const {
    Step<T> s = this->step_at(t, slot);
    s.h = this->saved_h ? this->saved_h + t * rows * d.units : h[t % 2];
    s.c = this->saved_c ? this->saved_c + t * rows * d.units : c[t % 2];
    s.z = p.keeps_gates || p.inputs_first() ? gates_at(t, slot) : s.h;
    if (t + 1 == d.steps) return s;
    s.to_next_z = this->saved_z ? rows * p.gates : 0;
    s.to_next_c = s.to_next_h = this->saved_h ? rows * d.units : 0;
    return s;
  }

  // The gates of a step and the following ones in its block; of one step if there is no block.
  T* gates_at(Index t, Index slot) const {
    if (this->saved_z) return this->saved_z + t * rows * p.gates;
    return p.inputs_first() ? z + slot * rows * p.gates : z;
  }

  void multiply(const Step<T>& s, int link, bool from_last = false) const {
    const Link l = p.step_part(p.links[link]);
    if (l.depth == 0) return;
    const bool add = p.of_words() && p.x_part(p.links[link]).depth > 0;
    multiply_packed(s.z + l.gate, p.gates, s.source + l.source, p.source_ld, rows, call.links[link],
                    call.bias ? call.bias + l.gate : nullptr, add, from_last);
  }
  // Copies the products for a step's words, and prefetches those of the next step.
  void look_up(const Step<T>& s, Index t) const {
    const std::int32_t* const number = call.words.numbers.number + first * d.steps + t * rows;
    for (Index r = 0; r < rows; ++r) {
      T* const to = s.z + r * p.gates;
      if (number[r] < 0)
        zero_values(to, p.x_gates);
      else
        copy_values(to, call.words.gates + number[r] * p.x_gates, p.x_gates);
      if (t + 1 < d.steps && number[rows + r] >= 0)
        fetch_rows(call.words.gates + number[rows + r] * p.x_gates, 0, 1, p.x_gates);
    }
  }
  void advance(const Step<T>& s, Index t) const {
    if (p.of_words()) look_up(s, t);
    if (p.inputs_first())
      continue_packed(s.z, p.gates, s.source + p.h_at, p.source_ld, rows, call.links[1], call.bias,
                      t % 2 != 0);
    else
      multiply(s, 0, t % 2 != 0);
    if (cell.two_products) cell.reset(s);
    for (int link = 1; link < p.link_count; ++link) multiply(s, link);
    cell.forward(s);
    if (!s.mask) return;
    for (Index r = 0; r < rows; ++r) {
      if (s.live(r)) continue;
      copy_values(s.h + r * d.units, s.h_before + r * d.units, d.units);
      if (p.lstm()) copy_values(s.c + r * d.units, s.c_before + r * d.units, d.units);
    }
  }

  // Copies the new state to the output and to the next step's sources.
  void hand_over(const Step<T>& s, Index t, Index next_slot, T* y) const {
    const Index u = d.units;
    if (t + 1 < d.steps) this->gather_state(this->source_of(next_slot), s.h);
    if (!y || (!d.sequences && t + 1 < d.steps)) return;
    if (!d.sequences) return copy_values(y + first * u, s.h, rows * u);
    T* const to = y + (first * d.steps + t) * u;
    scale_rows<T>({to, d.steps * u}, {s.h, u}, {nullptr, 0}, rows, u);
    if (t + 1 < d.steps) fetch_rows(to + u, d.steps * u, rows, u);
  }
};

template <class T>
class BackwardSweep : RecurrentChunk<T> {
  using Base = RecurrentChunk<T>;
  using Base::call, Base::p, Base::in, Base::d, Base::first, Base::rows;

 public:
  BackwardSweep(const RecurrentCall<T>& call, Index chunk, const T* saved, T* workspace,
                const AnyCell<T>& cell, const RecurrentGradients<T>& out)
      : Base(call, chunk, const_cast<T*>(saved)), cell(cell), out(out) {
    this->sources = this->saved_sources ? this->saved_sources : workspace;
    T* at = workspace + p.sources_size();
    dz = p.of_words() ? call.words.gates + first * d.steps * p.gates : at;
    dx = at + p.block_gates_size();
    at = dx + p.block_inputs_size();
    T** const states[] = {&zero, &dh, &dc, &product};
    for (T** state : states) {
      *state = at;
      at += p.state_size();
    }
    partial = at;
    zero_values(zero, rows * d.units);
    zero_values(dh, rows * d.units);
    zero_values(dc, rows * d.units);
  }

  void run(const T* dy, const T* dh_last, const T* dc_last) {
    const Index at = first * d.units, size = rows * d.units;
    if (dh_last) add_values(dh, dh_last + at, size);
    if (dc_last && p.lstm()) add_values(dc, dc_last + at, size);
    if (dy && !d.sequences) add_values(dh, dy + at, size);
    for (Index block = p.steps.count - 1; block >= 0; --block) {
      const Index begin = p.steps.begin(block), end = p.steps.begin(block + 1);
      if (!this->saved_sources && (wants_weights() || p.reset_before())) {
        if (!p.of_words()) this->gather_inputs(begin, end);
        for (Index t = begin; t < end; ++t) this->gather_state(this->source_of(t - begin), h_at(t));
      }
      for (Index t = end - 1; t >= begin; --t) {
        if (dy && d.sequences) add_output_gradient(dy, t);
        if (t >= p.block_steps && !p.of_words()) this->fetch_inputs(t - p.block_steps);
        retreat(t, t - begin);
      }
      add_weight_gradients(begin, end, block == p.steps.count - 1);
      if (out.dx_nti && !p.of_words()) write_input_gradients(begin, end);
    }
    if (out.dh_nu) copy_values(out.dh_nu + at, dh, size);
    if (out.dc_nu && p.lstm()) copy_values(out.dc_nu + at, dc, size);
  }

 private:
  const AnyCell<T>& cell;
  const RecurrentGradients<T>& out;
  T *dz, *dx;  // for one block; with words dz for all steps: [step][rows][...]
  T *zero, *dh, *dc, *product, *partial;

  bool wants_weights() const { return out.dw_ig || out.du_ug || out.db; }

  // The states before step t.
  const T* h_at(Index t) const {
    if (t > 0) return this->saved_h + (t - 1) * rows * d.units;
    return in.h_nu ? in.h_nu + first * d.units : zero;
  }
  const T* c_at(Index t) const {
    if (t > 0) return this->saved_c + (t - 1) * rows * d.units;
    return in.c_nu ? in.c_nu + first * d.units : zero;
  }

  void add_output_gradient(const T* dy, Index t) const {
    const Index u = d.units;
    const T* from = dy + (first * d.steps + t) * u;
    add_rows<T>({dh, u}, {from, d.steps * u}, {nullptr, 0}, rows, u);
    if (t > 0) fetch_rows(from - u, d.steps * u, rows, u);
  }

  void retreat(Index t, Index slot) const {
    Step<T> s = this->step_at(t, slot);
    s.z = this->saved_z ? this->saved_z + t * rows * p.gates : nullptr;
    s.h = this->saved_h + t * rows * d.units;
    s.c = p.lstm() ? this->saved_c + t * rows * d.units : nullptr;
    s.h_before = h_at(t);
    s.c_before = p.lstm() ? c_at(t) : nullptr;
    s.dz = dz + (p.of_words() ? t : slot) * rows * p.gates;
    s.dh = dh;
    s.dc = dc;
    s.product = product;
    if (t > 0 && this->saved_z) s.to_next_z = -rows * p.gates;
    if (t > 1) s.to_next_c = -2 * rows * d.units;
    if (t >= p.block_steps) s.to_next_h = -p.block_steps * rows * d.units;
    if (cell.two_products && !this->saved_sources) cell.remember(s);
    cell.backward(s);
    if (cell.two_products) {
      multiply_packed<T>(product, d.units, s.dz, p.gates, rows, call.to_reset, nullptr, false);
      cell.reset_backward(s);
    }
    if (t == 0 && !out.dh_nu) return;
    // The part that passes through the product is separate if something must be done to it first.
    const bool apart = cell.two_products || in.drop_nu;
    const bool add = apart ? cell.two_products : cell.passes_state || s.mask;
    multiply_packed<T>(apart ? product : dh, d.units, s.dz + p.h_gate, p.gates, rows, call.to_h,
                       nullptr, add);
    if (!apart) return;
    const RowsAt<const T> factor{this->factors(in.drop_nu, 0, d.units), d.units};
    if (cell.passes_state || s.mask)
      add_rows<T>({dh, d.units}, {product, d.units}, factor, rows, d.units);
    else
      scale_rows<T>({dh, d.units}, {product, d.units}, factor, rows, d.units);
  }

  void add_weight_gradients(Index begin, Index end, bool is_first) const {
    const Index terms = (end - begin) * rows;
    const T* const dz = p.of_words() ? this->dz + begin * rows * p.gates : this->dz;
    if (out.db)
      for (Index i = 0; i < terms; i += sum_chunk)
        sum_rows(partial + p.stacked_size(), dz + i * p.gates, p.gates,
                 terms - i < sum_chunk ? terms - i : sum_chunk, !is_first || i > 0);
    if (!out.dw_ig && !out.du_ug) return;
    for (int i = 0; i < p.link_count; ++i) {
      const Link l = p.step_part(p.links[i]);
      if (l.depth == 0) continue;
      const Product<T, Strided<T>, Strided<T>> gradient{
          partial + l.source * p.gates + l.gate,
          p.gates,
          {this->sources + l.source, p.source_ld, false},
          {dz + l.gate, p.gates, false},
          l.depth,
          l.gates,
          terms,
          !is_first,
          nullptr,
          false};
      const NoHook none;
      BlockedProduct<T, Strided<T>, Strided<T>, NoHook>(gradient, none)
          .run({0, l.depth}, {0, l.gates});
    }
  }

  void write_input_gradients(Index begin, Index end) const {
    multiply_packed<T>(dx, d.inputs, dz, p.gates, (end - begin) * rows, call.to_x, nullptr, false);
    const Index cols = d.inputs;
    for (Index r = 0; r < rows; ++r)
      scale_rows<T>({out.dx_nti + ((first + r) * d.steps + this->time(begin)) * cols,
                     d.reversed ? -cols : cols},
                    {dx + r * cols, rows * cols}, {this->factors(in.drop_ni, r, cols), 0},
                    end - begin, cols);
  }
};

}  // namespace LAMINA_ISA
}  // namespace lamina
