// The division of a recurrent call and the layout of its data.
//
// Rows of the batch form chunks fixed by the shapes; a chunk runs through all time steps on one
// thread.  Steps form blocks whose working set stays in the L2 cache.
//
// The input of a step's product is one row per batch row, [x | h] ("sources"): both weight
// matrices, stacked likewise, then give one chain of products.  The gates' columns are reordered so
// that similar gates are adjacent and every product uses a run of them:
//   simple_rnn  h            lstm  c i f o
//   gru         x's part of the candidate, z, r, h's part of the candidate
//   gru_reset_before         candidate, z, r; sources [r h | x | h]
#pragma once

#include "id_set.h"
#include "tiles.h"

namespace lamina {
namespace LAMINA_ISA {

constexpr Index round_up(Index n, Index unit) { return (n + unit - 1) / unit * unit; }

// z[:, gate .. gate + gates) (+)= sources[:, source .. source + depth) stacked[same, same]
struct Link {
  Index source, depth, gate, gates;
};

struct RecurrentPlan {
  RecurrentDims d;
  Index blocks;           // of the gates: z has blocks * units columns
  int keras_block[4];     // the gate of the weights that each block uses
  Index x_at, h_at;       // first columns of x and h among the sources
  Index sources, gates;   // columns
  Index source_ld;        // elements from one row of sources to the next
  Index x_gates;          // x contributes to gates [0, x_gates)
  Index h_gate, h_gates;  // h contributes to gates [h_gate, h_gate + h_gates)
  Link links[3];
  int link_count;
  bool keeps_gates;               // in `saved`
  Parts chunks, steps;            // rows into chunks, steps into blocks
  Index chunk_rows, block_steps;  // the largest

  explicit RecurrentPlan(RecurrentDims dims);

  bool lstm() const { return d.cell == Cell::lstm; }
  // Whether the inputs' part of the products is calculated for a block of steps at once, and each
  // step continues from there with its h.  With few rows a step takes as long as reading its
  // weights; with many this is slower by 2 %.
  bool inputs_first() const {
    return !of_words() && link_count == 1 && chunk_rows <= 4 && sources <= longest_chunk &&
           d.inputs > 0;
  }
  // Whether x is looked up in a table, see recurrent_words.h.  The sources' columns of x are then
  // unused.
  bool of_words() const { return d.vocabulary > 0; }
  // The parts of a link for x and h, of depth 0 if there is none; the part that a step multiplies.
  Link x_part(const Link& l) const {
    return {x_at, l.source <= x_at && l.source + l.depth >= h_at ? d.inputs : 0, l.gate, l.gates};
  }
  Link h_part(const Link& l) const {
    return {h_at, l.source + l.depth > h_at ? d.units : 0, l.gate, l.gates};
  }
  Link step_part(const Link& l) const { return of_words() ? h_part(l) : l; }
  bool reset_before() const { return d.cell == Cell::gru_reset_before; }
  // Whether forward keeps the sources, which backward otherwise gathers again: those of one block
  // are few.
  bool keeps_sources() const { return steps.count == 1; }
  Index step_saved() const {  // of one row
    return (keeps_gates ? gates : 0) + d.units * (lstm() ? 2 : 1) +
           (keeps_sources() ? source_ld : 0);
  }

  // --- the workspace: weights stacked, packed forward and backward, then one part per chunk
  Index stacked_size() const { return round_up(sources * gates, 16); }
  Index panels_size(Index depth, Index cols) const {
    return round_up(depth * round_up(cols, 16) + 16, 16);
  }
  Index forward_panels() const {
    Index size = 0;
    for (int i = 0; i < link_count; ++i) size += panels_size(links[i].depth, links[i].gates);
    return size + (inputs_first() || of_words() ? 16 * link_count : 0);
  }
  Index backward_panels() const {
    return panels_size(x_gates, d.inputs) + panels_size(h_gates, d.units) +
           (reset_before() ? panels_size(d.units, d.units) : 0);
  }
  Index shared_size() const {  // with the larger of both passes' panels, which differ little
    const Index panels =
        forward_panels() > backward_panels() ? forward_panels() : backward_panels();
    return stacked_size() + round_up(gates, 16) + panels;
  }
  Index block_terms() const { return chunk_rows * block_steps; }
  Index state_size() const { return round_up(chunk_rows * d.units, 16); }
  Index sources_size() const { return round_up(block_terms() * source_ld, 16); }
  Index block_gates_size() const { return round_up(block_terms() * gates, 16); }
  Index block_inputs_size() const { return round_up(block_terms() * d.inputs, 16); }
  Index partial_size() const { return stacked_size() + round_up(gates, 16); }
  Index forward_chunk_size() const {
    const bool of_block = inputs_first() || of_words();
    const Index gates_at_once = of_block ? block_gates_size() : round_up(chunk_rows * gates, 16);
    return sources_size() + 5 * state_size() + gates_at_once;
  }
  Index backward_chunk_size() const {
    return sources_size() + block_gates_size() + block_inputs_size() + 4 * state_size() +
           partial_size();
  }
  // With words: their numbers, and the products for all of them, or the gates for all steps.
  Index positions() const { return d.rows * d.steps; }
  Index most_words() const { return positions() < d.vocabulary ? positions() : d.vocabulary; }
  Index word_numbers_size() const {  // at most two 32-bit integers per element
    const Index marks = 3 * IdSet::words_of(d.vocabulary);
    return of_words() ? round_up(marks + 2 * positions() + 2 * most_words() + 16, 16) : 0;
  }
  Index words_size() const {
    return of_words() ? word_numbers_size() + round_up(positions() * gates, 16) : 0;
  }
  RecurrentSizes sizes() const {
    const Index shared = shared_size() + words_size();
    return {d.rows * d.steps * step_saved(), shared + chunks.count * forward_chunk_size(),
            shared + chunks.count * backward_chunk_size()};
  }

