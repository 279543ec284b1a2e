#pragma once

#include <indrik/ext/http_routes.h>

#include <string>

#include "http/handler.h"

namespace indrik::plugin {

/// A plugin's route as the engine sees it. Gives the plugin's user data back when it goes. Lives no longer than the
/// Instance that added it.
class RouteHandler final : public http::Handler {
 public:
  /// `route` has at least one handler. Owns route.user_data from here on.
  RouteHandler(const indrik_route& route, std::string plugin_name, std::string full_pattern);
  ~RouteHandler() override;

  Flavours flavours() const noexcept override;
  void handle(http::Exchange& exchange) noexcept override;
  void start(http::Exchange& exchange) noexcept override;
  bool streams_body() const noexcept override { return streams_body_; }

 private:
  std::int32_t (*handle_)(void* user_data, indrik_exchange* exchange);
  std::int32_t (*start_)(void* user_data, indrik_exchange* exchange);
  void* user_data_;
  void (*free_user_data_)(void* user_data);
  bool streams_body_;
};

}  // namespace indrik::plugin
