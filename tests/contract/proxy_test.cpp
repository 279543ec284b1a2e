#include "contract/contract.h"
#include "http/forwarded.h"
#include "net/address_set.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using namespace std::string_literals;

const std::string kHeader = "PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n";
/// The same in version 2, with a TLV.
const std::string kHeaderV2 =
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x11\xc0\0\x02\x01\xc0\0\x02\x02\x12\x67\x01\xbb\x01\0\x02h2"s;

net::AddressSet peers(const std::vector<std::string>& entries) {
  return net::AddressSet::parse(entries).value_or(net::AddressSet{});
}

std::string get(std::string_view path, std::string_view fields = "") {
  return "GET " + std::string{path} + " HTTP/1.1\r\nHost: sent:81\r\n" + std::string{fields} + "\r\n";
}

/// "peer|remote|scheme|host|prefix|path"; the handler's route is everything below "/".
std::string who(const http::Request& request) {
  std::string out{request.peer};
  for (const auto part : {request.remote, request.scheme, request.host(), request.prefix, request.path})
    out.append("|").append(part);
  return out;
}

class ProxyContract : public ContractTest {
 protected:
  ProxyContract() {
    auto& proxies = options.proxies;
    proxies.protocol_peers = proxies.forwarders = peers({"127.0.0.1"});
    proxies.forwarded_fields = *http::ForwardedFields::parse(
        std::vector<std::string>{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
                                 "X-Forwarded-Prefix", "Forwarded", "SCRIPT_NAME"});
  }

  static void routes(routing::Router& router) {
    add(router, "GET", "/{path...}", FunctionHandler::blocking([](http::Exchange& exchange) {
          exchange.response.append_body(who(exchange.request));
        }));
    add_echo(router);
  }

  WorkerProcess& worker() {
    if (!worker_) worker_.emplace(options, routes);
    return *worker_;
  }
  HttpClient connect() { return HttpClient{worker().address()}; }
  std::string answer_to(const std::string& bytes) {
    auto client = connect();
    client.send(bytes);
    const auto response = client.receive();
    return response.status == 200 ? response.body : std::to_string(response.status);
  }
  /// The whole of it: the worker ends.
  std::string access_log() {
    worker().signal(SIGTERM);
    EXPECT_EQ(worker().wait_exit(), 0);
    return worker().access_text();
  }
  /// Closed without an answer.
  bool is_cut_off(const std::string& bytes) {
    auto client = connect();
    client.send(bytes);
    return client.receive_until_closed().empty();
  }

 private:
  std::optional<WorkerProcess> worker_;
};
INDRIK_FOR_EVERY_CLASS(ProxyContract);

class ProxyProtocolContract : public ProxyContract {
 protected:
  ProxyProtocolContract() { options.proxies.protocol = worker::ProxyProtocol::required; }
};
INDRIK_FOR_EVERY_CLASS(ProxyProtocolContract);

class OptionalProxyProtocolContract : public ProxyContract {
 protected:
  OptionalProxyProtocolContract() { options.proxies.protocol = worker::ProxyProtocol::optional; }
};
INDRIK_FOR_EVERY_CLASS(OptionalProxyProtocolContract);

TEST_P(ProxyProtocolContract, TakesTheClientFromTheHeader) {
  for (const auto& header : {kHeader, kHeaderV2}) {
    const auto answer = answer_to(header + get("/a"));
    EXPECT_THAT(answer, StartsWith("192.0.2.1:4711|127.0.0.1:"));
    EXPECT_THAT(answer, HasSubstr("|http|sent:81||/a"));
  }
  EXPECT_THAT(access_log(), StartsWith("192.0.2.1 "));
}

TEST_P(ProxyProtocolContract, TakesAHeaderCutAnywhere) {
  for (const auto& header : {kHeader, kHeaderV2}) {
    const auto bytes = header + get("/");
    for (std::size_t at = 1; at <= header.size() + 1; ++at) {
      auto client = connect();
      client.send(bytes.substr(0, at));
      client.send(bytes.substr(at));
      EXPECT_THAT(client.receive().body, StartsWith("192.0.2.1:4711|")) << at;
    }
  }
}

