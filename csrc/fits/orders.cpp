#include "orders.h"

#include <algorithm>
#include <numeric>

#include "moves/shuffle.h"

namespace lamina {

void Orders::begin() {
  order_.resize(std::size_t(source_.size));
  if (source_.rows != nullptr)
    std::copy_n(source_.rows, order_.size(), order_.begin());
  else
    std::iota(order_.begin(), order_.end(), 0);
}

const std::int64_t* Orders::next() {
  if (!source_.twister || made_ == 0) begin();
  if (source_.twister)
    source_.twister->shuffle(order_.data(), source_.size);
  else
    shuffle(order_.data(), source_.size, {source_.seed, made_, 0});
  ++made_;
  return order_.data();
}

// Takes the bytes from the room, or nothing if there are fewer.
static bool reserve(std::atomic<std::int64_t>& room, std::int64_t bytes) {
  std::int64_t left = room.load();
  while (left >= bytes)
    if (room.compare_exchange_weak(left, left - bytes)) return true;
  return false;
}

bool SharedOrders::add() {
  full_ = full_ || !reserve(room_, size_ * std::int64_t(sizeof(std::int64_t)));
  if (full_) return false;
  const std::int64_t* const order = generator_.next();
  kept_.emplace_back(order, order + size_);
  return true;
}

const std::int64_t* SharedOrders::at(std::size_t epoch) {
  const std::lock_guard lock(mutex_);
  while (kept_.size() <= epoch)
    if (!add()) return nullptr;
  return kept_[epoch].data();
}

std::shared_ptr<SharedOrders> OrdersOfFits::of(const OrderSource& source) {
  std::vector<Known>& alike = known_[{source.rows, source.size, source.seed}];
  const auto same = [&](const Known& known) { return known.twister == source.twister; };
  auto found = std::find_if(alike.begin(), alike.end(), same);
  if (found == alike.end())
    found =
        alike.insert(alike.end(), {source.twister, std::make_shared<SharedOrders>(source, room_)});
  found->orders->note_fit();
  return found->orders;
}

}  // namespace lamina
