#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/loop_services.h"
#include "base/result.h"
#include "fiber/stack_pool.h"

namespace indrik::fiber {

class Fiber;
class RemoteWakes;

/// What one fiber is to do. Both are called once: run in the fiber, done on the loop's stack when run has returned.
struct Task {
  void (*run)(void* context) noexcept;
  void (*done)(void* context) noexcept;
  void* context;
  const void* about = nullptr;  ///< what a debugger shows of it: a process::RunningRequest; null: nothing
};

/// Hears of every stretch of time that a task has the thread: from its start or resumption until it parks or ends.
/// `task` is its Task::context. Each may be null.
struct Observer {
  void (*entering)(void* observer, void* task) noexcept = nullptr;
  void (*leaving)(void* observer) noexcept = nullptr;
  /// It is about to park while it holds `locks` locks; on its stack.
  void (*parking_with_locks)(void* observer, int locks) noexcept = nullptr;
  void* observer = nullptr;
};

/// All fibers of one loop thread: N fibers on one thread, never migrating. A fiber runs until its task ends or parks;
/// then the one who started or resumed it goes on. Fibers are kept and used again, as many as were lately needed at
/// once; an idle one keeps little memory, but for some that may be used as deeply again at once. Loop thread only.
class FiberPool {
 public:
  /// `loop` wakes parked fibers; its services outlive the pool. No more than `most` fibers at once.
  FiberPool(std::size_t stack_size, const LoopServices& loop, const Observer& observer = {},
            std::size_t most = room_for_stacks());
  /// Idle fibers are finished. Parked ones are left as they are, with their stacks: unwinding them would have to cross
  /// frames that are not ours. Only at the end of a process should there be any.
  ~FiberPool();
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  /// Runs the task in a fiber, until it parks or ends. Not from inside a fiber. Fails, without having called anything,
  /// when there is no memory for a stack, or none may be had: see StackPool::take().
  Result<void> start(const Task& task);

  /// Fibers whose task has not ended, the parked ones included.
  std::size_t active() const noexcept { return all_.size() - idle_.size(); }
  /// Fibers with a stack, idle ones included.
  std::size_t size() const noexcept { return all_.size(); }
  /// That there may be at once.
  std::size_t most() const noexcept { return stacks_.most(); }
  std::size_t stack_size() const noexcept { return stacks_.stack_size(); }
  /// Bytes of a stack that were ever found in use; not every task is looked at, but no fiber's first.
  std::size_t deepest_stack() const noexcept { return deepest_stack_; }
  /// To be called once in a while, off any fiber: ends fibers that nobody has needed since the last call but one.
  void shrink() noexcept;
  const LoopServices& loop() const noexcept { return loop_; }
  /// How other threads wake its fibers; made when first asked for.
  RemoteWakes& remote_wakes();
  const Observer& observer() const noexcept { return observer_; }

  /// Bytes that all stacks together may keep in memory beyond what each keeps, where they were used so deeply.
  static constexpr std::size_t kKeptBeyond = 4 * 1024 * 1024;
  /// Idle fibers beyond those that were lately needed.
  static constexpr std::size_t kSpare = 64;
  /// Of those beyond, so many at most go in one shrink(), which holds the loop for as long.
  static constexpr std::size_t kAtOnce = 256;

 private:
  friend void resume(Fiber& fiber) noexcept;
  void run(Fiber& fiber) noexcept;
  Result<void> add_fiber();
  void end_task(Fiber& fiber) noexcept;
  bool make_room(std::size_t bytes) noexcept;
  void remove(Fiber& fiber) noexcept;

  StackPool stacks_;
  const LoopServices loop_;
  Observer observer_;
  std::vector<std::unique_ptr<Fiber>> all_;
  std::vector<Fiber*> idle_;
  std::unique_ptr<RemoteWakes> remote_wakes_;
  std::size_t kept_beyond_ = 0;  ///< the sum of Fiber::kept_beyond
  std::size_t trimmed_ = 0;      ///< so many of idle_, the first, keep nothing beyond
  std::size_t deepest_stack_ = 0;
  std::size_t most_active_ = 0;         ///< since the last shrink()
  std::size_t most_active_before_ = 0;  ///< between that and the one before
};

/// current()'s; set by the switch alone. The model spares hooked system calls off a fiber a call for its address.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local Fiber* t_current;

/// The fiber that calls this; null outside of any (the loop, other threads). One load: that the compiler may keep the
/// address of a thread's variable across a switch does no harm where fibers never leave their thread.
inline Fiber* current() noexcept { return t_current; }

/// What the loop of the current fiber does for it. Only inside a fiber.
const LoopServices& current_loop() noexcept;

/// How many locks (mutexes, and rwlocks for writing) the current fiber holds, as the hooks count them. Only inside a
/// fiber.
int& locks_held() noexcept;

/// Whether the address is in the page that faults below the current fiber's stack: its stack has overflowed.
/// Async-signal-safe.
bool in_guard_page(std::uintptr_t address) noexcept;

/// What a debugger shows of the current fiber until its task ends, as Task::about; it lives for as long. Only inside a
/// fiber.
void show(const void* about) noexcept;

/// Suspends the current fiber until resume(). Its errno and exceptions in flight are its own and are there again after.
void park() noexcept;

/// The same, for what may take long: cancel() ends it too, and calls forget(context) first, so that whatever would have
/// called resume() does not any more. True: resumed. False: cancelled, now or before; then it did not park.
bool park(void (*forget)(void* context) noexcept, void* context) noexcept;

/// Whether cancel() was called for the current fiber's task.
bool is_cancelled() noexcept;

/// Goes on with a parked fiber until it parks again or ends. On the loop's stack, never from inside a fiber.
void resume(Fiber& fiber) noexcept;

/// Tells the fiber's task that nobody waits for it any more: the wait it is in ends at once, those to come are short.
/// It still has to end by itself. On the loop's stack, while the task is active.
void cancel(Fiber& fiber) noexcept;

/// Parks the current fiber for `duration`; the loop serves others meanwhile. Only inside a fiber.
/// False: its task is cancelled. Then it has slept for no longer than kCancelledSleep; that it sleeps at all keeps a
/// task that waits in a loop, and looks at no error, from taking the thread for itself.
bool sleep_for(nanoseconds duration) noexcept;
inline constexpr milliseconds kCancelledSleep{10};

}  // namespace indrik::fiber
