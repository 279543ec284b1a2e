// How much of a fiber's stack does what: one library's work a route. The worker tells its deepest stack when it ends.
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <curl/curl.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <memory>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include <indrik/indrik.hpp>

namespace {

using indrik::Request;
using indrik::Response;

Response done() { return indrik::text("done\n"); }

void add_language(indrik::App& app) {
  app.get("/nothing", [](const Request&) { return done(); });
  app.get("/sleep", [](const Request&) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
    return done();
  });
  app.get("/throw", [](const Request&) {
    try {
      throw std::runtime_error{"across a wait"};
    } catch (const std::exception&) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return done();
  });
  app.get("/printf", [](const Request&) {
    char text[400];
    std::snprintf(text, sizeof text, "%.300g %Lf %s", 1e300 / 3, 1e30L / 3, "text");
    return indrik::text(text);
  });
  app.get("/iostream", [](const Request&) {
    std::ostringstream out;
    out << std::setprecision(17) << 1e300 / 3 << ' ' << std::put_money(123456);
    std::ifstream{"/proc/self/status"} >> std::ws;
    return indrik::text(out.str());
  });
  app.get("/regex-200", [](const Request&) {
    const std::string text(200, 'a');
    return indrik::text(std::regex_match(text, std::regex{"(a|b)*"}) ? "yes" : "no");
  });
}

/// Both sides of a handshake, with a key that is made for it, in memory.
void handshake() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_RSA_gen(2048), &EVP_PKEY_free};
  const std::unique_ptr<X509, decltype(&X509_free)> cert{X509_new(), &X509_free};
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3600);
  X509_set_pubkey(cert.get(), key.get());
  X509_sign(cert.get(), key.get(), EVP_sha256());
  using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
  const Context here{SSL_CTX_new(TLS_server_method()), &SSL_CTX_free};
  const Context there{SSL_CTX_new(TLS_client_method()), &SSL_CTX_free};
  SSL_CTX_use_certificate(here.get(), cert.get());
  SSL_CTX_use_PrivateKey(here.get(), key.get());
  const std::unique_ptr<SSL, decltype(&SSL_free)> server{SSL_new(here.get()), &SSL_free};
  const std::unique_ptr<SSL, decltype(&SSL_free)> client{SSL_new(there.get()), &SSL_free};
  BIO* up = nullptr;
  BIO* down = nullptr;
  BIO_new_bio_pair(&up, 1 << 16, &down, 1 << 16);
  SSL_set_bio(server.get(), up, up);
  SSL_set_bio(client.get(), down, down);
  SSL_set_accept_state(server.get());
  SSL_set_connect_state(client.get());
  for (int i = 0; i < 10; ++i) {
    SSL_do_handshake(client.get());
    SSL_do_handshake(server.get());
  }
  if (!SSL_is_init_finished(server.get())) throw std::runtime_error{"no handshake"};
}

void add_crypto(indrik::App& app) {
  app.get("/openssl-handshake", [](const Request&) {
    handshake();
    return done();
  });
  app.get("/openssl-rsa-4096", [](const Request&) {
    EVP_PKEY_free(EVP_RSA_gen(4096));
    return done();
  });
}

const char* setting(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error{std::string{name} + " is not set"};
  return value;
}

std::size_t drop(char*, std::size_t size, std::size_t count, void*) { return size * count; }

void add_clients(indrik::App& app) {
  app.get("/getaddrinfo", [](const Request&) {
    addrinfo* found = nullptr;
    if (getaddrinfo("localhost", "http", nullptr, &found) == 0) freeaddrinfo(found);
    return done();
  });
  app.get("/hiredis", [](const Request&) {
    const std::unique_ptr<redisContext, decltype(&redisFree)> redis{redisConnectUnix(setting("REDIS")), &redisFree};
    if (redis->err != 0) throw std::runtime_error{redis->errstr};
    for (int i = 0; i < 10; ++i) freeReplyObject(redisCommand(redis.get(), "SET key%d %s", i, "value"));
    return done();
  });
  app.get("/libpq", [](const Request&) {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection{PQconnectdb(setting("POSTGRES")), &PQfinish};
    if (PQstatus(connection.get()) != CONNECTION_OK) throw std::runtime_error{PQerrorMessage(connection.get())};
    PQclear(PQexec(connection.get(), "SELECT i, repeat('x', 1000) FROM generate_series(1, 1000) AS i"));
    const char* const values[] = {"5", "text"};
    PQclear(PQexecParams(connection.get(), "SELECT $1::int + 1, $2::text", 2, nullptr, values, nullptr, nullptr, 0));
    return done();
  });
  app.get("/libcurl-https", [](const Request&) {
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl{curl_easy_init(), &curl_easy_cleanup};
    curl_easy_setopt(curl.get(), CURLOPT_URL, setting("HTTPS"));
    curl_easy_setopt(curl.get(), CURLOPT_CAINFO, setting("CA"));
    curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, drop);
    if (const auto code = curl_easy_perform(curl.get()); code != CURLE_OK)
      throw std::runtime_error{curl_easy_strerror(code)};
    return done();
  });
}

}  // namespace

INDRIK_PLUGIN("stacks", "1.0", [](indrik::App& app) {
  add_language(app);
  add_crypto(app);
  add_clients(app);
});
