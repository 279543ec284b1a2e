#pragma once

#include <time.h>

#include <functional>
#include <vector>

#include "unit/fiber/poll_loop.h"

namespace indrik::fiber {

/// For tests that compare a hooked call with libc's: the same steps, outside of any fiber and inside one.
class ConformanceTest : public PollLoopTest {
 protected:
  using Results = std::vector<long>;

  void expect_the_same(const std::function<Results()>& steps) {
    const auto plain = steps();
    Results inside;
    in_fiber([&] { inside = steps(); });
    EXPECT_EQ(inside, plain);
    EXPECT_FALSE(plain.empty());
  }
};

inline timespec time_in(clockid_t clock, milliseconds from_now) {
  timespec time{};
  ::clock_gettime(clock, &time);
  const auto sum = nanoseconds{time.tv_nsec} + from_now;
  time.tv_sec += static_cast<time_t>(std::chrono::floor<seconds>(sum).count());
  time.tv_nsec = static_cast<long>((sum - std::chrono::floor<seconds>(sum)).count());
  return time;
}

}  // namespace indrik::fiber
