#include "integration/support/deadline.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace indrik::test {

int Deadline::left_ms() const {
  const auto left = std::chrono::ceil<milliseconds>(at_ - Clock::now()).count();
  return static_cast<int>(std::max<decltype(left)>(left, 0));
}

bool await_fd(int fd, short events, const Deadline& deadline) {
  for (;;) {
    pollfd one{.fd = fd, .events = events, .revents = 0};
    const int ready = ::poll(&one, 1, deadline.left_ms());
    if (ready > 0) return true;
    if (ready == 0 && deadline.passed()) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool await(const std::function<bool()>& condition, milliseconds within) {
  const Deadline deadline{within};
  // From 1 ms to 16 ms: quick answers cost little, slow ones do not take the processor from whom we wait for.
  for (int pause_ms = 1; !condition(); pause_ms = std::min(pause_ms * 2, 16)) {
    if (deadline.passed()) return condition();
    ::poll(nullptr, 0, std::min(pause_ms, deadline.left_ms()));
  }
  return true;
}

}  // namespace indrik::test
