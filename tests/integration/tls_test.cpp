// HTTPS as real clients meet it: curl, openssl s_client, Chromium; and what reloads do to certificates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "integration/support/certificates.h"
#include "integration/support/command.h"
#include "integration/support/deadline.h"
#include "integration/support/http_client.h"
#include "integration/support/server_process.h"
#include "integration/support/tls_client.h"
#include "support/temporary_folder.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;
using testing::Not;

const auto kClasses = testing::Values("sync", "event", "green");

/// A folder with certificates, and a configuration that the test completes.
class TlsSite {
 public:
  TlsSite() {
    write_certificate("first", own);
    folder.write("ca.pem", authority.pem());
    // Workers may be somebody who may not look into the folder where all this was built.
    std::filesystem::permissions(folder.path(), std::filesystem::perms{0755});
    for (const auto& plugin : {built_plugin("echo"), built_test_plugin("sdk_probe"), built_test_plugin("misbehaving")})
      std::filesystem::copy(plugin, folder.path());
  }

  void write_certificate(const std::string& name, const MadeCertificate& made) const {
    folder.write(name + ".pem", made.pem());
    const auto key = folder.write(name + ".key", made.key_pem());
    ::chmod(key.c_str(), 0600);
  }
  void configure(const std::string& settings, const std::string& certificates = "\"first\"") const {
    std::string files = certificates;
    std::string keys = certificates;
    replace_all(files, "\",", ".pem\",");
    replace_all(keys, "\",", ".key\",");
    files.insert(files.size() - 1, ".pem");
    keys.insert(keys.size() - 1, ".key");
    folder.write("indrik.toml", "bind = [\"https://127.0.0.1:0\", \"unix:plain.sock\"]\ncertfile = [" + files +
                                    "]\nkeyfile = [" + keys + "]\n" + settings +
                                    "\n[[app]]\nplugin = \"./echo.so\"\n[[app]]\nplugin = \"./sdk_probe.so\"\n"
                                    "[[app]]\nplugin = \"./misbehaving.so\"\nmount = \"/bad\"\n");
  }
  ServerProcess::Setup setup() const { return {.folder = folder.path()}; }

  TemporaryFolder folder;
  const MadeCertificate authority{{.name = "authority", .hosts = {}, .is_authority = true}};
  const MadeCertificate own{{.name = "first"}, &authority};

 private:
  static void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
      text.replace(at, what.size(), with);
  }
};

const std::vector<std::string> kArguments{"-c", "indrik.toml"};

std::string port_of(const std::string& address) { return address.substr(address.rfind(':') + 1); }

class TlsTest : public testing::TestWithParam<std::string> {
 protected:
  /// Started with the settings given; ready.
  ServerProcess& start(const std::string& settings = {}, const std::string& certificates = "\"first\"") {
    site.configure("worker_class = \"" + GetParam() + "\"\n" + settings, certificates);
    server_.emplace(kArguments, site.setup());
    server_->await_line("workers are ready");
    port = port_of(server_->address());
    return *server_;
  }
  CommandResult curl(const std::string& arguments, const std::string& path) const {
    return run_command("cd " + site.folder.path().native() + " && curl -sS --cacert ca.pem " + arguments +
                       " https://localhost:" + port + path);
  }
  CommandResult s_client(const std::string& arguments) const {
    return run_command("cd " + site.folder.path().native() +
                       " && openssl s_client -CAfile ca.pem -connect 127.0.0.1:" + port + " " + arguments);
  }

  TlsSite site;
  std::string port;

 private:
  std::optional<ServerProcess> server_;
};

INSTANTIATE_TEST_SUITE_P(Worker, TlsTest, kClasses, [](const auto& test) { return test.param; });

TEST_P(TlsTest, ServesCurlInBothVersionsOfHttp) {
  auto& server = start();
  const auto one = curl("-D -", "/status/200");
  EXPECT_THAT(one.output, HasSubstr("HTTP/1.1 200 OK"));
  const auto zero = curl("--http1.0 -D -", "/tls");
  EXPECT_THAT(zero.output, HasSubstr("|localhost|http/1.0|new|nobody"));
  EXPECT_THAT(curl("--tls-max 1.2", "/tls").output, HasSubstr("TLSv1.2|ECDHE-ECDSA-"));
  EXPECT_THAT(curl("--tlsv1.3", "/tls").output, HasSubstr("TLSv1.3|TLS_AES_"));
  EXPECT_EQ(curl("", "/bytes/10000000").output, std::string(10'000'000, 'x'));
  const auto plain = run_command("curl -sS -o /dev/null -w %{http_code} http://localhost:" + port + "/");
  EXPECT_EQ(plain.output, "400");
  const auto beside = run_command("curl -sS --unix-socket " + (site.folder / "plain.sock").native() + " http://h/tls");
  EXPECT_EQ(beside.output, "plain");
  server.expect_clean_stop();
}

