// Handlers that ask another server with plain blocking calls: the same answers in every class; in green together.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "contract/contract.h"

namespace indrik::test {
namespace {

/// A server whose answers come when the test says so: "hello" to whatever it is asked.
class Peer {
 public:
  Peer() {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(::listen(listener_.get(), 64), 0);
    socklen_t size = sizeof address_;
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address_), &size), 0);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  /// In the worker.
  Fd connect() const {
    Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0) return Fd{};
    return socket;
  }
  /// In the test: waits for one that asks.
  Fd accept_question() const {
    Fd socket{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    char question[16];
    EXPECT_GT(::recv(socket.get(), question, sizeof question, 0), 0);
    return socket;
  }
  static void answer(const Fd& socket) { EXPECT_EQ(::send(socket.get(), "hello", 5, 0), 5); }

 private:
  const Fd listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address_{};
};

using Receive = ssize_t (*)(int socket, char* room, std::size_t size);

ssize_t by_readv(int socket, char* room, std::size_t size) {
  const iovec parts[] = {{room, 2}, {room + 2, size - 2}};
  return ::readv(socket, parts, 2);
}

ssize_t after_poll(int socket, char* room, std::size_t size) {
  pollfd one{.fd = socket, .events = POLLIN, .revents = 0};
  if (::poll(&one, 1, -1) != 1) return -1;
  return ::recv(socket, room, size, MSG_DONTWAIT);
}

ssize_t after_poll_for_more(int socket, char* room, std::size_t size) {
  pollfd one{.fd = socket, .events = POLLIN | POLLRDHUP | POLLPRI, .revents = 0};
  if (::poll(&one, 1, -1) != 1) return -1;
  return ::recv(socket, room, size, MSG_DONTWAIT);
}

ssize_t after_select(int socket, char* room, std::size_t size) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(socket, &set);
  if (::select(socket + 1, &set, nullptr, nullptr, nullptr) != 1) return -1;
  return ::recv(socket, room, size, MSG_DONTWAIT);
}

ssize_t after_epoll(int socket, char* room, std::size_t size) {
  const Fd set{::epoll_create1(EPOLL_CLOEXEC)};
  epoll_event event{.events = EPOLLIN, .data = {}};
  if (::epoll_ctl(set.get(), EPOLL_CTL_ADD, socket, &event) != 0) return -1;
  if (::epoll_wait(set.get(), &event, 1, -1) != 1) return -1;
  return ::recv(socket, room, size, MSG_DONTWAIT);
}

constexpr std::pair<const char*, Receive> kReceives[] = {
    {"/read", [](int socket, char* room, std::size_t size) { return ::read(socket, room, size); }},
    {"/recv", [](int socket, char* room, std::size_t size) { return ::recv(socket, room, size, 0); }},
    {"/whole", [](int socket, char* room, std::size_t) { return ::recv(socket, room, 5, MSG_WAITALL); }},
    {"/readv", by_readv},
    {"/poll", after_poll},
    {"/poll-for-more", after_poll_for_more},
    {"/select", after_select},
    {"/epoll", after_epoll},
};

class BlockingCallContract : public ContractTest {
 protected:
  void routes(routing::Router& router) const {
    add_hello(router);
    for (const auto& [path, receive] : kReceives)
      add(router, "GET", path,
          FunctionHandler::blocking([this, receive = receive](http::Exchange& exchange) { ask(exchange, receive); }));
  }
  void ask(http::Exchange& exchange, Receive receive) const {
    const auto socket = peer.connect();
    char room[16];
    ::write(socket.get(), "?", 1);
    const auto size = receive(socket.get(), room, sizeof room);
    exchange.response.append_body(size >= 0 ? std::string_view{room, static_cast<std::size_t>(size)} : "nothing");
  }

  const Peer peer;
};

INDRIK_FOR_EVERY_CLASS(BlockingCallContract);

