#pragma once

#include <cstdint>
#include <new>
#include <unordered_map>
#include <utility>

#include "base/clock.h"

namespace indrik::worker {

/// Keeps lines of the log about the same trouble few: the first at a place is said, those that follow within a pause
/// are counted, and the first after it stands for them. Places are few and stay, as routes do. One thread.
class Complaints {
 public:
  explicit Complaints(nanoseconds pause) noexcept : pause_{pause} {}

  /// It has happened at `place`. Returns how often since the last time that it was to be said, this one included; 0:
  /// it is not to be said.
  std::uint64_t say(const void* place, TimePoint now = Clock::now()) noexcept {
    try {
      auto& entry = entries_[place];
      ++entry.unsaid;
      if (now < entry.quiet_until) return 0;
      entry.quiet_until = now + pause_;
      return std::exchange(entry.unsaid, 0);
    } catch (const std::bad_alloc&) {
      return 1;
    }
  }

 private:
  struct Entry {
    TimePoint quiet_until{};
    std::uint64_t unsaid = 0;
  };
  nanoseconds pause_;
  std::unordered_map<const void*, Entry> entries_;
};

}  // namespace indrik::worker
