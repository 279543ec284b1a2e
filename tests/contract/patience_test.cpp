// Deadlines, slow clients, limits: what keeps one client from harming the others.
#include "contract/contract.h"

namespace indrik::test {
namespace {

class PatienceContract : public ContractTest {
 protected:
  static void routes(routing::Router& router) {
    add_hello(router);
    add_echo(router);
    add(router, "GET", "/large", FunctionHandler::blocking([](http::Exchange& exchange) {
          exchange.response.append_body(std::string(20'000'000, 'x'));
        }));
  }
};
INDRIK_FOR_EVERY_CLASS(PatienceContract);

TEST_P(PatienceContract, ClosesAConnectionThatNeverSaysAnything) {
  options.first_byte_timeout = 50ms;
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST_P(PatienceContract, Answers408ToAHeadThatIsNeverFinished) {
  options.head_timeout = 50ms;
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  client.send("GET / HTTP/1.1\r\nHost:");
  EXPECT_EQ(client.receive().status, 408);
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST_P(PatienceContract, Answers408ToABodyThatStops) {
  options.body_timeout = 50ms;
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
  EXPECT_EQ(client.receive().status, 408);
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST_P(PatienceContract, ClosesAnIdleConnection) {
  options.keep_alive = 50ms;
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST_P(PatienceContract, ClosesAfterEveryAnswerWithoutKeepAlive) {
  options.keep_alive = 0ms;
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  EXPECT_EQ(client.get("/").field("connection"), "close");
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST_P(PatienceContract, GivesUpOnAClientThatTakesNothing) {
  options.write_timeout = 50ms;
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/large"));
  EXPECT_TRUE(await([&] { return worker.slot().requests == 1 && worker.slot().connections == 0; }));
}

TEST_P(PatienceContract, SendsALargeAnswerToASlowReader) {
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/large"));
  EXPECT_TRUE(await([&] { return worker.slot().requests == 1; }));
  EXPECT_EQ(HttpClient{worker.address()}.get("/").body, "hello");  // meanwhile the others are served
  EXPECT_EQ(client.receive().body.size(), 20'000'000U);
  EXPECT_EQ(client.get("/").body, "hello");
}

TEST_P(PatienceContract, ServesOthersWhileAClientDribblesItsRequest) {
  WorkerProcess worker{options, routes};
  HttpClient slow{worker.address()};
  const std::string request = request_bytes("POST", "/echo", "slow");
  for (const char byte : request) {
    slow.send({&byte, 1});
    HttpClient other{worker.address()};
    ASSERT_EQ(other.get("/").body, "hello");
  }
  EXPECT_EQ(slow.receive().body, "slow");
}

TEST_P(PatienceContract, HoldsNoMoreConnectionsThanAllowed) {
  options.connections = 2;
  WorkerProcess worker{options, routes};
  HttpClient first{worker.address()};
  auto second = std::make_unique<HttpClient>(worker.address());
  EXPECT_EQ(first.get("/").status, 200);
  EXPECT_EQ(second->get("/").status, 200);
  HttpClient third{worker.address()};
  third.send(request_bytes("GET", "/"));
  EXPECT_EQ(first.get("/").status, 200);  // the worker has had a turn since
  EXPECT_TRUE(third.is_silent());
  EXPECT_EQ(worker.slot().connections, 2U);
  second.reset();
  EXPECT_EQ(third.receive().status, 200);
}

TEST_P(PatienceContract, ForgetsClientsThatReset) {
  WorkerProcess worker{options, routes};
  for (int i = 0; i < 20; ++i) {
    HttpClient client{worker.address()};
    client.send(i % 2 == 0 ? "GET / HT" : request_bytes("GET", "/large"));
    client.reset();
  }
  EXPECT_EQ(HttpClient{worker.address()}.get("/").status, 200);
  EXPECT_TRUE(await([&] { return worker.slot().connections == 0 && worker.slot().in_flight == 0; }));
}

}  // namespace
}  // namespace indrik::test
