#include "http/file_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "http/response_writer.h"

namespace indrik::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::time_t kModified = 784111777;
constexpr const char* kTag = "\"ae1b981bc490a00-3e8-7\"";
constexpr const char* kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

class FileAnswerTest : public testing::Test {
 protected:
  /// The answer's head.
  std::string answered(const std::vector<Field>& fields, const char* method = "GET") {
    const Request request{.method = method, .fields = fields};
    error = answer_with_file(request, file, response);
    std::string out;
    write_response(response, {.date = "D"}, ConnectionOption::none, request.method == "HEAD", out);
    return out;
  }
  /// What would be sent after it: "text" and (offset+size).
  std::string parts() {
    std::string text;
    for (const auto& part : response.take_parts())
      text += part.bytes + "(" + std::to_string(part.offset) + "+" + std::to_string(part.size) + ")";
    return text;
  }

  FileToSend file{.file = std::make_shared<const Fd>(),
                  .identity = {.modified = {.tv_sec = kModified}, .size = 1000, .inode = 7},
                  .content_type = "text/plain",
                  .content_encoding = {},
                  .now = kModified + 86400,
                  .random = []() noexcept { return std::uint64_t{0xabc}; }};
  Response response;
  Response::FieldError error = Response::FieldError::none;
};

TEST_F(FileAnswerTest, SendsTheWholeFileWithItsValidators) {
  EXPECT_EQ(answered({}), std::string{"HTTP/1.1 200 OK\r\nDate: D\r\nETag: "} + kTag + "\r\nLast-Modified: " + kDate +
                              "\r\nAccept-Ranges: bytes\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n");
  EXPECT_EQ(parts(), "(0+1000)");
}

TEST_F(FileAnswerTest, SaysTheCodingOfTheFile) {
  file.content_encoding = "gzip";
  EXPECT_THAT(answered({{"Range", "bytes=0-9"}}), HasSubstr("\r\nContent-Encoding: gzip\r\n"));
}

TEST_F(FileAnswerTest, SendsOneRange) {
  const auto head = answered({{"Range", "bytes=10-19"}});
  EXPECT_THAT(head, StartsWith("HTTP/1.1 206 Partial Content\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nContent-Range: bytes 10-19/1000\r\nContent-Type: text/plain\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nContent-Length: 10\r\n"));
  EXPECT_THAT(head, HasSubstr(kTag));
  EXPECT_EQ(parts(), "(10+10)");
}

TEST_F(FileAnswerTest, SendsSeveralRangesInParts) {
  const auto head = answered({{"Range", "bytes=0-9,500-509"}});
  EXPECT_THAT(head, StartsWith("HTTP/1.1 206 Partial Content\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nContent-Type: multipart/byteranges; boundary=indrik-0000000000000abc\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("\r\nContent-Range:")));
  const auto size = response.body_size();
  EXPECT_THAT(head, HasSubstr("\r\nContent-Length: " + std::to_string(size) + "\r\n"));
  const std::string expected =
      "\r\n--indrik-0000000000000abc\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-9/1000\r\n\r\n(0+10)"
      "\r\n--indrik-0000000000000abc\r\nContent-Type: text/plain\r\nContent-Range: bytes 500-509/1000\r\n\r\n(500+10)"
      "\r\n--indrik-0000000000000abc--\r\n(0+0)";
  EXPECT_EQ(parts(), expected);
}

TEST_F(FileAnswerTest, RefusesARangeBeyondTheEnd) {
  response.add_field("Cache-Control", "max-age=9");
  const auto answer = answered({{"Range", "bytes=1000-"}});
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 416 Range Not Satisfiable\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Range: bytes */1000\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Cache-Control")));
  EXPECT_FALSE(response.has_parts());
}

TEST_F(FileAnswerTest, IgnoresRangesOfAnotherVersionAndOfOtherMethods) {
  for (const auto& fields : std::vector<std::vector<Field>>{{{"Range", "bytes=0-9"}, {"If-Range", "\"x\""}},
                                                            {{"Range", "bytes=0-9"}, {"Range", "bytes=0-9"}},
                                                            {{"Range", "lines=0-9"}}}) {
    response.reset();
    EXPECT_THAT(answered(fields), StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(parts(), "(0+1000)");
  }
  response.reset();
  EXPECT_THAT(answered({{"Range", "bytes=0-9"}}, "HEAD"), HasSubstr("\r\nContent-Length: 1000\r\n"));
  response.reset();
  EXPECT_THAT(answered({{"Range", "bytes=0-9"}}, "POST"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(FileAnswerTest, SendsARangeOfTheVersionThatIfRangeNames) {
  EXPECT_THAT(answered({{"Range", "bytes=0-9"}, {"If-Range", kTag}}), StartsWith("HTTP/1.1 206 "));
}

TEST_F(FileAnswerTest, SaysNotModifiedWithValidatorsAndWithoutMetadata) {
  response.add_field("Cache-Control", "max-age=9");
  for (const auto* method : {"GET", "HEAD"}) {
    response.reset();
    response.add_field("Cache-Control", "max-age=9");
    EXPECT_EQ(answered({{"If-None-Match", kTag}, {"Range", "bytes=0-9"}}, method),
              std::string{"HTTP/1.1 304 Not Modified\r\nDate: D\r\nCache-Control: max-age=9\r\nETag: "} + kTag +
                  "\r\nLast-Modified: " + kDate + "\r\n\r\n");
    EXPECT_FALSE(response.has_parts());
  }
}

TEST_F(FileAnswerTest, SaysThatAPreconditionFailed) {
  EXPECT_THAT(answered({{"If-Match", "\"x\""}}), StartsWith("HTTP/1.1 412 Precondition Failed\r\n"));
  EXPECT_FALSE(response.has_parts());
}

TEST_F(FileAnswerTest, ObeysNothingWithAnotherStatusOrMethod) {
  response.set_status(404);
  const auto head = answered({{"If-None-Match", "*"}, {"Range", "bytes=0-9"}});
  EXPECT_EQ(head, "HTTP/1.1 404 Not Found\r\nDate: D\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n");
  EXPECT_EQ(parts(), "(0+1000)");
  response.reset();
  EXPECT_THAT(answered({{"If-None-Match", "*"}}, "POST"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(FileAnswerTest, NeverSaysThatAVersionIsFromTheFuture) {  // RFC 9110 8.8.2.1
  file.now = kModified - 1000;
  EXPECT_THAT(answered({}), HasSubstr("\r\nLast-Modified: Sun, 06 Nov 1994 08:32:57 GMT\r\n"));
}

TEST_F(FileAnswerTest, SendsAnEmptyFileWhateverRangeIsAsked) {
  file.identity.size = 0;
  const auto head = answered({{"Range", "bytes=0-"}});
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, EndsWith("\r\nContent-Length: 0\r\n\r\n"));
}

TEST_F(FileAnswerTest, RefusesATypeThatCouldSplitTheAnswer) {
  file.content_type = "text/plain\r\nX: y";
  answered({{"Range", "bytes=0-9,500-509"}});
  EXPECT_EQ(error, Response::FieldError::bad_value);
  response.reset();
  answered({});
  EXPECT_EQ(error, Response::FieldError::bad_value);
  file.content_type = "text/plain";
  file.content_encoding = "gzip\n";
  response.reset();
  answered({});
  EXPECT_EQ(error, Response::FieldError::bad_value);
}

}  // namespace
}  // namespace indrik::http
