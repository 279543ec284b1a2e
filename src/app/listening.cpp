#include "app/listening.h"

#include <algorithm>

#include "app/wiring.h"
#include "supervisor/announcer.h"

namespace indrik::app {
namespace {

/// How many sockets share an address, at most.
std::size_t most_at_one_address(const std::vector<net::Listener>& listeners) {
  std::size_t most = 1;
  for (const auto& one : listeners) {
    const auto count = std::count_if(listeners.begin(), listeners.end(), [&](const auto& other) {
      return other.shares_port() && other.address().text() == one.address().text();
    });
    most = std::max(most, static_cast<std::size_t>(count));
  }
  return most;
}

}  // namespace

Listening::Listening(Start& start, const Configuration& configuration, std::size_t workers)
    : has_handed_over_{start.handover.has_value()},
      reuse_port_{configuration.loaded.settings.reuse_port},
      copies_{workers} {
  const auto options = listen_options(configuration);
  if (start.handover)
    for (auto& socket : start.handover->sockets) adopt(std::move(socket.fd), socket.asked, socket.is_passed, options);
  for (auto& socket : start.passed) {
    const auto asked = supervisor::address_in_stored_name(socket.name);
    adopt(std::move(socket.fd), asked, !asked, options);
  }
  start.passed.clear();
  for (const auto& listener : given_) {
    if (!listener.is_passed()) stored_.push_back(supervisor::stored_name(listener));
    const auto is_there = [&](const auto& address) { return address.text() == listener.asked().text(); };
    has_passed_ =
        has_passed_ || (listener.is_passed() && std::ranges::none_of(configuration.stream_addresses, is_there));
  }
  if (given_.empty()) return;
  // More sockets at an address that has some would take connections from queues that are emptied already, and fewer
  // would lose what waits in theirs: their number stays.
  const bool shares = std::any_of(given_.begin(), given_.end(), [](const auto& one) { return one.shares_port(); });
  if (shares) copies_ = most_at_one_address(given_);
  reuse_port_ = shares;
}

void Listening::adopt(Fd socket, const std::optional<std::string>& asked, bool is_passed,
                      const net::ListenOptions& options) {
  std::optional<net::Address> address;
  if (asked && !is_passed)
    if (auto parsed = net::Address::parse(*asked)) address = *std::move(parsed);
  auto listener = net::Listener::adopt(std::move(socket), std::move(address), options);
  if (!listener) throw BootError{ExitCode::run_failed, listener.error().text()};
  if (is_passed) listener->mark_passed();
  given_.push_back(*std::move(listener));
}

supervisor::Binding Listening::binding(const Configuration& configuration) const {
  auto options = listen_options(configuration);
  options.reuse_port = reuse_port_;
  // Who is given a socket does not want the default address as well.
  const bool is_default = configuration.loaded.origins.at("bind") == "default";
  auto addresses = has_passed_ && is_default ? std::vector<net::Address>{} : configuration.addresses;
  addresses.insert(addresses.end(), configuration.stream_addresses.begin(), configuration.stream_addresses.end());
  return {.addresses = std::move(addresses), .copies = copies_, .options = options};
}

supervisor::ListenerPool Listening::open(const Configuration& configuration) {
  supervisor::ListenerPool pool{std::move(given_)};
  // Nobody else has what comes out of the store; what an old master hands over is still its own.
  if (!has_handed_over_) pool.own_files();
  const auto wanted = binding(configuration);
  if (const auto opened = pool.open(wanted); !opened) {
    if (!has_handed_over_) pool.close_all();  // no socket file stays behind
    throw BootError{ExitCode::run_failed, opened.error().text()};
  }
  if (!has_handed_over_) (void)pool.close_others(wanted);
  return pool;
}

}  // namespace indrik::app
