#pragma once

#include <functional>
#include <utility>

#include "http/handler.h"

namespace indrik::test {

/// A handler made of lambdas, as a plugin's route would be.
class FunctionHandler final : public http::Handler {
 public:
  using Function = std::function<void(http::Exchange&)>;

  static std::unique_ptr<http::Handler> blocking(Function function) {
    return std::make_unique<FunctionHandler>(std::move(function), Function{});
  }
  static std::unique_ptr<http::Handler> async(Function function) {
    return std::make_unique<FunctionHandler>(Function{}, std::move(function));
  }
  FunctionHandler(Function blocking, Function async)
      : http::Handler{"test", "/test"}, blocking_{std::move(blocking)}, async_{std::move(async)} {}

  Flavours flavours() const noexcept override {
    if (blocking_ && async_) return Flavours::both;
    return blocking_ ? Flavours::blocking : Flavours::async;
  }
  void handle(http::Exchange& exchange) noexcept override { blocking_(exchange); }
  void start(http::Exchange& exchange) noexcept override { async_(exchange); }
  bool streams_body() const noexcept override { return streams; }

  bool streams = false;  ///< it reads its requests' bodies itself

 private:
  Function blocking_;
  Function async_;
};

}  // namespace indrik::test
