// A handler that holds the loop: who is told of, and who is not.
#include <atomic>

#include "contract/contract.h"

namespace indrik::test {
namespace {

using process::StallRecord;

class StallContract : public ContractTest {
 protected:
  StallContract() { options.stall_threshold = 20ms; }

  static void burn(milliseconds time) {
    for (const auto until = Clock::now() + time; Clock::now() < until;) continue;
  }
  static void burn_and_complete(http::Exchange& exchange) {
    burn(100ms);
    exchange.complete();
  }
  static bool is_told(WorkerProcess& worker) {
    return await([&] { return worker.stall().stage == StallRecord::Stage::told; });
  }
};

INDRIK_FOR_EVERY_CLASS(StallContract);

TEST_P(StallContract, TellsOfAnAsyncHandlerThatHoldsTheLoopButInSync) {
  WorkerProcess worker{options, [](routing::Router& router) {
                         add(router, "GET", "/burn", FunctionHandler::async(burn_and_complete));
                         add_hello(router);
                       }};
  HttpClient client{worker.address()};
  EXPECT_EQ(client.get("/burn").status, 200);
  if (GetParam() == WorkerClass::sync) {
    EXPECT_EQ(client.get("/").status, 200);
    EXPECT_EQ(worker.slot().stalls, 0U);
  } else {
    ASSERT_TRUE(is_told(worker));
    EXPECT_STREQ(worker.stall().path, "/burn");
    EXPECT_TRUE(await([&] { return worker.slot().stalls == 1; }));
  }
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(StallContract, TellsOfABlockingHandlerInGreenAlone) {
  WorkerProcess worker{options, [](routing::Router& router) {
                         add(router, "GET", "/burn", FunctionHandler::blocking([](http::Exchange&) { burn(100ms); }));
                         add_hello(router);
                       }};
  HttpClient client{worker.address()};
  EXPECT_EQ(client.get("/burn").status, 200);
  EXPECT_EQ(client.get("/").status, 200);
  if (GetParam() == WorkerClass::green) {
    ASSERT_TRUE(is_told(worker));
    EXPECT_STREQ(worker.stall().method, "GET");
    EXPECT_STREQ(worker.stall().path, "/burn");
    EXPECT_TRUE(await([&] { return worker.slot().stalls == 1; }));
  } else {
    EXPECT_EQ(worker.slot().stalls, 0U);
  }
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(StallContract, TellsOfNobodyWhoComesBackInTime) {
  options.stall_threshold = 500ms;  // all of them together take longer
  WorkerProcess worker{options, [](routing::Router& router) {
                         add(router, "GET", "/", FunctionHandler::blocking([](http::Exchange&) { burn(20ms); }));
                       }};
  HttpClient client{worker.address()};
  for (int i = 0; i < 30; ++i) EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(worker.slot().stalls, 0U);
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
}

}  // namespace
}  // namespace indrik::test
