#pragma once

#include <string_view>

#include "http/handler.h"

namespace indrik::bench {

/// Stands where a handler must stand; nobody calls it.
class SilentHandler final : public http::Handler {
 public:
  SilentHandler() : Handler{"health", "/health"} {}
  Flavours flavours() const noexcept override { return Flavours::blocking; }
  void handle(http::Exchange&) noexcept override {}
  void start(http::Exchange&) noexcept override {}
};

}  // namespace indrik::bench
