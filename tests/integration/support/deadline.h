#pragma once

#include <functional>

#include "base/clock.h"

namespace indrik::test {

/// How long a test waits for what should come at once. Generous: sanitizers and a busy machine are slow, and only a
/// failing test waits so long.
inline constexpr milliseconds kPatience{30'000};

/// A moment until which something may take.
class Deadline {
 public:
  explicit Deadline(milliseconds within = kPatience) : at_{Clock::now() + within} {}

  bool passed() const { return Clock::now() >= at_; }
  /// What is left, for poll(2): never negative, rounded up.
  int left_ms() const;

 private:
  TimePoint at_;
};

/// Waits until one of `events` (poll(2)) happens on `fd`; false: the deadline passed first.
bool await_fd(int fd, short events, const Deadline& deadline);

/// Waits until `condition` holds, looking again and again; false: the deadline passed first. For what no descriptor
/// announces (another process's children, a counter of a thread); wait for descriptors and lines where there are any.
bool await(const std::function<bool()>& condition, milliseconds within = kPatience);

}  // namespace indrik::test
