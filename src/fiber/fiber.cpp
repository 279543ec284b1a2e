#include "fiber/fiber.h"

#include <cxxabi.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <boost/context/fiber.hpp>
#include <boost/context/preallocated.hpp>
#include <boost/context/stack_context.hpp>
#include <boost/version.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include "fiber/fiber_list.h"
#include "fiber/owned_locks.h"
#include "fiber/remote_wakes.h"
#include "fiber/sanitizers.h"
#include "fiber/stack_meter.h"

namespace indrik::fiber {

constinit thread_local Fiber* t_current = nullptr;

namespace {

namespace context = boost::context;

/// The part of a thread's exception state that belongs to whoever runs: the caught exceptions and the number in flight.
/// Layout: Itanium C++ ABI, exception handling, 2.2.2.
struct ExceptionState {
  void* caught = nullptr;
  unsigned int uncaught = 0;

  /// Boost.Context from 1.88 on does this at each switch by itself; done twice, the loop would go on with what was in
  /// flight in the fiber when it was entered.
  static constexpr bool kOurs = BOOST_VERSION < 108800;

  /// Puts this state in force; keeps the one that was.
  void exchange() noexcept {
    if constexpr (!kOurs) return;
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
    listed_.about = task.about;
  }
  /// From the loop's stack into the fiber, until it parks or ends.
  void enter() noexcept;
  /// From the fiber back to the loop's stack.
  void leave() noexcept;
  /// Lets an idle fiber's function return.
  void finish() noexcept;

  void show(const void* about) noexcept { listed_.about = about; }
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
  std::size_t place = 0;        ///< in FiberPool::all_
  std::size_t kept_beyond = 0;  ///< bytes that its stack may keep beyond what each keeps
  StackMeter meter;

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
  ListedFiber listed_;
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
  meter.begin(stack);
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
  listed_.bottom = stack.bottom;
  listed_.top = stack.top();
  static_assert(sizeof inside_ == sizeof(void*), "a debugger takes it for the saved stack pointer");
  listed_.saved = reinterpret_cast<const void* const*>(&inside_);
}

Fiber::~Fiber() { fiber_side_.destroy(); }

void Fiber::serve() noexcept {
  while (!finishing_) {
    task_.run(task_.context);
    if (t_current == nullptr) ::_exit(EXIT_FAILURE);  // a child of a fork(2): the loop is the parent's
    ended_ = true;
    listed_.about = nullptr;
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
  meter.note_here();
  if (locks_held > 0 && !ended_) [[unlikely]]
    if (const auto& observer = pool_.observer(); observer.parking_with_locks)
      observer.parking_with_locks(observer.observer, locks_held);
  before_switch(fiber_side_, loop_side_);
  outside_ = std::move(outside_).resume();
  after_switch(fiber_side_, loop_side_);
  errno = saved_errno;
}

void Fiber::finish() noexcept {
  finishing_ = true;
  enter();
}

namespace {

/// The child of a fork(2) has one thread, and neither the loop nor the other fibers, though it has their memory: from
/// there on every call is libc's.
void leave_fibers() noexcept {
  t_current = nullptr;
  detail::address_waits = 0;
}

void leave_fibers_in_children() {
  static const int result = ::pthread_atfork(nullptr, nullptr, leave_fibers);
  if (result != 0) throw std::system_error{result, std::generic_category(), "pthread_atfork"};
}

}  // namespace

FiberPool::FiberPool(std::size_t stack_size, const LoopServices& loop, const Observer& observer, std::size_t most)
    : stacks_{stack_size, most}, loop_{loop}, observer_{observer} {
  leave_fibers_in_children();
}

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
  if (idle_.empty())
    if (auto added = add_fiber(); !added) return added;
  Fiber& fiber = *idle_.back();
  idle_.pop_back();
  trimmed_ = std::min(trimmed_, idle_.size());
  most_active_ = std::max(most_active_, active());
  fiber.begin(task);
  run(fiber);
  return {};
}

Result<void> FiberPool::add_fiber() {
  auto stack = stacks_.take();
  if (!stack) return fail(std::move(stack).error());
  try {
    if (all_.size() == all_.capacity()) all_.reserve(2 * all_.size() + 8);
    idle_.reserve(all_.capacity());  // so that giving a fiber back cannot fail
    auto fiber = std::make_unique<Fiber>(*this, *stack);
    fiber->place = all_.size();
    idle_.push_back(fiber.get());
    all_.push_back(std::move(fiber));
  } catch (const std::bad_alloc&) {
    stacks_.give_back(*stack);
    return fail(Error::from_errno(ENOMEM, "make a fiber"));
  }
  return {};
}

void FiberPool::run(Fiber& fiber) noexcept {
  if (observer_.entering) observer_.entering(observer_.observer, fiber.task().context);
  fiber.enter();
  if (observer_.leaving) observer_.leaving(observer_.observer);
  if (!fiber.ended()) return;
  const Task task = fiber.task();
  end_task(fiber);
  task.done(task.context);  // may start the next task, in this very fiber
}

void FiberPool::end_task(Fiber& fiber) noexcept {
  idle_.push_back(&fiber);
  auto& meter = fiber.meter;
  if (!meter.end_task(fiber.stack())) return;
  deepest_stack_ = std::max(deepest_stack_, meter.depth());
  kept_beyond_ -= std::exchange(fiber.kept_beyond, 0);
  if (meter.is_regular() || !make_room(meter.beyond())) return meter.trim(fiber.stack());
  // It may be as deep again, and is spared the page faults.
  meter.keep(fiber.stack());
  fiber.kept_beyond = meter.beyond();
  kept_beyond_ += fiber.kept_beyond;
  trimmed_ = std::min(trimmed_, idle_.size() - 1);
}

/// Idle fibers keep little for those that are used next: the longest idle stands first.
bool FiberPool::make_room(std::size_t bytes) noexcept {
  for (; kept_beyond_ + bytes > kKeptBeyond && trimmed_ < idle_.size(); ++trimmed_) {
    Fiber& fiber = *idle_[trimmed_];
    if (fiber.kept_beyond == 0) continue;
    kept_beyond_ -= std::exchange(fiber.kept_beyond, 0);
    fiber.meter.trim(fiber.stack());
  }
  return kept_beyond_ + bytes <= kKeptBeyond;
}

void FiberPool::shrink() noexcept {
  const auto needed = std::max(most_active_, std::exchange(most_active_before_, most_active_)) + kSpare;
  most_active_ = active();
  const auto surplus = all_.size() - std::min(all_.size(), needed);
  const auto count = std::min({surplus, idle_.size(), kAtOnce});
  for (std::size_t i = 0; i < count; ++i) remove(*idle_[i]);
  idle_.erase(idle_.begin(), idle_.begin() + static_cast<std::ptrdiff_t>(count));
  trimmed_ -= std::min(trimmed_, count);
}

void FiberPool::remove(Fiber& fiber) noexcept {
  deepest_stack_ = std::max(deepest_stack_, resident_depth(fiber.stack()));
  kept_beyond_ -= fiber.kept_beyond;
  fiber.finish();
  stacks_.give_back(fiber.stack());
  all_.back()->place = fiber.place;
  std::swap(all_[fiber.place], all_.back());
  all_.pop_back();
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

void show(const void* about) noexcept { current()->show(about); }

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
