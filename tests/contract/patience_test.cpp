// Deadlines, slow clients, limits: what keeps one client from harming the others.
#include <poll.h>
#include <sys/socket.h>

#include <cstring>

#include "contract/contract.h"

namespace indrik::test {
namespace {

class PatienceContract : public ContractTest {
 protected:
  static void routes(routing::Router& router) {
    add_hello(router);
    add(router, "GET", "/blocks-loop", FunctionHandler::async([](http::Exchange& exchange) {
          std::this_thread::sleep_for(600ms);  // on the loop, where it should not be
          exchange.complete();
        }));
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

TEST_P(PatienceContract, KeepsAConnectionThatIsUsedHoweverLong) {
  options.keep_alive = 300ms;
  options.head_timeout = 300ms;
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  const auto begun = Clock::now();
  // Split, so that the client is now between two requests, now inside a head; never long.
  for (int i = 0; Clock::now() - begun < 900ms; ++i) {
    const auto bytes = request_bytes("GET", i % 2 == 0 ? "/" : "/nowhere");
    client.send(bytes.substr(0, 10));
    ASSERT_TRUE(client.is_silent());
    client.send(bytes.substr(10));
    ASSERT_EQ(client.receive().status, i % 2 == 0 ? 200 : 404);
  }
}

TEST_P(PatienceContract, KeepsADeadlineFromRunningWhileItsOwnHandlerBlocks) {
  options.keep_alive = 300ms;
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  EXPECT_EQ(client.get("/blocks-loop").status, 200);
  EXPECT_EQ(client.get("/").status, 200);
}

TEST_P(PatienceContract, CountsWhatCameInTimeWhileAHandlerBlockedTheLoop) {
  options.keep_alive = 300ms;
  options.head_timeout = 300ms;
  WorkerProcess worker{options, routes};
  HttpClient idle{worker.address()};
  HttpClient busy{worker.address()};
  EXPECT_EQ(idle.get("/").status, 200);
  busy.send(request_bytes("GET", "/blocks-loop"));
  idle.send(request_bytes("GET", "/"));
  EXPECT_EQ(idle.receive().status, 200);
  EXPECT_EQ(busy.receive().status, 200);
}

TEST_P(PatienceContract, TakesBoundedInputFromAClientThatReadsNothing) {
  options.write_timeout = 60'000ms;
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  // Answers that are not taken, then a request whose body never ends: what follows must stay in the kernel's buffers.
  client.send(request_bytes("GET", "/large") + "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  ASSERT_TRUE(await([&] { return worker.slot().requests == 1; }));
  const std::string flood(1 << 20, 'x');
  std::size_t taken = 0;
  for (ssize_t size; (size = ::send(client.fd(), flood.data(), flood.size(), MSG_DONTWAIT | MSG_NOSIGNAL)) > 0 ||
                     await_fd(client.fd(), POLLOUT, Deadline{200ms});)
    taken += size > 0 ? static_cast<std::size_t>(size) : 0;
  EXPECT_LT(taken, 32U << 20);
  EXPECT_EQ(HttpClient{worker.address()}.get("/").status, 200);
}

TEST_P(PatienceContract, SendsALargeAnswerInOrderHoweverSlowlyItIsTaken) {
  constexpr std::uint32_t kNumbers = 8U << 20;  // 32 MiB, far more than the kernel buffers
  std::string counting(kNumbers * sizeof(std::uint32_t), '\0');
  for (std::uint32_t i = 0; i < kNumbers; ++i) std::memcpy(&counting[i * sizeof i], &i, sizeof i);
  WorkerProcess worker{options, [&](auto& router) {
                         routes(router);
                         add(router, "GET", "/counting", FunctionHandler::blocking([&](http::Exchange& exchange) {
                               exchange.response.append_body(counting);
                             }));
                       }};
  HttpClient client{worker.address()};
  const int window = 32 * 1024;
  ASSERT_EQ(::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &window, sizeof window), 0);
  client.send(request_bytes("GET", "/counting") + request_bytes("GET", "/"));
  ASSERT_TRUE(await([&] { return worker.slot().requests >= 1; }));  // before the client takes anything
  EXPECT_TRUE(client.receive().body == counting);                   // EXPECT_EQ would print both
  EXPECT_EQ(client.receive().body, "hello");
}

TEST_P(PatienceContract, ClosesAtOnceWithoutLingering) {
  options.linger_timeout = 0ms;
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_TRUE(await([&] { return worker.slot().connections == 0; }));
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
