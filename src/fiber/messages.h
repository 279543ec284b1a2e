#pragma once

#include <sys/socket.h>

#include <cstddef>

namespace indrik::fiber {

// recvmsg(2) and sendmsg(2) inside a fiber, which wait by parking it. What else reads and writes sockets is made of
// them. Results and errno are the calls' own.

ssize_t receive_message(int socket, msghdr* message, int flags) noexcept;

/// From behind the first `done` bytes, which have been sent with what belongs to them (address, control).
ssize_t send_message(int socket, const msghdr* message, int flags, std::size_t done = 0) noexcept;

/// Flags with which such calls never wait.
inline constexpr int kNeverWaits = MSG_DONTWAIT | MSG_OOB | MSG_ERRQUEUE;

}  // namespace indrik::fiber
