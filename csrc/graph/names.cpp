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

// The table of an enumeration, and what it is called in messages.
template <class E>
struct Table;
#define LAMINA_TABLE(E, entries, word)            \
  template <>                                     \
  struct Table<E> {                               \
    static constexpr const auto& names = entries; \
    static constexpr const char* what = word;     \
  };
LAMINA_TABLE(Activation, activations, "activation")
LAMINA_TABLE(Loss, losses, "loss")
LAMINA_TABLE(Metric, metrics, "metric")
LAMINA_TABLE(Cell, cells, "cell")
LAMINA_TABLE(Noise, noises, "noise")
LAMINA_TABLE(Combine, merges, "merge")
#undef LAMINA_TABLE

template <class E>
const char* find_name(E value) {
  for (const auto& entry : Table<E>::names)
    if (entry.value == value) return entry.name;
  return "?";
}

}  // namespace

template <class E>
E from_name(const std::string& name) {
  std::string known;
  for (const auto& entry : Table<E>::names) {
    if (name == entry.name) return entry.value;
    known += std::string(known.empty() ? "" : ", ") + entry.name;
  }
  throw std::invalid_argument(std::string(Table<E>::what) + ": unknown name '" + name +
                              "'; known: " + known);
}

template <class E>
std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const auto& entry : Table<E>::names) names.push_back(entry.name);
  return names;
}

#define LAMINA_INSTANTIATE(E)                  \
  template E from_name<E>(const std::string&); \
  template std::vector<std::string> known_names<E>();
LAMINA_INSTANTIATE(Activation)
LAMINA_INSTANTIATE(Loss)
LAMINA_INSTANTIATE(Metric)
LAMINA_INSTANTIATE(Cell)
LAMINA_INSTANTIATE(Noise)
LAMINA_INSTANTIATE(Combine)
#undef LAMINA_INSTANTIATE

const char* name_of(Activation a) { return find_name(a); }
const char* name_of(Loss l) { return find_name(l); }
const char* name_of(Metric m) { return find_name(m); }
const char* name_of(Noise n) { return find_name(n); }
const char* name_of(Combine c) { return find_name(c); }

double default_alpha(Activation a) {
  return a == Activation::leaky_relu ? 0.2 : a == Activation::elu ? 1.0 : 0.0;
}

}  // namespace lamina
