#include "cpu_limits.h"

#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace lamina {

int cpu_affinity() {
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
  const unsigned count = std::thread::hardware_concurrency();
  return count == 0 ? 1 : int(count);
}

namespace {

double quota_v2(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  std::string quota;
  double period = 0.0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0.0) return 0.0;
  return std::stod(quota) / period;
}

double quota_v1(const std::string& folder) {
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us"),
      period_file(folder + "/cpu.cfs_period_us");
  double quota = 0.0, period = 0.0;
  if (!(quota_file >> quota) || !(period_file >> period) || quota <= 0.0 || period <= 0.0)
    return 0.0;
  return quota / period;
}

double smaller(double a, double b) { return a == 0.0 || (b != 0.0 && b < a) ? b : a; }

}  // namespace

double cpu_quota() {
  // One line per hierarchy: "0::/path" (v2) or "4:cpu,cpuacct:/path" (v1).  A container often sees
  // its own group as the root, so the named folder, its parents and the root are all read.
  double quota = smaller(quota_v2("/sys/fs/cgroup"), quota_v1("/sys/fs/cgroup/cpu"));
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    std::istringstream fields(line);
    std::string id, controllers, path;
    std::getline(fields, id, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, path);
    const bool v2 = id == "0" && controllers.empty();
    if (!v2 && controllers.find("cpu") == std::string::npos) continue;
    while (!path.empty() && path != "/") {
      quota = smaller(
          quota, v2 ? quota_v2("/sys/fs/cgroup" + path) : quota_v1("/sys/fs/cgroup/cpu" + path));
      path.resize(path.find_last_of('/'));
    }
  }
  return quota;
}

}  // namespace lamina
