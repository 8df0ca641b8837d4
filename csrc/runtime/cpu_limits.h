// How many CPUs this process may use: affinity and cgroup quota.
#pragma once

namespace lamina {

int cpu_affinity();  // CPUs in the affinity mask, at least 1
double cpu_quota();  // CPUs granted by the cgroup (v2 cpu.max, v1 cfs quota); 0 without a quota

}  // namespace lamina
