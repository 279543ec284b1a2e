#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace indrik::test {

/// One answer as it came.
struct HttpResponse {
  int status = 0;
  std::string reason;
  int minor_version = 1;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;  ///< chunk framing removed

  /// The first field of that name, compared without case.
  std::optional<std::string> field(std::string_view name) const;
  /// The server says that the connection ends after this answer.
  bool closes() const;
};

/// HTTP/1 answers out of bytes. Reads what a correct server sends and throws std::runtime_error at anything else.
/// Written without the server's parser: the one must not forgive the other's mistakes.
class ResponseReader {
 public:
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  /// The next whole answer to a request of that method, interim ones (1xx) included; none: feed more.
  std::optional<HttpResponse> next(std::string_view method);
  /// The connection has ended: the answer without a stated length, if one is open. Throws if anything was cut short.
  std::optional<HttpResponse> at_end(std::string_view method);
  /// Bytes that belong to no complete answer yet.
  const std::string& unread() const noexcept { return buffer_; }
  /// Takes the first of them out.
  std::string take_raw(std::size_t size) {
    auto taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
  }

 private:
  std::optional<HttpResponse> take(std::string_view method, bool ended);
  std::string buffer_;
};

}  // namespace indrik::test
