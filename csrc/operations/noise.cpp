// Noise, in training only or in every pass.
#include <cmath>
#include <stdexcept>

#include "graph/names.h"
#include "registry.h"
#include "sizes.h"

namespace lamina {
namespace {

// The name in messages and profiles.
const char* noise_name(Noise noise) {
  return noise == Noise::gaussian ? "gaussian_noise" : name_of(noise);
}

class NoiseOperation final : public OperationOf<NoiseOperation> {
 public:
  NoiseOperation(ValueId x, Noise noise, double amount, std::uint32_t stream, bool always,
                 Index width)
      : OperationOf(noise_name(noise), {x}),
        noise_(noise),
        amount_(amount),
        stream_(stream),
        always_(always),
        width_(width) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.noise_forward(c.out(), c.in(0), width_ * c.rows, noise_, amount_, key(c.random));
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.noise_backward(c.din(0), c.dout(), width_ * c.rows, noise_, amount_, key(c.random));
  }

  bool passes_on(bool training) const override { return !training && !always_; }
  bool sees_batches() const override { return always_; }
  bool element_by_element() const override { return true; }
  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(width_ * rows);
    return {4.0 * size, 2.0 * size};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, width_); }

 private:
  RandomKey key(RandomKey k) const { return {k.seed, stream_, k.step}; }

  const Noise noise_;
  const double amount_;
  const std::uint32_t stream_;
  const bool always_;
  const Index width_;
};

class SpatialDropout final : public OperationOf<SpatialDropout> {
 public:
  SpatialDropout(ValueId x, double rate, std::uint32_t stream, Index positions, Index channels,
                 bool share_rows, bool always)
      : OperationOf("spatial_dropout", {x}),
        rate_(rate),
        stream_(stream),
        positions_(positions),
        channels_(channels),
        share_rows_(share_rows),
        always_(always) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    run(c, c.out(), c.in(0));
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    run(c, c.din(0), static_cast<const T*>(c.dout()));
  }

  bool passes_on(bool training) const override { return !training && !always_; }
  bool sees_batches() const override { return always_; }
  bool backward_reads_input(int) const override { return false; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(rows * positions_ * channels_);
    return {size, 2.0 * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(rows) + "x" + std::to_string(positions_) + "x" +
           std::to_string(channels_);
  }

 private:
  template <class T>
  void run(const Call<T>& c, T* y, const T* x) const {
    const auto drop = [&](Index at, Index positions, Index rows) {
      c.kernels.spatial_dropout_forward(y + at, x + at, positions, {rows, channels_}, rate_,
                                        {c.random.seed, stream_, c.random.step});
    };
    if (!share_rows_) return drop(0, positions_, c.rows);
    if (steps() == 1) return drop(0, positions_ * c.rows, 1);  // all rows are positions of one
    for (Index row = 0; row < c.rows; row += steps())          // each step draws for itself
      drop(row * positions_ * channels_, positions_, steps());
  }

  const double rate_;
  const std::uint32_t stream_;
  const Index positions_, channels_;
  const bool share_rows_, always_;
};

// An amount of 0 returns x itself.
Tensor noise(Graph& graph, const Tensor& x, Noise kind, double amount, std::uint32_t stream,
             bool always, const std::string& name) {
  const char* who = noise_name(kind);
  graph.check_float(x, who);
  if (kind != Noise::gaussian) check_rate(amount, who, "rate");
  if (!(amount >= 0.0) || !std::isfinite(amount))
    throw std::invalid_argument(std::string(who) + ": stddev must be at least 0; got " +
                                std::to_string(amount));
  if (amount == 0.0) return x;
  return graph.record(
      std::make_unique<NoiseOperation>(x.value, kind, amount, stream, always, size_of(x.shape)),
      x.shape, name);
}

Tensor spatial_dropout(Graph& graph, const Tensor& x, double rate, std::uint32_t stream,
                       bool share_rows, bool always, const std::string& name) {
  graph.check_float(x, "spatial_dropout");
  check_rate(rate, "spatial_dropout", "rate");
  if (x.shape.size() < 2)
    throw std::invalid_argument("spatial_dropout: needs positions and channels; got inputs " +
                                to_string(x.shape));
  if (rate == 0.0) return x;
  const Index channels = x.shape.back();
  return graph.record(
      std::make_unique<SpatialDropout>(x.value, rate, stream, runs_in(x.shape, channels), channels,
                                       share_rows, always),
      x.shape, name);
}

const Registration noise_registered[] = {
    {"noise",
     "Noise that is added in training, and outside training if `always` is set.",
     noise,
     {{"x", "Any shape."},
      {"kind", "The kind of noise."},
      {"amount", "Standard deviation of gaussian noise, else a rate in [0, 1)."},
      {"stream", "Stream of random numbers; each use needs its own."},
      {"always", "Whether to apply it outside training too.", false}}},
    {"spatial_dropout",
     "Dropout of whole channels, the last axis; identity outside training, unless `always`.",
     spatial_dropout,
     {{"x", "(..., channels), at least 2 axes."},
      {"rate", "Fraction of channels to set to 0, in [0, 1)."},
      {"stream", "Stream of random numbers; each use needs its own."},
      {"share_rows", "Whether to drop the same channels in all rows.", false},
      {"always", "Whether to apply it outside training too.", false}}},
};

}  // namespace
}  // namespace lamina
