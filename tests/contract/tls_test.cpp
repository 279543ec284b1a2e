// TLS in every worker class: handshakes, what handlers learn of them, and what follows from records for requests.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <filesystem>

#include "contract/contract.h"
#include "contract/worker_group.h"
#include "integration/support/certificates.h"
#include "integration/support/client_socket.h"
#include "integration/support/tls_client.h"
#include "net/ticket_keys.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

net::TlsCertificate files_of(const MadeCertificate& made) {
  return {.chain = {.name = "c.pem", .bytes = made.pem()}, .key = {.name = "k.pem", .bytes = made.key_pem()}};
}

class TlsContract : public ContractTest {
 protected:
  TlsContract() { tls.certificates.push_back(files_of(own)); }

  static void add_all(routing::Router& router) {
    add_hello(router);
    add_echo(router);
    add(router, "GET", "/tls", FunctionHandler::blocking([](http::Exchange& exchange) {
          const auto facts = exchange.tls();
          exchange.response.append_body(exchange.request.scheme);
          if (!facts) return;
          for (const auto part : {facts->version, facts->server_name, facts->protocol, facts->client.subject,
                                  facts->client.issuer, facts->client.fingerprint_sha256})
            exchange.response.append_body("|" + std::string{part});
        }));
    add(router, "GET", "/big", FunctionHandler::blocking([](http::Exchange& exchange) {
          exchange.response.append_body(std::string(kBig, 'x'));
        }));
  }

  static constexpr std::size_t kBig = 20 * 1024 * 1024;
  const MadeCertificate own;
  net::TlsOptions tls;
};
INDRIK_FOR_EVERY_CLASS(TlsContract);

TEST_P(TlsContract, AnswersWhatComesThroughAHandshakeOfEachVersion) {
  WorkerProcess worker{options, add_all, &tls};
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client{worker.address(), {.protocols = {"h2", "http/1.1"}, .version = version}};
    const std::string name = version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3";
    EXPECT_EQ(client.get("/").body, "hello");
    EXPECT_EQ(client.get("/tls").body, "https|" + name + "|localhost|http/1.1|||");
  }
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(TlsContract, IsSpokenAfterTheHeaderOfAProxy) {
  options.proxies.protocol = worker::ProxyProtocol::required;
  const std::vector<std::string> trusted{"127.0.0.1"};
  options.proxies.protocol_peers = *net::AddressSet::parse(trusted);
  WorkerProcess worker{options,
                       [](auto& router) {
                         add(router, "GET", "/peer", FunctionHandler::blocking([](http::Exchange& exchange) {
                               exchange.response.append_body(std::string{exchange.request.scheme} + " " +
                                                             std::string{exchange.request.peer});
                             }));
                       },
                       &tls};
  TlsClient client{worker.address(), {}, false};
  const std::string_view header = "PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\r\n";
  ASSERT_EQ(::send(client.fd(), header.data(), header.size(), MSG_NOSIGNAL), static_cast<ssize_t>(header.size()));
  client.shake_hands();
  EXPECT_EQ(client.get("/peer").body, "https 198.51.100.7:4711");
  TlsClient bare{worker.address(), {}, false};
  EXPECT_THROW(bare.shake_hands(), std::runtime_error);
}

