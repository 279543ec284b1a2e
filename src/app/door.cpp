#include "app/door.h"

#include <utility>

#include "base/error.h"
#include "net/address.h"
#include "net/listener.h"

namespace indrik::app {
namespace {

constexpr net::ListenOptions kOptions{.backlog = 64, .unix_mode = 0600};

net::Listener demanded(Result<net::Listener> listener) {
  if (!listener) throw BootError{ExitCode::run_failed, "control_socket: " + listener.error().text()};
  return *std::move(listener);
}

/// What the old master left: its socket is shared until this one serves, so that nobody who asks meets a closed door.
std::optional<net::Listener> take_inherited(Start& start) {
  if (!start.handover || !start.handover->control) return std::nullopt;
  auto& left = *start.handover->control;
  auto address = net::Address::parse(left.asked);
  if (!address) return std::nullopt;
  return demanded(net::Listener::adopt(std::move(left.fd), *std::move(address), kOptions));
}

}  // namespace

control::Door open_door(Start& start, const config::Settings& settings) {
  auto inherited = take_inherited(start);
  if (settings.control_socket.empty()) {
    control::Door none;
    if (inherited) none.retire_later(*std::move(inherited));
    return none;
  }
  const auto address = net::Address::parse("unix:" + settings.control_socket.native());
  if (!address) throw BootError{ExitCode::wrong_configuration, "control_socket: " + address.error().text()};
  if (inherited && inherited->asked().text() == address->text()) return control::Door{*std::move(inherited)};
  control::Door door{demanded(net::Listener::open(*address, kOptions))};
  if (inherited) door.retire_later(*std::move(inherited));
  return door;
}

}  // namespace indrik::app
