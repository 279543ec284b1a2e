#include "process/cores.h"

#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>

#include "base/strings.h"

namespace indrik::process {
namespace {

std::optional<int> rounded_up(std::string_view quota, std::string_view period) noexcept {
  const auto used = parse_number<std::int64_t>(quota);
  const auto whole = parse_number<std::int64_t>(period);
  if (!used || !whole || *used <= 0 || *whole <= 0) return std::nullopt;
  return static_cast<int>(std::min<std::int64_t>((*used - 1) / *whole + 1, 1 << 20));
}

std::string first_line(const std::filesystem::path& path) {
  std::string line;
  std::getline(std::ifstream{path}, line);
  return line;
}

int cores_of_affinity() noexcept {
  cpu_set_t set;
  // Fails with EINVAL where the machine has more CPUs than the set has room for: then there is no small limit.
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : CPU_SETSIZE;
}

std::optional<int> quota_in(const std::filesystem::path& folder) {
  if (const auto v2 = cores_in_cpu_max(first_line(folder / "cpu.max"))) return v2;
  return cores_in_cfs(first_line(folder / "cpu.cfs_quota_us"), first_line(folder / "cpu.cfs_period_us"));
}

/// The least quota of `folder` and the folders around it up to `top`. A folder that is not there has none: inside a
/// container the path is often the host's, and only `top` is ours.
int least_quota(std::filesystem::path folder, const std::filesystem::path& top, int least) {
  while (true) {
    if (const auto quota = quota_in(folder)) least = std::min(least, *quota);
    if (folder == top || folder.string().size() <= top.string().size()) return least;
    folder = folder.parent_path();
  }
}

}  // namespace

std::optional<int> cores_in_cpu_max(std::string_view text) noexcept {
  const auto space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  return rounded_up(text.substr(0, space), trim(text.substr(space + 1)));
}

std::optional<int> cores_in_cfs(std::string_view quota_us, std::string_view period_us) noexcept {
  return rounded_up(trim(quota_us), trim(period_us));
}

int available_cores(const std::filesystem::path& membership, const std::filesystem::path& root) {
  int least = cores_of_affinity();
  std::ifstream file{membership};
  // "0::/path" (v2) or "4:cpu,cpuacct:/path" (v1), see cgroups(7).
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    const auto names = split(controllers, ',');
    if (!controllers.empty() && std::find(names.begin(), names.end(), "cpu") == names.end()) continue;
    const auto top = controllers.empty() ? root : root / controllers;
    const auto path = line.substr(std::min(line.find_first_not_of('/', second + 1), line.size()));
    least = least_quota(path.empty() ? top : top / path, top, least);
  }
  return std::max(least, 1);
}

}  // namespace indrik::process
