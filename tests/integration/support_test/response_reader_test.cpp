#include "integration/support/response_reader.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace indrik::test {
namespace {

TEST(ResponseReaderTest, ReadsStatusFieldsAndBodyCutAnywhere) {
  constexpr std::string_view kAnswer = "HTTP/1.1 201 Created\r\nLocation: /a\r\nContent-Length: 2\r\n\r\nok";
  for (std::size_t cut = 0; cut < kAnswer.size(); ++cut) {
    ResponseReader reader;
    reader.feed(kAnswer.substr(0, cut));
    EXPECT_FALSE(reader.next("GET"));
    reader.feed(kAnswer.substr(cut));
    const auto response = reader.next("GET");
    ASSERT_TRUE(response) << cut;
    EXPECT_EQ(response->status, 201);
    EXPECT_EQ(response->reason, "Created");
    EXPECT_EQ(response->field("location"), "/a");
    EXPECT_EQ(response->body, "ok");
    EXPECT_TRUE(reader.unread().empty());
  }
}

TEST(ResponseReaderTest, JoinsChunks) {
  ResponseReader reader;
  reader.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n");
  EXPECT_FALSE(reader.next("GET"));
  reader.feed("\r\n");
  EXPECT_EQ(reader.next("GET")->body, "abc");
}

TEST(ResponseReaderTest, ExpectsNoBodyAfterHeadAnd204AndInterimAnswers) {
  ResponseReader reader;
  reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_TRUE(reader.next("HEAD"));
  reader.feed("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(reader.next("GET")->status, 100);
  EXPECT_EQ(reader.next("GET")->status, 204);
}

TEST(ResponseReaderTest, TakesABodyWithoutLengthUntilTheEnd) {
  ResponseReader reader;
  reader.feed("HTTP/1.0 200 OK\r\n\r\nall of it");
  EXPECT_FALSE(reader.next("GET"));
  const auto response = reader.at_end("GET");
  EXPECT_EQ(response->body, "all of it");
  EXPECT_TRUE(response->closes());
}

TEST(ResponseReaderTest, ThrowsAtWhatIsNoAnswerAndAtOneCutShort) {
  ResponseReader nonsense;
  nonsense.feed("hello\r\n\r\n");
  EXPECT_THROW(nonsense.next("GET"), std::runtime_error);
  ResponseReader cut_short;
  cut_short.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok");
  EXPECT_THROW(cut_short.at_end("GET"), std::runtime_error);
}

TEST(ResponseReaderTest, TellsWhetherTheConnectionEnds) {
  ResponseReader reader;
  reader.feed("HTTP/1.1 204 No Content\r\nConnection: x, Close\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_TRUE(reader.next("GET")->closes());
  EXPECT_FALSE(reader.next("GET")->closes());
}

}  // namespace
}  // namespace indrik::test
