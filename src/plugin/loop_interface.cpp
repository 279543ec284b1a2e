#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <limits>

#include "plugin/host.h"
#include "plugin/interfaces.h"

namespace indrik::plugin {
namespace {

/// What every entry of the loop's that a plugin has made knows: whose it is, and whom to call.
struct Entry {
  const Host* host;
  void (*fired)(void* context);
  void* context;

  /// May end the entry.
  void call() const {
    const GuestMark mark{host->loop != nullptr ? host->loop->guest : nullptr, host->plugin_name};
    fired(context);
  }
};

// What stands in a plugin's rooms. All begin as zeros.
struct TimerEntry {
  TimerRoom room;
  Entry entry;
};
struct WatchEntry {
  WatchRoom room;
  const Host* host;
  void (*ready)(void* context, std::uint32_t what);
  void* context;
};
struct JobEntry {
  OffloadJob job;
  Entry done;
  void (*run)(void* context);
};
struct PostEntry {
  Post post;
  Entry entry;
};

template <class Inside, class Room>
Inside& inside(Room* room) noexcept {
  static_assert(sizeof(Inside) <= sizeof(Room) && alignof(Inside) <= alignof(Room));
  return *reinterpret_cast<Inside*>(room);
}

ParkRoom& inside(indrik_parker* parker) noexcept { return inside<ParkRoom>(parker); }

const LoopServices* services(const indrik_host* host) noexcept { return Host::of(host).loop; }

/// Null: not now, or not on this thread.
const LoopServices* services_here(const indrik_host* host) noexcept {
  const auto* const loop = services(host);
  return loop == nullptr || loop->parking->place() == Parking::Place::thread ? nullptr : loop;
}

nanoseconds to_duration(std::uint64_t ns) noexcept {
  constexpr std::uint64_t kLongest = std::numeric_limits<std::int64_t>::max();
  return nanoseconds{static_cast<std::int64_t>(std::min(ns, kLongest))};
}

std::int32_t place(const indrik_host* host) noexcept {
  const auto* const loop = services(host);
  if (loop == nullptr) return INDRIK_E_WRONG_PHASE;
  switch (loop->parking->place()) {
    case Parking::Place::loop:
      return INDRIK_ON_LOOP;
    case Parking::Place::fiber:
      return INDRIK_IN_FIBER;
    case Parking::Place::thread:
      break;
  }
  return INDRIK_ON_THREAD;
}

std::int32_t start_timer(const indrik_host* host, indrik_timer* timer, std::uint64_t delay_ns,
                         void (*fired)(void* context), void* context) noexcept {
  if (timer == nullptr || fired == nullptr) return INDRIK_E_INVALID;
  const auto* const loop = services_here(host);
  if (loop == nullptr) return INDRIK_E_WRONG_PHASE;
  auto& inner = inside<TimerEntry>(timer);
  inner.entry = {&Host::of(host), fired, context};
  loop->timers.start(
      inner.room, to_duration(delay_ns), [](void* entry) noexcept { static_cast<TimerEntry*>(entry)->entry.call(); },
      &inner);
  return INDRIK_OK;
}

void cancel_timer(const indrik_host* host, indrik_timer* timer) noexcept {
  const auto* const loop = services_here(host);
  if (loop != nullptr && timer != nullptr) loop->timers.cancel(inside<TimerEntry>(timer).room);
}

std::int32_t start_watch(const indrik_host* host, indrik_watch* watch, std::int32_t descriptor, std::uint32_t events,
                         void (*ready)(void* context, std::uint32_t what), void* context) noexcept {
  constexpr std::uint32_t kAll = static_cast<std::uint32_t>(INDRIK_READABLE) | INDRIK_WRITABLE;
  if (watch == nullptr || ready == nullptr || descriptor < 0 || events == 0 || (events & ~kAll) != 0)
    return INDRIK_E_INVALID;
  const auto* const loop = services_here(host);
  if (loop == nullptr) return INDRIK_E_WRONG_PHASE;
  if (::fcntl(descriptor, F_GETFD) < 0) return INDRIK_E_INVALID;  // libev would abort the worker for it
  auto& inner = inside<WatchEntry>(watch);
  inner.host = &Host::of(host);
  inner.ready = ready;
  inner.context = context;
  const int polled = ((events & INDRIK_READABLE) != 0 ? POLLIN : 0) | ((events & INDRIK_WRITABLE) != 0 ? POLLOUT : 0);
  loop->watches.start(
      inner.room, descriptor, static_cast<short>(polled),
      [](void* room, short what) noexcept {
        const auto entry = *static_cast<WatchEntry*>(room);
        const GuestMark mark{entry.host->loop->guest, entry.host->plugin_name};
        const unsigned readable = (what & POLLIN) != 0 ? INDRIK_READABLE : 0;
        const unsigned writable = (what & POLLOUT) != 0 ? INDRIK_WRITABLE : 0;
        entry.ready(entry.context, readable | writable);
      },
      &inner);
  return INDRIK_OK;
}

void cancel_watch(const indrik_host* host, indrik_watch* watch) noexcept {
  const auto* const loop = services_here(host);
  if (loop != nullptr && watch != nullptr) loop->watches.cancel(inside<WatchEntry>(watch).room);
}

std::int32_t offload(const indrik_host* host, indrik_job* job, void (*run)(void* context), void (*done)(void* context),
                     void* context) noexcept {
  if (job == nullptr || run == nullptr || done == nullptr) return INDRIK_E_INVALID;
  const auto* const loop = services_here(host);
  if (loop == nullptr) return INDRIK_E_WRONG_PHASE;
  auto& inner = inside<JobEntry>(job);
  inner.done = {&Host::of(host), done, context};
  inner.run = run;
  inner.job = {.run =
                   [](void* room) noexcept {
                     auto& entry = *static_cast<JobEntry*>(room);
                     entry.run(entry.done.context);
                   },
               .done = [](void* room) noexcept { static_cast<JobEntry*>(room)->done.call(); },
               .context = &inner};
  return loop->offloads.submit(inner.job) ? INDRIK_OK : INDRIK_E_NO_MEMORY;
}

std::int32_t post(const indrik_host* host, indrik_post* room, void (*fired)(void* context), void* context) noexcept {
  if (room == nullptr || fired == nullptr) return INDRIK_E_INVALID;
  const auto* const loop = services(host);
  if (loop == nullptr) return INDRIK_E_WRONG_PHASE;
  auto& inner = inside<PostEntry>(room);
  inner.entry = {&Host::of(host), fired, context};
  inner.post.fired = [](void* entry) noexcept { static_cast<PostEntry*>(entry)->entry.call(); };
  inner.post.context = &inner;
  loop->posts->post(inner.post);
  return INDRIK_OK;
}

void withdraw(const indrik_host* host, indrik_post* room) noexcept {
  const auto* const loop = services_here(host);
  if (loop != nullptr && room != nullptr) loop->posts->withdraw(inside<PostEntry>(room).post);
}

std::int32_t park(const indrik_host* host, indrik_parker* parker, std::int64_t timeout_ns) noexcept {
  if (parker == nullptr || timeout_ns < 0) return INDRIK_E_INVALID;
  const auto* const loop = services(host);
  if (loop == nullptr) return INDRIK_E_WRONG_PHASE;
  switch (loop->parking->park(inside(parker), nanoseconds{timeout_ns})) {
    case Parking::Outcome::unparked:
      return INDRIK_OK;
    case Parking::Outcome::timed_out:
      return INDRIK_E_AGAIN;
    case Parking::Outcome::cancelled:
      break;
  }
  return INDRIK_E_CANCELLED;
}

void unpark(const indrik_host* host, indrik_parker* parker) noexcept {
  const auto* const loop = services(host);
  if (loop != nullptr && parker != nullptr) loop->parking->unpark(inside(parker));
}

std::int32_t turn(const indrik_host* host, std::int64_t timeout_ns) noexcept {
  if (timeout_ns < 0) return INDRIK_E_INVALID;
  const auto* const loop = services(host);
  if (loop == nullptr || loop->parking->place() != Parking::Place::loop) return INDRIK_E_WRONG_PHASE;
  return loop->turns->turn(nanoseconds{timeout_ns}) ? INDRIK_OK : INDRIK_E_WRONG_PHASE;
}

}  // namespace

constinit const indrik_loop kLoop{.struct_size = sizeof(indrik_loop),
                                  .place = place,
                                  .start_timer = start_timer,
                                  .cancel_timer = cancel_timer,
                                  .start_watch = start_watch,
                                  .cancel_watch = cancel_watch,
                                  .offload = offload,
                                  .post = post,
                                  .withdraw = withdraw,
                                  .park = park,
                                  .unpark = unpark,
                                  .turn = turn};

}  // namespace indrik::plugin
