#include "process/crash_handler.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "base/clock.h"
#include "base/no_park.h"
#include "process/closed_routes.h"
#include "process/modules.h"
#include "process/running_request.h"
#include "process/stack_walk.h"

namespace indrik::process {
namespace {

constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
constexpr std::size_t kStackSize = 128 * 1024;  // the kernel's frame (up to 11 KiB with AMX), ours and the unwinder's
constexpr unsigned kUnwindSeconds = 2;          // that the unwinder may take before the process dies without it

// A signal handler is given no context: these are it. Set once, before the handlers are installed.
constinit CrashRecord* g_record = nullptr;
constinit GuardQuery g_in_fiber_guard = nullptr;
constinit pid_t g_owner = 0;
constinit std::array<struct sigaction, kSignals.size()> g_before{};
constinit std::atomic<pid_t> g_claimed_by{0};  ///< the thread whose end is recorded

// What is written before is there if we die at what comes after. The reader comes when this process is gone.
void reach(CrashRecord::Stage stage) noexcept {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  *const_cast<volatile CrashRecord::Stage*>(&g_record->stage) = stage;
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

template <std::size_t Size>
void put(char (&to)[Size], std::string_view text) noexcept {
  const auto size = std::min(text.size(), Size - 1);
  std::memcpy(to, text.data(), size);
  to[size] = '\0';
}

void put_request(CrashRecord& record) noexcept {
  const auto* const request = marked_running();
  if (request == nullptr) return;
  record.running_since_ns = request->since_ns;
  put(record.plugin, request->plugin);
  if (request->method.empty()) return;  // something that the plugin had started: no route is to blame
  put(record.route, request->route);
  record.route_key = route_key(request->plugin, request->route);
  put(record.path, request->path);
  put(record.method, request->method);
}

void put_signal(CrashRecord& record, const siginfo_t& info, const Registers& registers) noexcept {
  record.cause = CrashRecord::Cause::signal;
  record.signal = info.si_signo;
  record.code = info.si_code;
  record.thread = static_cast<std::int32_t>(::syscall(SYS_gettid));
  record.when_ns = monotonic_ns();
  record.pc = registers.pc;
  record.sp = registers.sp;
  if (info.si_code <= 0) {  // sent, by somebody or by abort(3)
    record.sender = info.si_pid == g_owner ? 0 : info.si_pid;
  } else {
    record.fault_address = reinterpret_cast<std::uintptr_t>(info.si_addr);
    record.in_fiber_guard =
        info.si_signo == SIGSEGV && g_in_fiber_guard != nullptr && g_in_fiber_guard(record.fault_address);
  }
}

/// The master aborts a worker whose loop is stuck: nobody else can answer any more.
void tell_client(const siginfo_t& info) noexcept {
  const auto* const request = marked_running();
  if (info.si_signo != SIGABRT || info.si_code > 0 || info.si_pid != ::getppid() || request == nullptr) return;
  if (request->client < 0) return;
  iovec texts[] = {{const_cast<char*>(request->before.data()), request->before.size()},
                   {const_cast<char*>(request->last_answer.data()), request->last_answer.size()}};
  msghdr message{};
  message.msg_iov = texts;
  message.msg_iovlen = std::size(texts);
  (void)!::sendmsg(request->client, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/// The unwinder knows code without frame pointers, libc above all, but it is no code of ours: by now all else is told.
void unwind(CrashRecord& record, std::uintptr_t pc) noexcept {
  ::alarm(kUnwindSeconds);  // whatever it waits for, we end
  record.unwound_count = static_cast<std::uint32_t>(unwind_frames(pc, record.unwound));
  ::alarm(0);
  reach(CrashRecord::Stage::whole);
}

void put_stack(CrashRecord& record, const Registers& registers) noexcept {
  const auto count = std::min<std::size_t>(record.module_count, CrashRecord::kModules);
  const bool pc_is_code = module_of(registers.pc, {record.modules, count}) != nullptr;
  record.walked_count = static_cast<std::uint32_t>(walk_frames(registers, pc_is_code, record.walked));
  reach(CrashRecord::Stage::walked);
}

/// The disposition that was in force before ours; the default one where there is none of ours.
void restore(int signal) noexcept {
  const auto place = std::find(kSignals.begin(), kSignals.end(), signal) - kSignals.begin();
  ::sigaction(signal, &g_before[static_cast<std::size_t>(place)], nullptr);
}

/// SIGALRM must get through, whatever the thread blocks: it bounds the unwinder.
void let_alarm_end_us() noexcept {
  ::signal(SIGALRM, SIG_DFL);
  sigset_t alarm;
  ::sigemptyset(&alarm);
  ::sigaddset(&alarm, SIGALRM);
  ::pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
}

pid_t own_thread() noexcept { return static_cast<pid_t>(::syscall(SYS_gettid)); }

/// 0: this thread's end is the one to record from now on; otherwise the thread whose end already is.
pid_t claim() noexcept {
  pid_t claimant = 0;
  g_claimed_by.compare_exchange_strong(claimant, own_thread());
  return claimant;
}

void record_signal(const siginfo_t& info, const ucontext_t& context) noexcept {
  const auto registers = registers_in(context);
  put_signal(*g_record, info, registers);
  reach(CrashRecord::Stage::begun);
  put_request(*g_record);
  tell_client(info);
  put_stack(*g_record, registers);
  let_alarm_end_us();
  unwind(*g_record, registers.pc);
}

void on_fatal_signal(int signal, siginfo_t* info, void* context) noexcept {
  const int saved_errno = errno;
  abandon_unwinding();  // the fault was in a look at a stack, and the process need not die of that
  const NoPark no_park;
  if (::getpid() == g_owner) {
    const auto claimant = claim();
    if (claimant != 0 && claimant != own_thread())
      while (true) ::pause();  // another thread of ours is about to end us all
    // Of this thread's own second fault, such as in a destructor after exit(3), the first cause is what counts.
    if (claimant == 0) record_signal(*info, *static_cast<const ucontext_t*>(context));
  }
  restore(signal);
  // A fault happens again as soon as we return; what was sent has to be sent again. It waits until then: it is blocked.
  if (info->si_code <= 0) ::syscall(SYS_tgkill, ::getpid(), own_thread(), signal);
  errno = saved_errno;
}

/// Something called exit(3); a worker that ends in order leaves by _exit(2).
void on_exit() noexcept {
  if (::getpid() != g_owner || claim() != 0) return;
  const NoPark no_park;
  auto& record = *g_record;
  record.cause = CrashRecord::Cause::exit;
  record.thread = own_thread();
  record.when_ns = monotonic_ns();
  reach(CrashRecord::Stage::begun);
  put_request(record);
  ucontext_t here;
  if (::getcontext(&here) == 0) {
    const auto registers = registers_in(here);
    put_stack(record, registers);
    unwind(record, reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)));
  }
}

}  // namespace

Result<void> record_crashes(CrashRecord& record, GuardQuery in_fiber_guard) {
  // The first thread's ends with the process, as the handlers do.
  static const AlternateStack stack;
  if (!stack) return fail(Error{"no memory for a stack for signal handlers"});
  g_record = &record;
  g_in_fiber_guard = in_fiber_guard;
  g_owner = ::getpid();
  g_claimed_by = 0;
  prepare_unwinding();
  record_modules();
  struct sigaction action {};
  action.sa_sigaction = on_fatal_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigfillset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i)
    if (::sigaction(kSignals[i], &action, &g_before[i]) != 0)
      return fail(Error::from_errno(errno, "sigaction of signal {}", kSignals[i]));
  if (std::atexit(on_exit) != 0) return fail(Error{"atexit: no memory"});
  return {};
}

void record_modules() noexcept {
  g_record->module_count = 0;
  g_record->module_count = static_cast<std::uint32_t>(list_modules(g_record->modules));
}

AlternateStack::AlternateStack() noexcept {
  void* const memory =
      ::mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return;
  const stack_t stack{.ss_sp = memory, .ss_flags = 0, .ss_size = kStackSize};
  if (::sigaltstack(&stack, &before_) == 0)
    memory_ = memory;
  else
    ::munmap(memory, kStackSize);
}

AlternateStack::~AlternateStack() {
  if (memory_ == nullptr) return;
  ::sigaltstack(&before_, nullptr);
  ::munmap(memory_, kStackSize);
}

}  // namespace indrik::process
