// Other protocols than HTTP: what a stream's handler and its client may rely on, in every class and flavour.
#include <signal.h>

#include <atomic>
#include <thread>

#include "contract/contract.h"
#include "contract/function_stream.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;
using Direction = Conversation::Direction;

constexpr std::size_t kMuch = 8 * 1024 * 1024;

/// Where a stream's handler runs.
struct StreamPlace {
  WorkerClass worker_class;
  bool blocking;
};

class StreamContract : public testing::TestWithParam<StreamPlace> {
 protected:
  StreamContract() {
    options.worker_class = GetParam().worker_class;
    options.drain_idle = 50ms;
  }

  /// "much" asks for kMuch bytes, "quit" ends, "fail" fails; all else comes back.
  static bool answer(Conversation& it, std::string_view line, std::string& out) {
    if (line == "much") {
      out.append(kMuch - 1, 'x') += '\n';
      return true;
    }
    if (line == "fail") it.fail("no good");
    if (line == "fail" || line == "quit") return false;
    out.append(line) += '\n';
    return true;
  }
  static std::unique_ptr<stream::Handler> handler(const LineServer& server) {
    return GetParam().blocking ? server.blocking() : server.async();
  }
  WorkerProcess start(const LineServer& server = LineServer{answer}) const {
    return WorkerProcess{options, [](auto& router) { add_hello(router); }, handler(server)};
  }
  static void add_hello(routing::Router& router) {
    ASSERT_TRUE(router.add("GET", "/", FunctionHandler::blocking([](http::Exchange& exchange) {
                             exchange.response.append_body("hello");
                           })));
  }
  /// One handler at a time has the worker, or its thread, also while it waits.
  static bool holds_its_worker() { return GetParam().worker_class == WorkerClass::sync; }
  static bool is_in_thread() { return GetParam().worker_class == WorkerClass::event && GetParam().blocking; }

  worker::Options options;
};
std::string place_name(const testing::TestParamInfo<StreamPlace>& given) {
  return class_name(given.param.worker_class) + (given.param.blocking ? "Blocking" : "Async");
}
constexpr StreamPlace kSyncBlocking{WorkerClass::sync, true}, kSyncAsync{WorkerClass::sync, false};
constexpr StreamPlace kEventBlocking{WorkerClass::event, true}, kEventAsync{WorkerClass::event, false};
constexpr StreamPlace kGreenBlocking{WorkerClass::green, true}, kGreenAsync{WorkerClass::green, false};

INSTANTIATE_TEST_SUITE_P(Worker, StreamContract,
                         testing::Values(kSyncBlocking, kSyncAsync, kEventBlocking, kEventAsync, kGreenBlocking,
                                         kGreenAsync),
                         place_name);

/// Where others are served while a conversation goes on.
class SharingStreamContract : public StreamContract {};
INSTANTIATE_TEST_SUITE_P(Worker, SharingStreamContract,
                         testing::Values(kEventBlocking, kEventAsync, kGreenBlocking, kGreenAsync), place_name);

/// Where as many go on at once as there are connections.
class CrowdedStreamContract : public StreamContract {};
INSTANTIATE_TEST_SUITE_P(Worker, CrowdedStreamContract, testing::Values(kEventAsync, kGreenBlocking, kGreenAsync),
                         place_name);

/// Where a conversation may have to wait for the end of another.
class QueuedStreamContract : public StreamContract {};
INSTANTIATE_TEST_SUITE_P(Worker, QueuedStreamContract, testing::Values(kSyncBlocking, kSyncAsync, kEventBlocking),
                         place_name);

TEST_P(StreamContract, AnswersWhatComes) {
  auto worker = start();
  HttpClient client{worker.stream_address()};
  client.send("one\n");
  EXPECT_EQ(client.receive_bytes_until("\n"), "one\n");
  client.send("two\nthree\n");
  EXPECT_EQ(client.receive_bytes_until("three\n"), "two\nthree\n");
  client.send("four\nquit\n");
  EXPECT_EQ(client.receive_until_closed(), "four\n");
}

