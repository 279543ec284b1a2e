#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>

namespace indrik::test {

/// A worker that stands still (SIGSTOP, every thread) so that it can be looked at exactly: what it has accepted is what
/// it has. Let go by the destructor, unless it was killed.
class FrozenProcess {
 public:
  /// Returns when it stands still; it may also have ended meanwhile.
  explicit FrozenProcess(pid_t pid);
  ~FrozenProcess();
  FrozenProcess(const FrozenProcess&) = delete;
  FrozenProcess& operator=(const FrozenProcess&) = delete;

  /// It does stand still: it has not ended before.
  bool stands() const noexcept { return stands_; }
  /// The ports of the other ends of its IPv4 connections.
  std::set<std::uint16_t> client_ports() const;
  void kill();

 private:
  pid_t pid_;
  bool stands_ = false;
};

}  // namespace indrik::test
