#include "process/signal_queue.h"

#include <cerrno>

namespace indrik::process {

Result<SignalQueue> SignalQueue::open(std::span<const int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  // Blocked first: a signal between the two calls waits instead of taking its default action.
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0)
    return fail(Error::from_errno(error, "block signals"));
  Fd fd{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!fd) return fail(Error::from_errno(errno, "make a signalfd"));
  return SignalQueue{std::move(fd)};
}

std::optional<signalfd_siginfo> SignalQueue::next() noexcept {
  signalfd_siginfo info;
  // One at a time: what is not read stays pending in the kernel and goes on merging.
  while (true) {
    if (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) return info;
    if (errno != EINTR) return std::nullopt;
  }
}

void restore_default_signals_in_child() noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  // SIGKILL, SIGSTOP and the two that glibc keeps for itself answer EINVAL.
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &action, nullptr);
  ignore_write_signals();
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

void ignore_write_signals() noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, nullptr);
  ::sigaction(SIGXFSZ, &action, nullptr);
}

void block_signals(std::initializer_list<int> signals) noexcept {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace indrik::process
