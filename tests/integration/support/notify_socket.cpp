#include "integration/support/notify_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "base/error.h"
#include "base/strings.h"

namespace indrik::test {

bool Notification::has(std::string_view line) const {
  const auto lines = split(text, '\n');
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

std::string Notification::value(std::string_view name) const {
  for (const auto line : split(text, '\n'))
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == '=')
      return std::string{line.substr(name.size() + 1)};
  return {};
}

NotifySocket::NotifySocket() : fd_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)} {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = (folder_ / "notify").native();
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int on = 1;
  if (!fd_ || ::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
    throw std::runtime_error{"make a notify socket: " + Error::describe(errno)};
}

std::string NotifySocket::variable() const { return "NOTIFY_SOCKET=" + (folder_ / "notify").native(); }

bool NotifySocket::receive(Notification& into, const Deadline& deadline) {
  char text[4096];
  alignas(cmsghdr) char control[512];
  iovec piece{.iov_base = text, .iov_len = sizeof text};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (!await_fd(fd_.get(), POLLIN, deadline)) return false;
  const auto size = ::recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC);
  if (size < 0) throw std::runtime_error{"receive a notification: " + Error::describe(errno)};
  into = {.text = {text, static_cast<std::size_t>(size)}, .descriptors = {}};
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(part), sizeof sender);
      into.sender = sender.pid;
    }
    if (part->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; at + CMSG_LEN(0) < part->cmsg_len; at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + at, sizeof fd);
      into.descriptors.emplace_back(fd);
    }
  }
  heard_.push_back(into.text);
  keep(into);
  return true;
}

void NotifySocket::keep(Notification& notification) {
  const auto name = notification.value("FDNAME");
  if (notification.has("FDSTORE=1"))
    for (auto& fd : notification.descriptors) store_.emplace_back(name, Fd{::dup(fd.get())});
  if (notification.has("FDSTOREREMOVE=1"))
    std::erase_if(store_, [&](const auto& entry) { return entry.first == name; });
}

Notification NotifySocket::await(std::string_view line) {
  Notification notification;
  for (const Deadline deadline; receive(notification, deadline);)
    if (notification.has(line)) return notification;
  std::string all;
  for (const auto& text : heard_) all += text + "\n--\n";
  throw std::runtime_error{"nobody said \"" + std::string{line} + "\", but:\n" + all};
}

bool NotifySocket::is_spared(std::string_view line, const Deadline& until) {
  Notification notification;
  while (receive(notification, until))
    if (notification.has(line)) return false;
  return true;
}

}  // namespace indrik::test
