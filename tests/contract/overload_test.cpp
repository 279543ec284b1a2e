// More work than there is room for: 503 before any handler runs.
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>

#include <array>

#include "base/fd.h"
#include "contract/contract.h"

namespace indrik::test {
namespace {

/// For longer than the 100 ms that these tests give a request.
bool stays_silent(HttpClient& client) { return !await_fd(client.fd(), POLLIN, Deadline{150ms}); }

/// A handler counts, and holds its thread until the test opens the gate.
class Gate {
 public:
  /// Answers from behind it.
  std::unique_ptr<http::Handler> handler() {
    return FunctionHandler::blocking([this](http::Exchange& exchange) {
      enter();
      exchange.response.append_body("done");
    });
  }
  /// In the worker.
  void enter() noexcept {
    ++ran();
    pollfd opened{.fd = opened_.get(), .events = POLLIN, .revents = 0};
    while (::poll(&opened, 1, -1) != 1) continue;
  }
  /// For good.
  void open() { ASSERT_EQ(::eventfd_write(opened_.get(), 1), 0); }
  std::atomic<std::uint64_t>& ran() noexcept { return shared_.slots()[0].requests; }

 private:
  process::Scoreboard shared_ = *process::Scoreboard::create(1);
  Fd opened_{::eventfd(0, EFD_CLOEXEC)};
};

/// The classes in which a request waits for its turn.
class QueueContract : public ContractTest {
 protected:
  QueueContract() {
    options.threads = 1;
    options.linger_timeout = 50ms;  // our clients close late
    options.queue_timeout = 100ms;
  }
  WorkerProcess start() {
    return WorkerProcess{options, [this](auto& router) { add(router, "GET", "/", gate.handler()); }};
  }
  Gate gate;
};
INSTANTIATE_TEST_SUITE_P(Worker, QueueContract, testing::Values(WorkerClass::sync, WorkerClass::event),
                         [](const auto& given) { return class_name(given.param); });

TEST_P(QueueContract, Answers503ToARequestThatWaitsTooLongAndKeepsItsConnection) {
  auto worker = start();
  HttpClient first{worker.address()};
  HttpClient second{worker.address()};
  first.send(request_bytes("GET", "/"));
  ASSERT_TRUE(await([&] { return gate.ran() == 1; }));
  const auto sent = Clock::now();
  second.send(request_bytes("GET", "/"));
  // A loop that the handler holds reads the request, and says so, only when it ends.
  if (GetParam() == WorkerClass::event) {
    const auto response = second.receive();
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.field("retry-after"), "1");
    EXPECT_EQ(response.field("connection"), std::nullopt);
    EXPECT_GE(Clock::now() - sent, 90ms);
    EXPECT_EQ(worker.slot().refused, 1U);
    EXPECT_EQ(gate.ran(), 1U);
  }
  if (GetParam() == WorkerClass::sync) {
    ASSERT_TRUE(stays_silent(second));
  }
  gate.open();
  EXPECT_EQ(first.receive().body, "done");
  if (GetParam() == WorkerClass::sync) {
    EXPECT_EQ(second.receive().status, 503);
  }
  EXPECT_EQ(second.get("/").body, "done");
  EXPECT_TRUE(await([&] { return worker.slot().in_flight == 0; }));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(QueueContract, DoesNotRunARequestWhoseClientLeftBefore) {
  options.queue_timeout = 0ms;
  auto worker = start();
  HttpClient first{worker.address()};
  HttpClient second{worker.address()};
  HttpClient third{worker.address()};
  ASSERT_TRUE(await([&] { return worker.slot().connections == 3; }));
  // So that in the class sync, too, all three are read before the first handler holds the loop.
  worker.stop();
  first.send(request_bytes("GET", "/"));
  second.send(request_bytes("GET", "/"));
  second.reset();
  third.send(request_bytes("GET", "/"));
  worker.signal(SIGCONT);
  ASSERT_TRUE(await([&] { return gate.ran() >= 1; }));
  gate.open();
  EXPECT_EQ(first.receive().body, "done");
  EXPECT_EQ(third.receive().body, "done");
  EXPECT_TRUE(await([&] { return worker.slot().in_flight == 0 && worker.slot().connections == 2; }));
  EXPECT_EQ(gate.ran(), 2U);
}

TEST_P(QueueContract, Answers504WithoutRunningWhatWaitedBeyondItsDeadline) {
  options.queue_timeout = 0ms;
  options.timeout = 100ms;
  auto worker = start();
  HttpClient first{worker.address()};
  HttpClient second{worker.address()};
  ASSERT_TRUE(await([&] { return worker.slot().connections == 2; }));
  worker.stop();
  first.send(request_bytes("GET", "/"));
  second.send(request_bytes("GET", "/"));
  worker.signal(SIGCONT);
  ASSERT_TRUE(await([&] { return gate.ran() == 1; }));
  if (GetParam() == WorkerClass::sync) {
    ASSERT_TRUE(stays_silent(second));  // the handler holds the loop
  }
  if (GetParam() == WorkerClass::event) {
    EXPECT_EQ(first.receive().status, 504);
    EXPECT_EQ(second.receive().status, 504);
  }
  gate.open();
  if (GetParam() == WorkerClass::sync) {
    EXPECT_EQ(first.receive().status, 504);
    EXPECT_EQ(second.receive().status, 504);
  }
  EXPECT_TRUE(await([&] { return worker.slot().in_flight == 0 && worker.slot().connections == 0; }));
  EXPECT_EQ(gate.ran(), 1U);
}

TEST(SyncQueueTest, Answers503ToWhatWaitedTooLongBehindAHandlerThatHeldTheLoop) {
  Gate gate;
  worker::Options options{.worker_class = WorkerClass::sync, .queue_timeout = 100ms};
  WorkerProcess worker{options, [&](auto& router) { ASSERT_TRUE(router.add("GET", "/", gate.handler())); }};
  HttpClient first{worker.address()};
  HttpClient second{worker.address()};
  ASSERT_TRUE(await([&] { return worker.slot().connections == 2; }));
  worker.stop();
  first.send(request_bytes("GET", "/"));
  second.send(request_bytes("GET", "/"));
  worker.signal(SIGCONT);
  ASSERT_TRUE(await([&] { return gate.ran() == 1; }));
  ASSERT_TRUE(stays_silent(second));
  gate.open();
  // Which of the two is read first is the kernel's choice.
  EXPECT_THAT((std::array{first.receive().status, second.receive().status}), testing::UnorderedElementsAre(200, 503));
  EXPECT_EQ(gate.ran(), 1U);
  EXPECT_EQ(second.get("/").body, "done");
}

/// Handlers that hold the loop: what they keep it from reading waits all the same, and the kernel knows for how long.
class HeldLoopContract : public ContractTest {
 protected:
  HeldLoopContract() {
    options.threads = 1;
    options.linger_timeout = 50ms;
    options.queue_timeout = 100ms;
  }
  /// Async, so that it holds the loop of every class.
  WorkerProcess start() {
    return WorkerProcess{options, [this](auto& router) {
                           add_hello(router);
                           add(router, "GET", "/hold",
                               FunctionHandler::async([this](http::Exchange& exchange) { hold(exchange); }));
                           add(router, "GET", "/hold-when-woken",
                               FunctionHandler::async([this](http::Exchange& exchange) { hold_when_woken(exchange); }));
                         }};
  }
  void hold(http::Exchange& exchange) {
    gate.enter();
    exchange.complete();
  }
  /// It is ready at once, and woken at the end of the loop's turn.
  void hold_when_woken(http::Exchange& exchange) {
    woken = &exchange;
    exchange.streaming().on_ready(
        http::Streaming::Direction::write,
        [](void* self) {
          auto& test = *static_cast<HeldLoopContract*>(self);
          test.hold(*test.woken);
        },
        this);
  }
  void expect_refusal_behind(const std::string& path) {
    auto worker = start();
    HttpClient first{worker.address()};
    HttpClient second{worker.address()};
    EXPECT_EQ(second.get("/").body, "hello");
    first.send(request_bytes("GET", path));
    ASSERT_TRUE(await([&] { return gate.ran() == 1; }));
    second.send(request_bytes("GET", "/"));
    ASSERT_TRUE(stays_silent(second));
    gate.open();
    EXPECT_EQ(first.receive().status, 200);
    EXPECT_EQ(second.receive().status, 503);
    EXPECT_EQ(second.get("/").body, "hello");
  }
  Gate gate;
  http::Exchange* woken = nullptr;
};
INDRIK_FOR_EVERY_CLASS(HeldLoopContract);

TEST_P(HeldLoopContract, Answers503ToANewConnectionThatWaitedTooLongInTheListenersQueue) {
  auto worker = start();
  HttpClient first{worker.address()};
  first.send(request_bytes("GET", "/hold"));
  ASSERT_TRUE(await([&] { return gate.ran() == 1; }));
  HttpClient second{worker.address()};
  second.send(request_bytes("GET", "/"));
  ASSERT_TRUE(stays_silent(second));
  gate.open();
  EXPECT_EQ(first.receive().status, 200);
  const auto response = second.receive();
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.field("retry-after"), "1");
  EXPECT_EQ(worker.slot().refused, 1U);
  EXPECT_EQ(second.get("/").body, "hello");
}

TEST_P(HeldLoopContract, Answers503ToARequestThatWaitedTooLongOnAKeptConnection) { expect_refusal_behind("/hold"); }

TEST_P(HeldLoopContract, AlsoByAHandlerThatIsWokenAtTheEndOfATurn) { expect_refusal_behind("/hold-when-woken"); }

TEST_P(HeldLoopContract, ServesWhoeverWaitedWhereNoQueueTimeoutIsSet) {
  options.queue_timeout = 0ms;
  auto worker = start();
  HttpClient first{worker.address()};
  first.send(request_bytes("GET", "/hold"));
  ASSERT_TRUE(await([&] { return gate.ran() == 1; }));
  HttpClient second{worker.address()};
  second.send(request_bytes("GET", "/"));
  ASSERT_TRUE(stays_silent(second));
  gate.open();
  EXPECT_EQ(second.receive().body, "hello");
}

/// A request that is counted, behind one that holds the loop.
class GivenUpContract : public HeldLoopContract {
 protected:
  GivenUpContract() { options.queue_timeout = 0ms; }
  WorkerProcess start() {
    return WorkerProcess{options, [this](auto& router) {
                           add_hello(router);
                           add(router, "GET", "/hold",
                               FunctionHandler::async([this](http::Exchange& exchange) { hold(exchange); }));
                           add(router, "GET", "/counted", FunctionHandler::async([this](http::Exchange& exchange) {
                                 ++counted.ran();
                                 exchange.complete();
                               }));
                         }};
  }
  Gate counted;
};
INDRIK_FOR_EVERY_CLASS(GivenUpContract);

TEST_P(GivenUpContract, DoesNotRunWhoseClientLeftBeforeItsHandlerCould) {
  auto worker = start();
  HttpClient kept{worker.address()};
  EXPECT_EQ(kept.get("/").body, "hello");
  HttpClient first{worker.address()};
  first.send(request_bytes("GET", "/hold"));
  ASSERT_TRUE(await([&] { return gate.ran() == 1; }));
  HttpClient waiting{worker.address()};
  for (auto* const client : {&waiting, &kept}) client->send(request_bytes("GET", "/counted"));
  ASSERT_TRUE(stays_silent(waiting));
  for (auto* const client : {&waiting, &kept}) client->end_sending();
  gate.open();
  EXPECT_EQ(first.receive().status, 200);
  EXPECT_EQ(waiting.receive_until_closed(), "");
  EXPECT_EQ(kept.receive_until_closed(), "");
  EXPECT_EQ(counted.ran(), 0U);
  EXPECT_TRUE(await([&] { return worker.slot().in_flight == 0; }));
  EXPECT_EQ(first.get("/").body, "hello");
}

TEST_P(GivenUpContract, AnswersWhoseClientEndedItsSendingHalfWithTheRequest) {
  auto worker = start();
  HttpClient first{worker.address()};
  first.send(request_bytes("GET", "/hold"));
  ASSERT_TRUE(await([&] { return gate.ran() == 1; }));
  HttpClient waiting{worker.address()};
  waiting.send(request_bytes("GET", "/counted") + request_bytes("GET", "/counted"));
  waiting.end_sending();
  ASSERT_TRUE(stays_silent(waiting));
  gate.open();
  EXPECT_EQ(waiting.receive().status, 200);
  EXPECT_EQ(waiting.receive().status, 200);
  EXPECT_EQ(counted.ran(), 2U);
}

class CrowdContract : public ContractTest {};
INDRIK_FOR_EVERY_CLASS(CrowdContract);

TEST_P(CrowdContract, Answers503ToConnectionsThatFindNoRoomForTooLong) {
  options.connections = 2;
  options.queue_timeout = 50ms;
  WorkerProcess worker{options, add_hello};
  HttpClient first{worker.address()};
  auto second = std::make_unique<HttpClient>(worker.address());
  EXPECT_EQ(first.get("/").status, 200);
  EXPECT_EQ(second->get("/").status, 200);
  for (int i = 0; i < 3; ++i) {
    HttpClient third{worker.address()};
    third.send(request_bytes("GET", "/"));
    const auto response = third.receive();
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.field("retry-after"), "1");
    EXPECT_EQ(response.field("connection"), "close");
    EXPECT_EQ(third.receive_until_closed(), "");
  }
  EXPECT_EQ(worker.slot().refused, 3U);
  second.reset();
  ASSERT_TRUE(await([&] { return worker.slot().connections == 1; }));
  HttpClient fourth{worker.address()};
  EXPECT_EQ(fourth.get("/").status, 200);
  EXPECT_EQ(first.get("/").status, 200);
}

TEST_P(CrowdContract, RetiresAboveMaxMemory) {
  options.heartbeat = 10ms;
  options.max_memory = 300 << 20;  // far above what a worker takes, sanitizers included
  WorkerProcess worker{options, [](auto& router) {
                         add_hello(router);
                         add(router, "GET", "/leak", FunctionHandler::blocking([](http::Exchange& exchange) {
                               static std::string leak;
                               leak.assign(400 << 20, 'x');
                               exchange.response.append_body("leaked");
                             }));
                       }};
  HttpClient client{worker.address()};
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(client.get("/leak").body, "leaked");
  ASSERT_TRUE(await([&] { return worker.slot().state == process::WorkerState::retiring; }));
  EXPECT_EQ(worker.wait_exit(), 0);
  EXPECT_THAT(worker.error_text(), testing::HasSubstr("more than max_memory allows (300 MiB): retiring"));
}

}  // namespace
}  // namespace indrik::test