TEST_P(BlockingCallContract, AsksAnotherServer) {
  WorkerProcess worker{options, [this](auto& router) { routes(router); }};
  for (const auto& one : kReceives) {
    HttpClient client{worker.address()};
    client.send(request_bytes("GET", one.first));
    const auto asked = peer.accept_question();
    Peer::answer(asked);
    EXPECT_EQ(client.receive().body, "hello") << one.first;
  }
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait_exit(), 0);
}

TEST_P(BlockingCallContract, AsksForAsManyClientsAsTheClassCan) {
  const std::size_t at_once = GetParam() == WorkerClass::green ? 64 : GetParam() == WorkerClass::event ? 8 : 1;
  WorkerProcess worker{options, [this](auto& router) { routes(router); }};
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (std::size_t i = 0; i < at_once; ++i) {
    clients.push_back(std::make_unique<HttpClient>(worker.address()));
    clients.back()->send(request_bytes("GET", kReceives[i % std::size(kReceives)].first));
  }
  std::vector<Fd> questions;
  while (questions.size() < at_once) questions.push_back(peer.accept_question());  // all of them wait now
  if (GetParam() == WorkerClass::green) {
    EXPECT_EQ(HttpClient{worker.address()}.get("/").body, "hello");
  }
  for (const auto& question : questions) Peer::answer(question);
  for (const auto& client : clients) EXPECT_EQ(client->receive().body, "hello");
}

/// What only fibers can.
class GreenCallTest : public testing::Test {
 protected:
  GreenCallTest() { options.worker_class = WorkerClass::green; }
  worker::Options options;
  const Peer peer;
};

TEST_F(GreenCallTest, EndsACallWhenItsRequestIsOverdue) {
  options.timeout = 100ms;
  WorkerProcess worker{options, [this](routing::Router& router) {
                         EXPECT_TRUE(router.add("GET", "/", FunctionHandler::blocking([this](http::Exchange&) {
                                                  const auto socket = peer.connect();
                                                  char room[16];
                                                  ::write(socket.get(), "?", 1);
                                                  ::read(socket.get(), room, sizeof room);
                                                  ::send(socket.get(), errno == ECANCELED ? "c" : "?", 1, 0);
                                                })));
                       }};
  HttpClient client{worker.address()};
  client.send(request_bytes("GET", "/"));
  const auto asked = peer.accept_question();
  EXPECT_EQ(client.receive().status, 504);
  char told[4];
  EXPECT_EQ(::recv(asked.get(), told, sizeof told, MSG_WAITALL), 1);  // and then the end: the handler has ended
  EXPECT_EQ(told[0], 'c');
}

TEST_F(GreenCallTest, EndsACallWhoseDescriptorAnotherHandlerCloses) {
  static int shared = -1;
  WorkerProcess worker{
      options, [this](routing::Router& router) {
        EXPECT_TRUE(router.add("GET", "/wait", FunctionHandler::blocking([this](http::Exchange& exchange) {
                                 auto socket = peer.connect();
                                 shared = socket.release();
                                 ::write(shared, "?", 1);
                                 char room[16];
                                 const bool closed = ::read(shared, room, sizeof room) == -1 && errno == EBADF;
                                 exchange.response.append_body(closed ? "closed" : "not closed");
                               })));
        EXPECT_TRUE(router.add("GET", "/close", FunctionHandler::blocking([this](http::Exchange& exchange) {
                                 ::close(shared);
                                 const auto same_number = peer.connect();
                                 ::write(same_number.get(), "?", 1);
                                 char room[16];
                                 const auto size = ::read(same_number.get(), room, sizeof room);
                                 exchange.response.append_body(
                                     std::string_view{room, static_cast<std::size_t>(std::max<ssize_t>(0, size))});
                               })));
      }};
  HttpClient waiting{worker.address()};
  waiting.send(request_bytes("GET", "/wait"));
  const auto first = peer.accept_question();
  HttpClient closing{worker.address()};
  closing.send(request_bytes("GET", "/close"));
  EXPECT_EQ(waiting.receive().body, "closed");
  const auto second = peer.accept_question();
  Peer::answer(second);
  EXPECT_EQ(closing.receive().body, "hello");
}

}  // namespace
}  // namespace indrik::test
