#include "fiber/fiber.h"

#include <cxxabi.h>

#include <algorithm>
#include <boost/context/fiber.hpp>
#include <boost/context/preallocated.hpp>
#include <boost/context/stack_context.hpp>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "fiber/owned_locks.h"
#include "fiber/remote_wakes.h"
#include "fiber/sanitizers.h"

namespace indrik::fiber {

constinit thread_local Fiber* t_current = nullptr;

namespace {

namespace context = boost::context;

/// The part of a thread's exception state that belongs to whoever runs: the caught exceptions and the number in flight.
/// Layout: Itanium C++ ABI, exception handling, 2.2.2.
struct ExceptionState {
  void* caught = nullptr;
  unsigned int uncaught = 0;

  /// Puts this state in force; keeps the one that was.
  void exchange() noexcept {
    auto* const globals = reinterpret_cast<std::byte*>(abi::__cxa_get_globals());
    ExceptionState old;
    std::memcpy(&old.caught, globals, sizeof old.caught);
    std::memcpy(&old.uncaught, globals + sizeof old.caught, sizeof old.uncaught);
    std::memcpy(globals, &caught, sizeof caught);
    std::memcpy(globals + sizeof caught, &uncaught, sizeof uncaught);
    *this = old;
  }
};

/// The stack is the pool's: Boost must neither allocate nor free it.
struct BorrowedStack {
  using traits_type = context::stack_traits;
  context::stack_context allocate() { return {}; }
  void deallocate(context::stack_context&) noexcept {}
};

}  // namespace

class Fiber {
 public:
  Fiber(FiberPool& pool, Stack stack);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  void begin(const Task& task) noexcept {
    task_ = task;
    ended_ = false;
    cancelled_ = false;
    locks_held = 0;
    owned_locks.clear();
  }
  /// From the loop's stack into the fiber, until it parks or ends.
  void enter() noexcept;
  /// From the fiber back to the loop's stack.
  void leave() noexcept;
  /// Lets an idle fiber's function return.
  void finish() noexcept;

  bool ended() const noexcept { return ended_; }
  FiberPool& pool() const noexcept { return pool_; }
  const Task& task() const noexcept { return task_; }
  Stack stack() const noexcept { return stack_; }

  /// Parks until it is resumed or the task is cancelled.
  void wait(void (*forget)(void* context) noexcept, void* context) noexcept;
  void cancel() noexcept;
  bool cancelled() const noexcept { return cancelled_; }

  int locks_held = 0;
  OwnedLocks owned_locks;

 private:
  void serve() noexcept;

