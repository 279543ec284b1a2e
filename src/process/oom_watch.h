#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace indrik::process {

/// Tells a SIGKILL by the kernel's out-of-memory killer from one by somebody else: the killer counts its victims in
/// the control group. Also counted are victims of the group that are no children of ours, so a kill from outside soon
/// after such a one is taken for the killer's.
class OomWatch {
 public:
  /// Of the control group of this process; the arguments exist for tests.
  explicit OomWatch(const std::filesystem::path& membership = "/proc/self/cgroup",
                    const std::filesystem::path& root = "/sys/fs/cgroup");

  /// Whether the killer has had a victim that no call before has been told of.
  bool has_new_victim();
  /// False: no control group counts here.
  bool works() const noexcept { return seen_.has_value(); }

 private:
  std::optional<std::uint64_t> victims() const;

  std::filesystem::path file_;
  std::optional<std::uint64_t> seen_;
};

/// The number of the line "oom_kill N" of memory.events (v2) or memory.oom_control (v1).
std::optional<std::uint64_t> oom_kills_in(const std::filesystem::path& file);

}  // namespace indrik::process