 private:
  static Index chunk_count(RecurrentDims d);
  static Index longest_block(RecurrentDims d, Index rows);
  void lay_out_cell();
};

// A chunk has as many rows as a tile unless the work is tiny; with large weights, many chunks would
// each need memory for a gradient.
inline Index RecurrentPlan::chunk_count(RecurrentDims d) {
  const double weights = double(d.inputs + d.units) * double(cell_gates(d.cell) * d.units);
  const double flop = 2.0 * double(d.rows) * double(d.steps) * weights;
  if (flop < 1e6) return d.rows < 64 ? d.rows > 0 : d.rows / 64;
  const Index affordable = 4e6 / weights > 4 ? Index(4e6 / weights) : 4;
  Index count = parts_of(d.rows, recurrent_chunk_rows);
  if (count > 16) count = 16;
  return count < affordable ? count : affordable;
}

// With 160 terms the weights' gradient reads up to 102 sources in place.  Backward of 64 rows, 200
// steps of 32 on one core of a Zen 4: LSTM(64) 11.0 ms with 256 terms, 11.1 with 192, 10.6 with
// 160, 128 and 96; GRU(64) 8.8, 8.8, 8.5.
inline Index RecurrentPlan::longest_block(RecurrentDims d, Index rows) {
  const Index wide = d.inputs + 2 * cell_gates(d.cell) * d.units;
  Index terms = 160000 / (wide > 0 ? wide : 1);  // in the sum of a weight gradient
  terms = terms > 160 ? 160 : terms < 64 ? 64 : terms;
  const Index steps = rows > 0 ? terms / rows : 1;
  return steps < 1 ? 1 : steps;
}

inline RecurrentPlan::RecurrentPlan(RecurrentDims dims)
    : d(dims), chunks(dims.rows, 1), steps(dims.steps, 1) {
  const Index count = chunk_count(d);
  if (count > 0) chunks = Parts(d.rows, count);
  chunks.count = count;
  chunk_rows = count > 0 ? chunks.begin(1) : 0;
  steps = Parts(d.steps, parts_of(d.steps, longest_block(d, chunk_rows)));
  block_steps = steps.begin(1);
  lay_out_cell();
  source_ld = sources;
  if (source_ld % 128 == 0) source_ld += 16;  // rows a power of two apart share cache sets
}

inline void RecurrentPlan::lay_out_cell() {
  const Index u = d.units, i = d.inputs;
  x_at = reset_before() ? u : 0;
  h_at = x_at + i;
  sources = h_at + u;
  blocks = d.cell == Cell::simple_rnn ? 1 : reset_before() ? 3 : 4;
  gates = blocks * u;
  const int order_lstm[4] = {2, 0, 1, 3}, order_gru[4] = {2, 0, 1, 2};
  for (int k = 0; k < 4; ++k)
    keras_block[k] = d.cell == Cell::simple_rnn ? 0 : lstm() ? order_lstm[k] : order_gru[k];
  x_gates = h_gates = gates;
  h_gate = 0;
  keeps_gates = true;
  link_count = 1;
  links[0] = {0, i + u, 0, gates};
  if (d.cell == Cell::simple_rnn) {
    keeps_gates = !derivative_from_output(d.activation.kind);
  } else if (d.cell == Cell::gru) {
    x_gates = h_gates = 3 * u;
    h_gate = u;
    link_count = 3;
    links[0] = {0, i + u, u, 2 * u};
    links[1] = {0, i, 0, u};
    links[2] = {i, u, 3 * u, u};
  } else if (reset_before()) {
    h_gates = 2 * u;
    h_gate = u;
    link_count = 2;
    links[0] = {u, i + u, u, 2 * u};
    links[1] = {0, u + i, 0, u};  // after the reset
  }
}

}  // namespace LAMINA_ISA
}  // namespace lamina