  FiberPool& pool_;
  Stack stack_;
  Task task_{};
  bool ended_ = true;
  bool finishing_ = false;
  bool cancelled_ = false;
  void (*forget_)(void* context) noexcept = nullptr;  ///< what it waits for; null: cancel() does not end its wait
  void* forget_context_ = nullptr;
  ExceptionState exceptions_;
  SanitizedStack fiber_side_;
  SanitizedStack loop_side_;
  // Never destroyed by the compiler: the destructor of a suspended context would unwind its stack.
  union {
    context::fiber inside_;
  };
  union {
    context::fiber outside_;
  };
};

Fiber::Fiber(FiberPool& pool, Stack stack) : pool_{pool}, stack_{stack} {
  fiber_side_.bottom = stack.bottom;
  fiber_side_.size = stack.size;
  fiber_side_.create();
  new (&outside_) context::fiber{};
  context::stack_context boost_stack;
  boost_stack.sp = stack.top();
  boost_stack.size = stack.size;
  new (&inside_) context::fiber{std::allocator_arg, context::preallocated{stack.top(), stack.size, boost_stack},
                                BorrowedStack{}, [this](context::fiber&& caller) {
                                  outside_ = std::move(caller);
                                  after_switch(fiber_side_, loop_side_);
                                  serve();
                                  before_switch(fiber_side_, loop_side_, /*leaving_for_good=*/true);
                                  return std::move(outside_);
                                }};
}

Fiber::~Fiber() { fiber_side_.destroy(); }

void Fiber::serve() noexcept {
  while (!finishing_) {
    task_.run(task_.context);
    ended_ = true;
    leave();
  }
}

void Fiber::enter() noexcept {
  const int saved_errno = errno;
  exceptions_.exchange();
  t_current = this;
  loop_side_.adopt_current();
  before_switch(loop_side_, fiber_side_);
  inside_ = std::move(inside_).resume();
  after_switch(loop_side_, fiber_side_);
  t_current = nullptr;
  exceptions_.exchange();
  errno = saved_errno;
}

void Fiber::leave() noexcept {
  const int saved_errno = errno;
  before_switch(fiber_side_, loop_side_);
  outside_ = std::move(outside_).resume();
  after_switch(fiber_side_, loop_side_);
  errno = saved_errno;
}

void Fiber::finish() noexcept {
  finishing_ = true;
  enter();
}

FiberPool::FiberPool(std::size_t stack_size, const LoopServices& loop, const Observer& observer)
    : stacks_{stack_size}, loop_{loop}, observer_{observer} {}

FiberPool::~FiberPool() {
  for (Fiber* const fiber : idle_) {
    fiber->finish();
    stacks_.give_back(fiber->stack());
  }
}

RemoteWakes& FiberPool::remote_wakes() {
  if (!remote_wakes_) remote_wakes_ = std::make_unique<RemoteWakes>(loop_.watches);
  return *remote_wakes_;
}

Result<void> FiberPool::start(const Task& task) {
  if (idle_.empty()) {
    auto stack = stacks_.take();
    if (!stack) return fail(std::move(stack).error());
    all_.push_back(std::make_unique<Fiber>(*this, *stack));
    idle_.push_back(all_.back().get());
    idle_.reserve(all_.capacity());  // so that giving a fiber back cannot fail
  }
  Fiber& fiber = *idle_.back();
  idle_.pop_back();
  fiber.begin(task);
  run(fiber);
  return {};
}

void FiberPool::run(Fiber& fiber) noexcept {
  if (observer_.entering) observer_.entering(observer_.observer, fiber.task().context);
  fiber.enter();
  if (observer_.leaving) observer_.leaving(observer_.observer);
  if (!fiber.ended()) return;
  const Task task = fiber.task();
  idle_.push_back(&fiber);
  task.done(task.context);  // may start the next task, in this very fiber
}

const LoopServices& current_loop() noexcept { return current()->pool().loop(); }

[[gnu::noinline]] OwnedLocks& owned_locks() noexcept { return t_current->owned_locks; }

RemoteWakes& remote_wakes() noexcept { return current()->pool().remote_wakes(); }

[[gnu::noinline]] int& locks_held() noexcept { return t_current->locks_held; }

bool in_guard_page(std::uintptr_t address) noexcept {
  if (t_current == nullptr) return false;
  const auto bottom = reinterpret_cast<std::uintptr_t>(t_current->stack().bottom);
  return address < bottom && bottom - address <= kGuardSize;
}

void park() noexcept { current()->leave(); }

void resume(Fiber& fiber) noexcept { fiber.pool().run(fiber); }

void Fiber::wait(void (*forget)(void* context) noexcept, void* context) noexcept {
  forget_ = forget;
  forget_context_ = context;
  leave();
  forget_ = nullptr;
}

void Fiber::cancel() noexcept {
  cancelled_ = true;
  if (!forget_) return;
  forget_(forget_context_);
  resume(*this);
}

void cancel(Fiber& fiber) noexcept { fiber.cancel(); }

bool is_cancelled() noexcept { return current()->cancelled(); }

bool park(void (*forget)(void* context) noexcept, void* context) noexcept {
  Fiber& self = *current();
  if (!self.cancelled()) self.wait(forget, context);
  return !self.cancelled();
}

namespace {

/// A time for one fiber to wait.
struct Alarm {
  explicit Alarm(Fiber& sleeper) noexcept : timers{sleeper.pool().loop().timers}, fiber{sleeper} {}
  static void ring(void* alarm) noexcept { resume(static_cast<Alarm*>(alarm)->fiber); }
  static void forget(void* alarm) noexcept {
    auto& self = *static_cast<Alarm*>(alarm);
    self.timers.cancel(self.room);
  }

  Timers& timers;
  Fiber& fiber;
  TimerRoom room;
};

}  // namespace

bool sleep_for(nanoseconds duration) noexcept {
  Fiber& self = *current();
  Alarm alarm{self};
  const auto time = self.cancelled() ? std::min<nanoseconds>(duration, kCancelledSleep) : duration;
  alarm.timers.start(alarm.room, time, &Alarm::ring, &alarm);
  self.wait(&Alarm::forget, &alarm);
  return !self.cancelled();
}

}  // namespace indrik::fiber