TEST_P(TlsTest, TakesUploadsOfCurlThatSayTheirLengthAndThatDoNot) {
  auto& server = start();
  std::string body;
  for (int i = 0; body.size() < 900'000; ++i) body += std::to_string(i) + "\n";
  site.folder.write("body", body);
  EXPECT_EQ(curl("--data-binary @body", "/echo").output, body);
  EXPECT_EQ(curl("-H 'Transfer-Encoding: chunked' --data-binary @body", "/echo").output, body);
  EXPECT_EQ(curl("-T body -X POST -H 'Expect: 100-continue'", "/echo").output, body);
  server.expect_clean_stop();
}

TEST_P(TlsTest, KnowsClientsByTheirCertificates) {
  auto& server = start("ca_certs = \"ca.pem\"\ncert_reqs = \"required\"");
  const MadeCertificate alice{{.name = "alice", .hosts = {}}, &site.authority};
  const MadeCertificate stranger{{.name = "stranger", .hosts = {}}};
  site.write_certificate("alice", alice);
  site.write_certificate("stranger", stranger);
  const auto known = curl("--cert alice.pem --key alice.key", "/tls");
  EXPECT_THAT(known.output, HasSubstr("|verified|CN=alice,O=Tests|CN=authority,O=Tests|"));
  EXPECT_THAT(known.output, HasSubstr("|" + alice.fingerprint() + "|" + alice.pem()));
  const auto nobody = curl("", "/tls");
  EXPECT_EQ(nobody.code, 56) << nobody.output;
  EXPECT_THAT(nobody.output, HasSubstr("certificate required"));
  const auto unknown = curl("--cert stranger.pem --key stranger.key", "/tls");
  EXPECT_EQ(unknown.code, 56) << unknown.output;
  EXPECT_THAT(unknown.output, HasSubstr("unknown ca"));
  server.expect_clean_stop();
}

TEST_P(TlsTest, SpeaksTheVersionsAndCiphersThatItIsTold) {
  auto& server = start("tls_min_version = \"1.3\"\nciphersuites = \"TLS_CHACHA20_POLY1305_SHA256\"");
  EXPECT_THAT(s_client("-tls1_2").output, HasSubstr("protocol version"));
  EXPECT_THAT(s_client("-tls1_3").output, HasSubstr("New, TLSv1.3, Cipher is TLS_CHACHA20_POLY1305_SHA256"));
  EXPECT_THAT(s_client("-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256").output, HasSubstr("handshake failure"));
  server.expect_clean_stop();
}

TEST_P(TlsTest, ResumesSessionsOfSClientWithAnyWorkerAndAcrossReloads) {
  auto& server = start("workers = 3");
  const auto reconnected = s_client("-tls1_2 -no_ticket -reconnect").output;
  EXPECT_THAT(reconnected, HasSubstr("New, TLSv1.2"));
  const auto with_ticket = s_client("-tls1_2 -reconnect").output;
  EXPECT_THAT(with_ticket, HasSubstr("Reused, TLSv1.2"));
  EXPECT_EQ(with_ticket.find("New, TLSv1.2", with_ticket.find("New, TLSv1.2") + 1), std::string::npos) << with_ticket;
  const auto make = run_command("cd " + site.folder.path().native() +
                                " && printf 'GET /status/200 HTTP/1.0\\r\\n\\r\\n' | openssl s_client -tls1_3 "
                                "-CAfile ca.pem -sess_out session -ign_eof -connect 127.0.0.1:" +
                                port);
  EXPECT_THAT(make.output, HasSubstr("200 OK"));
  for (int i = 0; i < 6; ++i) EXPECT_THAT(s_client("-tls1_3 -sess_in session").output, HasSubstr("Reused, TLSv1.3"));
  server.signal(SIGHUP);
  server.await_line("reload done");
  EXPECT_THAT(s_client("-tls1_3 -sess_in session").output, HasSubstr("Reused, TLSv1.3"));
  server.expect_clean_stop();
}

TEST_P(TlsTest, ShowsEachHostItsCertificateAndStaplesWhatTheAuthorityHasSaid) {
  const MadeCertificate wild{{.name = "wild", .hosts = {"*.example.org"}}, &site.authority};
  site.write_certificate("wild", wild);
  site.folder.write("wild.ocsp", wild.ocsp_response(site.authority));
  auto& server = start("ocsp_file = [\"wild.ocsp\"]", "\"first\",\"wild\"");
  EXPECT_THAT(s_client("-servername localhost").output, HasSubstr("subject=O = Tests, CN = first"));
  const auto stapled = s_client("-servername www.example.org -status").output;
  EXPECT_THAT(stapled, HasSubstr("subject=O = Tests, CN = wild"));
  EXPECT_THAT(stapled, HasSubstr("Cert Status: good"));
  EXPECT_THAT(s_client("-servername localhost -status").output, HasSubstr("OCSP response: no response sent"));
  server.expect_clean_stop();
}

/// Clients that come, ask a few times and go, for as long as it lives.
class TlsLoad {
 public:
  explicit TlsLoad(std::string address, int threads = 4) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this, address] { run(address); });
  }
  ~TlsLoad() { stop(); }
  void stop() {
    stops_ = true;
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }
  void await_answered(int more) {
    const int target = answered + more;
    if (!await([&] { return answered >= target; })) throw std::runtime_error{"the load is not answered"};
  }
  std::atomic<int> answered{0};
  std::atomic<int> failed{0};
  std::string first_failure;

 private:
  void run(const std::string& address) {
    while (!stops_) {
      try {
        TlsClient client{address};
        for (int i = 0; i < 20 && !stops_; ++i) {
          const auto answer = client.get("/status/200");
          ++(answer.status == 200 ? answered : failed);
          if (answer.closes()) break;
        }
      } catch (const std::runtime_error& error) {
        if (failed++ == 0) first_failure = error.what();
      }
    }
  }
  std::atomic<bool> stops_{false};
  std::vector<std::thread> threads_;
};

