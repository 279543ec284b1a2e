#pragma once

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
  /// Closes what `binding` does not name, and says what that was. Inherited descriptors stay open, since nobody could
  /// open them again.
  Names close_others(const Binding& binding);
  /// In a forked worker: its listeners; this process's copies of all others are closed.
  std::span<net::Listener> reduce_to(const Binding& binding);
  void close_all() noexcept;

 private:
  std::vector<net::Listener> all_;
};

}  // namespace indrik::supervisor
