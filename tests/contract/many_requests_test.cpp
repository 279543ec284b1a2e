// More requests at once than a worker keeps the memory of.
#include <sys/resource.h>

#include <memory>
#include <vector>

#include "contract/contract.h"
#include "worker/spares.h"

namespace indrik::test {
namespace {

void allow_descriptors(rlim_t count) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_GE(limit.rlim_max, count) << "this system allows too few descriptors";
  limit.rlim_cur = std::max(limit.rlim_cur, count);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/// Asynchronous ones that wait for each other, in the worker's process.
struct Held {
  std::vector<http::Exchange*> exchanges;
  http::Exchange* last = nullptr;
  TimerRoom timer{};

  void answer_all_but_one() {
    auto all = std::exchange(exchanges, {});
    exchanges.push_back(all.back());
    all.pop_back();
    for (auto* const exchange : all) exchange->complete();
    last->complete();
  }
};

/// Each has a timer for its extended deadline when it ends, which must not outlive it.
TEST(ManyRequestsTest, LeaveNoTimersBehind) {
  constexpr std::size_t kCount = worker::Spares<int>::kMost + 20;
  ASSERT_NO_FATAL_FAILURE(allow_descriptors(2 * kCount));
  worker::Options options{.worker_class = WorkerClass::event};
  options.connections = 2 * kCount;
  options.timeout = 50ms;
  options.max_timeout = 1h;
  Held held;
  WorkerProcess worker{
      options, [&held](auto& router) {
        ASSERT_TRUE(router.add("GET", "/hold", FunctionHandler::async([&held](http::Exchange& exchange) {
                                 exchange.extend(1h);
                                 held.exchanges.push_back(&exchange);
                               })));
        // The deadlines come to pass first, and are put off by timers.
        ASSERT_TRUE(router.add("GET", "/release", FunctionHandler::async([&held](http::Exchange& exchange) {
                                 exchange.extend(1h);
                                 held.last = &exchange;
                                 exchange.timers().start(
                                     held.timer, 200ms,
                                     [](void* all) noexcept { static_cast<Held*>(all)->answer_all_but_one(); }, &held);
                               })));
        // Its own memory comes from those that are kept, so that there is room for the one that is still held: whose
        // timer stood beside those of the ones that there was no room for.
        ASSERT_TRUE(router.add("GET", "/finish", FunctionHandler::async([&held](http::Exchange& exchange) {
                                 held.exchanges.front()->complete();
                                 exchange.complete();
                               })));
      }};
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (std::size_t i = 0; i < kCount; ++i) {
    clients.push_back(std::make_unique<HttpClient>(worker.address()));
    clients.back()->send(request_bytes("GET", "/hold"));
  }
  ASSERT_TRUE(await([&] { return worker.slot().in_flight == kCount; }));
  HttpClient last{worker.address()};
  EXPECT_EQ(last.get("/release").status, 200);
  last.get("/finish");  // 200, or 504 where its own deadline passes before
  for (auto& client : clients) EXPECT_EQ(client->receive().status, 200);
  clients.clear();
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
}

}  // namespace
}  // namespace indrik::test