TEST_P(TlsTest, ExchangesItsCertificateAtAReloadWithoutLosingAConnection) {
  auto& server = start("workers = 2");
  TlsLoad load{server.address()};
  load.await_answered(50);
  TlsClient kept{server.address()};
  EXPECT_EQ(kept.common_name(), "first");
  const MadeCertificate second{{.name = "second"}, &site.authority};
  site.write_certificate("first", second);
  server.signal(SIGHUP);
  EXPECT_EQ(kept.get("/status/200").status, 200);
  server.await_line("reload done");
  load.await_answered(50);
  EXPECT_EQ(TlsClient{server.address()}.common_name(), "second");
  load.stop();
  EXPECT_EQ(load.failed, 0) << load.first_failure;
  server.expect_clean_stop();
}

TEST_P(TlsTest, KeepsItsCertificateWhereAReloadFindsABadOne) {
  auto& server = start("workers = 2");
  const auto workers = server.await_workers(2);
  const MadeCertificate expired{{.name = "first", .valid_from = -7200, .valid_until = -3600}, &site.authority};
  const MadeCertificate other;
  struct Case {
    std::string chain, key, why;
  };
  const Case cases[] = {
      {"no certificate", site.own.key_pem(), "first.pem: no certificate in it"},
      {site.own.pem(), other.key_pem(), "first.key: the private key does not belong to the certificate"},
      {expired.pem(), expired.key_pem(), "first.pem: the certificate has expired"},
      {site.own.pem(), "nonsense", "first.key: no private key can be read"}};
  std::size_t round = 0;
  for (const auto& bad : cases) {
    site.folder.write("first.pem", bad.chain);
    site.folder.write("first.key", bad.key);
    server.signal(SIGHUP);
    server.await_line("reload failed: ", ++round);
    EXPECT_THAT(server.error_text(), HasSubstr(bad.why));
    EXPECT_EQ(TlsClient{server.address()}.common_name(), "first");
  }
  EXPECT_THAT(server.error_text(), HasSubstr("indrik.toml:2: certfile = [\"first.pem\"]: first.pem: "));
  EXPECT_EQ(server.worker_pids(), workers);
  ::kill(workers.front(), SIGKILL);  // its successor has what the others have, not what the files say
  EXPECT_TRUE(await([&] { return server.worker_pids().size() == 2 && server.worker_pids() != workers; }));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(TlsClient{server.address()}.get("/status/200").status, 200);
  server.expect_clean_stop();
}

