#pragma once

#include <functional>
#include <string>
#include <thread>

#include "base/fd.h"

namespace indrik::test {

/// A server of a few lines for testing the clients: accepts one connection after the other and lets `serve` deal with
/// each, closing it afterwards; ends after `connections` of them. Its end is waited for by the destructor.
class TinyServer {
 public:
  using Serve = std::function<void(int fd)>;
  TinyServer(std::size_t connections, Serve serve);
  ~TinyServer();

  std::string address() const;

  /// The bytes up to and with the next empty line; what there was when the client closed.
  static std::string read_head(int fd);
  static void write(int fd, std::string_view bytes);

 private:
  Fd listener_;
  std::thread thread_;
};

}  // namespace indrik::test
