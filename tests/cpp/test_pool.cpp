// Many jobs on a pool of threads: each runs once, without threads of its own; interruption and
// errors.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fits/pool.h"
#include "runtime/threads.h"

using namespace lamina;

TEST_CASE("each job runs once, for its own place, on any number of threads") {
  constexpr Index count = 1000;
  for (const int threads : {1, 2, 4, 50}) {
    std::vector<int> runs(count, 0);
    Index told = -1;
    const Index begun = run_jobs(
        count, threads, [&](Index i, const Cancelled&) { runs[std::size_t(i)] += int(i) + 1; },
        [&](Index done) {
          told = done;
          return true;
        });
    CHECK(begun == count);
    CHECK(told == count);
    for (Index i = 0; i < count; ++i) CHECK(runs[std::size_t(i)] == int(i) + 1);
  }
  CHECK(run_jobs(0, 4, [](Index, const Cancelled&) { FAIL("there is no job"); }) == 0);
}

TEST_CASE("jobs run while others are still being prepared") {
  for (const int threads : {1, 2, 5}) {
    std::atomic<Index> ran{0};
    Index brought = 0, told = -1;
    const Index begun = run_jobs(
        [&] {
          while (ran < brought) std::this_thread::yield();  // the earlier ones
          return ++brought <= 20;
        },
        threads, [&](Index i, const Cancelled&) { ran += i == ran ? 1 : 100; },
        [&](Index done) {
          told = done;
          return true;
        });
    CHECK(begun == 20);
    CHECK(ran == 20);
    CHECK(told == 20);
  }
  CHECK(run_jobs([] { return false; }, 3, [](Index, const Cancelled&) { FAIL("no job"); }) == 0);
}

TEST_CASE("the watch is called between two requests for jobs, and stops these") {
  Index brought = 0;
  const Index begun = run_jobs(
      [&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return ++brought > 0;  // without end
      },
      2, [](Index, const Cancelled&) {}, [](Index done) { return done < 4; });
  CHECK(begun >= 4);
  CHECK(begun <= brought);
}

TEST_CASE("functions called by a job start no threads") {
  set_num_threads(3);
  std::vector<int> limits(8, 0);
  run_jobs(8, 2, [&](Index i, const Cancelled&) { limits[std::size_t(i)] = get_num_threads(); });
  CHECK(limits == std::vector<int>(8, 1));
  CHECK(get_num_threads() == 3);
}

TEST_CASE("the watch stops running jobs, and no more are begun") {
  std::atomic<int> at_work{0}, told{0};
  const Index begun = run_jobs(
      100, 2,
      [&](Index, const Cancelled& cancelled) {
        ++at_work;
        while (!cancelled) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        ++told;
      },
      [&](Index) { return at_work < 2; });
  CHECK(begun == 2);
  CHECK(told == 2);
}

TEST_CASE("of several errors that of the first job is thrown, and an error of the watch is too") {
  const auto message = [](const Job& job, const Watch& watch) -> std::string {
    try {
      run_jobs(2, 2, job, watch);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  };
  std::atomic<bool> second{false};
  const Job both = [&](Index i, const Cancelled&) {
    if (i == 1) second = true;
    while (!second) std::this_thread::yield();
    throw std::runtime_error("job " + std::to_string(i));
  };
  CHECK(message(both, {}) == "job 0");
  const Job waits = [](Index, const Cancelled& cancelled) {
    while (!cancelled) std::this_thread::yield();
  };
  CHECK(message(waits, [](Index) -> bool { throw std::runtime_error("watch"); }) == "watch");
  const Feed broken = [] { return throw std::runtime_error("feed"), false; };
  CHECK_THROWS_WITH(run_jobs(broken, 2, waits), "feed");
}