TEST_P(TlsTest, HasKeysThatItsWorkersMayNotRead) {
  // Only root can make workers somebody else; for everybody else the key is taken away once it was read.
  auto& server = start(::geteuid() == 0 ? "user = \"nobody\"" : "");
  if (::geteuid() != 0) ::chmod((site.folder / "first.key").c_str(), 0);
  EXPECT_EQ(TlsClient{server.address()}.get("/status/200").status, 200);
  const auto first = server.worker_pids();
  ::kill(first.front(), SIGKILL);
  EXPECT_TRUE(await([&] { return server.worker_pids().size() == 1 && server.worker_pids() != first; }));
  EXPECT_EQ(TlsClient{server.address()}.get("/status/200").status, 200);
  server.expect_clean_stop();
}

TEST_P(TlsTest, SendsNothingInPlainToTheClientOfAWorkerThatIsAborted) {
  if (GetParam() == "event") {  // a stuck thread does not abort it
    start().expect_clean_stop();
    return;
  }
  auto& server = start("timeout = \"300ms\"");
  TlsClient client{server.address()};
  client.send(request_bytes("GET", "/bad/spin"));
  try {
    client.receive();
    ADD_FAILURE() << "an answer in plain bytes, or one that nobody can have sent";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("closed the connection"), Not(HasSubstr("wrong version"))));
  }
  server.await_line("the worker was stuck");
  server.expect_clean_stop();
}

TEST(TlsConfigurationTest, IsRefusedWithSettingFileAndReason) {
  const TlsSite site;
  const MadeCertificate other;
  site.write_certificate("other", other);
  const auto check = [&](const std::string& arguments) {
    const auto program = std::string{INDRIK_BUILD_DIR} + "/indrik";
    return run_command("cd " + site.folder.path().native() + " && " + program + " --check-config " + arguments + " " +
                       built_plugin("hello"));
  };
  const std::string good = "-b https://127.0.0.1:0 --certfile first.pem --keyfile first.key ";
  EXPECT_EQ(check(good).code, 0) << check(good).output;
  const auto expect_refused = [&](const std::string& arguments, const std::string& why) {
    const auto checked = check(arguments);
    EXPECT_EQ(checked.code, 2) << arguments;
    EXPECT_THAT(checked.output, HasSubstr(why));
  };
  expect_refused("-b https://127.0.0.1:0", "https:// needs a certfile");
  expect_refused("-b 127.0.0.1:0 --certfile first.pem", "begin one with https://");
  expect_refused("-b https://127.0.0.1:0 --certfile none.pem", "certfile = [\"none.pem\"]: none.pem: No such file");
  expect_refused("-b https://127.0.0.1:0 --certfile first.pem --keyfile other.key",
                 "other.key: the private key does not belong to the certificate in first.pem");
  expect_refused(good + "--ciphers ECDHE+AESGCM:ROT13", "no cipher of TLS 1.2 is named \"ROT13\"");
  expect_refused(good + "--ciphersuites TLS_ROT13", "no cipher suite of TLS 1.3 is named \"TLS_ROT13\"");
  expect_refused(good + "--cert-reqs required", "need ca_certs");
  expect_refused(good + "--ocsp-file first.pem", "first.pem: no OCSP response can be read");
  expect_refused("-b 127.0.0.1:4433 " + good + "-b https://127.0.0.1:4433", "cannot be with https:// and without");
  ::chmod((site.folder / "first.key").c_str(), 0644);
  EXPECT_THAT(check(good).output, HasSubstr("first.key: the private key can be read by others"));
}

/// Chromium writes into its home, and as root it wants no sandbox.
TEST(TlsBrowserTest, ChromiumShowsAPage) {
  const TlsSite site;
  site.configure("worker_class = \"green\"");
  ServerProcess server{kArguments, site.setup()};
  server.await_line("workers are ready");
  const auto folder = site.folder.path().native();
  const auto shown =
      run_command("HOME=" + folder + " chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage " +
                  "--user-data-dir=" + folder + "/chromium --ignore-certificate-errors --dump-dom https://localhost:" +
                  port_of(server.address()) + "/tls");
  EXPECT_THAT(shown.output, HasSubstr("TLSv1.3|"));
  EXPECT_THAT(shown.output, HasSubstr("|localhost|http/1.1|"));
  server.expect_clean_stop();
}

}  // namespace
}  // namespace indrik::test
