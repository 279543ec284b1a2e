// Clients that mean ill: many that do as little as they can at once, and some that send what no client should. The
// others are served all the while, no worker dies, and nothing is left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "integration/support/certificates.h"
#include "integration/support/command.h"
#include "integration/support/http_client.h"
#include "integration/support/server_process.h"
#include "integration/support/slow_client.h"

namespace indrik::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kCountsMemory = false;  // theirs is not the server's
#else
constexpr bool kCountsMemory = true;
#endif

void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t descriptors_of(pid_t pid) {
  const std::filesystem::directory_iterator all{"/proc/" + std::to_string(pid) + "/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::size_t resident_kib_of(pid_t pid) {
  std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
  std::size_t kib = 0;
  for (std::string word; status >> word;)
    if (word == "VmRSS:" && status >> kib) break;
  return kib;
}

/// What the workers hold, all together.
struct Holdings {
  std::size_t descriptors = 0;
  std::size_t resident_kib = 0;
};

Holdings holdings_of(const std::vector<pid_t>& pids) {
  Holdings sum;
  for (const auto pid : pids) {
    sum.descriptors += descriptors_of(pid);
    sum.resident_kib += resident_kib_of(pid);
  }
  return sum;
}

class HostileTest : public testing::TestWithParam<std::string> {
 protected:
  static constexpr std::size_t kMostGrowthKib = 32 * 1024;

  HostileTest() { raise_descriptor_limit(); }

  /// Two workers with "/", "/echo", and a file that is larger than what two kernels keep on the way.
  void serve(const std::string& settings, const std::string& bind = "\"127.0.0.1:0\"") {
    folder.write("root/large", "");
    std::filesystem::resize_file(folder / "root/large", 64 << 20);
    const auto file = folder.write("indrik.toml", "bind = [" + bind + "]\nworkers = 2\nworker_class = \"" + GetParam() +
                                                      "\"\n" + settings + "\n" + app("hello", "/") + app("echo", "/") +
                                                      app("stream", "/stream") + app("static", "/files") +
                                                      "[app.config]\nroot = \"" + (folder / "root").native() + "\"\n");
    server = std::make_unique<ServerProcess>(std::vector<std::string>{"-c", file.native()});
    server->await_line("workers are ready");
    addresses = server->addresses();
    workers = server->worker_pids();
    for (int i = 0; i < 20; ++i) expect_service();  // what is made once is made now
    before = holdings_of(workers);
  }
  static std::string app(const std::string& plugin, const std::string& mount) {
    return "[[app]]\nplugin = \"" + built_plugin(plugin) + "\"\nmount = \"" + mount + "\"\n";
  }
  void expect_service() const { ASSERT_EQ(HttpClient{addresses.front()}.get("/").status, 200); }
  void expect_bounded_memory() const {
    if (!kCountsMemory) return;
    EXPECT_LT(holdings_of(workers).resident_kib, before.resident_kib + kMostGrowthKib);
  }
  void expect_nothing_left() {
    expect_service();
    EXPECT_TRUE(await([&] { return holdings_of(workers).descriptors <= before.descriptors; }))
        << holdings_of(workers).descriptors << " descriptors, before " << before.descriptors;
    expect_bounded_memory();
    EXPECT_EQ(server->worker_pids(), workers);
    server->expect_clean_stop();
  }

  /// Sends it all, unless the server ends before, and returns what that said.
  std::string answer_to(const std::string& bytes, const std::string& address = {}) const {
    HttpClient client{address.empty() ? addresses.front() : address};
    try {
      client.send(bytes);
      client.end_sending();
    } catch (const std::runtime_error&) {  // the server has had enough
    }
    try {
      return client.receive_until_closed();
    } catch (const std::runtime_error&) {
      return {};
    }
  }

  TemporaryFolder folder;
  std::unique_ptr<ServerProcess> server;
  std::vector<std::string> addresses;
  std::vector<pid_t> workers;
  Holdings before;
};
INSTANTIATE_TEST_SUITE_P(Worker, HostileTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(HostileTest, ServesOthersAmongFifteenHundredSlowOnesAndEndsThoseInTime) {
  constexpr int kEach = 500;
  serve(
      "head_timeout = \"2s\"\nbody_timeout = \"1s\"\nwrite_timeout = \"1s\"\nmin_body_rate = \"100KiB\"\n"
      "min_write_rate = \"1MiB\"\nworker_connections = 4000\nlinger_timeout = \"20s\"\n");
  std::vector<SlowClient> slow;
  for (int i = 0; i < kEach; ++i) {
    slow.emplace_back(SlowClient::Kind::head, addresses.front(), "/");
    slow.emplace_back(SlowClient::Kind::body, addresses.front(), "/echo");
    slow.emplace_back(SlowClient::Kind::reader, addresses.front(), "/files/large");
    if (i % 100 == 0) expect_service();
  }
  const Deadline end;
  const auto stays = [](const SlowClient& one) { return !one.ended(); };
  for (; std::ranges::any_of(slow, stays) && !end.passed();) {
    for (auto& one : slow) one.step();
    ASSERT_NO_FATAL_FAILURE(expect_service());
    const auto open = static_cast<std::size_t>(std::ranges::count_if(slow, stays));
    if (open > slow.size() / 2) expect_bounded_memory();
  }
  EXPECT_EQ(std::ranges::count_if(slow, stays), 0);
  for (const auto& one : slow)
    ASSERT_THAT(one.heard(), StartsWith(one.kind() == SlowClient::Kind::reader ? "" : "HTTP/1.1 408 "));
  slow.clear();
  expect_nothing_left();
}

TEST_P(HostileTest, AnswersWhatIsTooMuchAndOutlivesWhatIsNothing) {
  serve("linger_timeout = \"30s\"\n");  // a busy machine is slow to send 10 MiB
  std::string lines = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 100'000; ++i) lines += "X: y\r\n";
  EXPECT_THAT(answer_to(lines), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nX: " + std::string(10 << 20, 'x')), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(answer_to("GET /" + std::string(10 << 20, 'x')), StartsWith("HTTP/1.1 414 "));
  expect_bounded_memory();
  std::mt19937 random{4711};  // the same each time
  for (int i = 0; i < 200; ++i) {
    std::string bytes(random() % 5000 + 4, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    bytes.front() = '\x80';  // no method begins so
    ASSERT_THAT(answer_to(bytes), StartsWith("HTTP/1.1 400 "));
  }
  expect_nothing_left();
}

TEST_P(HostileTest, ForgetsThousandsThatConnectAndReset) {
  serve("");
  const std::string begin = request_bytes("POST", "/echo", std::string(5000, 'x'));
  for (std::size_t i = 0; i < 3000; ++i) {
    HttpClient client{addresses.front()};
    client.send(begin.substr(0, i % begin.size()));
    client.reset();
  }
  expect_nothing_left();
}

TEST_P(HostileTest, TakesBoundedInputAndGivesBoundedAnswersToWhoeverPipelinesAndReadsNothing) {
  serve("write_timeout = \"1s\"\n");
  std::vector<std::unique_ptr<HttpClient>> flooding;
  const auto request = request_bytes("GET", "/bytes/100000");
  std::string flood;
  for (int i = 0; i < 2000; ++i) flood += request;
  for (int i = 0; i < 50; ++i) {
    flooding.push_back(std::make_unique<HttpClient>(addresses.front()));
    const int window = 1;
    ::setsockopt(flooding.back()->fd(), SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    ASSERT_GT(::send(flooding.back()->fd(), flood.data(), flood.size(), MSG_DONTWAIT | MSG_NOSIGNAL), 0);
  }
  expect_service();
  expect_bounded_memory();
  const Deadline end;
  for (const auto& one : flooding) {  // all are reset in the end, though they take nothing
    pollfd state{.fd = one->fd(), .events = 0, .revents = 0};
    ASSERT_EQ(::poll(&state, 1, end.left_ms()), 1);
  }
  flooding.clear();
  expect_nothing_left();
}

TEST_P(HostileTest, EndsWhatIsNoHandshakeOrHalfOfOne) {
  const MadeCertificate certificate;
  folder.write("a.pem", certificate.pem() + certificate.key_pem());
  serve("certfile = [\"" + (folder / "a.pem").native() + "\"]\nhandshake_timeout = \"500ms\"\n",
        "\"unix:" + (folder / "plain.sock").native() + "\", \"https://127.0.0.1:0\"");
  ASSERT_THAT(addresses.back(), StartsWith("https://"));
  const auto address = addresses.back().substr(std::string_view{"https://"}.size());
  std::mt19937 random{4711};
  for (int i = 0; i < 100; ++i) {
    std::string bytes(300, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    bytes.front() = '\x80';
    ASSERT_THAT(answer_to(bytes, address), testing::Not(HasSubstr("200")));
  }
  std::vector<std::unique_ptr<HttpClient>> halves;
  for (int i = 0; i < 200; ++i) {
    halves.push_back(std::make_unique<HttpClient>(address));
    halves.back()->send(std::string_view{"\x16\x03\x01\x02\x00\x01", static_cast<std::size_t>(i % 7)});
    if (i % 20 == 0) expect_service();
  }
  for (const auto& one : halves) EXPECT_EQ(one->receive_until_closed(), "");
  halves.clear();
  expect_nothing_left();
}

class HostileStreamTest : public HostileTest {};
// A sync worker that streams waits for its client: there its own deadlines are all the help there is.
INSTANTIATE_TEST_SUITE_P(Worker, HostileStreamTest, testing::Values("event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(HostileStreamTest, KeepsLittleOfAnswersThatNobodyTakesWhileTheyAreMade) {
  serve("write_timeout = \"2s\"\nmin_write_rate = \"1MiB\"\n");
  std::vector<SlowClient> slow;
  for (int i = 0; i < 500; ++i)
    slow.emplace_back(SlowClient::Kind::reader, addresses.front(), "/stream/bytes?size=64000000");
  const auto stays = [](const SlowClient& one) { return !one.ended(); };
  for (const Deadline end; std::ranges::any_of(slow, stays) && !end.passed();) {
    for (auto& one : slow) one.step();
    ASSERT_NO_FATAL_FAILURE(expect_service());
    expect_bounded_memory();
  }
  EXPECT_EQ(std::ranges::count_if(slow, stays), 0);
  for (const auto& one : slow) ASSERT_THAT(one.heard(), StartsWith("H"));
  slow.clear();
  expect_nothing_left();
}

class SlowHttpTest : public HostileTest {};
INSTANTIATE_TEST_SUITE_P(Worker, SlowHttpTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(SlowHttpTest, FindsTheServiceAvailableInAllFourModes) {
  serve("linger_timeout = \"100ms\"\n");
  for (const std::string mode : {"-H", "-B", "-R", "-X"}) {
    const auto report = (folder / ("report" + mode)).native();
    const auto path = mode == "-X" || mode == "-R" ? "/files/large" : "/";
    const auto run = run_command("slowhttptest " + mode + " -c 500 -r 500 -i 1 -l 2 -p 5 -g -o " + report +
                                 " -u http://" + addresses.front() + path + " 2>&1");
    ASSERT_EQ(run.code, 0) << run.output;
    EXPECT_THAT(run.output, testing::ContainsRegex("service available: *.*YES")) << mode;
    EXPECT_THAT(run.output, testing::Not(testing::ContainsRegex("service available: *.*NO"))) << mode;
    // Seconds, closed, pending, connected, service available (0: it was not)
    std::ifstream csv{report + ".csv"};
    std::string line;
    std::getline(csv, line);
    int rows = 0;
    for (; std::getline(csv, line); ++rows) EXPECT_NE(line.substr(line.rfind(',') + 1), "0") << mode << ": " << line;
    EXPECT_GT(rows, 0) << run.output;
    expect_service();
  }
  expect_nothing_left();
}

}  // namespace
}  // namespace indrik::test
