// Whole fits, rules between their epochs, and many searches: without Python.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "fits/fit.h"
#include "fits/searches.h"
#include "moves/shuffle.h"
#include "operations/registry.h"

using namespace lamina;

namespace {

constexpr Index rows = 11, batch = 4;

const std::byte* bytes(const std::vector<double>& values) {
  return reinterpret_cast<const std::byte*>(values.data());
}

std::vector<double> numbers(const std::vector<std::byte>& bytes) {
  std::vector<double> values(bytes.size() / sizeof(double));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

// The line y = w x + b, fitted by least squares.
std::shared_ptr<const Graph> line() {
  const auto graph = std::make_shared<Graph>(DType::float64);
  const Tensor x = graph->input({1}, "x", DType::float64);
  const Tensor w = graph->parameter("kernel", {1, 1}, true);
  const Tensor b = graph->parameter("bias", {1}, true);
  const Tensor y = record(*graph, "dense", {x, w, b}, "dense")[0];
  const Tensor target = graph->input({1}, "y", DType::float64);
  graph->add_loss(record(*graph, "loss", {std::string("mean_squared_error"), y, target})[0],
                  nullptr, nullptr, 1.0);
  graph->add_output(y);
  graph->build();
  return graph;
}

// A fit of the line by gradient descent, ready to be run, with the same rows held out.
struct Line {
  std::vector<double> x, y, w{0.5}, b{-1.0};
  FitModel model;
  FitRequest request;

  Line() {
    for (Index i = 0; i < rows; ++i) {
      x.push_back(std::sin(double(i)));
      y.push_back(2.0 * x.back() + 0.3 * std::cos(3.0 * double(i)) + 1.0);
    }
    UpdateRule sgd{find_rule("test", "sgd"), {}, {nullptr}, {{0}, {1}}};
    sgd.settings = initial_settings(*rules()[std::size_t(sgd.rule)]);
    model = {DType::float64, {1, 1}, {line(), {0, 1}}, {}, 1.0, {}};
    model.updates.resize(1);
    model.updates[0].rules = {sgd};
    request.model = &model;
    request.first = {bytes(w), bytes(b)};
    request.training = {
        &model.training, {{bytes(x), rows}, {bytes(y), rows}}, nullptr, rows, batch};
    request.validation = request.held_out = request.predicted = request.training;
    request.epochs = 6;
    request.steps = 3;
    request.rate = 0.1;
    request.shuffles = false;
  }
  Line(const Line&) = delete;

  FitRecord run(bool cancelled = false) const { return run_fit(request, Cancelled(cancelled)); }
  double loss(double slope, double at_zero) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i)
      sum += std::pow(slope * x[i] + at_zero - y[i], 2) / double(rows);
    return sum;
  }
};

double validation_loss(const EpochRecord& record) { return record.validation->loss; }

// Rates that decrease the loss for three epochs, and then increase it.
double there_and_back(int epoch, double) { return epoch < 3 ? 0.1 : -0.1; }

}  // namespace

TEST_CASE("a fit is gradient descent over the batches of each epoch's order") {
  Line line;
  line.request.shuffles = true;
  line.request.shuffle_seed = 9;
  const FitRecord found = line.run();
  REQUIRE(found.failure == "");
  REQUIRE(found.end == FitEnd::done);
  REQUIRE(found.epochs.size() == 6);
  double w = line.w[0], b = line.b[0];
  for (int epoch = 0; epoch < 6; ++epoch) {
    std::array<std::int64_t, rows> order{};
    std::iota(order.begin(), order.end(), 0);
    shuffle(order.data(), rows, {9, std::uint32_t(epoch), 0});
    double seen = 0.0;
    for (Index start = 0; start < rows; start += batch) {
      const Index end = std::min(start + batch, rows);
      double by_w = 0.0, by_b = 0.0;
      for (Index i = start; i < end; ++i) {
        const auto row = std::size_t(order[std::size_t(i)]);
        const double off = w * line.x[row] + b - line.y[row];
        seen += off * off;
        by_w += 2.0 * off * line.x[row] / double(end - start);
        by_b += 2.0 * off / double(end - start);
      }
      w -= 0.1 * by_w, b -= 0.1 * by_b;
    }
    const EpochRecord& record = found.epochs[std::size_t(epoch)];
    CHECK(record.epoch == epoch);
    CHECK(record.training.loss == doctest::Approx(seen / double(rows)).epsilon(1e-12));
    CHECK(validation_loss(record) == doctest::Approx(line.loss(w, b)).epsilon(1e-12));
  }
  CHECK(numbers(found.weights[0])[0] == doctest::Approx(w).epsilon(1e-12));
  CHECK(numbers(found.weights[1])[0] == doctest::Approx(b).epsilon(1e-12));
  CHECK(found.held_out->loss == validation_loss(found.epochs.back()));
  const std::vector<double> predicted = numbers(found.predictions[0]);
  REQUIRE(predicted.size() == std::size_t(rows));
  for (std::size_t i = 0; i < predicted.size(); ++i)
    CHECK(predicted[i] == doctest::Approx(w * line.x[i] + b).epsilon(1e-12));
  CHECK(line.w[0] == 0.5);  // the initial values are only read
}

