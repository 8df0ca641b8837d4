// The team of threads: each chunk runs once, even if threads come late or there are other callers.
#include <doctest/doctest.h>

#include <atomic>
#include <cfenv>
#include <chrono>
#include <future>
#include <set>
#include <thread>
#include <vector>

#include "runtime/round_trip.h"
#include "runtime/team.h"
#include "runtime/threads.h"

using namespace lamina;

namespace {

template <class Body>
void share(int threads, Index chunks, Body body) {
  const auto run = [](void* own, Index chunk) { (*static_cast<Body*>(own))(chunk); };
  parallel_for(threads, chunks, run, &body);
}

// How often each chunk runs.
std::vector<int> counts_of(int threads, Index chunks) {
  std::vector<int> counts(std::size_t(chunks), 0);
  share(threads, chunks, [&](Index chunk) { ++counts[std::size_t(chunk)]; });
  return counts;
}

}  // namespace

TEST_CASE("each chunk runs once, on any number of threads") {
  for (const int threads : {1, 2, 3, 7, 70, 5000})
    for (const Index chunks : {1, 2, 3, 8, 63, 5000, 100000})
      CHECK(counts_of(threads, chunks) == std::vector<int>(std::size_t(chunks), 1));
}

TEST_CASE("many short calls in a row lose none") {
  Index sum = 0;
  for (int i = 0; i < 20000; ++i) {
    std::atomic<Index> own{0};
    share(2, 3, [&](Index chunk) { own += chunk + 1; });
    sum += own;
  }
  CHECK(sum == 6 * 20000);
}

TEST_CASE("members take their parts if the caller leaves them") {
  share_evenly(true);
  std::vector<std::thread::id> ran(3);
  share(3, 3, [&](Index chunk) { ran[std::size_t(chunk)] = std::this_thread::get_id(); });
  share_evenly(false);
  CHECK((ran[0] == std::this_thread::get_id()));
  CHECK((ran[1] != ran[0]));
  CHECK((ran[2] != ran[0]));
}

TEST_CASE("a caller does all the work if the members are busy elsewhere") {
  set_num_threads(2);
  std::promise<void> begun, end;
  const std::shared_future<void> ended = end.get_future().share();
  std::atomic<int> inside{0};
  // At least one of two callers is served by the one member there may be; both occupy their
  // threads.
  std::thread other([&] {
    share(2, 2, [&](Index) {
      if (++inside == 1) begun.set_value();
      ended.wait();
    });
  });
  begun.get_future().wait();
  for (int i = 0; i < 100; ++i) CHECK(counts_of(2, 50) == std::vector<int>(50, 1));
  end.set_value();
  other.join();
  CHECK(inside == 2);
  set_num_threads(1);
}

TEST_CASE("callers from several threads each get all their chunks") {
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int k = 0; k < 12; ++k)
    callers.emplace_back([&wrong, k] {
      for (int i = 0; i < 300; ++i)
        wrong += counts_of(2 + k % 3, 10 + k) != std::vector<int>(std::size_t(10 + k), 1);
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
}

TEST_CASE("a call within a chunk runs on the same thread") {
  set_num_threads(3);
  std::atomic<int> elsewhere{0}, limits{0};
  share(3, 6, [&](Index) {
    const auto self = std::this_thread::get_id();
    limits += get_num_threads();
    share(3, 4, [&](Index) { elsewhere += std::this_thread::get_id() != self; });
  });
  CHECK(elsewhere == 0);
  CHECK(limits == 6);
  CHECK(get_num_threads() == 3);
  set_num_threads(1);
}

TEST_CASE("a number is passed around the threads, but not indefinitely") {
  for (const int threads : {1, 2, 3, 20}) {
    set_num_threads(threads);
    const double found = round_trip_ns();
    CHECK((found >= 0.0 && found < 1e6));
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
  }
  set_num_threads(1);
  CHECK(round_trip_ns() == 0.0);
}

TEST_CASE("members use the caller's rounding mode, and their own afterwards") {
  share_evenly(true);
  std::set<float> found;
  for (const int mode : {FE_UPWARD, FE_TONEAREST, FE_DOWNWARD}) {
    std::fesetround(mode);
    std::vector<float> thirds(3, 0.0f);
    volatile float one = 1.0f, three = 3.0f;
    share(3, 3, [&](Index chunk) { thirds[std::size_t(chunk)] = one / three; });
    CHECK(thirds == std::vector<float>(3, one / three));
    found.insert(one / three);
  }
  CHECK(found.size() == 2);  // rounding up and to nearest agree here
  std::fesetround(FE_TONEAREST);
  share_evenly(false);
}
