#include <cxxabi.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <vector>

#include "fiber/address_wait.h"
#include "fiber/blocking_call.h"
#include "fiber/fiber.h"
#include "fiber/hook_families.h"
#include "fiber/once_calls.h"
#include "fiber/real_call.h"
#include "fiber/sanitizers.h"

namespace indrik::fiber {
namespace {

// The guards are those of functions' statics (Itanium C++ ABI, 3.3.3).
constexpr auto kHooked = std::to_array<std::string_view>(
    {"pthread_once", "__cxa_guard_acquire", "__cxa_guard_release", "__cxa_guard_abort"});

constinit RealCall<decltype(::pthread_once)> real_once{"pthread_once"};
constinit RealCall<int(abi::__guard*)> real_acquire{"__cxa_guard_acquire"};
constinit RealCall<void(abi::__guard*)> real_release{"__cxa_guard_release"};
constinit RealCall<void(abi::__guard*)> real_abort{"__cxa_guard_abort"};

constexpr auto kAll = std::numeric_limits<std::size_t>::max();

/// What fibers of this thread are initialising: once controls and guards. libc and libstdc++ would block the thread,
/// and with it the fiber that it waits for. Few, and short-lived.
constinit thread_local std::vector<const void*> t_running;

[[gnu::noinline]] std::vector<const void*>& running() noexcept { return t_running; }

bool runs_here(const void* what) noexcept {
  const auto& all = running();
  return std::find(all.begin(), all.end(), what) != all.end();
}

void begin(const void* what) noexcept { running().push_back(what); }

void end(const void* what) noexcept {
  auto& all = running();
  if (const auto place = std::find(all.begin(), all.end(), what); place != all.end()) all.erase(place);
}

void tell(const void* what) noexcept {
  if (anyone_waits()) wake_waiters(what, kAll);
}

/// The state as glibc keeps it: 1, begun; 2, done (nptl/pthread_once.c). ThreadSanitizer's pthread_once has its own.
#ifdef INDRIK_TSAN
bool is_done(const pthread_once_t&) noexcept { return false; }
bool is_begun(const pthread_once_t&) noexcept { return false; }
#else
bool is_done(const pthread_once_t& control) noexcept { return (__atomic_load_n(&control, __ATOMIC_ACQUIRE) & 2) != 0; }
bool is_begun(const pthread_once_t& control) noexcept { return (__atomic_load_n(&control, __ATOMIC_ACQUIRE) & 3) == 1; }
#endif

/// What std::call_once() hands to its pthread_once() beside the arguments; fibers that ran meanwhile have used it too.
class CallableKept {
 public:
  CallableKept() noexcept : callable_{std::__once_callable}, call_{std::__once_call} {}
  ~CallableKept() {
    std::__once_callable = callable_;
    std::__once_call = call_;
  }
  CallableKept(const CallableKept&) = delete;
  CallableKept& operator=(const CallableKept&) = delete;

 private:
  void* callable_;
  void (*call_)();
};

class Running {
 public:
  explicit Running(const void* what) noexcept : what_{what} { begin(what); }
  ~Running() {  // also when what was to be done has thrown
    end(what_);
    tell(what_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  const void* what_;
};

/// Until nobody is at it, be it a fiber or a thread. Not ended by cancelling: it cannot fail.
void await_others(const pthread_once_t& control) noexcept {
  const CallableKept kept;
  Backoff backoff{milliseconds{4}};
  while (true) {
    AddressWait wait{&control};
    const bool here = runs_here(&control);
    if (!here && !is_begun(control)) return;
    wait.wait(here ? kAsLongAsItTakes : backoff.next());
  }
}

void await_guard(const void* guard) noexcept {
  while (runs_here(guard)) AddressWait{guard}.wait(kAsLongAsItTakes);
}

}  // namespace

int run_once(pthread_once_t* control, void (*routine)()) {
  if (!may_park()) {
    const int result = real_once(control, routine);
    tell(control);
    return result;
  }
  if (is_done(*control)) return 0;
  if (runs_here(control) || is_begun(*control)) await_others(*control);
  if (is_done(*control)) return 0;
  const Running mark{control};
  return real_once(control, routine);
}

SymbolNames once_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" int pthread_once(pthread_once_t* control, void (*routine)()) {
  return indrik::fiber::run_once(control, routine);
}

namespace __cxxabiv1 {

using namespace indrik::fiber;

extern "C" int __cxa_guard_acquire(__guard* guard) {
  if (current() == nullptr) return real_acquire(guard);
  await_guard(guard);
  const int ours = real_acquire(guard);
  if (ours != 0) begin(guard);
  return ours;
}

extern "C" void __cxa_guard_release(__guard* guard) noexcept {
  real_release(guard);
  if (current() != nullptr) end(guard);
  tell(guard);
}

extern "C" void __cxa_guard_abort(__guard* guard) noexcept {
  real_abort(guard);
  if (current() != nullptr) end(guard);
  tell(guard);
}

}  // namespace __cxxabiv1
