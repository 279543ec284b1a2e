// The part of Connection that comes before HTTP, where its listener speaks TLS.
#include "worker/connection.h"
#include "worker/engine.h"

namespace indrik::worker {

void Connection::shake_hands() noexcept {
  ignore_ready(ev::WRITE);
  switch (stream_.shake_hands()) {
    case net::Handshake::wants_input:
      return;
    case net::Handshake::wants_output:
      return await_ready(ev::WRITE);
    case net::Handshake::plain_http:
      return refuse_plain_http();
    case net::Handshake::failed:
      return fail_handshake();
    case net::Handshake::done:
      break;
  }
  shaking_hands_ = false;
  deadline_.clear();
  wait_for_more();
  if (engine_.is_draining()) return drain();
  look_for_request();  // it may have come with the client's last word
}

/// The client is answered in its own language.
void Connection::refuse_plain_http() noexcept {
  shaking_hands_ = false;
  deadline_.clear();
  stream_.go_plain();
  std::string out = engine_.take_scratch();
  refuse(http::ParseError::plain_http, out);
  write(out);
  engine_.give_back_scratch(std::move(out));
  if (stream_) settle();
}

/// The client has been told why, in the words of TLS, and gets the time to read that.
void Connection::fail_handshake() noexcept {
  engine_.log().debug("{}: TLS handshake: {}", origin_.name(), stream_.tls()->failure());
  shaking_hands_ = false;
  deadline_.clear();
  stream_.go_plain();
  linger();
}

}  // namespace indrik::worker
