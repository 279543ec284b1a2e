#pragma once

struct epoll_event;

namespace indrik::fiber {

/// What stands in for libc's epoll_wait(2) where no fiber's wait does: libev's loop is such a caller. As that call, for
/// any thread.
using EpollWait = int (*)(int set, epoll_event* events, int room, int timeout) noexcept;

/// For the whole process. Null, as at first: libc's own. Any thread.
void replace_epoll_wait(EpollWait wait) noexcept;

}  // namespace indrik::fiber