TEST_CASE("early stopping ends a fit that gets worse, and restores the best weights") {
  Line line, three;
  three.request.epochs = 3;
  const FitRecord best = three.run();
  line.request.epochs = 20;
  StoppingEarly stopping;
  stopping.watched.quantity = validation_loss;
  stopping.patience = 2;
  line.request.rules = {rate_by_epoch(there_and_back), early_stopping(stopping)};
  const FitRecord found = line.run();
  CHECK(found.end == FitEnd::done);
  CHECK(found.epochs.size() == 5);
  CHECK(found.kept_epoch == 2);
  CHECK(found.weights == best.weights);
  CHECK(found.held_out->loss == best.held_out->loss);
  CHECK(found.epochs.back().rate == std::optional<double>(-0.1));

  stopping.restores = false;
  line.request.rules[1] = early_stopping(stopping);
  const FitRecord last = line.run();
  CHECK(last.epochs.size() == 5);
  CHECK(last.kept_epoch == -1);
  CHECK(last.weights != best.weights);

  stopping.start_from_epoch = 3;  // epoch 3 is then the best, the first two are ignored
  line.request.rules[1] = early_stopping(stopping);
  CHECK(line.run().epochs.size() == 6);
  stopping.start_from_epoch = 0;
  stopping.baseline = 0.0;  // never reached: improvements do not restart the wait
  line.request.rules[1] = early_stopping(stopping);
  CHECK(line.run().epochs.size() == 4);
  stopping.baseline.reset();
  stopping.watched.min_delta = 1e3;  // no improvement is that large, except in the first epoch
  line.request.rules[1] = early_stopping(stopping);
  CHECK(line.run().epochs.size() == 3);
  stopping.watched.min_delta = 0.0;
  stopping.watched.sign = 1.0;  // larger is better: all from the fourth on are
  stopping.start_from_epoch = 2;
  line.request.rules[1] = early_stopping(stopping);
  CHECK(line.run().epochs.size() == 20);
}

TEST_CASE(
    "the rate is reduced on a plateau, then stays for the cooldown, and never below its minimum") {
  const std::vector<double> values = {5, 4, 4, 4, 4, 4, 4, 4, 4};
  Line line;
  line.request.epochs = int(values.size());
  Plateau plateau;
  plateau.watched.quantity = [&](const EpochRecord& record) {
    return values[std::size_t(record.epoch)];
  };
  plateau.factor = 0.5;
  plateau.patience = 2;
  plateau.cooldown = 1;
  plateau.lowest = 0.03;
  line.request.rules = {reduce_on_plateau(plateau)};
  std::vector<double> rates;
  for (const EpochRecord& record : line.run().epochs) rates.push_back(*record.rate);
  CHECK(rates == std::vector<double>{0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.03, 0.03, 0.03});
}

TEST_CASE("a fit that diverges reports where, or ends after the epoch") {
  Line line;
  line.request.rate = 1e200;
  const FitRecord found = line.run();
  CHECK(found.end == FitEnd::diverged);
  CHECK(found.divergence.epoch == 1);
  CHECK(found.divergence.step == 2);
  CHECK(found.divergence.rate == 1e200);
  CHECK(!std::isfinite(found.divergence.loss));
  CHECK(found.divergence.where != "");
  CHECK(found.epochs.empty());
  CHECK(!found.held_out);
  line.request.lets_divergence_pass = true;
  const FitRecord passed = line.run();
  CHECK(passed.end == FitEnd::done);
  REQUIRE(passed.epochs.size() == 1);
  CHECK(!std::isfinite(passed.epochs[0].training.loss));
  CHECK(!passed.held_out);
}

TEST_CASE("a cancelled fit keeps its results so far, and one that cannot begin reports why") {
  Line line;
  const FitRecord found = line.run(true);
  CHECK(found.end == FitEnd::cancelled);
  CHECK(numbers(found.weights[0]) == line.w);
  line.model.training.weights = {0};
  CHECK(line.run().failure == "Execution: the graph has 2 parameters and 0 states; got 1 and 0");
}

