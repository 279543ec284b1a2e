// Clients that always do something in time, and too little: the least rates of bodies and answers.
#include <poll.h>
#include <sys/socket.h>

#include <atomic>

#include "contract/contract.h"

namespace indrik::test {
namespace {

using State = http::Streaming::State;
using Wait = http::Streaming::Wait;

constexpr std::uint64_t kBeyondAnybody = std::uint64_t{1} << 40;  // bytes a second

class PaceContract : public ContractTest {
 protected:
  static constexpr std::size_t kLarge = 20'000'000;  // more than two kernels keep on the way

  PaceContract() { options.linger_timeout = 50ms; }

  void routes(routing::Router& router) {
    add_hello(router);
    add_echo(router);
    add(router, "POST", "/length", FunctionHandler::blocking([](http::Exchange& exchange) {
          exchange.response.append_body(std::to_string(exchange.request.body.size()));
        }));
    auto reader = std::make_unique<FunctionHandler>(
        [this](http::Exchange& exchange) {
          char room[1000];
          auto piece = exchange.streaming().read(room, Wait::yes);
          while (piece.state == State::moved) piece = exchange.streaming().read(room, Wait::yes);
          if (piece.state == State::cut_short) ++seen().requests;
          exchange.fail("no whole body");
        },
        FunctionHandler::Function{});
    reader->streams = true;
    add(router, "POST", "/stream", std::move(reader));
    add(router, "GET", "/large", FunctionHandler::blocking([](http::Exchange& exchange) {
          exchange.response.append_body(std::string(kLarge, 'x'));
        }));
    add(router, "GET", "/for-ever", FunctionHandler::blocking([](http::Exchange& exchange) {
          const std::string piece(10'000, 'x');
          while (exchange.streaming().write(piece, Wait::yes).state == State::moved) {
          }
        }));
    add(router, "GET", "/blocks-loop", FunctionHandler::async([this](http::Exchange& exchange) {
          ++seen().accepted;
          while (seen().errors < seen().accepted) std::this_thread::sleep_for(1ms);
          exchange.complete();
        }));
  }
  WorkerProcess start() {
    return WorkerProcess{options, [this](auto& router) { routes(router); }};
  }
  /// What handlers and tests tell each other, across processes.
  process::Slot& seen() noexcept { return board_.slots()[0]; }

  /// Sends `begin`, then a byte every few milliseconds until there is an answer.
  static HttpResponse dribble(HttpClient& client, std::string_view begin) {
    client.send(begin);
    while (!await_fd(client.fd(), POLLIN, Deadline{20ms})) client.send("x");
    return client.receive();
  }
  static std::string post(std::string_view path, std::size_t size) {
    return "POST " + std::string{path} + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
  }
  /// Takes a little every few milliseconds, for so long or until the connection ends: then false.
  static bool sip(HttpClient& client, milliseconds time) {
    std::string room(16 * 1024, '\0');
    for (const Deadline end{time}; !end.passed(); ::poll(nullptr, 0, 20)) {  // the client's own pace
      if (!await_fd(client.fd(), POLLIN, Deadline{})) return true;
      if (::recv(client.fd(), room.data(), room.size(), 0) <= 0) return false;
    }
    return true;
  }
  static void take_in_small_windows(HttpClient& client) {
    const int window = 16 * 1024;
    ASSERT_EQ(::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &window, sizeof window), 0);
  }

