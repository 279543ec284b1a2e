#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/fd.h"
#include "fiber/blocking_call.h"
#include "fiber/fiber.h"
#include "fiber/hook_families.h"
#include "fiber/offload.h"
#include "fiber/parking.h"
#include "fiber/real_call.h"
#include "fiber/wait.h"

namespace indrik::fiber {
namespace {

// system(3) and pclose(3) wait inside libc.
constexpr auto kHooked =
    std::to_array<std::string_view>({"waitpid", "__waitpid", "wait", "wait3", "wait4", "waitid", "system", "pclose"});

constinit RealCall<decltype(::wait4)> real_wait4{"wait4"};
constinit RealCall<pid_t(pid_t, int*, int)> real_waitpid{"waitpid"};
constinit RealCall<int(idtype_t, id_t, siginfo_t*, int)> real_waitid{"waitid"};
constinit RealCall<decltype(::system)> real_system{"system"};
constinit RealCall<decltype(::pclose)> real_pclose{"pclose"};

Fd open_process(pid_t process) noexcept {
  // Not pidfd_open(3): glibc 2.36 declares it without C linkage.
  return Fd{static_cast<int>(::syscall(SYS_pidfd_open, process, 0))};
}

/// Attempts with WNOHANG until one is not `nothing_yet`. `process` is a descriptor that is readable when the one child
/// that is waited for has ended, if it is one; else children are asked for, ever more rarely: a worker has one SIGCHLD
/// for all of them, and it is not a fiber's to take.
template <class Attempt, class Result>
Result wait_for_child(int process, Result nothing_yet, Attempt attempt) noexcept {
  const int saved_errno = errno;
  Backoff backoff{milliseconds{16}};
  bool watch = process >= 0;
  while (true) {
    const Result result = attempt();
    if (result != nothing_yet) {
      if (result >= 0) errno = saved_errno;
      return result;
    }
    const bool cancelled = watch ? wait_for(process, POLLIN, kForever) == Outcome::cancelled
                                 : Parking{}.wait(backoff.next()) == WaitEnd::cancelled;
    watch = false;  // it has ended, and yet may not be ours to take (ptrace(2))
    if (cancelled) {
      errno = ECANCELED;
      return Result{-1};
    }
  }
}

/// Whether only the end of a child is waited for, which is all that its descriptor tells.
bool for_the_end(int options) noexcept { return (options & (WUNTRACED | WCONTINUED)) == 0; }

pid_t await_process(pid_t process, int* status, int options, rusage* usage) noexcept {
  if ((options & WNOHANG) != 0 || !may_park()) return real_wait4(process, status, options, usage);
  if (const pid_t ended = real_wait4(process, status, options | WNOHANG, usage); ended != 0) return ended;
  const Fd descriptor = process > 0 && for_the_end(options) ? open_process(process) : Fd{};
  return wait_for_child(descriptor.get(), pid_t{0},
                        [=] { return real_wait4(process, status, options | WNOHANG, usage); });
}

int await_any_process(idtype_t type, id_t id, siginfo_t* info, int options) noexcept {
  siginfo_t unwanted{};
  siginfo_t* const told = info != nullptr ? info : &unwanted;
  constexpr int kNothingYet = 1;
  const auto attempt = [=] {
    told->si_pid = 0;
    const int result = real_waitid(type, id, told, options | WNOHANG);
    return result == 0 && told->si_pid == 0 ? kNothingYet : result;
  };
  if (const int result = attempt(); result != kNothingYet) return result;
  const bool end_of_one = (options & (WSTOPPED | WCONTINUED)) == 0;
  if (type == P_PIDFD && end_of_one) return wait_for_child(static_cast<int>(id), kNothingYet, attempt);
  const Fd descriptor = type == P_PID && end_of_one ? open_process(static_cast<pid_t>(id)) : Fd{};
  return wait_for_child(descriptor.get(), kNothingYet, attempt);
}

struct Command {
  std::string line;
  int result = -1;
  void run() noexcept { result = real_system(line.c_str()); }
};

struct EndOfPipe {
  FILE* stream = nullptr;
  int result = -1;
  void run() noexcept { result = real_pclose(stream); }
};

template <class Work>
int result_of(std::unique_ptr<Work> work) noexcept {
  if (run_until_cancelled(work)) return work->result;
  errno = ECANCELED;
  return -1;
}

}  // namespace

SymbolNames process_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

pid_t waitpid(pid_t process, int* status, int options) {
  if (!may_park()) return real_waitpid(process, status, options);
  return await_process(process, status, options, nullptr);
}

// NOLINTNEXTLINE(bugprone-reserved-identifier): the name is libc's
pid_t __waitpid(pid_t process, int* status, int options) { return waitpid(process, status, options); }

pid_t wait(int* status) { return waitpid(-1, status, 0); }

pid_t wait3(int* status, int options, rusage* usage) noexcept { return await_process(-1, status, options, usage); }

pid_t wait4(pid_t process, int* status, int options, rusage* usage) noexcept {
  return await_process(process, status, options, usage);
}

int waitid(idtype_t type, id_t id, siginfo_t* info, int options) {
  if (!may_park() || (options & WNOHANG) != 0) return real_waitid(type, id, info, options);
  return await_any_process(type, id, info, options);
}

int system(const char* command) {
  if (!may_park() || command == nullptr) return real_system(command);
  auto work = std::make_unique<Command>();
  work->line = command;
  return result_of(std::move(work));
}

int pclose(FILE* stream) {
  if (!may_park()) return real_pclose(stream);
  auto work = std::make_unique<EndOfPipe>();
  work->stream = stream;
  return result_of(std::move(work));
}

}  // extern "C"