TEST_P(StreamContract, GivesTheSameAnswerWhereverTheBytesAreCut) {
  auto worker = start();
  HttpClient client{worker.stream_address()};
  const std::string lines = "first\n\nsecond line\n3\n";
  for (std::size_t cut = 1; cut < lines.size(); ++cut) {
    client.send(std::string_view{lines}.substr(0, cut));
    client.send(std::string_view{lines}.substr(cut));
    ASSERT_EQ(client.receive_bytes_until("\n3\n"), lines) << cut;
  }
}

TEST_P(StreamContract, TakesALineThatIsLongerThanItsBuffer) {
  auto worker = start();
  HttpClient client{worker.stream_address()};
  std::string line(1024 * 1024, 'l');
  line.back() = '\n';
  client.send(line);
  EXPECT_EQ(client.receive_bytes_until("\n"), line);
}

TEST_P(StreamContract, WritesMoreThanTheSocketTakes) {
  auto worker = start();
  HttpClient client{worker.stream_address()};
  client.send("much\nafter\n");
  const auto answer = client.receive_bytes_until("after\n");
  EXPECT_EQ(answer.size(), kMuch + 6);
  EXPECT_EQ(answer.find_first_not_of('x'), kMuch - 1);
}

TEST_P(SharingStreamContract, LeavesTurnsToOthersWhileAClientReadsAndReads) {
  constexpr std::size_t kAsked = 50;
  auto worker = start();
  HttpClient greedy{worker.stream_address()};
  std::atomic<bool> is_other_served = false;
  std::atomic<bool> has_all = false;
  for (std::size_t i = 0; i < kAsked; ++i) greedy.send("much\n");
  std::thread reader{[&] {
    std::size_t had = 0;
    for (; had < kAsked && !is_other_served; ++had) greedy.receive_bytes_until("\n");
    has_all = had == kAsked;
  }};
  HttpClient other{worker.stream_address()};
  other.send("one\n");
  EXPECT_EQ(other.receive_bytes_until("\n"), "one\n");
  EXPECT_FALSE(has_all);
  is_other_served = true;
  reader.join();
}

TEST_P(StreamContract, SendsWhatWasWrittenBeforeTheEnd) {
  auto worker = start();
  HttpClient client{worker.stream_address()};
  client.send("much\nquit\n");
  EXPECT_EQ(client.receive_until_closed().size(), kMuch);
}

TEST_P(StreamContract, TellsTheHandlerThatTheClientHasEnded) {
  auto worker = start();
  HttpClient client{worker.stream_address()};
  client.send("one\nunfinished");
  client.end_sending();
  EXPECT_EQ(client.receive_until_closed(), "one\nended\n");
}

TEST_P(StreamContract, OutlivesAClientThatResets) {
  auto worker = start();
  {
    HttpClient client{worker.stream_address()};
    client.send("much\n");
    ASSERT_EQ(client.receive_bytes_until("x").substr(0, 1), "x");
    client.reset();
  }
  ASSERT_TRUE(await([&] { return worker.slot().connections == 0; }));
  HttpClient next{worker.stream_address()};
  next.send("still here\n");
  EXPECT_EQ(next.receive_bytes_until("\n"), "still here\n");
}

TEST_P(StreamContract, GivesUpWaitingWhenTheHandlerSaysSo) {
  auto worker = start(LineServer{answer, [](Conversation& it) { it.set_timeout(Direction::read, 100ms); }});
  HttpClient client{worker.stream_address()};
  client.send("one\n");
  EXPECT_EQ(client.receive_until_closed(), "one\ntimed out\n");
}

TEST_P(StreamContract, GivesUpWaitingWhenTheServerSaysSo) {
  options.stream_idle_timeout = 100ms;
  auto worker = start();
  HttpClient client{worker.stream_address()};
  EXPECT_EQ(client.receive_until_closed(), "timed out\n");
}

