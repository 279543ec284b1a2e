#include "session.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <string>

namespace resp {
namespace {

class SessionTest : public testing::Test {
 protected:
  /// All replies to bytes that come whole.
  std::string replies(std::string_view input) {
    std::string all;
    while (!input.empty()) {
      std::string out;
      progress = session.advance(input, out);
      input.remove_prefix(progress.consumed);
      all += out;
      if (progress.is_over || progress.is_short) break;
    }
    return all;
  }

  /// What malloc(3) has given and not got back.
  static std::size_t memory() {
    const auto now = ::mallinfo2();
    return now.uordblks + now.hblkhd;
  }

  Limits limits{.max_bulk = 1000, .max_query = 2000};
  Store store{0};
  Session session{store, limits, 1};
  Session::Progress progress;
};

TEST_F(SessionTest, SaysHowMuchMoreItNeeds) {
  EXPECT_EQ(replies("*2\r\n$4\r\nECHO\r\n$100\r\nabc"), "");
  EXPECT_EQ(progress.consumed, 0U);
  EXPECT_EQ(progress.more_than, 20U + 100 + 2 - 1);
  EXPECT_TRUE(progress.is_short);
}

TEST_F(SessionTest, StopsWhereEnoughRepliesAreGathered) {
  replies("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\n" + std::string(1000, 'v') + "\r\n");
  std::string pipeline;
  for (int i = 0; i < 1000; ++i) pipeline += "GET k\r\n";
  std::string out;
  progress = session.advance(pipeline, out);
  EXPECT_FALSE(progress.is_short);
  EXPECT_LT(out.size(), Session::kBatch + 2000);
  EXPECT_EQ(replies(std::string_view{pipeline}.substr(progress.consumed)).size() + out.size(), 1000U * 1009);
}

TEST_F(SessionTest, KeepsNoMemoryOfALongCommand) {
  limits.max_query = 1'000'000;
  std::string command = "*100001\r\n$3\r\nDEL\r\n";
  for (int i = 0; i < 100'000; ++i) command += "$1\r\nk\r\n";
  const auto before = memory();
  EXPECT_EQ(replies(command), ":0\r\n");
  EXPECT_EQ(replies("PING\r\n"), "+PONG\r\n");
  EXPECT_LT(memory(), before + 100'000);
}

TEST_F(SessionTest, RefusesACommandThatIsTooLong) {
  EXPECT_EQ(replies("*3\r\n$3\r\nSET\r\n$1000\r\n" + std::string(1000, 'k') + "\r\n$1000\r\n"),
            "-ERR Protocol error: too big query\r\n");
  EXPECT_TRUE(progress.is_over);
}

TEST_F(SessionTest, EndsWithQuit) {
  EXPECT_EQ(replies("QUIT\r\nPING\r\n"), "+OK\r\n");
  EXPECT_TRUE(progress.is_over);
}

TEST_F(SessionTest, TakesNoLongerForAPatternOfManyStars) {
  EXPECT_EQ(replies("CONFIG GET " + std::string(31, '*') + "x\r\n"), "*0\r\n");
  EXPECT_EQ(replies("CONFIG GET *s*v? s\r\n"), "*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
  EXPECT_EQ(replies("CONFIG GET **a?es* *bas\r\n"), "*2\r\n$9\r\ndatabases\r\n$1\r\n1\r\n");
}

TEST_F(SessionTest, SpeaksTheOldProtocolOnly) {
  EXPECT_EQ(replies("HELLO 3\r\n"), "-NOPROTO unsupported protocol version\r\n");
  EXPECT_TRUE(replies("HELLO 2\r\n").starts_with("*14\r\n$6\r\nserver\r\n"));
}

}  // namespace
}  // namespace resp
