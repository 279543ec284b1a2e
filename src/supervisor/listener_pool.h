#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "net/listener.h"

namespace indrik::supervisor {

/// Where the workers of one plan listen.
struct Binding {
  std::vector<net::Address> addresses;
  std::size_t copies = 1;      ///< sockets at each address with a port, where options.reuse_port
  net::ListenOptions options;  ///< of those that are opened for it; one that stands already keeps its own
};

/// The listeners of all plans whose workers live. An address that two plans name is one socket: nobody who waits in its
/// queue is lost by a reload.
class ListenerPool {
 public:
  explicit ListenerPool(std::vector<net::Listener> open) noexcept : all_{std::move(open)} {}

  /// Addresses as they really are.
  using Names = std::vector<std::string>;

  /// Opens what `binding` names and does not stand yet, and says what that was. On failure everything is as before.
  Result<Names> open(const Binding& binding);
  /// Closes what `binding` does not name, and says what that was. Inherited descriptors and passed sockets stay open,
  /// since nobody could open them again.
  Names close_others(const Binding& binding);
  /// In a forked worker: its listeners; this process's copies of all others are closed.
  std::span<net::Listener> reduce_to(const Binding& binding);
  /// The files of unix sockets are ours to remove from now on, or somebody else's.
  void own_files() noexcept;
  void leave_files() noexcept;
  void close_all() noexcept;

  std::span<const net::Listener> all() const noexcept { return all_; }

 private:
  Result<net::Listener> open_one(const net::Address& address, const Binding& binding,
                                 std::span<const net::Listener> opened) const;

  std::vector<net::Listener> all_;
};

}  // namespace indrik::supervisor
