#include "process/oom_watch.h"

#include <algorithm>
#include <fstream>
#include <string>

#include "base/strings.h"

namespace indrik::process {
namespace {

/// The file that counts, by a line of /proc/self/cgroup: "0::/path" (v2) or "4:memory:/path" (v1), see cgroups(7).
/// Inside a container the path is often the host's, and only the root is ours.
std::filesystem::path counter_of(const std::string& line, const std::filesystem::path& root) {
  const auto first = line.find(':');
  const auto second = first == std::string::npos ? first : line.find(':', first + 1);
  if (second == std::string::npos) return {};
  const auto controllers = line.substr(first + 1, second - first - 1);
  const auto names = split(controllers, ',');
  if (!controllers.empty() && std::find(names.begin(), names.end(), "memory") == names.end()) return {};
  const auto top = controllers.empty() ? root : root / controllers;
  const auto path = line.substr(std::min(line.find_first_not_of('/', second + 1), line.size()));
  const auto* const name = controllers.empty() ? "memory.events" : "memory.oom_control";
  for (const auto& folder : {top / path, top})
    if (oom_kills_in(folder / name)) return folder / name;
  return {};
}

}  // namespace

OomWatch::OomWatch(const std::filesystem::path& membership, const std::filesystem::path& root) {
  std::ifstream file{membership};
  for (std::string line; file_.empty() && std::getline(file, line);) file_ = counter_of(line, root);
  seen_ = victims();
}

std::optional<std::uint64_t> OomWatch::victims() const { return file_.empty() ? std::nullopt : oom_kills_in(file_); }

bool OomWatch::has_new_victim() {
  const auto now = victims();
  if (!now || !seen_ || *now <= *seen_) return false;
  ++*seen_;  // one victim, one answer: several of ours may have died
  return true;
}

std::optional<std::uint64_t> oom_kills_in(const std::filesystem::path& path) {
  constexpr std::string_view kKey = "oom_kill ";
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(kKey)) return parse_number<std::uint64_t>(std::string_view{line}.substr(kKey.size()));
  return std::nullopt;
}

}  // namespace indrik::process
