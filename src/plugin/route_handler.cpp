#include "plugin/route_handler.h"

#include <fmt/format.h>

#include "plugin/abi_text.h"
#include "plugin/interfaces.h"

namespace indrik::plugin {
namespace {

/// A handler that said why has said enough.
void fail_unless_told(http::Exchange& exchange, std::int32_t code) {
  if (exchange.failure.empty()) exchange.fail(fmt::format("the handler returned {} ({})", code, error_name(code)));
}

}  // namespace

RouteHandler::RouteHandler(const indrik_route& route, std::string plugin_name, std::string full_pattern)
    : http::Handler{std::move(plugin_name), std::move(full_pattern)},
      handle_{route.handle},
      start_{route.start},
      user_data_{route.user_data},
      free_user_data_{route.free_user_data},
      streams_body_{(route.flags & INDRIK_ROUTE_STREAMS_BODY) != 0} {}

RouteHandler::~RouteHandler() {
  if (free_user_data_ != nullptr) free_user_data_(user_data_);
}

http::Handler::Flavours RouteHandler::flavours() const noexcept {
  if (start_ == nullptr) return Flavours::blocking;
  return handle_ == nullptr ? Flavours::async : Flavours::both;
}

void RouteHandler::handle(http::Exchange& exchange) noexcept {
  if (const auto code = handle_(user_data_, handle_of(exchange)); code != INDRIK_OK) fail_unless_told(exchange, code);
}

void RouteHandler::start(http::Exchange& exchange) noexcept {
  const auto code = start_(user_data_, handle_of(exchange));
  if (code == INDRIK_OK) return;  // completed, or going to be: the exchange may be gone
  fail_unless_told(exchange, code);
  exchange.complete();
}

}  // namespace indrik::plugin
