#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "http/request.h"
#include "worker/preamble.h"
#include "worker/proxies.h"

namespace indrik::worker {

/// Whom a connection comes from, as far as it is known. Loop thread only.
class Origin {
 public:
  /// `remote`: whoever made the connection, "192.0.2.1:4711"; empty on a unix socket.
  explicit Origin(std::string remote) noexcept : remote_{std::move(remote)} {}

  void await(Preamble::Need need) { preamble_ = std::make_unique<Preamble>(need); }
  /// What must be read before anything else; null: nothing any more.
  Preamble* pending() noexcept { return preamble_ && !preamble_->is_over() ? preamble_.get() : nullptr; }

  const std::string& remote() const noexcept { return remote_; }
  /// The client: whom the preamble names, or else the remote.
  const std::string& peer() const noexcept {
    return preamble_ && preamble_->names_client() ? preamble_->client() : remote_;
  }
  /// For the log.
  std::string name() const { return peer().empty() ? "unix socket" : peer(); }
  /// The peer is one whose forwarded fields are believed. Found out once, when nothing is pending any more.
  bool is_forwarder(const Proxies& proxies) noexcept {
    if (forwarder_ == Known::not_yet) forwarder_ = proxies.forwarders.contains_peer(peer()) ? Known::yes : Known::no;
    return forwarder_ == Known::yes;
  }
  /// Puts it in a request of this connection.
  void describe(http::Request& request) const noexcept {
    request.peer = peer();
    request.remote = remote_;
    if (preamble_ && preamble_->over_tls()) request.scheme = "https";
  }

 private:
  enum class Known : std::uint8_t { not_yet, no, yes };

  std::string remote_;
  std::unique_ptr<Preamble> preamble_;
  Known forwarder_ = Known::not_yet;
};

}  // namespace indrik::worker
