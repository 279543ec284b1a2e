// Where the classes differ: how many handlers run at once, and where.
#include <sys/syscall.h>
#include <unistd.h>

#include <set>

#include "contract/contract.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;

/// Blocks until as many requests as `target` are inside a handler at once, or gives up: then the body says how many.
class Rendezvous {
 public:
  Rendezvous() : shared_{*process::Scoreboard::create(1)} {}
  std::unique_ptr<http::Handler> handler(std::uint64_t target) {
    auto& inside = shared_.slots()[0].requests;
    return FunctionHandler::blocking([&inside, target](http::Exchange& exchange) {
      ++inside;
      for (int tries = 0; tries < 2000 && inside < target; ++tries) std::this_thread::sleep_for(1ms);
      exchange.response.append_body(inside >= target ? "together" : "alone");
    });
  }

 private:
  process::Scoreboard shared_;  // the worker's process and ours see the same counter
};

std::vector<std::unique_ptr<HttpClient>> ask(const WorkerProcess& worker, std::size_t count, std::string_view target) {
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<HttpClient>(worker.address()));
    clients.back()->send(request_bytes("GET", target));
  }
  return clients;
}

class FlavourContract : public ContractTest {};
INDRIK_FOR_EVERY_CLASS(FlavourContract);

TEST_P(FlavourContract, UsesTheOneThatSuitsTheClass) {
  WorkerProcess worker{options, [](auto& router) {
                         add(router, "GET", "/",
                             std::make_unique<FunctionHandler>(
                                 [](http::Exchange& exchange) { exchange.response.append_body("blocking"); },
                                 [](http::Exchange& exchange) {
                                   exchange.response.append_body("async");
                                   exchange.complete();
                                 }));
                       }};
  EXPECT_EQ(HttpClient{worker.address()}.get("/").body, GetParam() == WorkerClass::event ? "async" : "blocking");
}

/// A handler's flavour in a worker class.
struct Place {
  WorkerClass worker_class;
  bool blocking;
};

/// Where handlers run on the loop's thread, one after the other; the event class has threads for the blocking ones.
class SignOfLifeTest : public testing::TestWithParam<Place> {
 protected:
  static constexpr int kHandlers = 12;

  /// Answers with the worker's last sign of life, and takes longer than that clock's step.
  static void tell(process::Slot& slot, http::Exchange& exchange) {
    exchange.response.append_body(std::to_string(slot.heartbeat_ns));
    for (const auto begun = coarse_monotonic_ns(); coarse_monotonic_ns() == begun;) continue;
  }
  static std::unique_ptr<http::Handler> handler(process::Slot& slot) {
    if (GetParam().blocking)
      return FunctionHandler::blocking([&slot](http::Exchange& exchange) { tell(slot, exchange); });
    return FunctionHandler::async([&slot](http::Exchange& exchange) {
      tell(slot, exchange);
      exchange.complete();
    });
  }
};
INSTANTIATE_TEST_SUITE_P(Worker, SignOfLifeTest,
                         testing::Values(Place{WorkerClass::sync, true}, Place{WorkerClass::green, true},
                                         Place{WorkerClass::sync, false}, Place{WorkerClass::event, false},
                                         Place{WorkerClass::green, false}),
                         [](const auto& given) {
                           return class_name(given.param.worker_class) + (given.param.blocking ? "Blocking" : "Async");
                         });

TEST_P(SignOfLifeTest, IsGivenByEachHandlerThatBegins) {
  // The timer is out of the way: it would beat once before the test has ended.
  const worker::Options options{.worker_class = GetParam().worker_class, .heartbeat = 60s};
  WorkerProcess worker{options, [&](auto& router) { ASSERT_TRUE(router.add("GET", "/", handler(worker.slot()))); }};
  std::set<std::string> beats{std::to_string(worker.slot().heartbeat_ns)};
  for (auto& client : ask(worker, kHandlers, "/")) beats.insert(client->receive().body);
  EXPECT_EQ(beats.size(), kHandlers + 1U);
}

TEST(GreenClassTest, RunsHundredsOfSleepingHandlersAtOnce) {
  Rendezvous rendezvous;
  worker::Options options{.worker_class = WorkerClass::green};
  WorkerProcess worker{options, [&](auto& router) { ASSERT_TRUE(router.add("GET", "/", rendezvous.handler(300))); }};
  for (auto& client : ask(worker, 300, "/")) EXPECT_EQ(client->receive().body, "together");
}

TEST(EventClassTest, RunsAsManyBlockingHandlersAsThreads) {
  Rendezvous rendezvous;
  worker::Options options{.worker_class = WorkerClass::event, .threads = 4};
  WorkerProcess worker{options, [&](auto& router) { ASSERT_TRUE(router.add("GET", "/", rendezvous.handler(4))); }};
  for (auto& client : ask(worker, 4, "/")) EXPECT_EQ(client->receive().body, "together");
}

TEST(EventClassTest, KeepsTheLoopFreeOfBlockingHandlers) {
  worker::Options options{.worker_class = WorkerClass::event};
  WorkerProcess worker{options, [](auto& router) {
                         ASSERT_TRUE(router.add("GET", "/", FunctionHandler::blocking([](http::Exchange& exchange) {
                                                  const bool on_loop = ::getpid() == ::syscall(SYS_gettid);
                                                  exchange.response.append_body(on_loop ? "loop" : "thread");
                                                })));
                       }};
  EXPECT_EQ(HttpClient{worker.address()}.get("/").body, "thread");
}

TEST(SyncClassTest, RunsOneRequestAtATimeAndTheOthersWait) {
  auto shared = *process::Scoreboard::create(1);
  auto& slot = shared.slots()[0];
  worker::Options options{.worker_class = WorkerClass::sync};
  WorkerProcess worker{
      options, [&slot](auto& router) {
        ASSERT_TRUE(router.add("GET", "/", FunctionHandler::blocking([&slot](http::Exchange& exchange) {
                                 const auto inside = ++slot.requests;
                                 std::this_thread::sleep_for(1ms);
                                 --slot.requests;
                                 exchange.response.append_body(std::to_string(inside));
                               })));
      }};
  for (auto& client : ask(worker, 50, "/")) EXPECT_EQ(client->receive().body, "1");
}

TEST(SyncClassTest, SaysWhatItIsRunning) {
  worker::Options options{.worker_class = WorkerClass::sync};
  int gate[2];
  ASSERT_EQ(::pipe(gate), 0);
  WorkerProcess worker{options, [&gate](auto& router) {
                         ASSERT_TRUE(router.add("GET", "/stuck", FunctionHandler::blocking([&gate](http::Exchange&) {
                                                  char byte = 0;
                                                  EXPECT_EQ(::read(gate[0], &byte, 1), 1);
                                                })));
                       }};
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/stuck"));
  ASSERT_TRUE(await([&] { return worker.slot().running_since_ns != 0; }));
  const auto running = process::running_in(worker.slot());
  ASSERT_TRUE(running);
  EXPECT_EQ(running->what, "GET /stuck (route /test, plugin test)");
  ASSERT_EQ(::write(gate[1], "x", 1), 1);
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_EQ(worker.slot().running_since_ns, 0);
}

}  // namespace
}  // namespace indrik::test
