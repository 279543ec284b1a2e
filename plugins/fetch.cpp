// GET /fetch answers what another server answers, asked by plain, blocking libcurl on pooled handles, each with the
// connection it has kept. In a green worker others run while a request waits for that server.
//
// [app.config]: url (must be set; http or https; what a client says has no influence on it), connect_timeout (1s),
// timeout (5s: for the whole transfer), max_size (1048576: a larger answer is refused), pool_size (256: transfers of a
// worker at once), ca_file (none: certificates of authorities in PEM, instead of the system's).
#include <curl/curl.h>

#include <array>
#include <memory>
#include <new>
#include <string>

#include "peer.h"

namespace {

using indrik::Request;
using indrik::Response;
using namespace std::chrono_literals;

struct Settings {
  std::string url, ca_file;
  std::chrono::milliseconds connect_timeout, timeout;
  std::size_t max_size;
};

class Transfer {
 public:
  explicit Transfer(const Settings& settings) : url_{settings.url}, max_size_{settings.max_size} {
    if (!curl_) throw std::bad_alloc{};
    set(CURLOPT_URL, settings.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_NOSIGNAL, 1L);  // its timeouts would otherwise be signals, where it has no resolver of its own
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.connect_timeout.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(settings.timeout.count()));
    if (!settings.ca_file.empty()) set(CURLOPT_CAINFO, settings.ca_file.c_str());
    set(CURLOPT_ERRORBUFFER, error_.data());
    set(CURLOPT_WRITEFUNCTION, &Transfer::take);
    set(CURLOPT_WRITEDATA, this);
  }
  /// Throws PeerFailed.
  Response perform() {
    body_.clear();
    error_[0] = '\0';
    if (const auto code = curl_easy_perform(curl_.get()); code != CURLE_OK)
      fail(error_[0] != '\0' ? error_.data() : curl_easy_strerror(code));
    long status = 0;
    const char* type = nullptr;
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl_.get(), CURLINFO_CONTENT_TYPE, &type);
    if (status >= 500) fail("answered " + std::to_string(status));
    return Response{static_cast<int>(status)}
        .field("Content-Type", type != nullptr ? type : "application/octet-stream")
        .body(std::move(body_));
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    if (const auto code = curl_easy_setopt(curl_.get(), option, value); code != CURLE_OK)
      fail(curl_easy_strerror(code));
  }
  [[noreturn]] void fail(const std::string& why) const { throw PeerFailed{url_ + ": " + why}; }

  static std::size_t take(char* bytes, std::size_t, std::size_t size, void* transfer) noexcept {
    auto& self = *static_cast<Transfer*>(transfer);
    if (size > self.max_size_ - self.body_.size()) return CURL_WRITEFUNC_ERROR;
    self.body_.append(bytes, size);
    return size;
  }

  std::string url_, body_;
  std::size_t max_size_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_{curl_easy_init(), curl_easy_cleanup};
};

}  // namespace

INDRIK_PLUGIN("fetch", "1.0", [](indrik::App& app) {
  const auto url = app.config().get<std::string>("url");
  if (!url) throw indrik::ConfigError{"config key url must be set"};
  const Settings settings{
      .url = *url,
      .ca_file = app.config().get_or("ca_file", ""),
      .connect_timeout = patience(app.config(), "connect_timeout", 1000ms),
      .timeout = patience(app.config(), "timeout", 5000ms),
      .max_size = app.config().get_within("max_size", std::size_t{1} << 20, 0, std::size_t{1} << 40)};
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error{"libcurl does not start"};
  // libcurl looks for itself whether the connection that a handle has kept still stands.
  const auto pool = std::make_shared<indrik::Pool<Transfer>>(
      app, indrik::PoolOptions{.size = pool_size(app.config(), 256), .wait = settings.timeout},
      [settings] { return std::make_unique<Transfer>(settings); });
  const auto peer = std::make_shared<Peer>(app.log());
  app.get("/fetch",
          [=](const Request& request) { return peer->ask(request, [&] { return pool->take()->perform(); }); });
});
