#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "contract/function_handler.h"
#include "contract/worker_process.h"
#include "integration/support/http_client.h"

namespace indrik::test {

using namespace std::chrono_literals;
using worker::WorkerClass;

/// What every worker class promises alike; each test runs once a class.
class ContractTest : public testing::TestWithParam<WorkerClass> {
 protected:
  ContractTest() { options.worker_class = GetParam(); }

  /// A route that answers at once: GET, and what else a test wants.
  static void add_hello(routing::Router& router) {
    add(router, "GET", "/",
        FunctionHandler::blocking([](http::Exchange& exchange) { exchange.response.append_body("hello"); }));
  }
  /// Answers with the body of the request, blocking and async.
  static void add_echo(routing::Router& router) {
    const auto echo = [](http::Exchange& exchange) { exchange.response.append_body(exchange.request.body); };
    add(router, "POST", "/echo", std::make_unique<FunctionHandler>(echo, [echo](http::Exchange& exchange) {
          echo(exchange);
          exchange.complete();
        }));
  }
  static void add(routing::Router& router, std::string_view method, std::string_view pattern,
                  std::unique_ptr<http::Handler> handler) {
    ASSERT_TRUE(router.add(method, pattern, std::move(handler)));
  }

  worker::Options options;
};

inline std::string class_name(WorkerClass worker_class) {
  switch (worker_class) {
    case WorkerClass::sync:
      return "sync";
    case WorkerClass::event:
      return "event";
    case WorkerClass::green:
      break;
  }
  return "green";
}

#define INDRIK_FOR_EVERY_CLASS(suite)                                                                                 \
  INSTANTIATE_TEST_SUITE_P(Worker, suite, testing::Values(WorkerClass::sync, WorkerClass::event, WorkerClass::green), \
                           [](const auto& given) { return class_name(given.param); })

}  // namespace indrik::test
