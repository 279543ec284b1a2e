#include "integration/support_test/tiny_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <stdexcept>

namespace indrik::test {

TinyServer::TinyServer(std::size_t connections, Serve serve)
    : listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  sockaddr_in loopback{};
  loopback.sin_family = AF_INET;
  loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&loopback), sizeof loopback) != 0 ||
      ::listen(listener_.get(), 64) != 0)
    throw std::runtime_error{"listen"};
  thread_ = std::thread{[this, connections, serve = std::move(serve)] {
    for (std::size_t i = 0; i < connections; ++i) {
      const Fd client{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      if (!client) return;
      serve(client.get());
    }
  }};
}

TinyServer::~TinyServer() {
  ::shutdown(listener_.get(), SHUT_RDWR);  // ends a waiting accept()
  thread_.join();
}

std::string TinyServer::address() const {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&name), &size);
  return "127.0.0.1:" + std::to_string(ntohs(name.sin_port));
}

std::string TinyServer::read_head(int fd) {
  std::string head;
  for (char byte; head.find("\r\n\r\n") == std::string::npos && ::recv(fd, &byte, 1, 0) == 1;) head += byte;
  return head;
}

void TinyServer::write(int fd, std::string_view bytes) { (void)::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

}  // namespace indrik::test
