#include "process/stall_probe.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "process/running_request.h"
#include "process/stack_walk.h"

namespace indrik::process {
namespace {

enum Stage : std::uint32_t { idle, wanted, answering, answered, refused };

// A signal handler is given no context: these are it. Written before the stage becomes `wanted`.
constinit std::atomic<std::uint32_t> g_stage{idle};
constinit const Pulse* g_pulse = nullptr;
constinit std::uint32_t g_turn = 0;
constinit StallRecord* g_record = nullptr;

template <std::size_t Size>
void put(char (&to)[Size], std::string_view text) noexcept {
  const auto size = std::min(text.size(), Size - 1);
  std::memcpy(to, text.data(), size);
  to[size] = '\0';
}

void put_request(StallRecord& record) noexcept {
  record.thread = static_cast<std::int32_t>(::syscall(SYS_gettid));
  record.method[0] = record.path[0] = record.route[0] = record.plugin[0] = '\0';
  const auto* const request = marked_running();
  if (request == nullptr) return;
  put(record.method, request->method);
  put(record.path, request->path);
  put(record.route, request->route);
  put(record.plugin, request->plugin);
}

/// The unwinder's tables know code without frame pointers; where it meets a broken stack we have the others.
void put_frames(StallRecord& record, const Registers& registers, std::uintptr_t unwind_from) noexcept {
  record.frame_count = static_cast<std::uint32_t>(unwind_frames_guarded(unwind_from, record.frames));
  if (record.frame_count <= 1)
    record.frame_count = static_cast<std::uint32_t>(walk_frames(registers, true, record.frames));
}

void say(Stage stage) noexcept {
  g_stage.store(stage, std::memory_order_release);
  ::syscall(SYS_futex, &g_stage, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

void on_probe(int, siginfo_t*, void* context) noexcept {
  std::uint32_t expected = wanted;
  if (!g_stage.compare_exchange_strong(expected, answering, std::memory_order_acquire)) return;  // it came too late
  const int saved_errno = errno;
  if (g_pulse->turn() == g_turn) {
    const auto registers = registers_in(*static_cast<const ucontext_t*>(context));
    put_request(*g_record);
    put_frames(*g_record, registers, registers.pc);
    say(answered);
  } else {
    say(refused);
  }
  errno = saved_errno;
}

/// Waits while the stage is `stage`, until `deadline_ns`.
void await_change(std::uint32_t stage, std::int64_t deadline_ns) noexcept {
  while (g_stage.load(std::memory_order_acquire) == stage) {
    const auto left = deadline_ns - monotonic_ns();
    if (left <= 0) return;
    const timespec time{.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
    ::syscall(SYS_futex, &g_stage, FUTEX_WAIT_PRIVATE, stage, &time, nullptr, 0);
  }
}

}  // namespace

int probe_signal() noexcept { return SIGRTMAX - 2; }

Result<void> install_probe() noexcept {
  struct sigaction action {};
  action.sa_sigaction = on_probe;
  // On the alternate stack: a fiber's may have no room left.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  ::sigfillset(&action.sa_mask);
  for (const int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) ::sigdelset(&action.sa_mask, fault);
  if (::sigaction(probe_signal(), &action, nullptr) != 0)
    return fail(Error::from_errno(errno, "sigaction of signal {}", probe_signal()));
  return {};
}

bool probe(pid_t thread, const Pulse& pulse, std::uint32_t turn, std::int64_t patience_ns,
           StallRecord& record) noexcept {
  g_pulse = &pulse;
  g_turn = turn;
  g_record = &record;
  g_stage.store(wanted, std::memory_order_release);
  if (::syscall(SYS_tgkill, ::getpid(), thread, probe_signal()) == 0)
    await_change(wanted, monotonic_ns() + patience_ns);
  std::uint32_t expected = wanted;
  if (g_stage.compare_exchange_strong(expected, idle)) return false;  // blocked, or in a call that cannot be broken
  await_change(answering, monotonic_ns() + nanoseconds{std::chrono::hours{1}}.count());  // it writes: it must end
  return g_stage.exchange(idle, std::memory_order_acquire) == answered;
}

void probe_here(StallRecord& record) noexcept {
  put_request(record);
  ucontext_t here;
  record.frame_count = 0;
  if (::getcontext(&here) != 0) return;
  put_frames(record, registers_in(here), reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)));
}

}  // namespace indrik::process
