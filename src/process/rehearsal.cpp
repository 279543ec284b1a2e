#include "process/rehearsal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.h"
#include "process/exit_status.h"
#include "process/parent.h"

namespace indrik::process {
namespace {

constexpr std::size_t kLongest = 16 * 1024;  // of what the child says; fits into the pipe, so that it never blocks

/// noexcept: what `act` throws ends the child, not the parent's code in it.
[[noreturn]] void act_in_child(const std::function<std::string()>& act, pid_t parent, const Fd& pipe) noexcept {
  if (!die_with_parent(parent)) ::_exit(1);
  const auto said = act().substr(0, kLongest);
  (void)!::write(pipe.get(), said.data(), said.size());
  ::_exit(0);
}

/// False: the deadline passed before the child closed its end.
bool read_all(const Fd& pipe, TimePoint deadline, std::string& text) {
  char buffer[4096];
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    pollfd readable{.fd = pipe.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&readable, 1, static_cast<int>(std::max<decltype(left)>(left, 0)));
    if (ready == 0) return false;
    if (ready < 0) continue;  // EINTR
    const auto size = ::read(pipe.get(), buffer, sizeof buffer);
    if (size <= 0) return true;
    text.append(buffer, static_cast<std::size_t>(size));
  }
}

}  // namespace

Result<void> rehearse(const std::function<std::string()>& act, milliseconds patience) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(Error::from_errno(errno, "pipe"));
  const Fd out{ends[0]};
  Fd in{ends[1]};
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return fail(Error::from_errno(errno, "fork"));
  if (child == 0) act_in_child(act, parent, in);
  in.reset();
  std::string said;
  const bool in_time = read_all(out, Clock::now() + patience, said);
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) return fail(Error::format("not done within {} ms", patience.count()));
  if (!said.empty()) return fail(Error{said});
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(Error::format("the process that tried it {}", exit_description(status)));
  return {};
}

}  // namespace indrik::process
