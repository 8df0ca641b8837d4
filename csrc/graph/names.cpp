#include "names.h"

#include <stdexcept>

namespace lamina {
namespace {

template <class E>
struct Named {
  const char* name;
  E value;
};

// The names of an enumeration, and the word for it in messages.
template <class E>
struct Names;
#define LAMINA_NAME(name, ...) {#name, Enumeration::name},
#define LAMINA_NAMES(E, what_, list, ...)                              \
  template <>                                                          \
  struct Names<E> {                                                    \
    using Enumeration = E;                                             \
    static constexpr const char* what = what_;                         \
    static constexpr Named<E> all[] = {list(LAMINA_NAME) __VA_ARGS__}; \
  };
LAMINA_NAMES(Activation, "activation", LAMINA_ACTIVATIONS, {"swish", Activation::silu})
LAMINA_NAMES(Loss, "loss", LAMINA_LOSSES, )
LAMINA_NAMES(Metric, "metric", LAMINA_METRICS, )
LAMINA_NAMES(Cell, "cell", LAMINA_CELLS, )
LAMINA_NAMES(Noise, "noise", LAMINA_NOISES, )
LAMINA_NAMES(Draw, "draw", LAMINA_DRAWS, )
LAMINA_NAMES(Combine, "merge", LAMINA_COMBINES, )
#undef LAMINA_NAMES
#undef LAMINA_NAME

}  // namespace

template <class E>
E from_name(const std::string& name) {
  std::string known;
  for (const auto& entry : Names<E>::all) {
    if (name == entry.name) return entry.value;
    known += std::string(known.empty() ? "" : ", ") + entry.name;
  }
  throw std::invalid_argument(std::string(Names<E>::what) + ": unknown name '" + name +
                              "'; known: " + known);
}

template <class E>
const char* name_of(E value) {
  for (const auto& entry : Names<E>::all)
    if (entry.value == value) return entry.name;
  return "?";
}

template <class E>
std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const auto& entry : Names<E>::all) names.push_back(entry.name);
  return names;
}

#define LAMINA_INSTANTIATE(E)                  \
  template E from_name<E>(const std::string&); \
  template const char* name_of<E>(E);          \
  template std::vector<std::string> known_names<E>();
LAMINA_INSTANTIATE(Activation)
LAMINA_INSTANTIATE(Loss)
LAMINA_INSTANTIATE(Metric)
LAMINA_INSTANTIATE(Cell)
LAMINA_INSTANTIATE(Noise)
LAMINA_INSTANTIATE(Draw)
LAMINA_INSTANTIATE(Combine)
#undef LAMINA_INSTANTIATE

Loss logits_form(Loss loss) {
  const std::string name = name_of(loss) + std::string("_logits");
  for (const auto& entry : Names<Loss>::all)
    if (name == entry.name) return entry.value;
  throw std::invalid_argument(std::string("from_logits is for the crossentropies; got kind '") +
                              name_of(loss) + "'");
}

}  // namespace lamina
