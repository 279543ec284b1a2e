// Bodies in pieces, both ways, and bodies that are too large for memory.
#include <poll.h>
#include <sys/resource.h>

#include <atomic>

#include "contract/async_writer.h"
#include "contract/contract.h"

namespace indrik::test {
namespace {

using State = http::Streaming::State;
using Wait = http::Streaming::Wait;

/// Reads all of the body and answers with its size and whether it came whole, in a handler that may wait.
std::pair<std::string, State> read_all(http::Exchange& exchange) {
  std::string body;
  char room[1000];
  while (true) {
    const auto piece = exchange.streaming().read(room, Wait::yes);
    if (piece.state != State::moved) return {body, piece.state};
    body.append(room, piece.size);
  }
}

std::unique_ptr<FunctionHandler> streaming_handler(FunctionHandler::Function function) {
  auto handler = std::make_unique<FunctionHandler>(std::move(function), FunctionHandler::Function{});
  handler->streams = true;
  return handler;
}

class StreamingContract : public ContractTest {
 protected:
  static constexpr std::size_t kBig = 1'000'000;
  static constexpr std::size_t kHuge = 16'000'000;  // more than two kernels keep on the way

  static void routes(routing::Router& router) {
    add_hello(router);
    add_echo(router);
    add(router, "POST", "/count", streaming_handler([](http::Exchange& exchange) {
          const auto [body, state] = read_all(exchange);
          if (state != State::ended) return exchange.fail("no whole body");
          exchange.response.append_body(std::to_string(body.size()));
        }));
    add(router, "POST", "/both", streaming_handler([](http::Exchange& exchange) {
          char room[3000];
          auto& flow = exchange.streaming();
          for (auto piece = flow.read(room, Wait::yes); piece.state == State::moved; piece = flow.read(room, Wait::yes))
            if (flow.write({room, piece.size}, Wait::yes).state != State::moved) return;
        }));
    add(router, "POST", "/unread",
        streaming_handler([](http::Exchange& exchange) { exchange.response.append_body("unread"); }));
    for (const auto& [path, size] : {std::pair{"/big", kBig}, std::pair{"/huge", kHuge}})
      add(router, "GET", path, FunctionHandler::blocking([size = size](http::Exchange& exchange) {
            const std::string piece(10'000, 'x');
            for (std::size_t sent = 0; sent < size; sent += piece.size())
              if (exchange.streaming().write(piece, Wait::yes).state != State::moved) return;
          }));
    add(router, "GET", "/async",
        FunctionHandler::async([](http::Exchange& exchange) { AsyncWriter::begin(exchange, kBig); }));
    add(router, "GET", "/failing", FunctionHandler::blocking([](http::Exchange& exchange) {
          exchange.streaming().write("half", Wait::yes);
          exchange.fail("the other half is missing");
        }));
    add(router, "GET", "/short", FunctionHandler::blocking([](http::Exchange& exchange) {
          exchange.response.declare_length(10);
          exchange.streaming().write("12345", Wait::yes);
        }));
    add(router, "GET", "/long", FunctionHandler::blocking([](http::Exchange& exchange) {
          exchange.response.declare_length(3);
          EXPECT_EQ(exchange.streaming().write("12345", Wait::yes).state, State::too_long);
        }));
    add(router, "GET", "/hints", FunctionHandler::blocking([](http::Exchange& exchange) {
          EXPECT_EQ(exchange.streaming().inform("Link: </a.css>; rel=preload\r\n"), State::moved);
          exchange.response.add_trailer("X-Sum", "7");
          exchange.streaming().write("body", Wait::yes);
          EXPECT_EQ(exchange.streaming().inform("Link: late\r\n"), State::wrong_phase);
        }));
    add(router, "GET", "/for-ever", FunctionHandler::blocking([](http::Exchange& exchange) {
          const std::string piece(10'000, 'x');
          while (exchange.streaming().write(piece, Wait::yes).state == State::moved) {
          }
        }));
  }

  WorkerProcess worker{options, routes};
  HttpClient client{worker.address()};
};
INDRIK_FOR_EVERY_CLASS(StreamingContract);

TEST_P(StreamingContract, GivesABodyToWhoeverReadsItInPieces) {
  const std::string body(700'000, 'b');
  EXPECT_EQ(client.request("POST", "/count", body).body, "700000");
  EXPECT_EQ(client.request("POST", "/count", "small").body, "5");
  EXPECT_EQ(client.request("POST", "/count", "").body, "0");
}

TEST_P(StreamingContract, BeginsBeforeTheBodyHasCome) {
  client.send("POST /both HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  EXPECT_THAT(client.receive_bytes_until("3\r\nabc\r\n"), testing::HasSubstr("Transfer-Encoding: chunked"));
  client.send("def");
  EXPECT_THAT(client.receive_bytes_until("0\r\n\r\n"), testing::HasSubstr("3\r\ndef\r\n"));
  EXPECT_EQ(client.get("/").body, "hello");
}

TEST_P(StreamingContract, TellsAHandlerWhoseBodyIsCutShort) {
  client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  client.end_sending();
  EXPECT_EQ(client.receive().status, 400);
  HttpClient other{worker.address()};
  other.send("POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nx\r\n");
  EXPECT_EQ(other.receive().status, 400);
  EXPECT_EQ(other.receive_until_closed(), "");
  EXPECT_THAT(worker.error_text(), testing::Not(testing::HasSubstr("no whole body")));
}

TEST_P(StreamingContract, AsksForABodyOnlyWhenItsHandlerReads) {
  client.send("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n");
  const auto unread = client.receive();
  EXPECT_EQ(unread.body, "unread");
  EXPECT_EQ(unread.field("connection"), "close");
  HttpClient other{worker.address()};
  other.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(other.receive_bytes_until("\r\n\r\n"), testing::StartsWith("HTTP/1.1 100 Continue\r\n"));
  other.send("abcdef");
  EXPECT_EQ(other.receive().body, "6");
}

TEST_P(StreamingContract, AnswersBeforeTheBodyWhereNobodyWantsIt) {
  client.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive().status, 404);
  HttpClient small{worker.address()};
  small.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(small.receive().status, 404);
  small.send("12345GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(small.receive().body, "hello");
}

TEST_P(StreamingContract, SendsWhatIsWrittenInPieces) {
  for (const auto* path : {"/big", "/async"}) {
    const auto answer = client.get(path);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body.size(), kBig);
    EXPECT_EQ(answer.field("transfer-encoding"), "chunked");
  }
  EXPECT_EQ(client.get("/").body, "hello");
  for (const auto* path : {"/big", "/for-ever", "/failing"}) EXPECT_EQ(client.request("HEAD", path).status, 200);
  EXPECT_EQ(worker.error_text().find("[error]"), std::string::npos);
  EXPECT_EQ(client.get("/").body, "hello");
}

TEST_P(StreamingContract, WaitsForWhoeverReadsSlowly) {
  client.send(request_bytes("GET", "/huge", {}, {{"Connection", "close"}}));
  ASSERT_TRUE(await([&] { return worker.slot().in_flight == 1; }));
  EXPECT_FALSE(await([&] { return worker.slot().in_flight == 0; }, 50ms));  // it has begun and cannot go on
  EXPECT_GT(client.receive_until_closed().size(), kHuge);
  EXPECT_EQ(worker.slot().in_flight, 0U);
}

TEST_P(StreamingContract, CutsAnAnswerWhoseHandlerFailsInTheMiddle) {
  client.send(request_bytes("GET", "/failing"));
  EXPECT_THROW(client.receive(), std::exception);
  EXPECT_TRUE(await([&] { return worker.error_text().find("the other half is missing") != std::string::npos; }));
}

TEST_P(StreamingContract, KeepsTheAnswersBeforeOneThatIsCut) {
  client.send(request_bytes("GET", "/") + request_bytes("GET", "/failing"));
  EXPECT_EQ(client.receive().body, "hello");
  EXPECT_THROW(client.receive(), std::exception);
}

TEST_P(StreamingContract, CutsAnAnswerThatIsShorterThanDeclared) {
  client.send(request_bytes("GET", "/short"));
  EXPECT_THROW(client.receive(), std::exception);
  EXPECT_TRUE(await([&] { return worker.error_text().find("shorter than its declared length") != std::string::npos; }));
}

TEST_P(StreamingContract, SendsNothingBeyondADeclaredLength) {
  client.send(request_bytes("GET", "/long"));
  const auto answer = client.receive();
  EXPECT_EQ(answer.body, "123");
  EXPECT_EQ(answer.field("content-length"), "3");
  EXPECT_EQ(client.get("/").body, "hello");
  EXPECT_TRUE(await([&] { return worker.error_text().find("beyond its declared length") != std::string::npos; }));
}

TEST_P(StreamingContract, GivesHintsBeforeAndTrailersAfter) {
  client.send(request_bytes("GET", "/hints"));
  const auto bytes = client.receive_bytes_until("X-Sum: 7\r\n\r\n");
  EXPECT_THAT(bytes,
              testing::StartsWith("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200"));
  EXPECT_THAT(bytes, testing::EndsWith("4\r\nbody\r\n0\r\nX-Sum: 7\r\n\r\n"));
  EXPECT_EQ(client.get("/").body, "hello");
}

TEST_P(StreamingContract, EndsAHandlerWhoseClientHasGone) {
  client.send(request_bytes("GET", "/for-ever"));
  client.receive_bytes_until("xxxx");
  client.reset();
  EXPECT_TRUE(await([&] { return worker.slot().in_flight == 0; }));
  EXPECT_EQ(HttpClient{worker.address()}.get("/").body, "hello");
}

/// What a client may use up is small here.
class BodyFileContract : public StreamingContract {
 protected:
  BodyFileContract() {
    options.limits.max_buffered_body = 1000;
    options.limits.max_body_size = kBig;
  }
};
INDRIK_FOR_EVERY_CLASS(BodyFileContract);

TEST_P(BodyFileContract, GivesALargeBodyWholeToWhoeverDoesNotStream) {
  WorkerProcess small{options, routes};
  HttpClient poster{small.address()};
  std::string body;
  for (int i = 0; body.size() < kBig - 10; ++i) body += std::to_string(i);
  EXPECT_EQ(poster.request("POST", "/echo", body).body, body);
  EXPECT_EQ(poster.request("POST", "/echo", "small").body, "small");
}

TEST_P(BodyFileContract, Answers500WhereItCannotBeKept) {
  options.body_directory = "/nowhere";
  WorkerProcess small{options, routes};
  HttpClient poster{small.address()};
  EXPECT_EQ(poster.request("POST", "/echo", std::string(500'000, 'x')).status, 500);
  EXPECT_THAT(small.error_text(), testing::HasSubstr("/nowhere"));
  EXPECT_EQ(HttpClient{small.address()}.get("/").body, "hello");
}

TEST_P(BodyFileContract, Answers503WhereTheFilesTakeAllThatTheyMay) {
  options.max_body_space = 1'000'000;
  options.linger_timeout = 30s;
  WorkerProcess small{options, routes};
  const std::string half =
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n" + std::string(800'000, 'x');
  HttpClient first{small.address()};
  first.send(half);
  HttpClient second{small.address()};
  second.send(half);
  // Whichever came to the bound first.
  ASSERT_TRUE(await([&] { return !first.is_silent() || !second.is_silent(); }));
  HttpClient& refused = first.is_silent() ? second : first;
  HttpClient& kept = first.is_silent() ? first : second;
  const auto refusal = refused.receive();
  EXPECT_EQ(refusal.status, 503);
  EXPECT_TRUE(refusal.field("retry-after"));
  kept.send(std::string(100'000, 'x'));
  EXPECT_EQ(kept.receive().body.size(), 900'000U);
  EXPECT_EQ(kept.request("POST", "/echo", std::string(900'000, 'y')).status, 200);  // the room is there again
}

class DeadlineOfStreamContract : public StreamingContract {
 protected:
  DeadlineOfStreamContract() {
    options.timeout = 600ms;
    options.body_timeout = 600ms;
    options.keep_alive = 600ms;
    options.write_timeout = 600ms;
    options.min_body_rate = 0;  // a byte now and then will do
  }
};
INDRIK_FOR_EVERY_CLASS(DeadlineOfStreamContract);

TEST_P(DeadlineOfStreamContract, BeginsAnewWithEveryPiece) {
  WorkerProcess hasty{options, routes};
  HttpClient slow{hasty.address()};
  slow.send("POST /both HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
  for (const std::string piece : {"a", "b", "c", "d"}) {
    std::this_thread::sleep_for(200ms);  // the client's own pace
    slow.send(piece);
    slow.receive_bytes_until("1\r\n" + piece + "\r\n");
  }
  slow.receive_bytes_until("0\r\n\r\n");
  EXPECT_EQ(slow.get("/").body, "hello");
}

TEST_P(DeadlineOfStreamContract, EndsABodyThatStalls) {
  WorkerProcess hasty{options, routes};
  HttpClient slow{hasty.address()};
  slow.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
  const auto answer = slow.receive();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(slow.receive_until_closed(), "");
}

TEST_P(DeadlineOfStreamContract, HasNoSecondAnswerForABodyThatStallsUnread) {
  WorkerProcess hasty{options, routes};
  HttpClient slow{hasty.address()};
  slow.send("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
  EXPECT_EQ(slow.receive().body, "unread");
  EXPECT_EQ(slow.receive_until_closed(), "");
}

TEST_P(DeadlineOfStreamContract, CutsAnAnswerThatNobodyTakes) {
  WorkerProcess hasty{options, routes};
  HttpClient slow{hasty.address()};
  slow.send(request_bytes("GET", "/for-ever"));
  EXPECT_TRUE(await([&] { return hasty.slot().in_flight == 1; }));
  EXPECT_TRUE(await([&] { return hasty.slot().in_flight == 0; }));
  EXPECT_EQ(HttpClient{hasty.address()}.get("/").body, "hello");
}

}  // namespace
}  // namespace indrik::test
