// The orders in which fits use their rows, epoch by epoch.
//
// Fits of a grid with the same seed and rows, such as all settings of one fold, use the same
// orders. These are computed once, by the first fit that needs them, and kept for the others.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <vector>

#include "twister.h"

namespace lamina {

// What determines the orders.
struct OrderSource {
  const std::int64_t* rows = nullptr;  // null: all rows
  Index size = 0;
  std::uint64_t seed = 0;          // each epoch shuffles the rows as they were given
  std::optional<Twister> twister;  // used instead of the seed: shuffles the previous order
};

// The orders of one source, one after another.
class Orders {
 public:
  explicit Orders(OrderSource source) : source_(std::move(source)) {}
  // Valid until the next call.
  const std::int64_t* next();

 private:
  void begin();

  OrderSource source_;
  std::uint32_t made_ = 0;
  std::vector<std::int64_t> order_;
};

// Orders that several fits use, on any threads.
class SharedOrders {
 public:
  // `room`: how many bytes of orders may still be kept, here and elsewhere.
  SharedOrders(const OrderSource& source, std::atomic<std::int64_t>& room)
      : generator_(source), size_(source.size), room_(room) {}

  // Whether several fits have asked for the orders.  A single fit is faster with `Orders`, which
  // reuses its memory.
  bool shared() const { return fits_ > 1; }
  void note_fit() { ++fits_; }
  // The order of an epoch, or null if there was no room for it or for one of an earlier epoch.
  const std::int64_t* at(std::size_t epoch);
  // The orders after the kept ones, once there is no room for more.
  Orders rest() const { return generator_; }

 private:
  bool add();

  std::mutex mutex_;
  Orders generator_;
  std::vector<std::vector<std::int64_t>> kept_;
  bool full_ = false;
  const Index size_;
  std::atomic<std::int64_t>& room_;
  std::atomic<int> fits_{0};
};

// Finds the orders that a fit shares with others.
class OrdersOfFits {
 public:
  // The rows of the source must outlive this object.
  std::shared_ptr<SharedOrders> of(const OrderSource& source);

 private:
  static constexpr std::int64_t most_bytes = std::int64_t(64) << 20;

  struct Known {
    std::optional<Twister> twister;
    std::shared_ptr<SharedOrders> orders;
  };
  std::map<std::tuple<const std::int64_t*, Index, std::uint64_t>, std::vector<Known>> known_;
  std::atomic<std::int64_t> room_{most_bytes};
};

}  // namespace lamina
