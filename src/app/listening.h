#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "app/configuration.h"
#include "app/start.h"
#include "supervisor/listener_pool.h"

namespace indrik::app {

/// Where a server listens. What it is given at its start holds for its whole life; the rest comes with each
/// configuration.
class Listening {
 public:
  /// Takes the sockets out of `start`: of the old master, of socket units, or out of the service manager's store.
  /// Throws BootError where one does not listen. `workers`: sockets at each address where reuse_port is set.
  Listening(Start& start, const Configuration& configuration, std::size_t workers);

  /// Of this configuration's workers.
  supervisor::Binding binding(const Configuration& configuration) const;
  /// What was given, and what this configuration names beside it. Once, for the first configuration. Throws BootError.
  supervisor::ListenerPool open(const Configuration& configuration);
  /// Under which names the service manager keeps what was given, see supervisor::stored_name().
  const std::vector<std::string>& stored() const noexcept { return stored_; }

 private:
  void adopt(Fd socket, const std::optional<std::string>& asked, bool is_passed, const net::ListenOptions& options);

  std::vector<net::Listener> given_;
  std::vector<std::string> stored_;
  bool has_passed_ = false;  ///< one that is no stream's
  bool has_handed_over_ = false;
  bool reuse_port_;
  std::size_t copies_;
};

}  // namespace indrik::app
