// Which of several workers takes a connection.
#include <sys/resource.h>

#include <algorithm>
#include <deque>
#include <numeric>

#include "contract/contract.h"
#include "contract/worker_group.h"
#include "worker/accept_gate.h"

namespace indrik::test {
namespace {

/// Numbers that tests and handlers share.
class Shared {
 public:
  std::atomic<std::uint64_t>& begun() noexcept { return board_.slots()[0].requests; }
  std::atomic<std::uint64_t>& released() noexcept { return board_.slots()[0].errors; }

 private:
  process::Scoreboard board_ = *process::Scoreboard::create(1);
};

void allow_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

class FairAcceptContract : public ContractTest {
 protected:
  FairAcceptContract() {
    allow_descriptors();
    options.connections = 4000;
  }

  /// "/" answers at once; "/held" when it is released, and the number of those that are to be is in its path.
  WorkerGroup start(std::size_t count) {
    return WorkerGroup{count, options, [this](auto& router) {
                         add_hello(router);
                         add(router, "GET", "/held/{number}", FunctionHandler::blocking([this](auto& exchange) {
                               const auto number = std::stoull(std::string{exchange.request.path.substr(6)});
                               ++shared.begun();
                               while (shared.released() < number) std::this_thread::sleep_for(1ms);
                               exchange.response.append_body("released");
                             }));
                       }};
  }
  /// A client whose request is in a handler.
  HttpClient hold(WorkerGroup& workers, std::uint64_t number) {
    const auto before = shared.begun().load();
    HttpClient client{workers.address()};
    client.send(request_bytes("GET", "/held/" + std::to_string(number)));
    EXPECT_TRUE(await([&] { return shared.begun() > before; }));
    return client;
  }
  static std::size_t busy_one(WorkerGroup& workers) {
    const auto slots = workers.slots();
    return static_cast<std::size_t>(std::ranges::find_if(slots, [](const auto& slot) { return slot.in_flight > 0; }) -
                                    slots.begin());
  }

