// Whom a crash report would answer, should the master abort the worker now: as the handler sees it.
#include <unistd.h>

#include <array>

#include "contract/contract.h"
#include "process/running_request.h"

namespace indrik::test {
namespace {

using State = http::Streaming::State;
using Wait = http::Streaming::Wait;

/// The descriptors that a handler saw, brought from its process to ours.
class Seen {
 public:
  Seen() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  ~Seen() {
    for (const int end : ends_) ::close(end);
  }
  Seen(const Seen&) = delete;
  Seen& operator=(const Seen&) = delete;

  /// In the handler.
  void note() const {
    const int client = process::marked_running()->client;
    EXPECT_EQ(::write(ends_[1], &client, sizeof client), static_cast<ssize_t>(sizeof client));
  }
  int next() const {
    int client = -2;
    EXPECT_EQ(::read(ends_[0], &client, sizeof client), static_cast<ssize_t>(sizeof client));
    return client;
  }

 private:
  std::array<int, 2> ends_{};
};

/// Where a blocking handler has the loop's thread.
class CrashAnswerTest : public testing::TestWithParam<WorkerClass> {
 protected:
  CrashAnswerTest() { options.worker_class = GetParam(); }

  /// Notes before it reads the body, and when no more comes.
  void add_reader(routing::Router& router) const {
    auto reader = std::make_unique<FunctionHandler>(
        [this](http::Exchange& exchange) {
          char room[64];
          seen.note();
          EXPECT_EQ(exchange.streaming().read(room, Wait::yes).state, State::moved);
          while (exchange.streaming().read(room, Wait::yes).state == State::moved) {
          }
          seen.note();
        },
        FunctionHandler::Function{});
    reader->streams = true;
    ASSERT_TRUE(router.add("POST", "/", std::move(reader)));
  }
  static constexpr std::string_view kHalf = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc";

  worker::Options options;
  Seen seen;
};

TEST_P(CrashAnswerTest, IsForNobodyWhoHasLeft) {
  WorkerProcess worker{options, [this](auto& router) { add_reader(router); }};
  HttpClient client{worker.address()};
  client.send(kHalf);
  EXPECT_GE(seen.next(), 0);
  client.reset();
  EXPECT_EQ(seen.next(), -1);
}

TEST_P(CrashAnswerTest, IsForNobodyWhoHasBeenAnswered) {
  options.timeout = 50ms;
  options.max_timeout = 50ms;
  WorkerProcess worker{options, [this](auto& router) { add_reader(router); }};
  HttpClient client{worker.address()};
  client.send(kHalf);
  EXPECT_GE(seen.next(), 0);
  EXPECT_EQ(client.receive("POST").status, 408);
  EXPECT_EQ(seen.next(), -1);
}

INSTANTIATE_TEST_SUITE_P(Worker, CrashAnswerTest, testing::Values(WorkerClass::sync, WorkerClass::green),
                         [](const auto& given) { return class_name(given.param); });

/// What came before its answer stands in a buffer that an interim answer may move.
TEST(AsyncCrashAnswerTest, IsForNobodyOnceAHintHasFollowedEarlierAnswers) {
  const Seen seen;
  const worker::Options options{.worker_class = WorkerClass::event};
  WorkerProcess worker{options, [&seen](auto& router) {
                         ASSERT_TRUE(router.add("GET", "/", FunctionHandler::async([&seen](http::Exchange& exchange) {
                                                  seen.note();
                                                  EXPECT_EQ(exchange.streaming().inform("Link: </a>\r\n"),
                                                            State::moved);
                                                  seen.note();
                                                  exchange.complete();
                                                })));
                       }};
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/"));
  EXPECT_GE(seen.next(), 0);
  EXPECT_EQ(seen.next(), -1);
}

}  // namespace
}  // namespace indrik::test
