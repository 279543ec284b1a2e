#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace indrik::process {

/// How many cores this process may use: the least of its CPU affinity and the quotas of its control group and every
/// group around that, rounded up; at least 1. The arguments exist for tests.
int available_cores(const std::filesystem::path& membership = "/proc/self/cgroup",
                    const std::filesystem::path& root = "/sys/fs/cgroup");

/// The quota in a cgroup v2 "cpu.max": "150000 100000" is 2 cores, "max 100000" and anything odd is none.
std::optional<int> cores_in_cpu_max(std::string_view text) noexcept;
/// The quota in cgroup v1's cpu.cfs_quota_us and cpu.cfs_period_us; -1 is none.
std::optional<int> cores_in_cfs(std::string_view quota_us, std::string_view period_us) noexcept;

}  // namespace indrik::process
