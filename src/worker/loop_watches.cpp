#include "worker/loop_watches.h"

#include <poll.h>

#include <new>

namespace indrik::worker {
namespace {

struct Entry {
  ev_io watcher;
  void (*ready)(void* context, short what) noexcept;
  void* context;
  std::atomic<std::int64_t>* heartbeat;
};
static_assert(sizeof(Entry) <= sizeof(WatchRoom) && alignof(Entry) <= alignof(WatchRoom));

int to_libev(short events) noexcept {
  return ((events & POLLIN) != 0 ? EV_READ : 0) | ((events & POLLOUT) != 0 ? EV_WRITE : 0);
}

short from_libev(int events) noexcept {
  return static_cast<short>(((events & EV_READ) != 0 ? POLLIN : 0) | ((events & EV_WRITE) != 0 ? POLLOUT : 0));
}

}  // namespace

void LoopWatches::on_ready(struct ev_loop* loop, ev_io* watcher, int revents) noexcept {
  auto* const entry = static_cast<Entry*>(watcher->data);
  ev_io_stop(loop, watcher);
  entry->heartbeat->store(coarse_monotonic_ns(), std::memory_order_relaxed);
  // libev stops a watcher whose descriptor is not open, and says so with EV_ERROR: ready for everything, then.
  const int what = (revents & EV_ERROR) != 0 ? EV_READ | EV_WRITE : revents;
  entry->ready(entry->context, from_libev(what));  // may end the room: nothing after this
}

void LoopWatches::start(WatchRoom& room, int descriptor, short events,
                        void (*ready)(void* context, short what) noexcept, void* context) noexcept {
  auto* const entry = new (room.bytes) Entry{};
  entry->ready = ready;
  entry->context = context;
  entry->heartbeat = &heartbeat_;
  ev_io_init(&entry->watcher, on_ready, descriptor, to_libev(events));
  entry->watcher.data = entry;
  ev_io_start(loop_, &entry->watcher);
}

void LoopWatches::cancel(WatchRoom& room) noexcept {
  // A room that was never started is zeroed, which libev reads as "not active".
  ev_io_stop(loop_, &std::launder(reinterpret_cast<Entry*>(room.bytes))->watcher);
}

}  // namespace indrik::worker
