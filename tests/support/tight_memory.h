#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace indrik::test {

/// While it lives, this process gets so many bytes of addresses more and no others (RLIMIT_AS of getrlimit(2)).
class TightMemory {
 public:
  explicit TightMemory(std::size_t more) {
    EXPECT_EQ(::getrlimit(RLIMIT_AS, &old_), 0);
    std::ifstream statm{"/proc/self/statm"};
    rlim_t pages = 0;
    statm >> pages;
    const rlimit tight{pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + more, old_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_AS, &tight), 0);
  }
  TightMemory(const TightMemory&) = delete;
  TightMemory& operator=(const TightMemory&) = delete;
  ~TightMemory() { EXPECT_EQ(::setrlimit(RLIMIT_AS, &old_), 0); }

 private:
  rlimit old_{};
};

}  // namespace indrik::test
