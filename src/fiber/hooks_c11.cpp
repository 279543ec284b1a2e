#include <pthread.h>
#include <threads.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "fiber/blocking_call.h"
#include "fiber/condition_calls.h"
#include "fiber/fiber.h"
#include "fiber/hook_families.h"
#include "fiber/mutex_calls.h"
#include "fiber/once_calls.h"
#include "fiber/parking.h"
#include "fiber/real_call.h"
#include "fiber/sanitizers.h"
#include "fiber/thread_calls.h"

namespace indrik::fiber {
namespace {

// C11's threads are pthreads by other names, but inside libc, where no hook reaches.
constexpr auto kHooked = std::to_array<std::string_view>({"mtx_lock", "mtx_trylock", "mtx_timedlock", "mtx_unlock",
                                                          "cnd_wait", "cnd_timedwait", "cnd_signal", "cnd_broadcast",
                                                          "call_once", "thrd_join", "thrd_yield"});

constinit RealCall<decltype(::mtx_lock)> real_mtx_lock{"mtx_lock"};
constinit RealCall<decltype(::mtx_trylock)> real_mtx_trylock{"mtx_trylock"};
constinit RealCall<decltype(::mtx_timedlock)> real_mtx_timedlock{"mtx_timedlock"};
constinit RealCall<decltype(::mtx_unlock)> real_mtx_unlock{"mtx_unlock"};
constinit RealCall<decltype(::cnd_wait)> real_cnd_wait{"cnd_wait"};
constinit RealCall<decltype(::cnd_timedwait)> real_cnd_timedwait{"cnd_timedwait"};
constinit RealCall<decltype(::thrd_join)> real_thrd_join{"thrd_join"};
constinit RealCall<decltype(::thrd_yield)> real_thrd_yield{"thrd_yield"};

int to_c11(int error) noexcept {
  switch (error) {
    case 0:
      return thrd_success;
    case EBUSY:
      return thrd_busy;
    case ETIMEDOUT:
      return thrd_timedout;
    case ENOMEM:
      return thrd_nomem;
    default:
      return thrd_error;
  }
}

// glibc casts likewise (sysdeps/pthread/thrd_priv.h).
static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) && sizeof(cnd_t) == sizeof(pthread_cond_t));
static_assert(sizeof(once_flag) == sizeof(pthread_once_t));
pthread_mutex_t* posix(mtx_t* mutex) noexcept { return reinterpret_cast<pthread_mutex_t*>(mutex); }
pthread_cond_t* posix(cnd_t* condition) noexcept { return reinterpret_cast<pthread_cond_t*>(condition); }

}  // namespace

SymbolNames c11_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

int mtx_lock(mtx_t* mutex) {
  if (!current()) return real_mtx_lock(mutex);
  return to_c11(lock_mutex(posix(mutex)));
}

int mtx_trylock(mtx_t* mutex) {
  if (!current()) return real_mtx_trylock(mutex);
  return to_c11(try_lock_mutex(posix(mutex)));
}

int mtx_timedlock(mtx_t* mutex, const timespec* until) {
  if (!current()) return real_mtx_timedlock(mutex, until);
  return to_c11(lock_mutex_until(posix(mutex), CLOCK_REALTIME, *until));
}

int mtx_unlock(mtx_t* mutex) {
  if (!current()) return real_mtx_unlock(mutex);
  return to_c11(unlock_mutex(posix(mutex)));
}

int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  if (!may_park()) return real_cnd_wait(condition, mutex);
  return to_c11(wait_for_condition(posix(condition), posix(mutex), {}));
}

int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  if (!may_park() || !is_valid_time(*until)) return real_cnd_timedwait(condition, mutex, until);
  return to_c11(wait_for_condition(posix(condition), posix(mutex), {clock_of(posix(condition)), until}));
}

int cnd_signal(cnd_t* condition) { return to_c11(signal_condition(posix(condition))); }

int cnd_broadcast(cnd_t* condition) { return to_c11(broadcast_condition(posix(condition))); }

void call_once(once_flag* flag, void (*routine)()) { run_once(reinterpret_cast<pthread_once_t*>(flag), routine); }

int thrd_join(thrd_t thread, int* result) {
#ifdef INDRIK_TSAN  // which knows no thread that C11's function made
  return real_thrd_join(thread, result);
#endif
  if (!may_park()) return real_thrd_join(thread, result);
  void* returned = nullptr;
  const int error = join_thread(thread, &returned, {});
  if (error == 0 && result != nullptr) *result = static_cast<int>(reinterpret_cast<std::intptr_t>(returned));
  return to_c11(error);
}

void thrd_yield() {
  if (!may_park()) return real_thrd_yield();
  yield_turn();
}

}  // extern "C"
