// What a worker does when it may open no more descriptors.
#include <fcntl.h>
#include <sys/resource.h>

#include <cerrno>

#include "base/error.h"
#include "contract/contract.h"
#include "log/error_log.h"

namespace indrik::test {
namespace {

/// Leaves this process room for a few connections beside what the worker itself will open.
void limit_descriptors() {
  constexpr rlim_t kRoom = 24;
  const Fd next{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = static_cast<rlim_t>(next.get()) + kRoom;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

class StarvationContract : public ContractTest {
 protected:
  static constexpr std::size_t kClients = 32;
  static constexpr std::string_view kComplaint = "accept a connection: Too many open files";

  /// UBSan looks at an object of a type it meets for the first time through a pipe, for which later no descriptors are
  /// left. So what a worker does for any request, and what it does for a complaint, is done once before.
  static void routes(routing::Router& router) {
    log::ErrorLog::open("/dev/null", log::Level::error)->error("{} and {}", Error::from_errno(EMFILE, "a").text(), 1U);
    add_hello(router);
    add(router, "GET", "/limit", FunctionHandler::blocking([](http::Exchange& exchange) {
          limit_descriptors();
          exchange.response.append_body("limited");
        }));
  }

  StarvationContract() {
    EXPECT_EQ(HttpClient{worker.address()}.get("/").body, "hello");
    EXPECT_EQ(HttpClient{worker.address()}.get("/limit").body, "limited");
    EXPECT_TRUE(await([&] { return worker.slot().connections == 0; }));
    for (std::size_t i = 0; i < kClients; ++i) {
      clients.push_back(std::make_unique<HttpClient>(worker.address()));
      clients.back()->send(request_bytes("GET", "/"));
    }
  }

  WorkerProcess worker{options, routes};
  std::vector<std::unique_ptr<HttpClient>> clients;
};
INDRIK_FOR_EVERY_CLASS(StarvationContract);

TEST_P(StarvationContract, IsComplainedOfOnceAndNotAtEveryAttempt) {
  ASSERT_TRUE(await([&] { return worker.error_text().find(kComplaint) != std::string::npos; }));
  // A few attempts later, for it tries ten times a second:
  EXPECT_FALSE(await([&] { return count(worker.error_text(), kComplaint) > 1; }, 500ms)) << worker.error_text();
  EXPECT_THAT(worker.error_text(), testing::HasSubstr("[error]"));
}

TEST_P(StarvationContract, EndsWhenOthersClose) {
  ASSERT_TRUE(await([&] { return worker.error_text().find(kComplaint) != std::string::npos; }));
  const std::size_t served = worker.slot().connections;
  ASSERT_GT(served, 0U);
  ASSERT_LT(served, kClients);
  // They are taken in the order in which they came, each as another one goes.
  for (auto& client : clients) {
    EXPECT_EQ(client->receive().body, "hello");
    client.reset();
  }
}

}  // namespace
}  // namespace indrik::test
