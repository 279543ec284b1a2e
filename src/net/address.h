#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace indrik::net {

/// Where a listener stands: "HOST:PORT", "[v6]:PORT", "unix:PATH" or "fd://N" (an inherited descriptor).
/// HOST is a numeric address, "localhost" or empty (every IPv4 address): no name is looked up.
class Address {
 public:
  enum class Kind { inet, inet6, unix_path, inherited };

  /// The error says what is accepted.
  static Result<Address> parse(std::string_view text);
  static Address from_sockaddr(const sockaddr_storage& raw, socklen_t size);

  Kind kind() const noexcept { return kind_; }
  /// "127.0.0.1:80", "[::1]:80", "unix:/run/a.sock", "fd://3"; equal texts are equal addresses.
  std::string text() const;
  /// The path of unix:PATH.
  const std::string& path() const noexcept { return path_; }
  int inherited_fd() const noexcept { return inherited_fd_; }
  const sockaddr* raw() const noexcept;
  socklen_t raw_size() const noexcept { return size_; }

 private:
  Kind kind_ = Kind::inet;
  sockaddr_storage raw_{};
  socklen_t size_ = 0;
  std::string path_;
  int inherited_fd_ = -1;
};

}  // namespace indrik::net
