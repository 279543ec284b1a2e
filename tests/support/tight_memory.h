#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace indrik::test {

/// Bytes of addresses that this process has.
inline std::size_t addresses() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t pages = 0;
  statm >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// While it lives, this process gets so many bytes of addresses more and no others (RLIMIT_AS of getrlimit(2)).
class TightMemory {
 public:
  explicit TightMemory(std::size_t more) {
    EXPECT_EQ(::getrlimit(RLIMIT_AS, &old_), 0);
    const rlimit tight{addresses() + more, old_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_AS, &tight), 0);
  }
  TightMemory(const TightMemory&) = delete;
  TightMemory& operator=(const TightMemory&) = delete;
  ~TightMemory() { EXPECT_EQ(::setrlimit(RLIMIT_AS, &old_), 0); }

 private:
  rlimit old_{};
};

}  // namespace indrik::test