TEST_P(StreamContract, GivesUpAClientThatTakesNothing) {
  options.write_timeout = 200ms;
  auto worker = start();
  HttpClient client{worker.stream_address()};
  client.send("much\nmuch\nmuch\n");
  ASSERT_TRUE(await([&] { return worker.slot().connections == 1; }));
  ASSERT_TRUE(await([&] { return worker.slot().connections == 0; }));
  EXPECT_THAT(worker.error_text(), HasSubstr("takes what is written too slowly, or not at all"));
}

TEST_P(StreamContract, ResetsWhereTheHandlerFails) {
  auto worker = start();
  HttpClient client{worker.stream_address()};
  client.send("one\nfail\n");
  client.receive_until_closed();
  ASSERT_TRUE(await([&] { return worker.slot().connections == 0; }));
  EXPECT_THAT(worker.error_text(), HasSubstr("stream lines (plugin test), 127.0.0.1:"));
  EXPECT_THAT(worker.error_text(), HasSubstr(": no good"));
}

TEST_P(StreamContract, IsCountedAsAConnectionAndAtItsEndAsARequest) {
  auto worker = start();
  HttpClient client{worker.stream_address()};
  client.send("one\n");
  EXPECT_EQ(client.receive_bytes_until("\n"), "one\n");
  EXPECT_EQ(worker.slot().connections, 1U);
  EXPECT_EQ(worker.slot().accepted, 1U);
  EXPECT_EQ(worker.slot().requests, 0U);
  const auto busy = holds_its_worker() || is_in_thread() ? 1U : 0U;  // one that waits for a message is not
  EXPECT_TRUE(await([&] { return worker.slot().in_flight == busy; }));
  client.send("quit\n");
  client.receive_until_closed();
  EXPECT_TRUE(await([&] { return worker.slot().requests == 1; }));
  EXPECT_TRUE(await([&] { return worker.slot().connections == 0 && worker.slot().in_flight == 0; }));
}

