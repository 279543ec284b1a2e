// The part of Connection that finds out whom it comes from.
#include <fmt/format.h>

#include "worker/connection.h"
#include "worker/engine.h"

namespace indrik::worker {

void Connection::read_preamble(Preamble& preamble) noexcept {
  switch (preamble.read(stream_.fd(), engine_.read_buffer())) {
    case Preamble::Outcome::waiting:
      look_again();
      return wait_for_more();
    case Preamble::Outcome::refused:
      engine_.complain_of_preamble(origin_.name());
      return close();
    case Preamble::Outcome::ended:
      return close();
    case Preamble::Outcome::over:
      break;
  }
  waiting_ = http::ServerSession::Waiting::nothing;
  deadline_.clear();
  believe_script_name();
  if (!shaking_hands_) session_.feed(preamble.given_back());  // no TLS begins like a preamble
  begin_session();
  look_for_request();  // it may have come with the preamble
}

/// The loop may have been kept from reading: what has come in time counts.
void Connection::expire_preamble() noexcept {
  look_for_request();
  if (stream_ && origin_.pending() && !deadline_.queue()) close();
}

/// The session looks at names before it knows of fields: it is told beforehand.
void Connection::believe_script_name() noexcept {
  const auto& proxies = engine_.options().proxies;
  if (proxies.forwarded_fields.contains(http::ForwardedField::script_name) && origin_.is_forwarder(proxies))
    session_.keep_script_name();
}

/// False: what a trusted proxy says of the client makes no sense, and the answer says so.
bool Connection::heed_proxy() noexcept {
  if (const auto name = session_.dropped_field(); !name.empty()) engine_.complain_of_field(name);
  if (!session_.tells_of_client()) return true;
  const auto& proxies = engine_.options().proxies;
  if (!origin_.is_forwarder(proxies)) return true;
  const auto error = proxies.heed_fields(*exchange_);
  if (error == http::ParseError::none) return true;
  engine_.log().debug("{}: {} {}", origin_.name(), http::status_of(error), http::sentence_of(error));
  exchange_->response.set_plain(http::status_of(error), fmt::format("{}\n", http::sentence_of(error)));
  return false;
}

}  // namespace indrik::worker
