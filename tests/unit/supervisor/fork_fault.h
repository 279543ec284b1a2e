#pragma once

#include <atomic>

namespace indrik::supervisor::test {

/// From now on fork(2) fails with EAGAIN in this process as often as `left` says, which it counts down. The limits that
/// would make it fail by themselves do not hold for root, nor everywhere.
void fail_forks(std::atomic<int>* left);

}  // namespace indrik::supervisor::test
