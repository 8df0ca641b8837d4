#include "names.h"

#include <stdexcept>

namespace lamina {
namespace {

template <class E>
struct Named {
  const char* name;
  E value;
};

constexpr Named<Activation> activations[] = {
    {"linear", Activation::linear},
    {"relu", Activation::relu},
    {"leaky_relu", Activation::leaky_relu},
    {"elu", Activation::elu},
    {"selu", Activation::selu},
    {"gelu", Activation::gelu},
    {"silu", Activation::silu},
    {"swish", Activation::silu},
    {"sigmoid", Activation::sigmoid},
    {"tanh", Activation::tanh},
    {"softplus", Activation::softplus},
    {"softsign", Activation::softsign},
    {"hard_sigmoid", Activation::hard_sigmoid},
    {"mish", Activation::mish},
    {"exponential", Activation::exponential},
};

constexpr Named<Loss> losses[] = {
    {"mean_squared_error", Loss::mean_squared_error},
    {"mean_absolute_error", Loss::mean_absolute_error},
    {"huber", Loss::huber},
    {"binary_crossentropy", Loss::binary_crossentropy},
    {"binary_crossentropy_logits", Loss::binary_crossentropy_logits},
    {"categorical_crossentropy", Loss::categorical_crossentropy},
    {"categorical_crossentropy_logits", Loss::categorical_crossentropy_logits},
};

constexpr Named<Metric> metrics[] = {
    {"binary_accuracy", Metric::binary_accuracy},
    {"categorical_accuracy", Metric::categorical_accuracy},
    {"sparse_categorical_accuracy", Metric::sparse_categorical_accuracy},
    {"mean_absolute_error", Metric::mean_absolute_error},
    {"mean_squared_error", Metric::mean_squared_error},
    {"r2", Metric::r2},
};

constexpr Named<Cell> cells[] = {
    {"simple_rnn", Cell::simple_rnn},
    {"lstm", Cell::lstm},
    {"gru", Cell::gru},
    {"gru_reset_before", Cell::gru_reset_before},
};

constexpr Named<Noise> noises[] = {
    {"gaussian_noise", Noise::gaussian},
    {"gaussian", Noise::gaussian},
    {"gaussian_dropout", Noise::gaussian_dropout},
    {"alpha_dropout", Noise::alpha_dropout},
};

constexpr Named<Combine> merges[] = {
    {"add", Combine::add},         {"subtract", Combine::subtract}, {"multiply", Combine::multiply},
    {"maximum", Combine::maximum}, {"minimum", Combine::minimum},
};

template <class E, std::size_t n>
E find(const Named<E> (&table)[n], const std::string& name, const char* what) {
  std::string known;
  for (const auto& entry : table) {
    if (name == entry.name) return entry.value;
    known += std::string(known.empty() ? "" : ", ") + entry.name;
  }
  throw std::invalid_argument(std::string(what) + ": unknown name '" + name + "'; known: " + known);
}

template <class E, std::size_t n>
const char* find_name(const Named<E> (&table)[n], E value) {
  for (const auto& entry : table)
    if (entry.value == value) return entry.name;
  return "?";
}

}  // namespace

Activation activation_from_name(const std::string& name) {
  return find(activations, name, "activation");
}
Loss loss_from_name(const std::string& name) { return find(losses, name, "loss"); }
Metric metric_from_name(const std::string& name) { return find(metrics, name, "metric"); }
Cell cell_from_name(const std::string& name) { return find(cells, name, "cell"); }
Noise noise_from_name(const std::string& name) { return find(noises, name, "noise"); }

const char* name_of(Activation a) { return find_name(activations, a); }
const char* name_of(Loss l) { return find_name(losses, l); }
const char* name_of(Metric m) { return find_name(metrics, m); }
const char* name_of(Noise n) { return find_name(noises, n); }
const char* name_of(Combine c) { return find_name(merges, c); }

double default_alpha(Activation a) {
  return a == Activation::leaky_relu ? 0.2 : a == Activation::elu ? 1.0 : 0.0;
}

}  // namespace lamina