TEST_P(StreamContract, EndsItsWorkerAfterTheLastThatItMayServe) {
  options.max_requests = 1;
  auto worker = start();
  HttpClient client{worker.stream_address()};
  client.send("quit\n");
  client.receive_until_closed();
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(StreamContract, IsClosedWhereThereIsNoRoom) {
  options.connections = 1;
  options.queue_timeout = 200ms;
  auto worker = start();
  HttpClient first{worker.stream_address()};
  first.send("one\n");
  EXPECT_EQ(first.receive_bytes_until("\n"), "one\n");
  HttpClient second{worker.stream_address()};
  EXPECT_EQ(second.receive_until_closed(), "");
  first.send("two\n");
  EXPECT_EQ(first.receive_bytes_until("\n"), "two\n");
}

TEST_P(StreamContract, WaitsForNoNewMessageWhenTheWorkerStops) {
  auto worker = start();
  HttpClient client{worker.stream_address()};
  client.send("one\n");
  EXPECT_EQ(client.receive_bytes_until("\n"), "one\n");
  worker.signal(SIGTERM);
  EXPECT_EQ(client.receive_until_closed(), "stopping\n");
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(StreamContract, TakesAMessageWithinTheGraceOfAWorkerThatStops) {
  options.drain_idle = 20'000ms;
  auto worker = start();
  HttpClient client{worker.stream_address()};
  client.send("one\n");
  EXPECT_EQ(client.receive_bytes_until("\n"), "one\n");
  worker.signal(SIGTERM);
  ASSERT_TRUE(await([&] { return worker.slot().state == process::WorkerState::retiring; }));
  client.send("last\n");
  EXPECT_EQ(client.receive_until_closed(), "last\nstopping\n");
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(StreamContract, FinishesTheMessageThatItIsAtWhenTheWorkerStops) {
  auto worker = start();
  HttpClient idle{worker.stream_address()};
  HttpClient client{holds_its_worker() ? worker.address() : worker.stream_address()};
  idle.send("one\nbegun");
  EXPECT_EQ(idle.receive_bytes_until("\n"), "one\n");
  worker.signal(SIGTERM);
  // The other one tells when the grace is over.
  client.receive_until_closed();
  idle.send(" and ended\n");
  EXPECT_EQ(idle.receive_until_closed(), "begun and ended\nstopping\n");
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(StreamContract, IsCutByTheGracefulTimeout) {
  options.graceful_timeout = 200ms;
  auto worker = start();
  HttpClient client{worker.stream_address()};
  client.send("one\nbegun");
  EXPECT_EQ(client.receive_bytes_until("\n"), "one\n");
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
  EXPECT_THAT(worker.error_text(), HasSubstr("graceful_timeout: leaving 1 connections"));
}

TEST_P(StreamContract, EndsAtOnceWhenTold) {
  auto worker = start();
  HttpClient client{worker.stream_address()};
  client.send("one\n");
  EXPECT_EQ(client.receive_bytes_until("\n"), "one\n");
  worker.signal(SIGINT);
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(StreamContract, LetsOthersWorkWhileItWaits) {
  auto worker = start();
  HttpClient stream{worker.stream_address()};
  stream.send("one\n");
  EXPECT_EQ(stream.receive_bytes_until("\n"), "one\n");
  HttpClient http{worker.address()};
  HttpClient other{worker.stream_address()};
  http.send(request_bytes("GET", "/"));
  other.send("two\n");
  if (holds_its_worker()) {  // then they wait for its end
    stream.send("quit\n");
    stream.receive_until_closed();
    EXPECT_EQ(http.receive().body, "hello");
    EXPECT_EQ(other.receive_bytes_until("\n"), "two\n");
  } else {
    EXPECT_EQ(http.receive().body, "hello");
    EXPECT_EQ(other.receive_bytes_until("\n"), "two\n");
    stream.send("three\n");
    EXPECT_EQ(stream.receive_bytes_until("\n"), "three\n");
  }
}

TEST_P(QueuedStreamContract, WaitsForItsTurnForTheQueueTimeoutAtMost) {
  options.threads = 1;
  options.queue_timeout = 200ms;
  auto worker = start();
  HttpClient first{worker.stream_address()};
  first.send("one\n");
  EXPECT_EQ(first.receive_bytes_until("\n"), "one\n");
  HttpClient second{worker.stream_address()};
  second.send("two\n");
  EXPECT_EQ(second.receive_until_closed(), "");
  first.send("three\n");
  EXPECT_EQ(first.receive_bytes_until("\n"), "three\n");
}

TEST_P(StreamContract, ReadsTheHeaderOfAProxyBeforeAnythingElse) {
  options.proxies.protocol = worker::ProxyProtocol::required;
  options.proxies.protocol_peers = *net::AddressSet::parse(std::vector<std::string>{"127.0.0.1"});
  auto worker = start(LineServer{[](Conversation& it, std::string_view, std::string& out) {
    out.append(it.peer()) += '\n';
    return true;
  }});
  HttpClient client{worker.stream_address()};
  client.send("PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\nwho\n");
  EXPECT_EQ(client.receive_bytes_until("\n"), "192.0.2.1:4711\n");
  HttpClient other{worker.stream_address()};
  other.send("who\nnobody told\n");
  EXPECT_EQ(other.receive_until_closed(), "");
}

TEST_P(CrowdedStreamContract, ServesManyConversationsAtOnce) {
  auto worker = start();
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<HttpClient>(worker.stream_address()));
  for (std::size_t i = 0; i < clients.size(); ++i) clients[i]->send(std::to_string(i) + "\n");
  for (std::size_t i = 0; i < clients.size(); ++i)
    EXPECT_EQ(clients[i]->receive_bytes_until("\n"), std::to_string(i) + "\n");
}

}  // namespace
}  // namespace indrik::test
