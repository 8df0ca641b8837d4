// The orders in which fits use their rows, and sharing them between fits.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <thread>
#include <vector>

#include "fits/orders.h"
#include "moves/shuffle.h"

using namespace lamina;

namespace {

using Order = std::vector<std::int64_t>;

const Order rows = {3, 1, 4, 15, 9, 2, 6, 5, 35, 8, 97};

// Rows shuffled by a seed, or, with words, by a twister.
OrderSource source(std::uint64_t seed, std::uint32_t words = 0) {
  OrderSource made{rows.data(), Index(rows.size()), seed, std::nullopt};
  if (words == 0) return made;
  std::array<std::uint32_t, Twister::words> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = words * std::uint32_t(i + 1);
  made.twister.emplace(key.data(), Twister::words - 5);
  return made;
}

std::vector<Order> first_orders(const OrderSource& from, int count) {
  Orders orders(from);
  std::vector<Order> found;
  for (int i = 0; i < count; ++i) {
    const std::int64_t* const order = orders.next();
    found.emplace_back(order, order + from.size);
  }
  return found;
}

}  // namespace

TEST_CASE("orders are shuffles of the rows, or each of the one before") {
  for (const std::uint32_t words : {0u, 7u}) {
    const std::vector<Order> orders = first_orders(source(5, words), 3);
    CHECK(orders[0] != orders[1]);
    CHECK(orders[1] != orders[2]);
    for (const Order& order : orders)
      CHECK(std::is_permutation(order.begin(), order.end(), rows.begin(), rows.end()));
  }
  const std::vector<Order> by_seed = first_orders(source(5), 2),
                           mixed = first_orders(source(5, 7), 2);
  Order order = rows;
  shuffle(order.data(), Index(order.size()), {5, 1, 0});
  CHECK(by_seed[1] == order);  // each of the rows as given
  Twister twister = *source(5, 7).twister;
  order = rows;
  for (const Order& each : mixed) {  // each of the one before
    twister.shuffle(order.data(), Index(order.size()));
    CHECK(each == order);
  }
  CHECK(first_orders(source(5), 1) != first_orders(source(6), 1));
  CHECK(first_orders(source(5, 7), 1) != first_orders(source(5, 8), 1));
}

TEST_CASE("orders that fits share are those of a fit alone, kept or not") {
  constexpr int kept = 4, epochs = 9;
  for (const std::uint32_t words : {0u, 7u}) {
    const std::vector<Order> alone = first_orders(source(5, words), epochs);
    std::atomic<std::int64_t> room{std::int64_t(kept * rows.size() * sizeof(std::int64_t))};
    SharedOrders shared(source(5, words), room);
    std::array<std::vector<Order>, 3> found;
    const auto fit = [&](std::vector<Order>& orders) {
      std::optional<Orders> own;
      for (int epoch = 0; epoch < epochs; ++epoch) {
        const std::int64_t* order = own ? nullptr : shared.at(std::size_t(epoch));
        CHECK((order != nullptr) == (epoch < kept));
        if (order == nullptr && !own) own = shared.rest();
        if (order == nullptr) order = own->next();
        orders.emplace_back(order, order + rows.size());
      }
    };
    std::vector<std::thread> fits;
    for (std::vector<Order>& orders : found) fits.emplace_back([&] { fit(orders); });
    for (std::thread& each : fits) each.join();
    for (const std::vector<Order>& orders : found) CHECK(orders == alone);
  }
}

TEST_CASE("orders that find no room leave it to smaller ones") {
  OrderSource small = source(5);
  small.size = 4;
  std::atomic<std::int64_t> room{std::int64_t(9 * sizeof(std::int64_t))};
  SharedOrders large(source(5), room), shared(small, room);
  CHECK(large.at(0) == nullptr);
  CHECK(large.at(0) == nullptr);
  for (const std::size_t epoch : {0, 1}) CHECK(shared.at(epoch) != nullptr);
  CHECK(shared.at(2) == nullptr);  // one is left, of the four that it needs
  CHECK(room == std::int64_t(sizeof(std::int64_t)));
}

TEST_CASE("fits share orders that follow from the same") {
  OrdersOfFits orders;
  const auto first = orders.of(source(5)), mixed = orders.of(source(5, 7));
  CHECK(!first->shared());  // nobody else has asked
  CHECK((orders.of(source(5)) == first));
  CHECK(first->shared());
  CHECK((orders.of(source(5, 7)) == mixed));
  OrderSource fewer = source(5), others = source(5);
  --fewer.size;
  const Order copy = rows;
  others.rows = copy.data();
  for (const OrderSource& other : {source(6), source(5, 8), fewer, others}) {
    CHECK((orders.of(other) != first));
    CHECK((orders.of(other) != mixed));
  }
}