TEST_P(TlsContract, CarriesBodiesInPieces) {
  options.limits.max_body_size = kBig;
  auto sum = std::make_unique<FunctionHandler>(
      [](http::Exchange& exchange) {
        char room[10'000];
        auto& flow = exchange.streaming();
        using State = http::Streaming::State;
        for (auto piece = flow.read(room, http::Streaming::Wait::yes); piece.state == State::moved;
             piece = flow.read(room, http::Streaming::Wait::yes))
          if (flow.write({room, piece.size}, http::Streaming::Wait::yes).state != State::moved) return;
      },
      FunctionHandler::Function{});
  sum->streams = true;
  const auto add_both = [&](auto& router) { add(router, "POST", "/both", std::move(sum)); };
  WorkerProcess worker{options, add_both, &tls};
  TlsClient client{worker.address()};
  for (const std::size_t size : {1U, 16'384U, 100'000U}) {
    const std::string body(size, 'b');
    EXPECT_EQ(client.request("POST", "/both", body).body, body);
  }
}

TEST_P(TlsContract, TakesBodiesAndGivesAnswersThatAreManyRecordsLong) {
  options.limits.max_body_size = 32 * 1024 * 1024;
  WorkerProcess worker{options, add_all, &tls};
  TlsClient client{worker.address()};
  std::string body;
  for (int i = 0; body.size() < 3'000'000; ++i) body += std::to_string(i);
  EXPECT_EQ(client.request("POST", "/echo", body).body, body);
  EXPECT_EQ(client.get("/big").body.size(), kBig);
}

TEST_P(TlsContract, SendsFilesAmongBytesToWhoTakesThemSlowly) {
  const TemporaryFolder folder;
  std::string content;
  for (int i = 0; content.size() < 12'000'000; ++i) content += std::to_string(i) + ",";
  const auto path = folder.write("body", content);
  const auto routes = [&](routing::Router& router) {
    add(router, "GET", "/file", FunctionHandler::blocking([path, size = content.size()](http::Exchange& exchange) {
          const auto file = std::make_shared<const Fd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
          exchange.response.append_part({.bytes = "<", .file = file, .offset = 0, .size = size});
          exchange.response.append_part({.bytes = "><", .file = file, .offset = 5, .size = 20'001});
          exchange.response.append_part(http::BodyPart{.bytes = ">"});
        }));
  };
  WorkerProcess worker{options, routes, &tls};
  TlsClient client{worker.address()};
  client.send(request_bytes("GET", "/file"));
  ASSERT_TRUE(await([&] { return worker.slot().requests == 1; }));  // begun, and stuck at a client that reads nothing
  const std::string expected = "<" + content + "><" + content.substr(5, 20'001) + ">";
  EXPECT_TRUE(client.receive().body == expected);
}

TEST_P(TlsContract, SendsAHeadInTheFirstRecordOfItsFile) {
  const TemporaryFolder folder;
  const std::string content(100 * 1024, 'c');
  const auto path = folder.write("body", content);
  const auto routes = [&](routing::Router& router) {
    add(router, "GET", "/file", FunctionHandler::blocking([path, size = content.size()](http::Exchange& exchange) {
          const auto file = std::make_shared<const Fd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
          exchange.response.append_part({.bytes = {}, .file = file, .offset = 0, .size = size});
        }));
  };
  tls.ciphers = "ECDHE-ECDSA-AES128-SHA256";  // the kernel does not know this one: a record is as we have made it
  WorkerProcess worker{options, routes, &tls};
  TlsClient client{worker.address(), {.version = TLS1_2_VERSION}};
  std::size_t records = 0;
  SSL_set_msg_callback(client.raw(), [](int is_written, int, int type, const void*, std::size_t, SSL*, void* count) {
    if (is_written == 0 && type == SSL3_RT_HEADER) ++*static_cast<std::size_t*>(count);
  });
  SSL_set_msg_callback_arg(client.raw(), &records);
  EXPECT_TRUE(client.get("/file").body == content);
  EXPECT_EQ(records, 7U);
}

TEST_P(TlsContract, DoesNotWaitForTheSocketWithWhatHasComeInOneRecord) {  // 40 requests, one record, then silence
  WorkerProcess worker{options, add_all, &tls};
  TlsClient client{worker.address()};
  std::string all;
  for (int i = 0; i < 40; ++i) all += request_bytes("POST", "/echo", std::string(300, static_cast<char>('a' + i % 26)));
  ASSERT_LT(all.size(), 16'384U);
  client.send(all);
  for (int i = 0; i < 40; ++i)
    EXPECT_EQ(client.receive("POST").body, std::string(300, static_cast<char>('a' + i % 26)));
}

TEST_P(TlsContract, DoesNotWaitForTheSocketWithManyRecordsThatHaveComeAtOnce) {
  WorkerProcess worker{options, add_all, &tls};
  TlsClient client{worker.address()};
  const std::string body(100'000, 'b');
  std::string all;
  for (int i = 0; i < 8; ++i) all += request_bytes("POST", "/echo", body);
  std::thread sender{[&] { client.send(all); }};
  sender.join();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(client.receive("POST").body, body) << i;
}

TEST_P(TlsContract, ShakesHandsByteByByte) {
  WorkerProcess worker{options, add_all, &tls};
  // The client's bytes go through a memory of the test's, one at a time.
  const Fd socket = start_connecting(worker.address());
  ASSERT_TRUE(await_fd(socket.get(), POLLOUT, Deadline{}));
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL* const session = SSL_new(context);
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(session, in, out);
  SSL_set_connect_state(session);
  const Deadline deadline;
  const auto forward = [&] {
    for (char byte = 0; BIO_read(out, &byte, 1) == 1;) {
      ASSERT_EQ(::send(socket.get(), &byte, 1, MSG_NOSIGNAL), 1);
      std::this_thread::yield();
    }
  };
  while (SSL_connect(session) != 1) {
    forward();
    ASSERT_TRUE(await_fd(socket.get(), POLLIN, deadline));
    char bytes[4096];
    const auto got = ::recv(socket.get(), bytes, sizeof bytes, 0);
    ASSERT_GT(got, 0);
    BIO_write(in, bytes, static_cast<int>(got));
  }
  const auto request = request_bytes("GET", "/");
  SSL_write(session, request.data(), static_cast<int>(request.size()));
  forward();
  std::string answer;
  while (answer.find("hello") == std::string::npos) {
    ASSERT_TRUE(await_fd(socket.get(), POLLIN, deadline));
    char bytes[4096];
    const auto got = ::recv(socket.get(), bytes, sizeof bytes, 0);
    ASSERT_GT(got, 0);
    BIO_write(in, bytes, static_cast<int>(got));
    for (int size = 0; (size = SSL_read(session, bytes, sizeof bytes)) > 0;)
      answer.append(bytes, static_cast<std::size_t>(size));
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  SSL_free(session);
  SSL_CTX_free(context);
}

TEST_P(TlsContract, ClosesWhoseHandshakeTakesTooLong) {
  options.handshake_timeout = 200ms;
  WorkerProcess worker{options, add_all, &tls};
  HttpClient silent{worker.address()};
  HttpClient slow{worker.address()};
  slow.send("\x16\x03\x01");
  EXPECT_EQ(silent.receive_until_closed(), "");
  EXPECT_EQ(slow.receive_until_closed(), "");
  EXPECT_EQ(TlsClient{worker.address()}.get("/").body, "hello");
}

TEST_P(TlsContract, ServesOthersWhileHundredsAreHalfWayThroughTheirHandshakes) {
  WorkerProcess worker{options, add_all, &tls};
  std::vector<std::unique_ptr<HttpClient>> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(std::make_unique<HttpClient>(worker.address()));
    slow.back()->send(i % 2 == 0 ? "\x16" : std::string_view{"\x16\x03\x01\x02\x00\x01", 6});
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(TlsClient{worker.address()}.get("/").body, "hello");
  for (const auto& client : slow) EXPECT_TRUE(client->is_silent());
}

TEST_P(TlsContract, TellsWhoSpeaksPlainHttpThatThisIsNoPlaceForIt) {
  WorkerProcess worker{options, add_all, &tls};
  const auto answer = HttpClient{worker.address()}.get("/");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("HTTPS"));
  HttpClient noise{worker.address()};
  noise.send("NOT EVEN HTTP\r\n\r\n");
  EXPECT_THAT(noise.receive_until_closed(), testing::Not(HasSubstr("HTTP/1.1")));
  EXPECT_THAT(worker.error_text(), HasSubstr("400 Plain HTTP at a port that speaks HTTPS"));
  EXPECT_THAT(worker.error_text(), HasSubstr("TLS handshake: "));
}

TEST_P(TlsContract, RefusesProtocolsThatItDoesNotSpeak) {  // RFC 7301 3.2
  WorkerProcess worker{options, add_all, &tls};
  EXPECT_THROW((TlsClient{worker.address(), {.protocols = {"h2", "spdy/1"}}}), std::runtime_error);
  EXPECT_EQ((TlsClient{worker.address(), {.protocols = {"http/1.0"}}}.protocol()), "http/1.0");
  EXPECT_EQ(TlsClient{worker.address()}.protocol(), "");
}

TEST_P(TlsContract, AnswersWhoHasEndedItsSendingHalfWithAGoodbyeOrWithout) {
  WorkerProcess worker{options, add_all, &tls};
  for (const bool says_goodbye : {true, false}) {
    TlsClient client{worker.address()};
    client.send(request_bytes("GET", "/"));
    says_goodbye ? client.end_sending() : client.hang_up_sending();
    EXPECT_EQ(client.receive().body, "hello");
    bool is_clean = false;
    EXPECT_EQ(client.receive_until_closed(&is_clean), "");
    EXPECT_TRUE(is_clean);
  }
}

TEST_P(TlsContract, RefusesARequestThatIsCutShortWithAGoodbyeOrWithout) {
  WorkerProcess worker{options, add_all, &tls};
  for (const bool says_goodbye : {true, false}) {
    TlsClient client{worker.address()};
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    says_goodbye ? client.end_sending() : client.hang_up_sending();
    EXPECT_EQ(client.receive("POST").status, 400);
  }
}

TEST_P(TlsContract, SaysGoodbyeAfterTheLastAnswer) {
  WorkerProcess worker{options, add_all, &tls};
  TlsClient client{worker.address()};
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.receive().body, "hello");
  bool is_clean = false;
  client.receive_until_closed(&is_clean);
  EXPECT_TRUE(is_clean);
}

TEST_P(TlsContract, OutlivesClientsThatLeaveAtAnyMoment) {
  WorkerProcess worker{options, add_all, &tls};
  for (int i = 0; i < 10; ++i) {
    TlsClient early{worker.address(), {}, false};
    early.drop();
    TlsClient late{worker.address()};
    late.send(request_bytes("GET", "/big"));
    late.drop();
    TlsClient half{worker.address()};
    half.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nab");
    half.drop();
  }
  EXPECT_EQ(TlsClient{worker.address()}.get("/").body, "hello");
  EXPECT_TRUE(await([&] { return worker.slot().connections == 0; }));
}

TEST_P(TlsContract, ShowsEachHostItsOwnCertificate) {
  const MadeCertificate other{{.name = "other", .hosts = {"other.example", "*.wild.example"}}};
  tls.certificates.push_back(files_of(other));
  WorkerProcess worker{options, add_all, &tls};
  const auto shown = [&](const std::string& host) { return TlsClient{worker.address(), {.host = host}}.common_name(); };
  EXPECT_EQ(shown("localhost"), "localhost");
  EXPECT_EQ(shown("other.example"), "other");
  EXPECT_EQ(shown("OTHER.example"), "other");
  EXPECT_EQ(shown("a.wild.example"), "other");
  EXPECT_EQ(shown("a.b.wild.example"), "localhost");
  EXPECT_EQ(shown("wild.example"), "localhost");
  EXPECT_EQ(shown("unknown.example"), "localhost");
  EXPECT_EQ(shown(""), "localhost");
}

class ClientCertificateContract : public TlsContract {
 protected:
  ClientCertificateContract() { tls.client_authorities = {.name = "ca.pem", .bytes = authority.pem()}; }

  /// The body of /tls, or "refused".
  static std::string ask(const WorkerProcess& worker, const MadeCertificate* certificate, int version) {
    try {
      TlsClient client{worker.address(), {.host = "", .certificate = certificate, .version = version}};
      return client.get("/tls").body;  // with TLS 1.3 the refusal comes after the client's side of the handshake
    } catch (const std::runtime_error& error) {
      return "refused";
    }
  }

  const MadeCertificate authority{{.name = "authority", .hosts = {}, .is_authority = true}};
  const MadeCertificate alice{{.name = "alice", .hosts = {}}, &authority};
  const MadeCertificate stranger{{.name = "alice", .hosts = {}}};
  const MadeCertificate late{{.name = "late", .hosts = {}, .valid_from = -7200, .valid_until = -3600}, &authority};
  const std::string alice_shown = "|||CN=alice,O=Tests|CN=authority,O=Tests|" + alice.fingerprint();
};
INDRIK_FOR_EVERY_CLASS(ClientCertificateContract);

TEST_P(ClientCertificateContract, IsRequired) {
  tls.client_certificates = net::ClientCertificates::required;
  WorkerProcess worker{options, add_all, &tls};
  EXPECT_EQ(ask(worker, &alice, TLS1_2_VERSION), "https|TLSv1.2" + alice_shown);
  EXPECT_EQ(ask(worker, &alice, TLS1_3_VERSION), "https|TLSv1.3" + alice_shown);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
    for (const auto* wrong : {static_cast<const MadeCertificate*>(nullptr), &stranger, &late})
      EXPECT_EQ(ask(worker, wrong, version), "refused");
  EXPECT_THAT(worker.error_text(), HasSubstr("TLS handshake: certificate verify failed (certificate has expired)"));
}

TEST_P(ClientCertificateContract, IsOptionalButNotFalse) {
  tls.client_certificates = net::ClientCertificates::optional;
  WorkerProcess worker{options, add_all, &tls};
  EXPECT_EQ(ask(worker, &alice, TLS1_3_VERSION), "https|TLSv1.3" + alice_shown);
  EXPECT_EQ(ask(worker, nullptr, TLS1_3_VERSION), "https|TLSv1.3|||||");
  EXPECT_EQ(ask(worker, &stranger, TLS1_3_VERSION), "refused");
}

class ResumptionContract : public TlsContract {};
INDRIK_FOR_EVERY_CLASS(ResumptionContract);

/// The session that a client of `worker` has after an answer.
std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)> session_with(const std::string& address, int version) {
  TlsClient client{address, {.version = version}};
  EXPECT_EQ(client.get("/").body, "hello");
  return {client.take_session(), SSL_SESSION_free};
}

TEST_P(ResumptionContract, WorksWithAnotherWorkerToo) {
  auto keys = *net::TicketKeys::create();
  tls.ticket_keys = &keys;
  WorkerProcess one{options, add_all, &tls};
  WorkerProcess other{options, add_all, &tls};
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto session = session_with(one.address(), version);
    TlsClient again{other.address(), {.session = session.get(), .version = version}};
    EXPECT_TRUE(again.is_resumed()) << version;
    EXPECT_EQ(again.get("/").body, "hello");
  }
}

TEST_P(ResumptionContract, DoesNotWorkWhereOtherClientsAreTrusted) {
  auto keys = *net::TicketKeys::create();
  tls.ticket_keys = &keys;
  const MadeCertificate authority{{.name = "authority", .hosts = {}, .is_authority = true}};
  WorkerProcess open{options, add_all, &tls};
  tls.client_authorities = {.name = "ca.pem", .bytes = authority.pem()};
  tls.client_certificates = net::ClientCertificates::optional;
  WorkerProcess guarded{options, add_all, &tls};
  const auto session = session_with(open.address(), TLS1_3_VERSION);
  TlsClient again{guarded.address(), {.session = session.get(), .version = TLS1_3_VERSION}};
  EXPECT_FALSE(again.is_resumed());
}

TEST_P(ResumptionContract, IsOffWithoutATimeout) {
  tls.session_timeout = seconds{0};
  WorkerProcess worker{options, add_all, &tls};
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto session = session_with(worker.address(), version);
    EXPECT_FALSE((TlsClient{worker.address(), {.session = session.get(), .version = version}}.is_resumed()));
  }
}

}  // namespace
}  // namespace indrik::test
