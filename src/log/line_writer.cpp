#include "log/line_writer.h"

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>

#include "base/no_park.h"

namespace indrik::log {
namespace {

bool is_regular_file(int fd) noexcept {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

/// True also where write(2) will fail: it says why.
bool await_writable(int fd, TimePoint deadline) noexcept {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    pollfd writable{.fd = fd, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&writable, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

}  // namespace

void LineWriter::replace(Fd fd) noexcept {
  fd_ = std::move(fd);
  torn_ = false;
  // A writable pipe takes PIPE_BUF bytes at least (pipe(7)), so a longer line goes there in pieces; a file takes all.
  // Where several processes share a pipe one may fill it between our poll(2) and write(2), and then we wait: O_NONBLOCK
  // is no way out, for on stderr it would be everybody's.
  piece_ = is_regular_file(fd_.get()) ? std::numeric_limits<std::size_t>::max() : PIPE_BUF;
}

std::size_t LineWriter::lost() const noexcept { return lost_ > 0 && loser_ == ::getpid() ? lost_ : 0; }

bool LineWriter::write(std::string_view text) noexcept {
  const NoPark no_park;  // a fiber may write a line, with the log's mutex held
  const auto lost_before = lost();
  const auto deadline = Clock::now() + (lost_before > 0 ? milliseconds{0} : kPatience);
  // What follows half a line begins on a line of its own.
  if (torn_ ? write_until(deadline, "\n" + std::string{text}) : write_until(deadline, text)) {
    lost_ = 0;
    return true;
  }
  loser_ = ::getpid();
  lost_ = lost_before + 1;
  return false;
}

bool LineWriter::write_until(TimePoint deadline, std::string_view text) noexcept {
  while (!text.empty()) {
    if (!await_writable(fd_.get(), deadline)) return false;
    const auto written = ::write(fd_.get(), text.data(), std::min(text.size(), piece_));
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
      torn_ = !text.empty();
    } else if (errno != EINTR && (errno != EAGAIN || Clock::now() >= deadline)) {
      return false;
    }
  }
  return true;
}

}  // namespace indrik::log
