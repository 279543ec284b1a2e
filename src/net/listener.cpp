#include "net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace indrik::net {
namespace {

int option_of(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

Result<Address> address_of(int fd) {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &size) != 0)
    return fail(Error::from_errno(errno, "getsockname"));
  return Address::from_sockaddr(raw, size);
}

/// Removes a socket's file on which nobody listens any more; refuses to touch anything else.
Result<void> take_over(const Address& address) {
  struct stat info {};
  if (::lstat(address.path().c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return fail(Error::from_errno(errno, "bind {}", address.text()));
  }
  if (!S_ISSOCK(info.st_mode))
    return fail(Error::format("bind {}: the file is there already and is no socket", address.text()));
  const Fd probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!probe) return fail(Error::from_errno(errno, "socket for {}", address.text()));
  // EAGAIN is a live listener with a full queue.
  if (::connect(probe.get(), address.raw(), address.raw_size()) == 0 || errno == EAGAIN)
    return fail(Error::from_errno(EADDRINUSE, "bind {}", address.text()));
  if (errno != ECONNREFUSED) return fail(Error::from_errno(errno, "bind {}", address.text()));
  if (::unlink(address.path().c_str()) != 0 && errno != ENOENT)
    return fail(Error::from_errno(errno, "remove the dead socket of {}", address.text()));
  return {};
}

/// A descriptor that somebody else opened: checked, not changed but for the flags and options that workers rely on.
Result<Address> check_inherited(int fd, const Address& address, int backlog) {
  if (::fcntl(fd, F_GETFD) < 0) return fail(Error::from_errno(errno, "{}", address.text()));
  if (option_of(fd, SO_TYPE) != SOCK_STREAM || option_of(fd, SO_ACCEPTCONN) < 0)
    return fail(Error::format("{}: no stream socket", address.text()));
  if (option_of(fd, SO_ACCEPTCONN) != 1) return fail(Error::format("{}: the socket does not listen", address.text()));
  // A second listen(2) only sets the backlog. SELinux may refuse it to us, and then the first one's holds.
  (void)::listen(fd, backlog);
  const int on = 1;
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // as in prepare(); a unix socket has none
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  return address_of(fd);
}

Result<void> prepare(int fd, const Address& address, const ListenOptions& options) {
  const int on = 1;
  if (address.kind() == Address::Kind::unix_path) {
    // On Linux the file gets the socket inode's mode less the umask, so there is no moment with wider permissions.
    ::fchmod(fd, options.unix_mode);
    return take_over(address);
  }
  if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
    return fail(Error::from_errno(errno, "SO_REUSEADDR for {}", address.text()));
  // Accepted connections inherit it: an answer in two pieces must not wait for the acknowledgement of the first.
  if (::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
    return fail(Error::from_errno(errno, "TCP_NODELAY for {}", address.text()));
  if (options.reuse_port && ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
    return fail(Error::from_errno(errno, "SO_REUSEPORT for {}", address.text()));
  // Without it [::] would also take the IPv4 port, depending on a sysctl.
  if (address.kind() == Address::Kind::inet6 && ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
    return fail(Error::from_errno(errno, "IPV6_V6ONLY for {}", address.text()));
  return {};
}

}  // namespace

Listener::Listener(Fd fd, Address address) noexcept
    : fd_{std::move(fd)},
      asked_{address},
      address_{std::move(address)},
      is_tcp_{option_of(fd_.get(), SO_PROTOCOL) == IPPROTO_TCP} {}

Result<Listener> Listener::open(const Address& address, const ListenOptions& options) {
  if (address.kind() == Address::Kind::inherited) {
    auto real = check_inherited(address.inherited_fd(), address, options.backlog);
    if (!real) return fail(std::move(real).error());
    Listener listener{Fd{address.inherited_fd()}, address};
    listener.address_ = *std::move(real);
    return listener;
  }
  Fd fd{::socket(address.raw()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd) return fail(Error::from_errno(errno, "socket for {}", address.text()));
  if (auto prepared = prepare(fd.get(), address, options); !prepared) return fail(std::move(prepared).error());
  if (::bind(fd.get(), address.raw(), address.raw_size()) != 0)
    return fail(Error::from_errno(errno, "bind {}", address.text()));

  Listener listener{std::move(fd), address};
  if (address.kind() == Address::Kind::unix_path) {
    // The umask may have taken bits away; nobody can connect before listen(2), so widening now is safe.
    struct stat info {};
    // Its owner first: a change of owner may take bits away, too.
    constexpr auto kUnchanged = static_cast<uid_t>(-1);
    if ((options.unix_user || options.unix_group) &&
        ::lchown(address.path().c_str(), options.unix_user.value_or(kUnchanged),
                 options.unix_group.value_or(kUnchanged)) != 0) {
      auto error = Error::from_errno(errno, "set the owner of {}", address.text());
      ::unlink(address.path().c_str());
      return fail(std::move(error));
    }
    if (::chmod(address.path().c_str(), options.unix_mode) != 0 || ::lstat(address.path().c_str(), &info) != 0)
      return fail(Error::from_errno(errno, "set the mode of {}", address.text()));
    listener.file_device_ = info.st_dev;
    listener.file_inode_ = info.st_ino;
  }
  if (::listen(listener.fd(), options.backlog) != 0) {
    auto error = Error::from_errno(errno, "listen {}", address.text());
    listener.close_and_unlink();
    return fail(std::move(error));
  }
  if (address.kind() != Address::Kind::unix_path) {
    auto real = address_of(listener.fd());
    if (!real) return fail(std::move(real).error());
    listener.address_ = *std::move(real);
  }
  return listener;
}

Result<Listener> Listener::open_beside(const Listener& sibling, const ListenOptions& options) {
  auto opened = open(sibling.address(), options);
  if (opened) opened->asked_ = sibling.asked();
  return opened;
}

Result<Listener> Listener::adopt(Fd socket, std::optional<Address> asked, const ListenOptions& options) {
  const auto name = asked ? *asked : *Address::parse(fmt::format("fd://{}", socket.get()));
  auto real = check_inherited(socket.get(), name, options.backlog);
  if (!real) return fail(std::move(real).error());
  Listener listener{std::move(socket), asked ? *std::move(asked) : *real};
  listener.address_ = *std::move(real);
  return listener;
}

bool Listener::shares_port() const noexcept { return option_of(fd(), SO_REUSEPORT) == 1; }

void Listener::own_file() noexcept {
  struct stat info {};
  if (passed_ || address_.kind() != Address::Kind::unix_path) return;
  if (::lstat(address_.path().c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return;
  file_device_ = info.st_dev;
  file_inode_ = info.st_ino;
}

void Listener::close_and_unlink() noexcept {
  if (!fd_) return;
  if (file_inode_ != 0) {
    struct stat info {};
    // Another server may have taken the path over meanwhile: its file has another inode.
    if (::lstat(address_.path().c_str(), &info) == 0 && info.st_dev == file_device_ && info.st_ino == file_inode_)
      ::unlink(address_.path().c_str());
    file_inode_ = 0;
  }
  fd_.reset();
}

}  // namespace indrik::net