TEST_CASE("a quasi-Newton method finds the least squares line") {
  Line line;
  line.request.training.batch = rows;
  line.request.steps = 1;
  line.request.epochs = 100;
  line.request.rate = 1.0;
  line.model.updates.clear();
  line.model.search = Search{0, {1e-10, 0.0, -1.0, -1.0}, {}};
  const FitRecord found = line.run();
  REQUIRE(found.failure == "");
  CHECK(found.epochs.size() < 20);
  double x = 0, y = 0, xx = 0, xy = 0;
  for (std::size_t i = 0; i < std::size_t(rows); ++i) {
    x += line.x[i], y += line.y[i], xx += line.x[i] * line.x[i], xy += line.x[i] * line.y[i];
  }
  const double slope = (rows * xy - x * y) / (rows * xx - x * x);
  CHECK(numbers(found.weights[0])[0] == doctest::Approx(slope).epsilon(1e-9));
  CHECK(numbers(found.weights[1])[0] == doctest::Approx((y - slope * x) / rows).epsilon(1e-9));
}

namespace {

// The product of rows of 5 elements and a matrix, by least squares; and two rows of data.
struct ProductSearches {
  static constexpr Index width = 5;
  std::shared_ptr<Graph> graph = std::make_shared<Graph>(DType::float64);
  std::vector<double> x, y;
  std::vector<std::vector<double>> starts;
  SearchesSettings settings;

  ProductSearches() {
    const Tensor in = graph->input({width}, "x", DType::float64);
    const Tensor w = graph->parameter("kernel", {width, width}, true);
    const Tensor out = record(*graph, "dense", {in, w}, "dense")[0];
    const Tensor target = graph->input({width}, "y", DType::float64);
    graph->add_loss(record(*graph, "loss", {std::string("mean_squared_error"), out, target})[0],
                    nullptr, nullptr, 1.0);
    graph->build();
    for (int i = 0; i < 2 * width; ++i) {
      x.push_back(std::sin(i + 0.5));
      y.push_back(std::cos(2.0 * i));
    }
    for (int start = 0; start < 7; ++start) {
      starts.emplace_back();
      for (int i = 0; i < width * width; ++i) starts.back().push_back(std::sin(7.0 * start + i));
    }
    for (Index i = 0; i < width * width; ++i) settings.each.moving.push_back(i);
    settings.each.most_iterations = 15;
  }
  std::vector<SearchResult> run(
      std::vector<std::vector<Index>> columns = {},
      const SearchesWatch& watch = [](const auto&) { return true; }) {
    const SearchesData data{{{bytes(x), 2}, {bytes(y), 2}}, std::move(columns)};
    return run_searches(graph, Variables(*graph), data, starts, settings, watch);
  }
};

void check_same(const SearchResult& one, const SearchResult& other) {
  CHECK(one.point == other.point);
  CHECK(one.value == other.value);
  CHECK(one.initial == other.initial);
  CHECK(one.evaluations == other.evaluations);
}

}  // namespace

TEST_CASE("parallel searches give the results of each start alone, on any number of threads") {
  ProductSearches products;
  const std::vector<SearchResult> serial = products.run();
  products.settings.threads = 3;
  products.settings.notes = 5;
  std::size_t noted = 0;
  const std::vector<SearchResult> spread = products.run({}, [&](const auto& notes) {
    noted += notes.size();
    return true;
  });
  const std::vector<std::vector<double>> starts = products.starts;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    check_same(serial[i], spread[i]);
    products.starts = {starts[i]};
    check_same(serial[i], products.run()[0]);
    CHECK(serial[i].value < 0.5 * serial[i].initial);
  }
  CHECK(noted >= starts.size());  // at least once for each start
}

TEST_CASE("a search over selected columns equals one over arrays of these columns") {
  ProductSearches products;
  products.settings.threads = 2;
  std::vector<std::vector<Index>> columns;
  for (Index i = 0; i < 7; ++i) columns.push_back({i % 5, 4, (2 * i) % 5, 0, (i + 3) % 5});
  const std::vector<SearchResult> found = products.run(columns);
  const std::vector<double> x = products.x, y = products.y;
  const std::vector<std::vector<double>> starts = products.starts;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    for (std::size_t row = 0; row < 2; ++row)
      for (std::size_t k = 0; k < 5; ++k) {
        products.x[5 * row + k] = x[5 * row + std::size_t(columns[i][k])];
        products.y[5 * row + k] = y[5 * row + std::size_t(columns[i][k])];
      }
    products.starts = {starts[i]};
    check_same(found[i], products.run()[0]);
  }
}

TEST_CASE("searches that the watch stops end as interrupted") {
  ProductSearches products;
  products.settings.each.most_iterations = std::numeric_limits<std::int64_t>::max();
  products.settings.each.relative = 0.0;
  products.starts.assign(20000, products.starts[0]);
  const std::vector<SearchResult> found = products.run({}, [](const auto&) { return false; });
  CHECK(found.back().end == SearchEnd::interrupted);
  CHECK(found.back().point.empty());
}
