// What is there all at once when a worker looks: bytes with the end behind them, or more than one read takes. The
// kernel tells of it once.
#include <signal.h>
#include <sys/socket.h>

#include "contract/contract.h"
#include "contract/function_stream.h"
#include "net/address_set.h"
#include "net/unsent.h"

namespace indrik::test {
namespace {

constexpr std::size_t kStreamed = 1'000'000;
constexpr std::string_view kHello = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

class AtOnceContract : public ContractTest {
 protected:
  AtOnceContract() {
    WorkerProcess::receive_room = 1024 * 1024;  // for all that is sent before any of it is read
    // Whatever is not heard of stays unheard: no deadline makes the worker look again.
    for (auto* const patience : {&options.keep_alive, &options.head_timeout, &options.body_timeout,
                                 &options.linger_timeout, &options.stream_idle_timeout})
      *patience = 1h;
  }
  static void routes(routing::Router& router) {
    add_hello(router);
    add_echo(router);
    add(router, "GET", "/streamed", FunctionHandler::blocking([](http::Exchange& exchange) {
          const std::string piece(kStreamed / 100, 's');
          for (int i = 0; i < 100; ++i)
            if (exchange.streaming().write(piece, http::Streaming::Wait::yes).state != http::Streaming::State::moved)
              return;
        }));
  }
  /// Lines come back.
  static bool answer(stream::Conversation&, std::string_view line, std::string& out) {
    out.append(line) += '\n';
    return true;
  }
  /// Sent while the worker stands still.
  void send_at_once(const WorkerProcess& worker, HttpClient& client, std::string_view bytes, bool ends = false) {
    worker.stop();
    client.send(bytes);
    EXPECT_TRUE(await([&] { return net::unsent(client.fd()) == 0; }));
    if (ends) client.end_sending();
    worker.signal(SIGCONT);
  }
};
INDRIK_FOR_EVERY_CLASS(AtOnceContract);

TEST_P(AtOnceContract, ARequestAndTheEnd) {
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  EXPECT_EQ(client.get("/").body, "hello");
  send_at_once(worker, client, kHello, true);
  EXPECT_EQ(client.receive().body, "hello");
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST_P(AtOnceContract, PartOfARequestAndTheEnd) {
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  EXPECT_EQ(client.get("/").body, "hello");
  send_at_once(worker, client, kHello.substr(0, 20), true);
  EXPECT_EQ(client.receive().status, 400);
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST_P(AtOnceContract, PartOfAPreambleAndTheEnd) {
  options.proxies.protocol = worker::ProxyProtocol::optional;
  options.proxies.protocol_peers = *net::AddressSet::parse(std::vector<std::string>{"127.0.0.1"});
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  ASSERT_TRUE(await([&] { return worker.slot().connections == 1; }));
  send_at_once(worker, client, "PROXY TCP4 192.0.2.1", true);
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST_P(AtOnceContract, ABodyOfSeveralReads) {
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  const std::string body(150'000, 'b');
  send_at_once(worker, client, request_bytes("POST", "/echo", body));
  EXPECT_EQ(client.receive().body, body);
}

TEST_P(AtOnceContract, ManyRequestsOfSeveralReadsAndTheEnd) {
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  constexpr std::size_t kCount = 5'000;
  std::string requests;
  for (std::size_t i = 0; i < kCount; ++i) requests += kHello;
  send_at_once(worker, client, requests, true);
  for (std::size_t i = 0; i < kCount; ++i) ASSERT_EQ(client.receive().body, "hello") << i;
  EXPECT_EQ(client.receive_until_closed(), "");
}

/// The socket is watched for writing meanwhile, and then no more, in one turn of a loop that the handler may hold.
TEST_P(AtOnceContract, ManyRequestsBehindAnAnswerInPieces) {
  WorkerProcess worker{options, routes};
  constexpr std::size_t kCount = 5'000;
  std::string requests{"GET /streamed HTTP/1.1\r\nHost: a\r\n\r\n"};
  for (std::size_t i = 0; i < kCount; ++i) requests += kHello;
  HttpClient client{worker.address()};
  send_at_once(worker, client, requests);
  EXPECT_EQ(client.receive().body.size(), kStreamed);
  for (std::size_t i = 0; i < kCount; ++i) ASSERT_EQ(client.receive().body, "hello") << i;
}

/// A read ends at an urgent mark (tcp(7)).
TEST_P(AtOnceContract, RequestsAroundAnUrgentByte) {
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  EXPECT_EQ(client.get("/").body, "hello");
  worker.stop();
  client.send(kHello);
  ASSERT_EQ(::send(client.fd(), "!", 1, MSG_OOB), 1);
  client.send(kHello);
  EXPECT_TRUE(await([&] { return net::unsent(client.fd()) == 0; }));
  worker.signal(SIGCONT);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.receive().body, "hello");
}

/// What comes after the last answer is taken, and thrown away.
TEST_P(AtOnceContract, MuchThatNobodyWantsAndTheEnd) {
  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
  client.send("nonsense\r\n\r\n");
  EXPECT_EQ(client.receive().status, 400);
  send_at_once(worker, client, std::string(150'000, 'n'), true);
  EXPECT_TRUE(await([&] { return worker.slot().connections == 0; }));
}

TEST_P(AtOnceContract, ALineOfSeveralReadsInAStream) {
  for (const bool blocking : {true, false}) {
    const LineServer server{answer};
    WorkerProcess worker{options, routes, blocking ? server.blocking() : server.async()};
    HttpClient client{worker.stream_address()};
    client.send("one\n");
    EXPECT_EQ(client.receive_bytes_until("\n"), "one\n");
    std::string line(60'000, 'l');
    line.back() = '\n';
    send_at_once(worker, client, line);
    EXPECT_EQ(client.receive_bytes_until("\n"), line);
    send_at_once(worker, client, "two\nunfinished", true);
    EXPECT_EQ(client.receive_until_closed(), "two\nended\n");
  }
}

}  // namespace
}  // namespace indrik::test
