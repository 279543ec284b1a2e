#include "worker/edges.h"

#include <cerrno>
#include <new>

#include "fiber/real_call.h"

namespace indrik::worker {
namespace {

constinit fiber::RealCall<int(int, int, int, epoll_event*)> real_epoll_ctl{"epoll_ctl"};

constexpr std::uint32_t kUneven = EPOLLRDHUP | EPOLLPRI;

constinit thread_local Edges* edges_of_thread = nullptr;

}  // namespace

Edges* Edges::of_thread() noexcept { return edges_of_thread; }

Edges::Edges() noexcept : before_{edges_of_thread} { edges_of_thread = this; }

Edges::~Edges() {
  if (edges_of_thread == this) edges_of_thread = before_;
}

void Edges::add(int socket) noexcept {
  const auto place = static_cast<std::size_t>(socket);
  try {
    if (place >= states_.size()) states_.resize(place + 1);
  } catch (const std::bad_alloc&) {
    return;
  }
  states_[place] = State::even;
}

void Edges::remove(int socket) noexcept {
  if (has(socket)) states_[static_cast<std::size_t>(socket)] = State::none;
}

int Edges::control(int set, int operation, int socket, epoll_event event) noexcept {
  if ((event.events & (EPOLLIN | EPOLLOUT)) == EPOLLIN) event.events |= EPOLLET | kUneven;
  const int result = real_epoll_ctl(set, operation, socket, &event);
  // libev leaves what it no longer watches in the set until that is heard of, and takes what is still there for
  // unchanged. But it may have been heard of, and the edge is past: the kernel is to look anew.
  if (result == 0 || errno != EEXIST || operation != EPOLL_CTL_ADD) return result;
  return real_epoll_ctl(set, EPOLL_CTL_MOD, socket, &event);
}

void Edges::hear(std::span<const epoll_event> events) noexcept {
  for (const auto& event : events) {
    if ((event.events & kUneven) == 0) continue;
    const auto socket = static_cast<std::uint32_t>(event.data.u64);  // libev's: beside it, a count of its own
    if (socket < states_.size() && states_[socket] == State::even) states_[socket] = State::uneven;
  }
}

}  // namespace indrik::worker
