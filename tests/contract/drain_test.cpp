// How a worker ends.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "contract/contract.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;

class DrainContract : public ContractTest {
 protected:
  /// "/slow" answers when the test writes to the pipe, whatever the class.
  void routes(routing::Router& router) const {
    add_hello(router);
    const int gate = gate_out_.get();
    add(router, "GET", "/slow", FunctionHandler::async([gate](http::Exchange& exchange) { wait_at(gate, exchange); }));
  }
  void open_gate() const { ASSERT_EQ(::write(gate_in_.get(), "x", 1), 1); }

  DrainContract() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    gate_out_ = Fd{ends[0]};
    gate_in_ = Fd{ends[1]};
  }

 private:
  /// Looks at the gate every few milliseconds, by the loop's own timers.
  static void wait_at(int gate, http::Exchange& exchange) {
    struct Wait {
      int gate;
      http::Exchange& exchange;
      TimerRoom room;
      static void look(void* self) noexcept {
        std::unique_ptr<Wait> wait{static_cast<Wait*>(self)};
        char byte = 0;
        if (::read(wait->gate, &byte, 1) == 1) {
          wait->exchange.response.append_body("slow");
          return wait->exchange.complete();
        }
        wait->exchange.timers().start(wait->room, 2ms, look, wait.get());
        (void)wait.release();  // the timer's until it fires
      }
    };
    Wait::look(new Wait{gate, exchange, {}});
  }
  Fd gate_out_;
  Fd gate_in_;
};
INDRIK_FOR_EVERY_CLASS(DrainContract);

TEST_P(DrainContract, EndsAtOnceWithoutConnections) {
  WorkerProcess worker{options, [this](auto& router) { routes(router); }};
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(DrainContract, LetsARequestInFlightFinishAndSaysClose) {
  WorkerProcess worker{options, [this](auto& router) { routes(router); }};
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/slow"));
  ASSERT_TRUE(await([&] { return worker.slot().in_flight == 1; }));
  worker.signal(SIGTERM);
  ASSERT_TRUE(await([&] { return worker.slot().state == process::WorkerState::retiring; }));
  open_gate();
  const auto response = client.receive();
  EXPECT_EQ(response.body, "slow");
  EXPECT_EQ(response.field("connection"), "close");
  EXPECT_EQ(client.receive_until_closed(), "");
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(DrainContract, AnswersAKeptConnectionOnceMoreWithClose) {
  options.drain_idle = 20'000ms;
  WorkerProcess worker{options, [this](auto& router) { routes(router); }};
  HttpClient client{worker.address()};
  EXPECT_EQ(client.get("/").status, 200);
  worker.signal(SIGTERM);
  ASSERT_TRUE(await([&] { return worker.slot().state == process::WorkerState::retiring; }));
  const auto response = client.get("/");
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.field("connection"), "close");
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(DrainContract, ClosesIdleConnectionsAfterAShortGrace) {
  options.drain_idle = 50ms;
  WorkerProcess worker{options, [this](auto& router) { routes(router); }};
  HttpClient kept{worker.address()};
  EXPECT_EQ(kept.get("/").status, 200);
  const HttpClient silent{worker.address()};
  ASSERT_TRUE(await([&] { return worker.slot().connections == 2; }));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
  EXPECT_EQ(kept.receive_until_closed(), "");
}

TEST_P(DrainContract, ClosesIdleConnectionsAtOnceWithoutAGrace) {
  options.drain_idle = 0ms;
  options.graceful_timeout = 0ms;
  WorkerProcess worker{options, [this](auto& router) { routes(router); }};
  HttpClient kept{worker.address()};
  EXPECT_EQ(kept.get("/").status, 200);
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(DrainContract, RefusesWhoComesLater) {
  WorkerProcess worker{options, [this](auto& router) { routes(router); }};
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/slow"));
  ASSERT_TRUE(await([&] { return worker.slot().in_flight == 1; }));
  worker.signal(SIGTERM);
  ASSERT_TRUE(await([&] { return worker.slot().state == process::WorkerState::retiring; }));
  EXPECT_TRUE(await([&] {
    try {
      const HttpClient late{worker.address()};
      return false;
    } catch (const std::runtime_error&) {
      return true;  // refused: nobody listens
    }
  }));
  open_gate();
  EXPECT_EQ(client.receive().body, "slow");
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(DrainContract, GivesASilentClientFromTheQueueTheShortGraceToo) {
  options.drain_idle = 50ms;
  options.connections = 1;
  WorkerProcess worker{options, [this](auto& router) { routes(router); }};
  worker.slot().server_stops = true;
  auto first = std::make_unique<HttpClient>(worker.address());
  EXPECT_EQ(first->get("/").status, 200);
  worker.stop();
  HttpClient silent{worker.address()};
  first.reset();
  worker.signal(SIGTERM);
  worker.signal(SIGCONT);
  EXPECT_EQ(silent.receive_until_closed(), "");
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(DrainContract, ServesWhatWaitsInTheQueueWhenTheServerStops) {
  options.connections = 1;
  WorkerProcess worker{options, [this](auto& router) { routes(router); }};
  worker.slot().server_stops = true;
  auto first = std::make_unique<HttpClient>(worker.address());
  EXPECT_EQ(first->get("/").status, 200);
  worker.stop();
  HttpClient queued{worker.address()};
  queued.send(request_bytes("GET", "/"));
  first.reset();
  worker.signal(SIGTERM);
  worker.signal(SIGCONT);
  EXPECT_EQ(queued.receive().body, "hello");
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(DrainContract, EndsWhenTheGracefulTimeoutHasPassed) {
  options.graceful_timeout = 50ms;
  WorkerProcess worker{options, [this](auto& router) { routes(router); }};
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/slow"));
  ASSERT_TRUE(await([&] { return worker.slot().in_flight == 1; }));
  worker.signal(SIGTERM);
  worker.wait_exit();
  EXPECT_THAT(worker.error_text(), HasSubstr("graceful_timeout: leaving 1 connections with 1 requests in flight"));
}

TEST_P(DrainContract, EndsAtOnceWhenTold) {
  for (const int number : {SIGINT, SIGQUIT}) {
    WorkerProcess worker{options, [this](auto& router) { routes(router); }};
    HttpClient client{worker.address()};
    EXPECT_EQ(client.get("/").status, 200);
    worker.signal(number);
    EXPECT_EQ(worker.wait_exit(), 0);
  }
}

}  // namespace
}  // namespace indrik::test
