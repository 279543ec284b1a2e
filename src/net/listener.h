#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "net/address.h"

namespace indrik::net {

struct ListenOptions {
  int backlog = 2048;
  mode_t unix_mode = 0660;  ///< of a unix socket's file
  /// Whom a unix socket's file is given to, as far as they are set.
  std::optional<uid_t> unix_user{};
  std::optional<gid_t> unix_group{};
  bool reuse_port =
      false;  ///< other listeners of the same user may stand at the same address; see SO_REUSEPORT in socket(7)
};

/// A listening stream socket, non-blocking and CLOEXEC. Made and kept by the master, used by every worker.
class Listener {
 public:
  /// Binds and listens. A unix path on which nobody listens any more is taken over; one in use is an error.
  static Result<Listener> open(const Address& address, const ListenOptions& options);
  /// One more at the very address of `sibling`, port included; both need reuse_port.
  static Result<Listener> open_beside(const Listener& sibling, const ListenOptions& options);
  /// Takes over what stands already: `socket` must listen for streams. `asked` is where it was asked to stand; none:
  /// where it really stands. A unix socket's file is not ours to remove before own_file().
  static Result<Listener> adopt(Fd socket, std::optional<Address> asked, const ListenOptions& options);

  int fd() const noexcept { return fd_.get(); }
  /// Where it really stands: the port chosen for port 0.
  const Address& address() const noexcept { return address_; }
  /// Where it was asked to stand: with port 0, where that was said.
  const Address& asked() const noexcept { return asked_; }
  /// Belongs to whoever passed it to us: it stands whatever is asked for, and so does its file.
  bool is_passed() const noexcept { return passed_; }
  void mark_passed() noexcept { passed_ = true; }
  /// What is spoken by those who connect here: said by whoever serves it, plain at first.
  bool speaks_tls() const noexcept { return tls_; }
  void speak_tls(bool yes) noexcept { tls_ = yes; }
  /// TCP over IPv4 or IPv6, and nothing like it (MPTCP, SCTP, vsock), which may have been passed to us.
  bool is_tcp() const noexcept { return is_tcp_; }
  /// Whether others share its address.
  bool shares_port() const noexcept;

  /// Makes a unix socket's file ours to remove, as far as it is still the one of this address.
  void own_file() noexcept;
  /// Makes it somebody else's.
  void leave_file() noexcept { file_inode_ = 0; }
  /// Closes this process's copy and leaves a unix socket's file alone: for a worker that accepts no more.
  void close() noexcept { fd_.reset(); }
  /// Closes it; the master also removes a unix socket's file if it is still the one this listener made.
  void close_and_unlink() noexcept;

 private:
  Listener(Fd fd, Address address) noexcept;
  Fd fd_;
  Address asked_;
  Address address_;
  dev_t file_device_ = 0;
  ino_t file_inode_ = 0;  ///< 0: the file is not ours
  bool is_tcp_;
  bool passed_ = false;
  bool tls_ = false;
};

}  // namespace indrik::net
