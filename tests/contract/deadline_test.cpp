// A request's deadline: what the client gets, and what becomes of the handler.
#include <time.h>

#include "contract/contract.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;

/// Counters that the worker's process and ours both see.
class Shared {
 public:
  Shared() : board_{*process::Scoreboard::create(1)} {}
  std::atomic<std::uint64_t>& ran() noexcept { return board_.slots()[0].requests; }
  std::atomic<std::uint64_t>& ended() noexcept { return board_.slots()[0].errors; }
  std::atomic<std::uint64_t>& seen() noexcept { return board_.slots()[0].accepted; }

 private:
  process::Scoreboard board_;
};

/// Waits in the way of async handlers, as the SDK's sleep does: for the time given, or until it is cancelled.
struct AsyncWait {
  http::Exchange& exchange;
  std::atomic<std::uint64_t>& ended;
  TimerRoom timer;
  http::CancelWatch watch;

  static void begin(http::Exchange& exchange, std::atomic<std::uint64_t>& ended, nanoseconds time) {
    auto wait = std::make_unique<AsyncWait>(exchange, ended);
    wait->watch.fired = [](void* self) noexcept { end(self, true); };
    wait->watch.context = wait.get();
    exchange.cancel_watches.add(wait->watch);
    exchange.timers().start(
        wait->timer, time, [](void* self) noexcept { end(self, false); }, wait.get());
    (void)wait.release();  // the timer's, or the watch's
  }
  static void end(void* self, bool cancelled) noexcept {
    const std::unique_ptr<AsyncWait> wait{static_cast<AsyncWait*>(self)};
    wait->watch.leave();
    wait->exchange.timers().cancel(wait->timer);
    ++wait->ended;
    wait->exchange.response.append_body(cancelled ? "cancelled" : "waited");
    wait->exchange.complete();
  }
  AsyncWait(http::Exchange& e, std::atomic<std::uint64_t>& n) : exchange{e}, ended{n} {}
};

class DeadlineContract : public ContractTest {
 protected:
  DeadlineContract() {
    options.timeout = 150ms;
    options.linger_timeout = 50ms;  // our clients close late
  }

  /// "/async" waits as a coroutine would, for half a minute.
  void routes(routing::Router& router) {
    add_hello(router);
    add(router, "GET", "/async",
        FunctionHandler::async([this](http::Exchange& exchange) { AsyncWait::begin(exchange, shared.ended(), 30s); }));
    add(router, "GET", "/extended", FunctionHandler::async([this](http::Exchange& exchange) {
          EXPECT_EQ(exchange.extend(20s), http::Exchange::Extension::granted);
          AsyncWait::begin(exchange, shared.ended(), 400ms);
        }));
    add(router, "GET", "/remaining", FunctionHandler::blocking([](http::Exchange& exchange) {
          const auto left = exchange.deadline() - Clock::now();
          exchange.response.append_body(left > 0s && left <= 150ms ? "soon" : "other");
        }));
    add(router, "GET", "/bounded", FunctionHandler::blocking([](http::Exchange& exchange) {
          const auto outcome = exchange.extend(10h);
          const bool bounded = exchange.deadline() - Clock::now() < 61s;
          exchange.response.append_body(outcome == http::Exchange::Extension::at_bound && bounded ? "bounded"
                                                                                                  : "other");
        }));
  }
  WorkerProcess start() {
    return WorkerProcess{options, [this](auto& router) { routes(router); }};
  }
  void expect_504(HttpClient& client) {
    const auto response = client.receive();
    EXPECT_EQ(response.status, 504);
    EXPECT_EQ(response.field("connection"), "close");
    EXPECT_EQ(client.receive_until_closed(), "");
  }

  Shared shared;
};
INDRIK_FOR_EVERY_CLASS(DeadlineContract);

