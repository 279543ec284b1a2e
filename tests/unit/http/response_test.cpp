#include "http/response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "http/parse_error.h"
#include "http/response_writer.h"

namespace indrik::http {
namespace {

using FieldError = Response::FieldError;

std::string written(const Response& response, bool to_head = false) {
  std::string out;
  write_response(response, {.date = "D"}, ConnectionOption::none, to_head, out);
  return out;
}

TEST(ResponseTest, RefusesFieldsThatCouldSplitTheAnswer) {
  Response response;
  EXPECT_EQ(response.add_field("X", "a\r\nSet-Cookie: b"), FieldError::bad_value);
  EXPECT_EQ(response.add_field("X", "a\nb"), FieldError::bad_value);
  EXPECT_EQ(response.add_field("X", std::string_view{"a\0b", 3}), FieldError::bad_value);
  EXPECT_EQ(response.add_field("X", "a\x7f"), FieldError::bad_value);
  EXPECT_EQ(response.add_field("X\r\nY", "a"), FieldError::bad_name);
  EXPECT_EQ(response.add_field("X Y", "a"), FieldError::bad_name);
  EXPECT_EQ(response.add_field("", "a"), FieldError::bad_name);
  EXPECT_EQ(response.field_lines(), "");
}

TEST(ResponseTest, RefusesFieldsThatAreTheServers) {
  Response response;
  for (const auto* name :
       {"Connection", "content-length", "DATE", "Keep-Alive", "Server", "Transfer-Encoding", "Upgrade"})
    EXPECT_EQ(response.add_field(name, "1"), FieldError::reserved) << name;
  EXPECT_EQ(response.field_lines(), "");
}

TEST(ResponseTest, KeepsFieldsInTheirOrder) {
  Response response;
  EXPECT_EQ(response.add_field("Set-Cookie", "a=1"), FieldError::none);
  EXPECT_EQ(response.add_field("X", " b\tc\xe9 "), FieldError::none);
  EXPECT_EQ(response.add_field("Set-Cookie", "a=2"), FieldError::none);
  EXPECT_EQ(response.field_lines(), "Set-Cookie: a=1\r\nX: b\tc\xe9\r\nSet-Cookie: a=2\r\n");
}

TEST(ResponseTest, NamesTheTypeOfABodyThatHasNone) {
  Response response;
  response.append_body("x");
  EXPECT_EQ(written(response),
            "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 1\r\n\r\nx");
  response.add_field("content-type", "text/html");
  EXPECT_EQ(written(response), "HTTP/1.1 200 OK\r\nDate: D\r\ncontent-type: text/html\r\nContent-Length: 1\r\n\r\nx");
}

TEST(ResponseTest, WritesUsualTypesAsAnyOther) {
  for (const auto* type : {"text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json", "text/plain"}) {
    Response response;
    EXPECT_EQ(response.add_field("X", "a"), FieldError::none);
    EXPECT_EQ(response.add_field("Content-Type", type), FieldError::none);
    EXPECT_TRUE(response.has_content_type());
    EXPECT_EQ(response.field_lines(), "X: a\r\nContent-Type: " + std::string{type} + "\r\n");
  }
}

TEST(ResponseTest, SendsNoBodyWhereThereIsNone) {
  Response response;
  response.append_body("x");
  response.set_status(204);
  EXPECT_EQ(written(response), "HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n");
  response.set_status(304);
  EXPECT_EQ(written(response), "HTTP/1.1 304 Not Modified\r\nDate: D\r\n\r\n");
  response.set_status(205);
  EXPECT_EQ(written(response), "HTTP/1.1 205 Reset Content\r\nDate: D\r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseTest, AnnouncesToHeadWhatGetWouldHaveGot) {
  Response response;
  response.append_body("12345");
  EXPECT_EQ(written(response, true),
            "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\n");
}

TEST(ResponseTest, AnnouncesNoLengthToHeadThatNobodyKnows) {  // RFC 9110 8.6: it would have to be that of GET
  Response response;
  EXPECT_EQ(written(response, true), "HTTP/1.1 200 OK\r\nDate: D\r\n\r\n");
  EXPECT_EQ(written(response, false), "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 0\r\n\r\n");
  response.append_part({.bytes = {}, .file = std::make_shared<const Fd>(), .offset = 0, .size = 0});
  EXPECT_EQ(written(response, true), "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseTest, AnnouncesAndCountsItsParts) {
  Response response;
  response.append_body("12");
  response.append_part(
      {.bytes = "345", .file = std::make_shared<const Fd>(), .offset = 7, .size = std::uint64_t{5} << 30});
  EXPECT_EQ(response.body_size(), (std::uint64_t{5} << 30) + 5);
  EXPECT_THAT(written(response), testing::HasSubstr("\r\nContent-Length: 5368709125\r\n\r\n12"));
  response.reset();
  EXPECT_FALSE(response.has_parts());
}

TEST(ResponseTest, MakesImpossibleStatuses500) {
  Response response;
  for (const int status : {-1, 0, 99, 100, 101, 199, 600, 1200}) {
    response.set_status(status);
    EXPECT_TRUE(written(response).starts_with("HTTP/1.1 500 Internal Server Error\r\n")) << status;
  }
  response.set_status(599);
  EXPECT_TRUE(written(response).starts_with("HTTP/1.1 599 Unknown\r\n"));
}

TEST(ResponseTest, ForgetsEverythingBeforeAPlainAnswer) {
  Response response;
  response.set_status(201);
  response.add_field("Content-Type", "image/png");
  response.append_body("half a picture");
  response.set_plain(404, "Not Found\n");
  EXPECT_EQ(written(response),
            "HTTP/1.1 404 Not Found\r\nDate: D\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 10\r\n\r\n"
            "Not Found\n");
}

TEST(ReasonPhraseTest, KnowsRegisteredStatuses) {
  EXPECT_EQ(reason_phrase(100), "Continue");
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
  EXPECT_EQ(reason_phrase(299), "Unknown");
  EXPECT_EQ(reason_phrase(999), "Unknown");
}

TEST(ParseErrorTest, HasAnErrorStatusAndASentenceForEach) {
  for (int value = 1; value <= static_cast<int>(ParseError::truncated); ++value) {
    const auto error = static_cast<ParseError>(value);
    EXPECT_GE(status_of(error), 400) << value;
    EXPECT_NE(reason_phrase(status_of(error)), "Unknown") << value;
    EXPECT_FALSE(sentence_of(error).empty()) << value;
  }
}

}  // namespace
}  // namespace indrik::http
