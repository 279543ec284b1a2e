#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>
#include <mutex>
#include <optional>
#include <set>

#include "integration/support/http_client.h"
#include "integration/support/load_client.h"
#include "integration/support/server_process.h"
#include "support/temporary_folder.h"

// The real HAProxy and nginx in front of the real server.
namespace indrik::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A socket that listens on a free port before the proxy runs, which inherits it: nobody else can take the port.
class FrontSocket {
 public:
  FrontSocket() : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_.get(), 128) != 0 ||
        ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error{"open a socket"};
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  int fd() const noexcept { return fd_.get(); }
  const std::string& address() const noexcept { return address_; }

 private:
  Fd fd_;
  std::string address_;
};

std::string local_address(const HttpClient& client) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(client.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

/// As the plugin "told" makes and digests them.
std::string long_text(std::size_t size) {
  std::string out;
  while (out.size() < size) out += std::to_string(out.size()) + "\n";
  return out;
}
std::string digest(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return std::to_string(bytes.size()) + " " + std::to_string(hash);
}

constexpr std::size_t kLong = 4 * 1024 * 1024;

class BehindProxyTest : public testing::Test {
 protected:
  /// The server, at a unix socket of the folder and at a port.
  void serve(const std::string& settings) {
    folder_.write("server.toml", "bind = [\"127.0.0.1:0\", \"unix:" + socket() + "\"]\nmax_body_size = \"64MiB\"\n" +
                                     "worker_class = \"event\"\n" + settings + "\n[[app]]\nplugin = \"" +
                                     built_test_plugin("told") + "\"\n");
    server_.emplace(std::vector<std::string>{"-c", "server.toml"}, ServerProcess::Setup{.folder = folder_.path()});
    server_->await_line("workers are ready");  // a proxy gives up at once where nobody listens
  }
  std::string socket() const { return (folder_ / "indrik.sock").native(); }
  std::string port() const { return server_->address(); }

  void run_haproxy(const std::string& frontend, const std::string& server_line) {
    const auto file =
        folder_.write("haproxy.cfg",
                      "global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 20s\n"
                      "  timeout client 60s\n  timeout server 60s\n  option http-keep-alive\n"
                      "frontend front\n  bind fd@3\n" +
                          frontend + "  default_backend back\nbackend back\n  server only " + server_line + "\n");
    run("/usr/sbin/haproxy", {"-db", "-f", file.native()}, {});
  }

  void run_nginx(const std::string& locations, const std::string& upstream) {
    const auto here = [this](const char* name) { return (folder_ / name).native(); };
    std::string paths;
    for (const std::string kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
      paths += "  " + kind + "_temp_path " + here(kind.c_str()) + ";\n";
    const auto file = folder_.write(
        "nginx.conf", "daemon off;\nuser root;\nworker_processes 1;\nerror_log stderr warn;\npid " + here("nginx.pid") +
                          ";\nevents { worker_connections 256; }\nhttp {\n  access_log off;\n" + paths +
                          "  upstream back { server " + upstream + "; keepalive 16; }\n  server {\n    listen " +
                          front_.address() +
                          ";\n    client_max_body_size 64m;\n    proxy_http_version 1.1;\n"
                          "    proxy_request_buffering off;\n" +
                          locations + "  }\n}\n");
    // nginx takes over the sockets that this variable names, as it does when it is upgraded.
    run("/usr/sbin/nginx", {"-e", "stderr", "-p", folder_.path().native(), "-c", file.native()}, {"NGINX=3;"});
  }

  HttpClient connect() const { return HttpClient{front_.address()}; }
  std::string who(const HttpClient::Fields& fields = {}) const {
    return connect().request("GET", "/who", {}, fields).body;
  }

  /// A few hundred requests over kept connections, none of which fails; how many connections the server had.
  std::size_t answer_hundreds(const testing::Matcher<std::string>& answer) {
    constexpr std::size_t kRequests = 500;
    std::mutex mutex;
    std::set<std::string> remotes;
    std::string unexpected;
    LoadClient load{front_.address(), {.connections = 8, .target = "/who", .accept = [&](const HttpResponse& response) {
                                         const std::lock_guard lock{mutex};
                                         const auto bar = response.body.find('|') + 1;
                                         remotes.insert(response.body.substr(bar, response.body.find('|', bar) - bar));
                                         if (!answer.Matches(response.body)) unexpected = response.body;
                                         return response.status == 200;
                                       }}};
    load.await_answered(kRequests);
    const auto totals = load.stop();
    EXPECT_GE(totals.answered, kRequests);
    EXPECT_EQ(totals.failed, 0U) << totals.first_failure;
    EXPECT_EQ(totals.raced, 0U);
    EXPECT_EQ(unexpected, "");
    return remotes.size();
  }

  void carry_long_bodies() {
    const auto body = long_text(kLong);
    auto client = connect();
    client.send("POST /digest HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    constexpr std::size_t kChunk = 65536;
    for (std::size_t at = 0; at < body.size(); at += kChunk) {
      const auto chunk = body.substr(at, kChunk);
      client.send(fmt::format("{:x}\r\n{}\r\n", chunk.size(), chunk));
    }
    client.send("0\r\n\r\n");
    EXPECT_EQ(client.receive().body, digest(body));
    const auto answer = client.get("/large/" + std::to_string(kLong));
    EXPECT_EQ(answer.body.size(), body.size());
    EXPECT_EQ(digest(answer.body), digest(body));
  }

  void stop() {
    stop_proxy();
    server_->expect_clean_stop();
  }
  void TearDown() override { stop_proxy(); }

  ServerProcess& server() { return *server_; }

 private:
  void run(const char* program, std::vector<std::string> arguments, std::vector<std::string> environment) {
    proxy_.emplace(std::move(arguments), ServerProcess::Setup{.folder = folder_.path(),
                                                              .environment = std::move(environment),
                                                              .program = program,
                                                              .passed = {{"front", front_.fd()}}});
  }

  /// In order: nginx's worker would outlive a master that was killed.
  void stop_proxy() {
    if (!proxy_) return;
    proxy_->signal(SIGTERM);
    proxy_->wait_exit();
    proxy_.reset();
  }

  TemporaryFolder folder_;
  FrontSocket front_;
  std::optional<ServerProcess> server_;
  std::optional<ServerProcess> proxy_;
};

constexpr const char* kHttps = "  http-request set-header X-Forwarded-Proto https\n";

TEST_F(BehindProxyTest, KeepsHaproxysConnections) {
  serve("");
  run_haproxy(std::string{"  option forwardfor\n"} + kHttps, port());
  EXPECT_LE(answer_hundreds(AllOf(StartsWith("127.0.0.1|127.0.0.1:"), HasSubstr("|https|"))), 8U);
  carry_long_bodies();
  stop();
}

class HaproxyHeaderTest : public BehindProxyTest, public testing::WithParamInterface<const char*> {};

TEST_P(HaproxyHeaderTest, NamesTheClientOfAKeptConnection) {
  serve("proxy_protocol = \"required\"\n");
  run_haproxy("", port() + " " + GetParam());
  {
    auto client = connect();
    for (int i = 0; i < 2; ++i) EXPECT_THAT(client.get("/who").body, StartsWith(local_address(client) + "|127.0.0.1:"));
  }
  answer_hundreds(StartsWith("127.0.0.1:"));
  carry_long_bodies();
  stop();
}
INSTANTIATE_TEST_SUITE_P(Versions, HaproxyHeaderTest,
                         testing::Values("send-proxy", "send-proxy-v2", "send-proxy-v2-ssl"), [](const auto& given) {
                           std::string name = given.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST_F(BehindProxyTest, TakesHaproxysHeadersOverAUnixSocket) {
  serve("proxy_protocol = \"required\"\nproxy_allow_ips = [\"unix\"]\n");
  run_haproxy("", "unix@" + socket() + " send-proxy-v2");
  auto client = connect();
  EXPECT_THAT(client.get("/who").body, StartsWith(local_address(client) + "||http|"));
  EXPECT_EQ(HttpClient{port()}.receive_until_closed(), "") << "who is not trusted is closed";
  stop();
}

TEST_F(BehindProxyTest, PassesHaproxysHealthChecks) {  // LOCAL, again and again, beside what clients ask
  serve("proxy_protocol = \"required\"\n");
  run_haproxy("", port() + " send-proxy-v2 check inter 20ms");
  auto client = connect();
  for (int i = 0; i < 20; ++i) EXPECT_THAT(client.get("/who").body, StartsWith(local_address(client) + "|"));
  stop();
  EXPECT_THAT(server().error_text(), Not(HasSubstr("no PROXY header")));
}

TEST_F(BehindProxyTest, BelievesHaproxyAndNotItsClient) {
  serve("forwarded_allow_ips = [\"unix\"]\n");
  run_haproxy(std::string{"  option forwardfor\n"} + kHttps, "unix@" + socket());
  EXPECT_THAT(
      who({{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "http"}, {"Forwarded", "for=203.0.113.9"}}),
      StartsWith("127.0.0.1||https|"));
  EXPECT_THAT(who({{"X_Forwarded_For", "203.0.113.9"}, {"X-Forwarded-Host", "evil.example"}}),
              AllOf(StartsWith("127.0.0.1||https|"), Not(HasSubstr("evil"))));
  EXPECT_THAT(HttpClient{port()}.request("GET", "/who", {}, {{"X-Forwarded-For", "203.0.113.9"}}).body,
              StartsWith("127.0.0.1:"))
      << "past the proxy nothing is believed";
  stop();
}

TEST_F(BehindProxyTest, ReadsForwardedAsHaproxyWritesIt) {
  serve("forwarded_allow_ips = [\"unix\"]\nforwarded_fields = [\"Forwarded\"]\n");
  run_haproxy("  http-request set-header Forwarded \"for=\\\"%[src]:%[src_port]\\\";proto=https;host=example.org\"\n",
              "unix@" + socket());
  auto client = connect();
  EXPECT_EQ(client.get("/who").body, local_address(client) + "||https|example.org||/who");
  stop();
}

/// A location that sets any field inherits none: the one that keeps connections must stand here as well.
constexpr const char* kNginxFields =
    "proxy_set_header Connection \"\"; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header "
    "X-Forwarded-Proto https; "
    "proxy_set_header X-Forwarded-Host example.org; proxy_set_header X-Forwarded-Port 8443; ";

TEST_F(BehindProxyTest, KeepsNginxsConnections) {
  serve("");
  run_nginx(std::string{"    location / { proxy_pass http://back; "} + kNginxFields + "}\n", port());
  EXPECT_LE(answer_hundreds(AllOf(StartsWith("127.0.0.1|127.0.0.1:"), HasSubstr("|https|"))), 16U);
  carry_long_bodies();
  stop();
}

TEST_F(BehindProxyTest, TakesWhatNginxSaysOfHostAndPrefix) {
  serve(
      "forwarded_allow_ips = [\"unix\"]\nforwarded_fields = [\"X-Forwarded-For\", \"X-Forwarded-Proto\", "
      "\"X-Forwarded-Host\", \"X-Forwarded-Port\", \"X-Forwarded-Prefix\", \"SCRIPT_NAME\"]\n");
  run_nginx(std::string{"    location /cut/ { proxy_pass http://back/; proxy_set_header X-Forwarded-Prefix /cut; "} +
                kNginxFields +
                "}\n    location /whole/ { proxy_pass http://back; proxy_set_header SCRIPT_NAME /whole; " +
                kNginxFields + "}\n",
            "unix:" + socket());
  EXPECT_EQ(connect().get("/cut/who").body, "127.0.0.1||https|example.org:8443|/cut|/who");
  EXPECT_EQ(connect().get("/whole/who").body, "127.0.0.1||https|example.org:8443|/whole|/who");
  stop();
}

TEST_F(BehindProxyTest, BelievesNginxAndNotItsClient) {
  serve("forwarded_allow_ips = [\"unix\"]\n");
  run_nginx(
      "    location / { proxy_pass http://back; proxy_set_header Connection \"\"; proxy_set_header X-Forwarded-For "
      "$proxy_add_x_forwarded_for; "
      "proxy_set_header X-Forwarded-Proto http; }\n",
      "unix:" + socket());
  EXPECT_THAT(who({{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "https"}}),
              StartsWith("127.0.0.1||http|"));
  EXPECT_THAT(who({{"Forwarded", "for=203.0.113.9;host=evil.example"}, {"X-Forwarded-Prefix", "//evil.example"}}),
              AllOf(StartsWith("127.0.0.1||http|"), Not(HasSubstr("evil"))));
  stop();
}

}  // namespace
}  // namespace indrik::test
