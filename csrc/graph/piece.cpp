#include "piece.h"

#include <stdexcept>
#include <string>

namespace lamina {
namespace {

// Calls visit(number) for every number of the sums, in their order in the flat form.
template <class Sums, class Visit>
void each_number(Sums& sums, Visit&& visit) {
  visit(sums.rows);
  visit(sums.refused);
  for (auto& loss : sums.losses) visit(loss.sum), visit(loss.count);
  for (auto* lists : {&sums.metrics, &sums.left})
    for (auto& numbers : *lists)
      for (auto& number : numbers) visit(number);
}

}  // namespace

std::vector<double> PieceSums::flat() const {
  std::vector<double> numbers;
  each_number(*this, [&](double number) { numbers.push_back(number); });
  return numbers;
}

void PieceSums::take(const std::vector<double>& flat) {
  std::size_t size = 0;
  each_number(*this, [&](double&) { ++size; });
  if (size != flat.size())
    throw std::invalid_argument("the sums of a batch in pieces have " + std::to_string(size) +
                                " numbers; got " + std::to_string(flat.size()));
  const double* next = flat.data();
  each_number(*this, [&](double& number) { number = *next++; });
}

}  // namespace lamina