  Shared shared;
};
INDRIK_FOR_EVERY_CLASS(FairAcceptContract);

TEST_P(FairAcceptContract, SpreadsKeptConnectionsEvenly) {
  auto workers = start(4);
  std::deque<HttpClient> clients;
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(clients.emplace_back(workers.address()).get("/").status, 200);
  std::vector<std::uint32_t> connections;
  for (const auto& slot : workers.slots()) connections.push_back(slot.connections);
  const auto [emptiest, fullest] = std::ranges::minmax(connections);
  EXPECT_LE(fullest, 1.15 * emptiest);
}

TEST_P(FairAcceptContract, SpreadsConnectionsThatComeAtOnceAndSayNothing) {
  auto workers = start(4);
  std::deque<HttpClient> clients;
  for (int i = 0; i < 2000; ++i) clients.emplace_back(workers.address());
  std::vector<std::uint32_t> connections;
  EXPECT_TRUE(await([&] {
    connections.clear();
    for (const auto& slot : workers.slots()) connections.push_back(slot.connections);
    return std::reduce(connections.begin(), connections.end()) == 2000;
  }));
  const auto [emptiest, fullest] = std::ranges::minmax(connections);
  EXPECT_LE(fullest, 1.15 * emptiest);
}

TEST_P(FairAcceptContract, WakesOneWorkerAConnection) {
  constexpr std::uint64_t kConnections = 300;
  auto workers = start(4);
  // The next one comes when the worker stands in the queue again, not while it is on its way there; and when no request
  // is expected any more, for which a worker would pass on what it has been woken for.
  const auto at_rest = [&] {
    const auto busy = [](const auto& slot) { return worker::is_busy(slot, monotonic_ns()); };
    return std::ranges::none_of(workers.slots(), busy) && workers.all_sleep();
  };
  const auto accepted = [&] {
    std::uint64_t all = 0;
    for (const auto& slot : workers.slots()) all += slot.accepted;
    return all;
  };
  const auto began = Clock::now();
  const auto before = workers.sleeps();
  std::deque<HttpClient> clients;
  for (std::uint64_t i = 1; i <= kConnections; ++i) {
    clients.emplace_back(workers.address());
    ASSERT_TRUE(await([&] { return accepted() == i && at_rest(); }));
  }
  const auto beats = workers.slots().size() * (1 + (Clock::now() - began) / 1s);  // each beats once a second
  EXPECT_LE(workers.sleeps() - before, kConnections * 11 / 10 + beats);
  std::uint64_t in_vain = 0;
  for (const auto& slot : workers.slots()) in_vain += slot.woken_in_vain;
  EXPECT_LE(in_vain, kConnections / 10);
}

TEST_P(FairAcceptContract, LeavesConnectionsToAnIdleSiblingWhileSomethingRuns) {
  auto workers = start(2);
  auto held = hold(workers, 1);
  auto& busy = workers.slots()[busy_one(workers)];
  const auto accepted = busy.accepted.load();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(HttpClient{workers.address()}.get("/").status, 200);
  EXPECT_EQ(busy.accepted, accepted);
  shared.released() = 1;
  EXPECT_EQ(held.receive().body, "released");
}

TEST_P(FairAcceptContract, GivesTwoRequestsAtOnceToTwoWorkers) {
  auto workers = start(2);
  for (std::uint64_t round = 1; round <= 8; ++round) {
    HttpClient first{workers.address()};
    HttpClient second{workers.address()};
    for (auto* const client : {&first, &second}) client->send(request_bytes("GET", "/held/" + std::to_string(round)));
    EXPECT_TRUE(await([&] { return shared.begun() == round * 2; }));
    EXPECT_EQ(workers.slots()[0].in_flight, 1U);
    EXPECT_EQ(workers.slots()[1].in_flight, 1U);
    shared.released() = round;
    EXPECT_EQ(first.receive().body, "released");
    EXPECT_EQ(second.receive().body, "released");
  }
}

TEST_P(FairAcceptContract, StrandsNobodyBehindAWorkerThatStandsStill) {
  auto workers = start(2);
  workers.stop(0);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(HttpClient{workers.address()}.get("/").status, 200);
}

TEST_P(FairAcceptContract, ServesWithoutTheGate) {
  options.fair_accept = false;
  auto workers = start(2);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(HttpClient{workers.address()}.get("/").status, 200);
}

/// The classes in which a worker goes on accepting while something runs.
class BusyAcceptContract : public FairAcceptContract {};
INSTANTIATE_TEST_SUITE_P(Worker, BusyAcceptContract, testing::Values(WorkerClass::event, WorkerClass::green),
                         [](const auto& given) { return class_name(given.param); });

TEST_P(BusyAcceptContract, TakesWhatAnIdleSiblingThatStandsStillDoesNot) {
  auto workers = start(2);
  auto held = hold(workers, 1);
  workers.stop(1 - busy_one(workers));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(HttpClient{workers.address()}.get("/").status, 200);
  shared.released() = 1;
  EXPECT_EQ(held.receive().body, "released");
}

class QueuedAcceptContract : public FairAcceptContract {};
INSTANTIATE_TEST_SUITE_P(Worker, QueuedAcceptContract, testing::Values(WorkerClass::sync),
                         [](const auto& given) { return class_name(given.param); });

TEST_P(QueuedAcceptContract, GivesWhoWaitsToTheWorkerThatIsFreeFirst) {
  auto workers = start(2);
  auto late = hold(workers, 2);
  auto soon = hold(workers, 1);
  HttpClient waiting{workers.address()};
  waiting.send(request_bytes("GET", "/"));
  shared.released() = 1;
  EXPECT_EQ(waiting.receive().status, 200);
  EXPECT_EQ(soon.receive().body, "released");
  EXPECT_TRUE(late.is_silent());
  shared.released() = 2;
  EXPECT_EQ(late.receive().body, "released");
}

TEST_P(QueuedAcceptContract, TakesNewConnectionsBetweenTheRequestsOfItsOwn) {
  options.queue_timeout = 0ms;  // nobody waits for too long
  auto workers = start(2);
  auto other = hold(workers, 2);
  auto held = hold(workers, 1);
  held.send(request_bytes("GET", "/held/1") + request_bytes("GET", "/held/1"));
  HttpClient waiting{workers.address()};
  waiting.send(request_bytes("GET", "/"));
  shared.released() = 1;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(held.receive().body, "released");
  EXPECT_EQ(waiting.receive().status, 200);
  shared.released() = 2;
  EXPECT_EQ(other.receive().body, "released");
}

}  // namespace
}  // namespace indrik::test
