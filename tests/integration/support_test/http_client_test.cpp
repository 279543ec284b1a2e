#include "integration/support/http_client.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "integration/support_test/tiny_server.h"

namespace indrik::test {
namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST(HttpClientTest, AsksTwiceOnOneConnection) {
  const TinyServer server{1, [](int fd) {
                            for (int i = 0; i < 2; ++i) {
                              EXPECT_EQ(TinyServer::read_head(fd), "GET /a HTTP/1.1\r\nHost: test\r\n\r\n");
                              TinyServer::write(fd, kOk);
                            }
                          }};
  HttpClient client{server.address()};
  EXPECT_EQ(client.get("/a").body, "ok");
  EXPECT_EQ(client.get("/a").body, "ok");
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST(HttpClientTest, ThrowsWhereNobodyListens) {
  std::string address;
  {
    const TinyServer gone{0, [](int) {}};
    address = gone.address();
  }
  EXPECT_THROW(HttpClient{address}, std::runtime_error);
}

TEST(HttpClientTest, ThrowsWhenTheServerClosesInsteadOfAnswering) {
  const TinyServer server{1, [](int fd) { TinyServer::read_head(fd); }};
  HttpClient client{server.address()};
  EXPECT_THROW(client.get("/"), std::runtime_error);
}

TEST(HttpClientTest, ToldThatTheServerIsSilent) {
  const TinyServer server{1, [](int fd) {
                            TinyServer::read_head(fd);
                            TinyServer::write(fd, kOk);
                          }};
  HttpClient client{server.address()};
  EXPECT_TRUE(client.is_silent());
  client.send("GET / HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(await([&] { return !client.is_silent(); }));
  EXPECT_EQ(client.receive().body, "ok");
}

TEST(HttpClientTest, EndsSendingAndResets) {
  const TinyServer server{2, [](int fd) { TinyServer::write(fd, TinyServer::read_head(fd) + "."); }};
  HttpClient polite{server.address()};
  polite.send("half");
  polite.end_sending();
  EXPECT_EQ(polite.receive_until_closed(), "half.");
  HttpClient rude{server.address()};
  rude.reset();
  EXPECT_EQ(rude.fd(), -1);
}

}  // namespace
}  // namespace indrik::test
