#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "integration/support/deadline.h"
#include "integration/support/response_reader.h"

namespace indrik::test {

/// One connection of a client that says exactly what the test wants said. Every wait ends after kPatience at the
/// latest; what does not come by then, or breaks, throws std::runtime_error, which fails the test.
class HttpClient {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  /// Connects to "127.0.0.1:80", "[::1]:80" or "unix:/path".
  explicit HttpClient(std::string_view address);

  /// One request and its answer; the connection is kept. Host and, with a body, Content-Length are added.
  HttpResponse request(std::string_view method, std::string_view target, std::string_view body = {},
                       const Fields& fields = {});
  HttpResponse get(std::string_view target) { return request("GET", target); }

  /// Exactly these bytes.
  void send(std::string_view bytes);
  /// The next answer, interim ones (1xx) included; `method` of the request it answers decides whether a body follows.
  HttpResponse receive(std::string_view method = "GET");
  /// Waits for the server to close (or reset) the connection; whatever came before that and was not yet received.
  std::string receive_until_closed();
  /// Raw bytes, up to and with the first `end` in them; the answers after it can be received as usual.
  std::string receive_bytes_until(std::string_view end);
  /// Nothing has come and the connection stands, now.
  bool is_silent();
  /// The client sends no more, but goes on reading.
  void end_sending();
  /// Ends the connection by RST, as a crashed client's kernel does.
  void reset();

  int fd() const noexcept { return fd_.get(); }

 private:
  /// More bytes into the reader; false: the server closed.
  bool read_more(const Deadline& deadline);

  Fd fd_;
  ResponseReader reader_;
};

/// "GET / HTTP/1.1\r\nHost: …\r\n\r\n" with what belongs to it.
std::string request_bytes(std::string_view method, std::string_view target, std::string_view body = {},
                          const HttpClient::Fields& fields = {});

}  // namespace indrik::test
