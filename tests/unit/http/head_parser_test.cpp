#include "http/head_parser.h"

#include <gtest/gtest.h>

namespace indrik::http {
namespace {

class HeadParserTest : public ::testing::Test {
 protected:
  ParseError parse(std::string_view head, std::size_t lines) { return parse_head(head, lines, request, fields); }

  Request request;
  std::vector<Field> fields;
};

TEST_F(HeadParserTest, SplitsAHeadIntoViewsOfIt) {
  const std::string_view head = "PUT /a HTTP/1.0\r\nA: b \r\nC:\r\n\r\n";
  ASSERT_EQ(parse(head, 2), ParseError::none);
  EXPECT_EQ(request.method.data(), head.data());
  EXPECT_EQ(request.target, "/a");
  EXPECT_EQ(request.minor_version, 0);
  ASSERT_EQ(request.fields.size(), 2U);
  EXPECT_EQ(request.fields[0].value, "b");
  EXPECT_EQ(request.fields[1].name, "C");
  EXPECT_EQ(request.fields[1].value, "");
}

TEST_F(HeadParserTest, ForgetsTheHeadBefore) {
  ASSERT_EQ(parse("GET /long/target HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n", 2), ParseError::none);
  ASSERT_EQ(parse("GET / HTTP/1.1\r\n\r\n", 0), ParseError::none);
  EXPECT_EQ(request.target, "/");
  EXPECT_TRUE(request.fields.empty());
}

// What the parser lets pass by itself, were there no scanner before it: two readers must agree on one head.
TEST_F(HeadParserTest, RefusesAHeadThatItReadsOtherwiseThanTheScanner) {
  EXPECT_EQ(parse("GET  / HTTP/1.1\r\n\r\n", 0), ParseError::bad_request_line);               // skips the second space
  EXPECT_EQ(parse("\r\nGET / HTTP/1.1\r\n\r\n", 0), ParseError::bad_request_line);            // skips the empty line
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 2), ParseError::bad_request_line);  // unfolds
}

TEST_F(HeadParserTest, LeavesFramingToTheRules) {
  EXPECT_EQ(parse("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 2), ParseError::none);
  EXPECT_EQ(parse("POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 1), ParseError::none);
}

TEST_F(HeadParserTest, TellsAMethodItDoesNotKnow) {
  EXPECT_EQ(parse("FROB / HTTP/1.1\r\n\r\n", 0), ParseError::unknown_method);
  EXPECT_EQ(parse("SETUP / HTTP/1.1\r\n\r\n", 0), ParseError::unknown_method);  // RTSP's
}

}  // namespace
}  // namespace indrik::http
