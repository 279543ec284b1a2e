#include "process/daemon.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

namespace indrik::process {
namespace {

bool write_all(int fd, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written > 0)
      bytes.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      return false;
  }
  return true;
}

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 1024> chunk;
  while (true) {
    const auto size = ::read(fd, chunk.data(), chunk.size());
    if (size > 0)
      text.append(chunk.data(), static_cast<std::size_t>(size));
    else if (size == 0 || errno != EINTR)
      return text;
  }
}

/// The daemon's message is a sentence with the exit code as its last byte; one that dies before leaves none.
int await_release(int fd) {
  auto message = read_to_end(fd);
  if (message.empty()) message = std::string{"the daemon ended before it was ready\n"} + '\1';
  const int code = static_cast<unsigned char>(message.back());
  message.pop_back();
  (void)write_all(STDERR_FILENO, message);  // who has closed it does not want to read it
  return code;
}

Result<void> leave_terminal() {
  const Fd nothing{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  if (!nothing) return fail(Error::from_errno(errno, "open /dev/null"));
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::dup2(nothing.get(), standard) < 0) return fail(Error::from_errno(errno, "redirect to /dev/null"));
  return {};
}

}  // namespace

void Launcher::release(int code, std::string_view sentence) noexcept {
  if (!pipe_) return;
  // The command may have been interrupted; the server serves all the same.
  const char last = static_cast<char>(code);
  if (sentence.empty() || (write_all(pipe_.get(), sentence) && write_all(pipe_.get(), "\n")))
    (void)write_all(pipe_.get(), {&last, 1});
  pipe_.reset();
}

Result<Detached> detach() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(Error::from_errno(errno, "make a pipe"));
  Fd reader{ends[0]};
  Fd writer{ends[1]};
  const pid_t child = ::fork();
  if (child < 0) return fail(Error::from_errno(errno, "fork"));
  if (child > 0) {
    writer.reset();
    ::waitpid(child, nullptr, 0);
    return Detached{.launcher = std::nullopt, .code = await_release(reader.get())};
  }
  reader.reset();
  ::setsid();
  // Not the session's leader: opening a terminal shall never make it ours.
  const pid_t daemon = ::fork();
  if (daemon > 0) ::_exit(0);
  Launcher launcher{std::move(writer)};
  auto left = daemon < 0 ? Result<void>{fail(Error::from_errno(errno, "fork"))} : leave_terminal();
  if (!left) {
    launcher.release(static_cast<int>(ExitCode::run_failed), "indrik: " + left.error().text());
    ::_exit(static_cast<int>(ExitCode::run_failed));
  }
  return Detached{.launcher = std::move(launcher), .code = 0};
}

}  // namespace indrik::process
