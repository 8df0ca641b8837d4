#include "waiting.h"

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace lamina {

#if defined(__linux__)
namespace {

void futex(std::atomic<std::uint32_t>& number, int operation, std::uint32_t argument) {
  static_assert(sizeof(number) == sizeof(std::uint32_t), "the system reads it");
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&number), operation, argument, nullptr,
          nullptr, 0);
}

}  // namespace

void Parking::sleep(std::uint32_t value) { futex(number, FUTEX_WAIT_PRIVATE, value); }
void Parking::wake(int threads) { futex(number, FUTEX_WAKE_PRIVATE, std::uint32_t(threads)); }

#else

void Parking::sleep(std::uint32_t value) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return number.load() != value; });
}
void Parking::wake(int) {
  {
    const std::lock_guard lock(mutex_);
  }
  changed_.notify_all();
}

#endif

bool stands(ThreadNumber thread) {
  const std::uint64_t before = run_time(thread);
  if (before == 0) return false;
  watch(glance / 4, [] { return false; });
  return run_time(thread) == before;
}

}  // namespace lamina