TEST_P(ProxyProtocolContract, KeepsTheClientForTheWholeConnection) {
  auto client = connect();
  client.send(kHeader + get("/") + get("/"));
  for (int i = 0; i < 2; ++i) EXPECT_THAT(client.receive().body, StartsWith("192.0.2.1:4711|"));
  for (int i = 0; i < 2; ++i) EXPECT_THAT(client.get("/").body, StartsWith("192.0.2.1:4711|"));
}

TEST_P(ProxyProtocolContract, TakesOneHeaderOnly) {
  EXPECT_THAT(answer_to(kHeader + kHeader + get("/")), testing::AnyOf("400", "501"));
}

TEST_P(ProxyProtocolContract, LeavesTheConnectionsOwnAddressWhereTheProxySpeaksForItself) {
  for (const auto& header : {"PROXY UNKNOWN\r\n"s, "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s})
    EXPECT_THAT(answer_to(header + get("/")), StartsWith("127.0.0.1:"));
}

TEST_P(ProxyProtocolContract, ClosesWhereTheHeaderIsMissingOrMalformed) {
  EXPECT_TRUE(is_cut_off(get("/")));
  EXPECT_TRUE(is_cut_off("PROXY TCP4 x\r\n" + get("/")));
  EXPECT_TRUE(is_cut_off(kHeaderV2.substr(0, 12) + "\x31"));
  EXPECT_TRUE(is_cut_off(std::string(200, 'x')));
  EXPECT_THAT(worker().error_text(), HasSubstr("no PROXY header that counts"));
  EXPECT_THAT(answer_to(kHeader + get("/")), StartsWith("192.0.2.1:4711|")) << "and serves on";
}

TEST_P(ProxyProtocolContract, ClosesPeersThatAreNotTrusted) {
  options.proxies.protocol_peers = peers({"192.0.2.0/24", "unix"});
  EXPECT_TRUE(is_cut_off(kHeader + get("/")));
  EXPECT_TRUE(is_cut_off(get("/")));
}

TEST_P(ProxyProtocolContract, GivesAHeaderThatDoesNotComeTheTimeOfAHead) {
  options.first_byte_timeout = options.head_timeout = 50ms;
  EXPECT_TRUE(is_cut_off(""));
  EXPECT_TRUE(is_cut_off("PROXY TCP4 "));
}

TEST_P(ProxyProtocolContract, BelievesFieldsOfTheClientThatTheHeaderNames) {
  EXPECT_THAT(answer_to(kHeader + get("/", "X-Forwarded-For: 198.51.100.7\r\n")), StartsWith("192.0.2.1:4711|"));
  const auto from_proxy = "PROXY TCP4 127.0.0.1 127.0.0.2 4711 443\r\n"s;
  EXPECT_THAT(answer_to(from_proxy + get("/", "X-Forwarded-For: 198.51.100.7\r\n")), StartsWith("198.51.100.7|"));
}

TEST_P(ProxyProtocolContract, KnowsThatTheClientSpeaksTls) {
  const auto header = kHeaderV2.substr(0, 15) + "\x14" + kHeaderV2.substr(16, 12) + "\x20\0\x05\x01\0\0\0\0"s;
  EXPECT_THAT(answer_to(header + get("/")), HasSubstr("|https|"));
}

TEST_P(OptionalProxyProtocolContract, TakesAConnectionWithOrWithoutAHeader) {
  EXPECT_THAT(answer_to(kHeader + get("/")), StartsWith("192.0.2.1:4711|"));
  EXPECT_THAT(answer_to(get("/")), StartsWith("127.0.0.1:"));
  EXPECT_TRUE(is_cut_off("PROXY x\r\n" + get("/")));
}

TEST_P(OptionalProxyProtocolContract, LosesNothingOfARequestThatBeginsLikeAHeader) {
  auto client = connect();
  client.send("\r\n");  // an empty line may come before a request, and a header of version 2 begins with one
  client.send(get("/a"));
  EXPECT_THAT(client.receive().body, HasSubstr("|/a"));
  auto other = connect();
  other.send("PRO");
  other.send("PFIND / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(other.receive().status, 405);
}

TEST_P(OptionalProxyProtocolContract, TakesTheBytesOfAPeerThatIsNotTrustedAsTheyAre) {
  options.proxies.protocol_peers = peers({"unix"});
  EXPECT_THAT(answer_to(get("/")), StartsWith("127.0.0.1:"));
  EXPECT_THAT(answer_to(kHeader), testing::AnyOf("400", "501"));
}

TEST_P(ProxyContract, ExpectsNoHeaderUnlessItIsToldTo) {
  EXPECT_THAT(answer_to(kHeader), testing::AnyOf("400", "501"));
}

TEST_P(ProxyContract, BelievesWhatATrustedPeerSays) {
  EXPECT_THAT(answer_to(get("/a",
                            "X-Forwarded-For: 198.51.100.9, 192.0.2.1\r\nX-Forwarded-Proto: https\r\n"
                            "X-Forwarded-Host: example.org\r\nX-Forwarded-Port: 8443\r\n"
                            "X-Forwarded-Prefix: /app\r\n")),
              testing::AllOf(StartsWith("192.0.2.1|127.0.0.1:"), HasSubstr("|https|example.org:8443|/app|/a")));
  EXPECT_THAT(answer_to(get("/a", "Forwarded: for=\"[2001:db8::1]:4711\";proto=https;host=example.org\r\n")),
              testing::AllOf(StartsWith("[2001:db8::1]:4711|127.0.0.1:"), HasSubstr("|https|example.org||/a")));
}

TEST_P(ProxyContract, WritesTheClientToTheAccessLog) {
  answer_to(get("/a", "Forwarded: for=\"[2001:db8::1]\"\r\n"));
  EXPECT_THAT(access_log(), StartsWith("2001:db8::1 "));
}

TEST_P(ProxyContract, ForgetsWhatItWasToldWithTheRequest) {
  auto client = connect();
  client.send(get("/",
                  "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Prefix: /app\r\n"
                  "X-Forwarded-Host: example.org\r\n"));
  EXPECT_THAT(client.receive().body, StartsWith("192.0.2.1|"));
  client.send(get("/"));
  EXPECT_THAT(client.receive().body, testing::AllOf(StartsWith("127.0.0.1:"), HasSubstr("|http|sent:81||/")));
}

TEST_P(ProxyContract, TakesAPrefixOffThePathOnlyWhereThePathHasIt) {
  EXPECT_THAT(answer_to(get("/app/a", "SCRIPT_NAME: /app\r\n")), HasSubstr("|/app|/a"));
  EXPECT_THAT(answer_to(get("/app", "SCRIPT_NAME: /app/\r\n")), HasSubstr("|/app|/"));
  EXPECT_THAT(answer_to(get("/apple", "SCRIPT_NAME: /app\r\n")), HasSubstr("|/app|/apple"));
  EXPECT_THAT(answer_to(get("/app/a", "X-Forwarded-Prefix: /app\r\n")), HasSubstr("|/app|/app/a"));
}

TEST_P(ProxyContract, RefusesWhatMakesNoSense) {
  for (const auto* fields : {"X-Forwarded-Proto: gopher\r\n", "X-Forwarded-Host: a b\r\n", "X-Forwarded-Port: x\r\n",
                             "X-Forwarded-Prefix: //evil.example\r\n", "Forwarded: for=\"a\r\n",
                             "Forwarded: proto=http\r\nX-Forwarded-Proto: https\r\n"})
    EXPECT_EQ(answer_to(get("/", fields)), "400") << fields;
}

TEST_P(ProxyContract, IsNotMovedByPeersThatAreNotTrusted) {
  options.proxies.forwarders = peers({"192.0.2.0/24", "unix"});
  const auto answer =
      answer_to(get("/app/a",
                    "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n"
                    "X-Forwarded-Port: 1\r\nX-Forwarded-Prefix: //evil\r\nSCRIPT_NAME: /app\r\n"
                    "Forwarded: for=\"broken\r\n"));
  EXPECT_THAT(answer, testing::AllOf(StartsWith("127.0.0.1:"), HasSubstr("|http|sent:81||/app/a")));
}

TEST_P(ProxyContract, IsNotMovedByUnderscores) {
  const auto answer = answer_to(get("/", "X_Forwarded_For: 192.0.2.1\r\nX_Forwarded_Proto: https\r\n"));
  EXPECT_THAT(answer, testing::AllOf(StartsWith("127.0.0.1:"), HasSubstr("|http|")));
  EXPECT_THAT(worker().error_text(), HasSubstr("field X_Forwarded_For is left out"));
}

}  // namespace
}  // namespace indrik::test
