#include "net/tls_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <memory>
#include <string>

#include "base/fd.h"
#include "integration/support/certificates.h"
#include "net/tls_context.h"
#include "support/temporary_folder.h"

namespace indrik::net {
namespace {

/// Both ends of one connection whose socket takes no more than a few KiB; nothing blocks.
class TlsPair {
 public:
  /// `fragment`: how long the client wants records, TLSEXT_max_fragment_length_*.
  explicit TlsPair(std::uint8_t fragment) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    ours_ = Fd{ends[0]};
    theirs_ = Fd{ends[1]};
    const int room = 1;  // the least that there is
    EXPECT_EQ(::setsockopt(ours_.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
    options_.certificates.push_back(
        {.chain = {.name = "c.pem", .bytes = made_.pem()}, .key = {.name = "k.pem", .bytes = made_.key_pem()}});
    server_context_ = std::make_unique<TlsContext>(std::move(*TlsContext::create(options_)));
    server = server_context_->accept(ours_.get());
    client_context_.reset(SSL_CTX_new(TLS_client_method()));
    client_.reset(SSL_new(client_context_.get()));
    SSL_set_tlsext_max_fragment_length(client_.get(), fragment);
    SSL_set_fd(client_.get(), theirs_.get());
    SSL_set_connect_state(client_.get());
    for (auto state = Handshake::wants_input; state != Handshake::done; state = server->shake_hands()) {
      EXPECT_NE(state, Handshake::failed) << server->failure();
      SSL_do_handshake(client_.get());
    }
  }
  /// What has come by now, at most one record of it.
  std::string receive() {
    std::string bytes(TlsStream::kLeastRoom, '\0');
    std::size_t size = 0;
    if (SSL_read_ex(client_.get(), bytes.data(), bytes.size(), &size) != 1) size = 0;
    bytes.resize(size);
    return bytes;
  }
  /// Repeats what does not block until it has sent `size` bytes, and reads a record each time it has to wait.
  void send(std::size_t size, const std::function<ssize_t(std::size_t done)>& step) {
    for (std::size_t done = 0; done < size;) {
      const auto sent = step(done);
      if (sent < 0) {
        ASSERT_EQ(errno, EAGAIN);
        received += receive();
      }
      done += sent > 0 ? static_cast<std::size_t>(sent) : 0;
      ASSERT_NE(sent, 0);
    }
  }
  void receive_rest() {
    for (auto bytes = receive(); !bytes.empty(); bytes = receive()) received += bytes;
  }

  std::unique_ptr<TlsStream> server;
  std::string received;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
    void operator()(SSL* session) const noexcept { SSL_free(session); }
  };
  const test::MadeCertificate made_;
  TlsOptions options_;
  Fd ours_, theirs_;
  std::unique_ptr<TlsContext> server_context_;
  std::unique_ptr<SSL_CTX, Free> client_context_;
  std::unique_ptr<SSL, Free> client_;
};

class TlsFragmentTest : public testing::TestWithParam<std::uint8_t> {};
INSTANTIATE_TEST_SUITE_P(Record, TlsFragmentTest,
                         testing::Values(TLSEXT_max_fragment_length_DISABLED, TLSEXT_max_fragment_length_512,
                                         TLSEXT_max_fragment_length_1024, TLSEXT_max_fragment_length_4096));

TEST_P(TlsFragmentTest, LosesNothingOfHeadsBeforeFilesWhereTheSocketIsFull) {
  const test::TemporaryFolder folder;
  std::string content;
  for (int i = 0; content.size() < 70'000; ++i) content += std::to_string(i) + ',';
  const Fd file{::open(folder.write("body", content).c_str(), O_RDONLY | O_CLOEXEC)};
  TlsPair pair{GetParam()};
  std::string expected;
  for (const std::size_t head_size : {1U, 300U, 512U, 513U, 1024U, 1500U, 2048U, 2049U, 20'000U}) {
    for (const std::size_t size : {1U, 100U, 40'000U, 65'000U}) {
      const std::string head(head_size, static_cast<char>('a' + head_size % 26));
      pair.send(head_size,
                [&](std::size_t done) { return pair.server->send(std::string_view{head}.substr(done), true); });
      pair.send(size, [&](std::size_t done) {
        return pair.server->send_file(file.get(), static_cast<off_t>(done), size - done);
      });
      expected.append(head).append(content, 0, size);
      const std::string last(head_size % 700 + 1, '.');
      pair.send(1, [&](std::size_t) { return pair.server->send("<", true); });
      pair.send(last.size(), [&](std::size_t done) { return pair.server->send(std::string_view{last}.substr(done)); });
      expected.append("<").append(last);
    }
  }
  pair.receive_rest();
  EXPECT_EQ(pair.received.size(), expected.size());
  EXPECT_TRUE(pair.received == expected);
}

TEST(TlsStreamTest, TakesNothingWhenItIsClosed) {
  TlsPair pair{TLSEXT_max_fragment_length_DISABLED};
  pair.server->close(true);
  for (const std::size_t size : {10U, 20'000U}) {
    for (const bool more : {false, true}) {
      errno = 0;
      EXPECT_EQ(pair.server->send(std::string(size, 'a'), more), -1);
      EXPECT_EQ(errno, ECONNABORTED);
    }
  }
}

TEST(TlsStreamTest, SaysThatAFileHasBecomeShorterAlsoInTheMiddleOfARecord) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("body", std::string(200'000, 'c'));
  const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  TlsPair pair{TLSEXT_max_fragment_length_DISABLED};
  off_t done = 0;
  for (ssize_t sent = 0; sent >= 0; done += sent) {
    sent = pair.server->send_file(file.get(), done, 200'000 - static_cast<std::size_t>(done));
    if (sent < 0) break;
  }
  ASSERT_EQ(errno, EAGAIN);
  ASSERT_EQ(::truncate(path.c_str(), done + 10), 0);
  pair.receive_rest();
  EXPECT_EQ(pair.server->send_file(file.get(), done, 200'000 - static_cast<std::size_t>(done)), 0);
}

}  // namespace
}  // namespace indrik::net
