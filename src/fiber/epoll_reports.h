#pragma once

struct epoll_event;

namespace indrik::fiber {

/// Hears of what epoll_wait(2) gave to a caller that no fiber's wait stood between: libev's loop is one. Called before
/// that caller sees the `count` events (above 0), on its thread, any thread.
using EpollListener = void (*)(int set, const epoll_event* events, int count) noexcept;

/// One listens, for the whole process. Any thread.
void listen_to_epoll(EpollListener listener) noexcept;

}  // namespace indrik::fiber
