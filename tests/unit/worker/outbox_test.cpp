#include "worker/outbox.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/temporary_folder.h"

namespace indrik::worker {
namespace {

using Outcome = Outbox::Outcome;
using testing::AllOf;
using testing::HasSubstr;

class OutboxTest : public testing::Test {
 protected:
  OutboxTest() {
    std::signal(SIGPIPE, SIG_IGN);  // as in every worker: sendfile(2) cannot be told otherwise
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
    stream = net::Stream{Fd{ends[0]}};
    client.reset(ends[1]);
  }
  std::shared_ptr<const Fd> open_file(const std::string& bytes, int flags = O_RDONLY) const {
    std::ofstream{path, std::ios::binary} << bytes;
    return std::make_shared<const Fd>(::open(path.c_str(), flags | O_CLOEXEC));
  }
  /// Everything that has come; the socket's buffer is empty afterwards.
  void receive(std::string& text) const {
    std::array<char, 65536> buffer{};
    for (ssize_t size = 0; (size = ::recv(client.get(), buffer.data(), buffer.size(), 0)) > 0;)
      text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  /// Flushes and receives in turn until all is sent.
  std::string sent_in_turns() {
    std::string text;
    auto outcome = Outcome::blocked;
    for (; outcome == Outcome::blocked; ++turns) {
      outcome = outbox.flush(stream);
      receive(text);
    }
    EXPECT_EQ(outcome, Outcome::sent);
    return text;
  }
  static std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
    return text;
  }

  test::TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "body";
  net::Stream stream;
  Fd client;
  Outbox outbox;
  int turns = 0;
};

TEST_F(OutboxTest, IsEmptyAtFirstAndAfterEverythingWasSent) {
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.flush(stream), Outcome::sent);
  outbox.append("bytes");
  EXPECT_FALSE(outbox.empty());
  EXPECT_EQ(outbox.flush(stream), Outcome::sent);
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.sent(), 5U);
}

TEST_F(OutboxTest, SendsBytesAndSlicesInTheirOrder) {
  const auto file = open_file("0123456789");
  outbox.append("head ");
  outbox.append({.bytes = "first ", .file = file, .offset = 2, .size = 3});
  outbox.append({.bytes = " second ", .file = file, .offset = 0, .size = 10});
  outbox.append(http::BodyPart{.bytes = " end"});
  outbox.append(" next head");
  EXPECT_EQ(sent_in_turns(), "head first 234 second 0123456789 end next head");
  EXPECT_EQ(outbox.sent(), 46U);
}

TEST_F(OutboxTest, ClosesTheFileWithItsLastSlice) {
  auto file = open_file("0123456789");
  const std::weak_ptr<const Fd> watch = file;
  outbox.append({.bytes = {}, .file = std::move(file), .offset = 0, .size = 10});
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(outbox.flush(stream), Outcome::sent);
  EXPECT_TRUE(watch.expired());
}

TEST_F(OutboxTest, HoldsNoFileForAnEmptySlice) {
  auto file = open_file("");
  outbox.append({.bytes = "head", .file = file, .offset = 0, .size = 0});
  EXPECT_EQ(file.use_count(), 1);
  EXPECT_EQ(sent_in_turns(), "head");
}

TEST_F(OutboxTest, StopsWhereTheSocketIsFullAndGoesOn) {
  const auto bytes = pattern(4 << 20);
  outbox.append(bytes);
  outbox.append({.bytes = "then", .file = open_file(bytes), .offset = 0, .size = bytes.size()});
  EXPECT_EQ(outbox.flush(stream), Outcome::blocked);
  const auto before = outbox.sent();
  EXPECT_EQ(outbox.flush(stream), Outcome::blocked);
  EXPECT_EQ(outbox.sent(), before) << "nobody has read";
  EXPECT_TRUE(sent_in_turns() == bytes + "then" + bytes);
  EXPECT_EQ(outbox.sent(), 2 * bytes.size() + 4);
}

TEST_F(OutboxTest, SendsNoMoreThanAPieceOfAFileInOneTurn) {
  const int wide = 8 << 20;  // room for much more than a piece, as a fast client's
  ASSERT_EQ(::setsockopt(stream.fd(), SOL_SOCKET, SO_SNDBUF, &wide, sizeof wide), 0);
  const auto bytes = pattern(4 * Outbox::kFilePiece);
  const auto file = open_file(bytes);
  for (int i = 0; i < 4; ++i)
    outbox.append({.bytes = {}, .file = file, .offset = i * Outbox::kFilePiece, .size = Outbox::kFilePiece});
  for (std::uint64_t sent = 0; outbox.flush(stream) == Outcome::blocked; sent = outbox.sent()) {
    ASSERT_LE(outbox.sent() - sent, Outbox::kFilePiece);
    std::string taken;
    receive(taken);
  }
  EXPECT_EQ(outbox.sent(), bytes.size());
}

TEST_F(OutboxTest, SaysThatAFileHasBecomeShorter) {
  const auto file = open_file(pattern(100));
  outbox.append({.bytes = "head", .file = file, .offset = 0, .size = 100});
  std::filesystem::resize_file(path, 60);
  EXPECT_EQ(outbox.flush(stream), Outcome::blocked) << "60 bytes were there";
  EXPECT_EQ(outbox.flush(stream), Outcome::file_failed);
  EXPECT_EQ(outbox.complaint(), path.native() + ": it has become shorter, 40 bytes are missing");
}

TEST_F(OutboxTest, SaysWhichFileCannotBeReadAndWhy) {
  outbox.append({.bytes = {}, .file = open_file("0123456789", O_WRONLY), .offset = 0, .size = 10});
  EXPECT_EQ(outbox.flush(stream), Outcome::file_failed);
  EXPECT_THAT(outbox.complaint(), AllOf(HasSubstr(path.native()), HasSubstr("Bad file descriptor")));
}

TEST_F(OutboxTest, BlamesTheConnectionWhenTheClientHasLeft) {
  client.reset();
  outbox.append({.bytes = {}, .file = open_file("0123456789"), .offset = 0, .size = 10});
  EXPECT_EQ(outbox.flush(stream), Outcome::failed);
}

TEST_F(OutboxTest, SendsWhatLiesBeyondFourGibibytes) {
  const auto file = open_file("");
  constexpr std::uint64_t kFar = (std::uint64_t{5} << 30) + 3;
  std::filesystem::resize_file(path, kFar);  // sparse: it takes no room
  std::ofstream{path, std::ios::binary | std::ios::app} << "the end";
  outbox.append({.bytes = {}, .file = file, .offset = kFar - 1, .size = 8});
  EXPECT_EQ(sent_in_turns(), std::string(1, '\0') + "the end");
}

}  // namespace
}  // namespace indrik::worker
