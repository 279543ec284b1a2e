#pragma once

#include <indrik/ext/async.h>
#include <indrik/ext/config.h>
#include <indrik/ext/deadline.h>
#include <indrik/ext/http_file.h>
#include <indrik/ext/http_request.h>
#include <indrik/ext/http_response.h>
#include <indrik/ext/http_routes.h>
#include <indrik/ext/http_stream.h>
#include <indrik/ext/loop.h>
#include <indrik/ext/stream.h>
#include <indrik/ext/tls.h>

#include "http/handler.h"
#include "stream/conversation.h"

namespace indrik::plugin {

// What this host offers to plugins, one file each. The functions are called by plugins and throw nothing.
extern const indrik_http_routes kHttpRoutes;
extern const indrik_http_request kHttpRequest;
extern const indrik_http_response kHttpResponse;
extern const indrik_http_file kHttpFile;
extern const indrik_http_stream kHttpStream;
extern const indrik_async kAsync;
extern const indrik_config kConfig;
extern const indrik_deadline kDeadline;
extern const indrik_loop kLoop;
extern const indrik_tls kTls;
extern const indrik_stream kStream;

// An indrik_exchange is an http::Exchange: no table of handles stands between, so that a call costs a call.
inline indrik_exchange* handle_of(http::Exchange& exchange) noexcept {
  return reinterpret_cast<indrik_exchange*>(&exchange);
}
inline http::Exchange& exchange_of(indrik_exchange* handle) noexcept {
  return *reinterpret_cast<http::Exchange*>(handle);
}
inline const http::Exchange& exchange_of(const indrik_exchange* handle) noexcept {
  return *reinterpret_cast<const http::Exchange*>(handle);
}

// The same for streams.
inline indrik_connection* handle_of(stream::Conversation& conversation) noexcept {
  return reinterpret_cast<indrik_connection*>(&conversation);
}
inline stream::Conversation& conversation_of(indrik_connection* handle) noexcept {
  return *reinterpret_cast<stream::Conversation*>(handle);
}
inline const stream::Conversation& conversation_of(const indrik_connection* handle) noexcept {
  return *reinterpret_cast<const stream::Conversation*>(handle);
}

}  // namespace indrik::plugin
