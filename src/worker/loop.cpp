#include "worker/loop.h"

#include <link.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>

#include "base/error.h"
#include "fiber/epoll_wait.h"
#include "fiber/real_call.h"

namespace indrik::worker {
namespace {

constinit fiber::RealCall<int(int, int, int, epoll_event*)> real_epoll_ctl{"epoll_ctl"};
constinit fiber::RealCall<int(int, epoll_event*, int, int)> real_epoll_wait{"epoll_wait"};

/// Whose libev is about to call epoll_wait.
constinit thread_local Loop* waiting_loop = nullptr;

/// epoll_wait(2), of libev or of anybody else.
int wait_for_events(int set, epoll_event* events, int room, int timeout_ms) noexcept {
  auto* const loop = waiting_loop;
  if (loop != nullptr) return loop->wait(set, events, room, timeout_ms);
  return real_epoll_wait(set, events, room, timeout_ms);
}

struct Place {
  std::uintptr_t address;
  bool is_libevs = false;
};

/// For dl_iterate_phdr(3): 1, the end of the search, where the module has both the place and libev.
int look_for_libev(dl_phdr_info* module, std::size_t, void* place) noexcept {
  auto& sought = *static_cast<Place*>(place);
  const auto libev = reinterpret_cast<std::uintptr_t>(&ev_run);
  for (std::size_t i = 0; i < module->dlpi_phnum; ++i) {
    const auto& segment = module->dlpi_phdr[i];
    const auto begin = module->dlpi_addr + segment.p_vaddr;
    const auto holds = [&](std::uintptr_t address) { return address - begin < segment.p_memsz; };
    if (segment.p_type == PT_LOAD && holds(sought.address) && holds(libev)) sought.is_libevs = true;
  }
  return sought.is_libevs ? 1 : 0;
}

bool is_libevs(const void* caller) noexcept {
  Place place{.address = reinterpret_cast<std::uintptr_t>(caller)};
  ::dl_iterate_phdr(&look_for_libev, &place);
  return place.is_libevs;
}

/// libev's arrays grow when more is due in a turn than ever before, be it by chance and long after the start: a loop
/// has room for the turns of a moderate load from its beginning.
void grow_arrays(struct ev_loop* loop) {
  std::array<ev_timer, 64> timers;
  for (auto& timer : timers) {
    ev_timer_init(
        &timer, [](struct ev_loop*, ev_timer*, int) {}, 0, 0);
    ev_timer_start(loop, &timer);
  }
  ev_run(loop, EVRUN_NOWAIT);  // all fire, once
}

}  // namespace

Loop::Loop() : loop_{ev_loop_new(static_cast<unsigned>(EVBACKEND_EPOLL) | static_cast<unsigned>(EVFLAG_NOENV))} {
  if (!loop_) throw BootError{ExitCode::run_failed, "cannot make an event loop on epoll"};
  ev_set_userdata(loop_, this);
  const auto before = [](struct ev_loop* loop) noexcept { waiting_loop = static_cast<Loop*>(ev_userdata(loop)); };
  ev_set_loop_release_cb(loop_, before, [](struct ev_loop*) noexcept { waiting_loop = nullptr; });
  fiber::replace_epoll_wait(&wait_for_events);
  grow_arrays(loop_);
}

Loop::~Loop() { ev_loop_destroy(loop_); }

int Loop::wait(int set, epoll_event* events, int room, int timeout_ms) noexcept {
  auto count = wait_exactly(set, events, room, timeout_ms);
  if (!count) count = real_epoll_wait(set, events, room, timeout_ms);
  if (*count > 0) edges_.hear({events, static_cast<std::size_t>(*count)});
  return *count;
}

/// Until the next timer is due. Nothing: it is not the next thing to wait for, or the kernel does not know such waits.
std::optional<int> Loop::wait_exactly(int set, epoll_event* events, int room, int timeout_ms) noexcept {
  if (timeout_ms <= 0 || waits_end_ns_ == kNoTimer || !has_exact_waits_) return std::nullopt;
  const nanoseconds left{std::max<std::int64_t>(waits_end_ns_ - monotonic_ns(), 0)};
  if (left >= milliseconds{timeout_ms}) return std::nullopt;
  const timespec exact{.tv_sec = left / seconds{1}, .tv_nsec = (left % seconds{1}).count()};
  const auto count = static_cast<int>(::syscall(SYS_epoll_pwait2, set, events, room, &exact, nullptr, 0));
  // Linux before 5.11 does not know it, nor do some filters of system calls, which say so in words of their own.
  has_exact_waits_ = count >= 0 || errno == EINTR;
  return has_exact_waits_ ? std::optional{count} : std::nullopt;
}

namespace {

/// A tick is 2^17 ns, an eighth of a millisecond: what is due in one is waited for once.
constexpr int kTickBits = 17;
constexpr TimerWheel::Tick tick_of(std::int64_t ns) noexcept { return ns >> kTickBits; }
constexpr std::int64_t ns_of(TimerWheel::Tick tick) noexcept { return tick << kTickBits; }

constexpr nanoseconds kLongest = std::chrono::hours{876'000};  // a century, which fits

struct Entry {
  TimerWheel::Timer timer;
  void (*fired)(void* context) noexcept;
  void* context;
  const process::RunningRequest* starter;
};
static_assert(sizeof(Entry) <= sizeof(TimerRoom) && alignof(Entry) <= alignof(TimerRoom));

Entry& entry_in(TimerRoom& room) noexcept { return *std::launder(reinterpret_cast<Entry*>(room.bytes)); }

}  // namespace

LoopTimers::LoopTimers(Loop& loop, LoopTurn* turn) noexcept
    : loop_{loop}, turn_{turn}, wheel_{tick_of(monotonic_ns())} {
  ev_timer_init(&timer_, on_timer, 0.0, 0.0);
  timer_.data = this;
}

LoopTimers::~LoopTimers() { arm(TimerWheel::kNever); }

void LoopTimers::start(TimerRoom& room, nanoseconds delay, void (*fired)(void* context) noexcept,
                       void* context) noexcept {
  auto* const entry =
      new (room.bytes) Entry{.timer = {}, .fired = fired, .context = context, .starter = LoopTurn::starter()};
  // In the tick after the one in which it would be due: never before.
  const auto due = tick_of(monotonic_ns() + std::clamp(delay, nanoseconds::zero(), kLongest).count()) + 1;
  wheel_.start(entry->timer, due);
  if (due < armed_for_) arm(due);
}

void LoopTimers::cancel(TimerRoom& room) noexcept {
  auto& timer = entry_in(room).timer;
  if (!timer.runs()) return;
  wheel_.cancel(timer);
  if (wheel_.size() == 0) arm(TimerWheel::kNever);
}

void LoopTimers::arm(TimerWheel::Tick tick) noexcept {
  constexpr std::int64_t kRounding = 1000;  // ns: libev reckons in fractions of seconds
  ev_timer_stop(loop_.raw(), &timer_);
  armed_for_ = tick;
  loop_.end_waits_at(tick == TimerWheel::kNever ? Loop::kNoTimer : ns_of(tick) + 2 * kRounding);
  if (tick == TimerWheel::kNever) return;
  ev_now_update(loop_.raw());  // the loop's clock stands still during a turn
  const nanoseconds left{ns_of(tick) - monotonic_ns() + kRounding};
  ev_timer_set(&timer_, std::max(0.0, to_tstamp(left)), 0.0);
  ev_timer_start(loop_.raw(), &timer_);
}

void LoopTimers::on_timer(struct ev_loop*, ev_timer* timer, int) noexcept {
  auto& self = *static_cast<LoopTimers*>(timer->data);
  self.armed_for_ = TimerWheel::kNever;
  self.loop_.end_waits_at(Loop::kNoTimer);
  // What is started meanwhile is due later than that: others are served in between.
  const auto now = tick_of(monotonic_ns());
  auto* due = self.wheel_.pop(now);
  // One of them may hold the loop, and wait in it for what another does.
  if (self.wheel_.size() > 0) self.arm(self.wheel_.next());
  for (; due != nullptr; due = self.wheel_.pop(now)) self.fire(due);
  if (const auto next = self.wheel_.next(); next != self.armed_for_) self.arm(next);
}

void LoopTimers::fire(void* room) noexcept {
  const auto& entry = *static_cast<Entry*>(room);
  if (turn_) turn_->slot.heartbeat_ns.store(coarse_monotonic_ns(), std::memory_order_relaxed);
  const bool is_plugins = turn_ && entry.starter;
  if (is_plugins) turn_->enter(entry.starter);
  entry.fired(entry.context);  // may end the room
  if (is_plugins) turn_->leave();
}

}  // namespace indrik::worker

// A descriptor that another thread closes after its watch began, and before the kernel has heard of it: Debian's libev
// asserts that this does not happen, and without assertions it would tell the watchers (EV_ERROR), but only when the
// loop next wakes. EPERM is what the kernel says of files, which libev therefore takes for always ready: whoever
// watches goes on at once, and gets EBADF from the call he makes next.
// libev must find it: hidden as the rest it would be ours alone.
extern "C" [[gnu::visibility("default")]] int epoll_ctl(int set, int operation, int descriptor,
                                                        epoll_event* event) noexcept {
  auto* const edges = indrik::worker::Edges::of_thread();
  const int result = edges && event && edges->has(descriptor)
                         ? edges->control(set, operation, descriptor, *event)
                         : indrik::worker::real_epoll_ctl(set, operation, descriptor, event);
  if (result != 0 && errno == EBADF && indrik::worker::is_libevs(__builtin_return_address(0))) errno = EPERM;
  return result;
}
