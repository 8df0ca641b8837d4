#include "put_in_place.h"

#include <cerrno>

#ifdef __linux__
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#endif

namespace lamina {

#ifdef __linux__

namespace {

struct Order {
  int folder;
  const char* file;
  const char* temporary;
  const char* name;
  int error;
};

int carry_out(void* given) {
  auto& order = *static_cast<Order*>(given);
  setsid();
  order.error = 0;
  if (linkat(order.folder, order.file, order.folder, order.temporary, AT_SYMLINK_FOLLOW) != 0) {
    order.error = errno;
  } else if (renameat(order.folder, order.temporary, order.folder, order.name) != 0) {
    order.error = errno;
    unlinkat(order.folder, order.temporary, 0);
  }
  return 0;
}

}  // namespace

bool can_put_in_place() { return access("/proc/self/fd", X_OK) == 0; }

int put_in_place(int folder, int descriptor, const char* temporary, const char* name) {
  constexpr std::size_t bytes = 64 << 10;
  const std::unique_ptr<char[]> stack(new char[bytes]);
  const std::string file = "/proc/self/fd/" + std::to_string(descriptor);
  Order order{folder, file.c_str(), temporary, name, ECANCELED};
  // As in posix_spawn, the child runs in this process's memory while this thread waits, so no
  // signal handler may run in it.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  char* const top = stack.get() + (bytes & ~std::size_t(15));
  // No signal when it exits: the program does not know of this child.
  const int child = clone(carry_out, top, CLONE_VM | CLONE_VFORK, &order);
  const int failed = child < 0 ? errno : 0;
  if (child >= 0)
    while (waitpid(child, nullptr, __WALL) < 0 && errno == EINTR) {
    }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return failed != 0 ? failed : order.error;
}

#else

bool can_put_in_place() { return false; }

int put_in_place(int, int, const char*, const char*) { return ENOSYS; }

#endif

}  // namespace lamina
