// Programs, executions and objectives in C++: no Python, many in parallel.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

#include "graph/objective.h"
#include "graph/predictor.h"
#include "operations/registry.h"

using namespace lamina;

namespace {

constexpr Index inputs = 3, hidden = 4, rows = 50;

// y = tanh(x w + b) v + c with squared error.
std::shared_ptr<const Graph> network() {
  const auto graph = std::make_shared<Graph>(DType::float64);
  const Tensor x = graph->input({inputs}, "x", DType::float64);
  const Tensor w = graph->parameter("hidden/kernel", {inputs, hidden}, true);
  const Tensor b = graph->parameter("hidden/bias", {hidden}, true);
  const Tensor v = graph->parameter("output/kernel", {hidden, 1}, true);
  const Tensor c = graph->parameter("output/bias", {1}, true);
  const Tensor h = record(*graph, "dense", {x, w, b, std::string("tanh")}, "hidden")[0];
  const Tensor y = record(*graph, "dense", {h, v, c}, "output")[0];
  const Tensor target = graph->input({1}, "y", DType::float64);
  graph->add_loss(record(*graph, "loss", {std::string("mean_squared_error"), y, target})[0],
                  nullptr, nullptr, 1.0);
  graph->add_output(y);
  graph->build();
  return graph;
}

struct Data {
  std::vector<double> x, y;
  explicit Data(unsigned seed) : x(rows * inputs), y(rows) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    for (double& value : x) value = normal(random);
    for (Index i = 0; i < rows; ++i) y[i] = std::sin(x[i * inputs]) + double(seed);
  }
  std::vector<DataView> views() const {
    return {{reinterpret_cast<const std::byte*>(x.data()), rows},
            {reinterpret_cast<const std::byte*>(y.data()), rows}};
  }
};

double by_hand(const std::vector<double>& t, const Data& data) {
  double sum = 0.0;
  for (Index i = 0; i < rows; ++i) {
    double y = t[20];
    for (Index j = 0; j < hidden; ++j) {
      double z = t[12 + j];
      for (Index k = 0; k < inputs; ++k) z += data.x[i * inputs + k] * t[k * hidden + j];
      y += std::tanh(z) * t[16 + j];
    }
    sum += (y - data.y[i]) * (y - data.y[i]);
  }
  return sum / double(rows);
}

std::vector<double> start(unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> theta(21);
  for (double& value : theta) value = normal(random);
  return theta;
}

// Gradient descent by an optimizer of the caller.
std::vector<double> descend(Objective& objective, std::vector<double> theta, int steps) {
  std::vector<double> gradient(theta.size());
  for (int step = 0; step < steps; ++step) {
    objective.value_and_gradient(theta.data(), gradient.data());
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] -= 0.05 * gradient[i];
  }
  return theta;
}

}  // namespace

TEST_CASE("the loss and its gradient are those of the formula") {
  const auto graph = network();
  const Data data(1);
  Objective objective(graph, Variables(*graph), data.views());
  REQUIRE(objective.size() == 21);
  const std::vector<double> theta = start(2);
  std::vector<double> gradient(21), held(21);
  CHECK(objective.value_and_gradient(theta.data(), gradient.data()) ==
        doctest::Approx(by_hand(theta, data)).epsilon(1e-12));
  for (std::size_t i = 0; i < theta.size(); ++i) {
    std::vector<double> more = theta, less = theta;
    more[i] += 1e-6, less[i] -= 1e-6;
    const double slope = (by_hand(more, data) - by_hand(less, data)) / 2e-6;
    CHECK(gradient[i] == doctest::Approx(slope).epsilon(1e-6));
  }
  objective.point(held.data());
  CHECK(held == theta);
}

TEST_CASE("one program, a thousand fits over separate variables and data, on several threads") {
  const auto graph = network();
  constexpr unsigned fits = 1000;
  std::vector<Data> data;
  for (unsigned seed = 0; seed < 10; ++seed) data.emplace_back(seed);
  std::vector<std::vector<double>> found(fits);
  const auto fit = [&](unsigned first) {
    for (unsigned k = first; k < fits; k += 4) {
      Objective objective(graph, Variables(*graph), data[k % 10].views());
      found[k] = descend(objective, start(k), 20);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned first = 0; first < 4; ++first) threads.emplace_back(fit, first);
  for (std::thread& thread : threads) thread.join();
  for (unsigned k = 0; k < fits; k += 97) {
    Objective alone(graph, Variables(*graph), data[k % 10].views());
    CHECK(found[k] == descend(alone, start(k), 20));
    CHECK(by_hand(found[k], data[k % 10]) < by_hand(start(k), data[k % 10]));
  }
}

TEST_CASE("executions see each other's steps if they share variables") {
  const auto graph = network();
  const Data data(3);
  const Variables shared(*graph), other(*graph);
  for (const Variables& variables : {shared, other}) {
    Objective objective(graph, variables, data.views());
    objective.value(start(5).data());
  }
  const auto predict_with = [&](const Variables& variables) {
    const auto execution = Execution::create(graph, variables, {rows});
    std::vector<double> y(rows);
    predict(*execution, data.views(), rows, {reinterpret_cast<std::byte*>(y.data())});
    return y;
  };
  const std::vector<double> before = predict_with(shared);
  CHECK(before == predict_with(other));
  Objective objective(graph, shared, data.views());
  descend(objective, start(5), 3);
  CHECK(before != predict_with(shared));
  CHECK(before == predict_with(other));
}

TEST_CASE("arguments that do not fit are rejected") {
  const auto graph = network();
  const Data data(1);
  CHECK_THROWS_WITH_AS(Execution::create(graph, Variables({}, {}, nullptr), {rows}),
                       "Execution: the graph has 4 parameters and 0 states; got 0 and 0",
                       std::invalid_argument);
  Graph twice(DType::float32);
  twice.parameter("w", {2}, true);
  CHECK_THROWS_WITH_AS(twice.parameter("w", {3}, true), "parameter 'w': the path is taken",
                       std::invalid_argument);
}