TEST_P(DeadlineContract, Answers504AndClosesAndCancelsAnAsyncHandler) {
  auto worker = start();
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/async"));
  expect_504(client);
  EXPECT_TRUE(await([&] { return shared.ended() == 1 && worker.slot().in_flight == 0; }));
  EXPECT_EQ(worker.slot().timed_out, 1U);
  EXPECT_EQ(HttpClient{worker.address()}.get("/").status, 200);
  EXPECT_THAT(worker.error_text(), HasSubstr("GET /async (route /test, plugin test): no answer in time"));
}

TEST_P(DeadlineContract, AnswersWhatWasPipelinedBeforeAndNothingAfter) {
  auto worker = start();
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/") + request_bytes("GET", "/async") + request_bytes("GET", "/"));
  EXPECT_EQ(client.receive().status, 200);
  expect_504(client);
}

TEST_P(DeadlineContract, SendsNoBodyWithThe504ToHead) {
  auto worker = start();
  HttpClient client{worker.address()};
  client.send(request_bytes("HEAD", "/async"));
  EXPECT_EQ(client.receive("HEAD").status, 504);
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST_P(DeadlineContract, WaitsForAHandlerThatAsksForMoreTime) {
  options.max_timeout = 60s;
  auto worker = start();
  EXPECT_EQ(HttpClient{worker.address()}.get("/extended").body, "waited");
  EXPECT_EQ(worker.slot().timed_out, 0U);
}

TEST_P(DeadlineContract, CancelsAtTheBoundOfTheExtension) {
  options.max_timeout = 200ms;
  WorkerProcess worker{options, [this](auto& router) {
                         add(router, "GET", "/", FunctionHandler::async([this](http::Exchange& exchange) {
                               EXPECT_EQ(exchange.extend(20s), http::Exchange::Extension::at_bound);
                               AsyncWait::begin(exchange, shared.ended(), 30s);
                             }));
                       }};
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/"));
  expect_504(client);
  EXPECT_TRUE(await([&] { return shared.ended() == 1; }));
}

TEST_P(DeadlineContract, TellsTheHandlerItsDeadline) {
  auto worker = start();
  EXPECT_EQ(HttpClient{worker.address()}.get("/remaining").body, "soon");
}

TEST_P(DeadlineContract, ExtendsNoFurtherThanAllowed) {
  options.max_timeout = 60s;
  auto worker = start();
  EXPECT_EQ(HttpClient{worker.address()}.get("/bounded").body, "bounded");
}

TEST_P(DeadlineContract, HasNoDeadlineWithoutATimeout) {
  options.timeout = 0ms;
  WorkerProcess worker{options, [](auto& router) {
                         add(router, "GET", "/", FunctionHandler::blocking([](http::Exchange& exchange) {
                               const bool never = exchange.deadline() == TimePoint::max() && !exchange.cancelled() &&
                                                  exchange.extend(1h) == http::Exchange::Extension::granted;
                               exchange.response.append_body(never ? "never" : "other");
                             }));
                       }};
  EXPECT_EQ(HttpClient{worker.address()}.get("/").body, "never");
}

TEST_P(DeadlineContract, Answers504ForABlockingHandlerAndDropsItsAnswer) {
  WorkerProcess worker{options, [this](auto& router) {
                         add(router, "GET", "/", FunctionHandler::blocking([this](http::Exchange& exchange) {
                               while (!exchange.cancelled()) std::this_thread::sleep_for(5ms);
                               EXPECT_EQ(exchange.extend(1s), http::Exchange::Extension::too_late);
                               exchange.response.append_body("too late");
                               ++shared.ended();
                             }));
                       }};
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/"));
  expect_504(client);
  EXPECT_TRUE(await([&] { return shared.ended() == 1 && worker.slot().connections == 0; }));
}

TEST_P(DeadlineContract, TellsAHandlerThatItsClientHasGone) {
  options.timeout = 0ms;
  WorkerProcess worker{options, [this](auto& router) {
                         add(router, "GET", "/", FunctionHandler::blocking([this](http::Exchange& exchange) {
                               EXPECT_FALSE(exchange.client_gone());
                               ++shared.ran();
                               while (!exchange.client_gone()) std::this_thread::sleep_for(1ms);
                               ++shared.ended();
                             }));
                       }};
  for (const bool resets : {false, true}) {
    HttpClient client{worker.address()};
    client.send(request_bytes("GET", "/"));
    ASSERT_TRUE(await([&] { return shared.ran() > shared.ended(); }));
    if (resets)
      client.reset();
    else
      client.end_sending();
    ASSERT_TRUE(await([&] { return shared.ran() == shared.ended(); }));
  }
}

TEST_P(DeadlineContract, EndsCleanlyAfterATimeout) {
  auto worker = start();
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/async"));
  expect_504(client);
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST(GreenDeadlineTest, WakesASleepingHandlerWithEcanceled) {
  Shared shared;
  worker::Options options{.worker_class = WorkerClass::green, .linger_timeout = 50ms, .timeout = 100ms};
  WorkerProcess worker{options, [&](auto& router) {
                         ASSERT_TRUE(router.add("GET", "/", FunctionHandler::blocking([&](http::Exchange&) {
                                                  timespec half_a_minute{.tv_sec = 30, .tv_nsec = 0};
                                                  const bool failed = ::nanosleep(&half_a_minute, &half_a_minute) != 0;
                                                  if (failed && errno == ECANCELED && half_a_minute.tv_sec == 0)
                                                    ++shared.seen();
                                                  for (int i = 0; i < 3; ++i) std::this_thread::sleep_for(30s);
                                                  ++shared.ended();
                                                })));
                       }};
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/"));
  EXPECT_EQ(client.receive().status, 504);
  EXPECT_TRUE(await([&] { return shared.ended() == 1 && worker.slot().connections == 0; }));
  EXPECT_EQ(shared.seen(), 1U);
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST(EventDeadlineTest, Answers504AtOnceWhileAThreadRunsOn) {
  Shared shared;
  worker::Options options{.worker_class = WorkerClass::event, .linger_timeout = 50ms, .timeout = 100ms};
  WorkerProcess worker{options, [&](auto& router) {
                         ASSERT_TRUE(router.add("GET", "/", FunctionHandler::blocking([&](http::Exchange& exchange) {
                                                  ++shared.ran();
                                                  while (shared.seen() == 0) std::this_thread::sleep_for(1ms);
                                                  exchange.response.append_body(std::string{exchange.request.target});
                                                  exchange.fail("nobody hears it");
                                                  ++shared.ended();
                                                })));
                       }};
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/"));
  EXPECT_EQ(client.receive().status, 504);
  EXPECT_EQ(client.receive_until_closed(), "");
  EXPECT_EQ(shared.ended(), 0U);
  EXPECT_EQ(worker.slot().in_flight, 1U);
  shared.seen() = 1;
  EXPECT_TRUE(await([&] { return shared.ended() == 1 && worker.slot().connections == 0; }));
  EXPECT_EQ(worker.slot().in_flight, 0U);
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST(SyncDeadlineTest, BeatsAheadForAHandlerThatAskedForMoreTime) {
  Shared shared;
  worker::Options options{.worker_class = WorkerClass::sync, .timeout = 100ms, .max_timeout = 60s};
  WorkerProcess worker{options, [&](auto& router) {
                         ASSERT_TRUE(router.add("GET", "/", FunctionHandler::blocking([&](http::Exchange& exchange) {
                                                  exchange.extend(50s);
                                                  ++shared.ran();
                                                  while (shared.seen() == 0) std::this_thread::sleep_for(1ms);
                                                })));
                       }};
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/"));
  ASSERT_TRUE(await([&] { return shared.ran() == 1; }));
  EXPECT_GT(worker.slot().heartbeat_ns, monotonic_ns() + nanoseconds{40s}.count());
  shared.seen() = 1;
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_TRUE(await([&] { return worker.slot().heartbeat_ns <= monotonic_ns(); }));
}

}  // namespace
}  // namespace indrik::test