 private:
  process::Scoreboard board_ = *process::Scoreboard::create(1);
};
INDRIK_FOR_EVERY_CLASS(PaceContract);

TEST_P(PaceContract, Answers408ToABodyThatDribbles) {
  options.body_timeout = 200ms;
  options.min_body_rate = kBeyondAnybody;
  auto worker = start();
  HttpClient client{worker.address()};
  EXPECT_EQ(dribble(client, post("/echo", 100'000)).status, 408);
  EXPECT_EQ(client.receive_until_closed(), "");
  EXPECT_THAT(worker.error_text(),
              testing::HasSubstr("sends its body more slowly than min_body_rate, given up (1 such"));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
  EXPECT_THAT(worker.access_text(), testing::HasSubstr(" 408 "));
}

TEST_P(PaceContract, Answers408ToABodyInAFileThatDribbles) {
  options.body_timeout = 200ms;
  options.min_body_rate = kBeyondAnybody;
  auto worker = start();
  HttpClient client{worker.address()};
  EXPECT_EQ(dribble(client, post("/echo", 500'000) + std::string(300'000, 'x')).status, 408);
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST_P(PaceContract, TellsWhoeverReadsABodyThatDribbles) {
  options.body_timeout = 200ms;
  options.min_body_rate = kBeyondAnybody;
  auto worker = start();
  HttpClient client{worker.address()};
  EXPECT_EQ(dribble(client, post("/stream", 100'000)).status, 408);
  EXPECT_EQ(client.receive_until_closed(), "");
  EXPECT_EQ(seen().requests, 1U);
}

TEST_P(PaceContract, TakesABodyThatKeepsUpHoweverLongItTakes) {
  options.body_timeout = 500ms;
  options.min_body_rate = 1;
  auto worker = start();
  HttpClient client{worker.address()};
  const std::string body(40, 'x');
  client.send(post("/echo", body.size()));
  for (const char byte : body) {
    ::poll(nullptr, 0, 20);  // the client's own pace
    client.send({&byte, 1});
  }
  EXPECT_EQ(client.receive().body, body);
  EXPECT_EQ(client.get("/").body, "hello");
}

TEST_P(PaceContract, DoesNotCutASlowButSteadyReader) {
  options.write_timeout = 1'000ms;
  options.min_write_rate = 1'000;
  auto worker = start();
  HttpClient client{worker.address()};
  take_in_small_windows(client);
  client.send(request_bytes("GET", "/large"));
  // In all this time the socket does not become writable again: less than a third of its buffer has been taken.
  ASSERT_TRUE(sip(client, 2'500ms));
  EXPECT_THAT(client.receive_bytes_until(std::string(1'000'000, 'x')), testing::SizeIs(1'000'000));
  EXPECT_EQ(worker.slot().connections, 1U);
}

TEST_P(PaceContract, ResetsAReaderThatDribbles) {
  options.write_timeout = 200ms;
  options.min_write_rate = kBeyondAnybody;
  auto worker = start();
  for (const std::string path : {"/large", "/for-ever"}) {
    HttpClient client{worker.address()};
    take_in_small_windows(client);
    client.send(request_bytes("GET", path));
    EXPECT_FALSE(sip(client, kPatience)) << path;
    EXPECT_TRUE(await([&] { return worker.slot().connections == 0 && worker.slot().in_flight == 0; })) << path;
  }
  EXPECT_THAT(worker.error_text(), testing::HasSubstr("takes its answer more slowly than min_write_rate, given up"));
  EXPECT_EQ(HttpClient{worker.address()}.get("/").body, "hello");
}

TEST_P(PaceContract, ServesABodyThatIsWholeAtTheLastMoment) {
  options.body_timeout = 200ms;
  auto worker = start();
  HttpClient slow{worker.address()};
  HttpClient first{worker.address()};
  HttpClient second{worker.address()};
  EXPECT_EQ(first.get("/").status, 200);
  EXPECT_EQ(second.get("/").status, 200);
  slow.send(post("/length", 4) + "la");
  first.send(request_bytes("GET", "/blocks-loop"));
  ASSERT_TRUE(await([&] { return seen().accepted == 1; }));
  // While the first holds the loop the deadline passes, so that it expires in the turn of the second; and the rest
  // comes while that one holds it.
  ::poll(nullptr, 0, 300);
  second.send(request_bytes("GET", "/blocks-loop"));
  // A sync worker begins no handler before everything else of its turn is done: it must have come by now.
  if (GetParam() == WorkerClass::sync) slow.send("st");
  seen().errors = 1;
  ASSERT_TRUE(await([&] { return seen().accepted == 2; }));
  if (GetParam() != WorkerClass::sync) slow.send("st");
  seen().errors = 2;
  EXPECT_EQ(slow.receive().body, "4");
  EXPECT_EQ(slow.get("/").body, "hello");
}

}  // namespace
}  // namespace indrik::test
