#include "supervisor/crash_report.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <string_view>

#include "base/strings.h"
#include "process/exit_status.h"

namespace indrik::supervisor {
namespace {

using process::CrashRecord;

/// A fault so near the stack pointer is an overflow: the page below a stack is never mapped.
constexpr std::uintptr_t kNearStack = 64 * 1024;

template <std::size_t Size>
std::string_view text_in(const char (&text)[Size]) noexcept {
  return {text, ::strnlen(text, Size)};
}

/// si_code in words; see sigaction(2).
std::string_view reason_of(const CrashRecord& crash) noexcept {
  switch (crash.signal) {
    case SIGSEGV:
      if (crash.code == SEGV_MAPERR) return "nothing is mapped there";
      if (crash.code == SEGV_ACCERR) return "what is mapped there forbids it";
      return "no address that there can be";
    case SIGBUS:
      if (crash.code == BUS_ADRALN) return "not aligned";
      return "the file behind it is cut short, or memory is broken";
    case SIGILL:
      return "no instruction of this processor, or a trap";
    case SIGFPE:
      if (crash.code == FPE_INTDIV) return "integer divided by zero";
      return "arithmetic";
    default:
      return "";
  }
}

bool overflowed(const CrashRecord& crash) noexcept {
  if (crash.signal != SIGSEGV || crash.code <= 0 || crash.fault_address == 0) return false;
  const auto low = crash.sp < crash.fault_address ? crash.sp : crash.fault_address;
  const auto high = crash.sp < crash.fault_address ? crash.fault_address : crash.sp;
  return high - low < kNearStack;
}

std::string fault_of(const CrashRecord& crash) {
  const auto where = fmt::format("{} at address {:#x}", process::signal_name(crash.signal), crash.fault_address);
  if (crash.in_fiber_guard) return where + ": stack overflow of a fiber (see fiber_stack_size, or recursion below)";
  if (overflowed(crash)) return where + ": stack overflow of a thread";
  return fmt::format("{}: {}", where, reason_of(crash));
}

std::string cause_of_record(const Loss& loss) {
  const auto& crash = *loss.crash;
  if (crash.cause == CrashRecord::Cause::exit) return "exit(3) was called, which ends the whole worker";
  if (crash.code > 0) return fault_of(crash);
  if (loss.child.state == ChildState::aborting || loss.child.state == ChildState::killing)
    return fmt::format("{} by the master: the worker was stuck", process::signal_name(crash.signal));
  if (crash.sender != 0) return fmt::format("{} from pid {}", process::signal_name(crash.signal), crash.sender);
  if (crash.signal == SIGABRT)
    return "SIGABRT by itself: abort(3), an exception that nobody caught, an assertion, or broken memory";
  return fmt::format("{} by itself", process::signal_name(crash.signal));
}

std::string cause_of(const Loss& loss, Killer killer) {
  switch (killer) {
    case Killer::out_of_memory:
      return "SIGKILL by the kernel: out of memory (oom_kill of the control group has risen)";
    case Killer::master:
      return "SIGKILL by the master: the worker had not ended in time";
    case Killer::outside:
      return "SIGKILL from outside: neither this server nor the control group's out-of-memory killer";
    case Killer::nobody:
      break;
  }
  if (loss.crash) return cause_of_record(loss);
  if (WIFEXITED(loss.wait_status)) return "something called _exit(2), which leaves no trace";
  return fmt::format("{}, without a record", process::signal_name(WTERMSIG(loss.wait_status)));
}

std::string request_of(const Loss& loss) {
  if (!loss.crash) return loss.running.empty() ? "not known" : loss.running;
  const auto& crash = *loss.crash;
  if (crash.method[0] == '\0' && crash.plugin[0] != '\0')
    return fmt::format("none: a callback or task of plugin {}", escaped(text_in(crash.plugin)));
  if (crash.method[0] == '\0') return "none in the thread that ended";
  const auto age = std::chrono::duration<double>(nanoseconds{crash.when_ns - crash.running_since_ns});
  return fmt::format("{} {} (route {}, plugin {}), running for {:.3f} s", escaped(text_in(crash.method)),
                     escaped(text_in(crash.path)), escaped(text_in(crash.route)), escaped(text_in(crash.plugin)),
                     age.count());
}

std::string counted(std::uint32_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

}  // namespace

bool is_odd(const Loss& loss) noexcept {
  if (loss.crash) return true;
  if (WIFEXITED(loss.wait_status)) return !loss.in_order;
  const int signal = WTERMSIG(loss.wait_status);
  return signal != SIGTERM && signal != SIGINT && signal != SIGQUIT;
}

std::vector<std::string> report_lines(const Loss& loss, Killer killer) {
  return {
      fmt::format("cause: {}", cause_of(loss, killer)), fmt::format("request: {}", request_of(loss)),
      fmt::format("in flight: {} on {}", counted(loss.in_flight, "request"), counted(loss.connections, "connection"))};
}

}  // namespace indrik::supervisor
