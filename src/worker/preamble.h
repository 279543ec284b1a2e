#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/proxy_header.h"

namespace indrik::worker {

/// What a proxy may say before anything else on a connection, be it TLS or HTTP: a PROXY header, once. Takes exactly
/// its bytes from the socket and leaves what follows. Afterwards it knows what the header said. Loop thread only.
class Preamble {
 public:
  enum class Need : std::uint8_t { optional, required };
  enum class Outcome : std::uint8_t {
    waiting,  ///< read() again when there is more
    over,     ///< go on with the connection, first with the bytes of given_back()
    refused,  ///< malformed, or absent though required: the connection is of no use
    ended,    ///< the connection is gone, or will bring no more
  };

  /// Most that is looked at in one call; the buffer has room for it.
  static constexpr std::size_t kMost = net::ProxyHeader::kMaxSizeV2;

  explicit Preamble(Need need) noexcept : need_{need} {}

  /// `socket` is non-blocking; `buffer` is for this call only. Not after any other outcome than `waiting`.
  Outcome read(int socket, char* buffer) noexcept;

  bool is_over() const noexcept { return over_; }
  /// Some of it has come.
  bool has_begun() const noexcept { return !held_.empty(); }
  /// What looked like the beginning of a header and was none: the client's own bytes.
  std::string_view given_back() const noexcept { return held_; }

  /// The header named a client: "192.0.2.1:4711". False: there was none, or it did not, and the connection's own peer
  /// is the client.
  bool names_client() const noexcept { return !client_.empty(); }
  const std::string& client() const noexcept { return client_; }
  /// That client speaks TLS to the proxy.
  bool over_tls() const noexcept { return over_tls_; }

 private:
  Outcome finish(const net::ProxyHeader& header);

  Need need_;
  bool over_ = false;
  bool over_tls_ = false;
  std::string held_;  ///< taken from the socket, because it would else be reported as readable for ever
  std::string client_;
};

}  // namespace indrik::worker
