#include "control/request.h"

#include <gtest/gtest.h>

namespace indrik::control {
namespace {

TEST(RequestTest, ReadsEveryRequest) {
  EXPECT_EQ(*parse_request("reload"), (Request{.command = Command::reload}));
  EXPECT_EQ(*parse_request("status"), (Request{.command = Command::status}));
  EXPECT_EQ(*parse_request("stop"), (Request{.command = Command::stop}));
  EXPECT_EQ(*parse_request("stop now"), (Request{.command = Command::stop, .now = true}));
}

TEST(RequestTest, ReadsWhatItWrites) {
  for (const auto& request : {Request{Command::reload}, Request{Command::status}, Request{Command::stop},
                              Request{.command = Command::stop, .now = true}}) {
    const auto line = request_line(request);
    ASSERT_TRUE(line.ends_with('\n'));
    ASSERT_LE(line.size(), kLongestRequest);
    EXPECT_EQ(*parse_request(std::string_view{line}.substr(0, line.size() - 1)), request);
  }
}

TEST(RequestTest, TakesTheLineEndOfATerminal) { EXPECT_TRUE(parse_request("reload\r")); }

TEST(RequestTest, RefusesEverythingElseInOnePrintableSentence) {
  using namespace std::string_view_literals;
  for (const auto line : {""sv, " reload"sv, "reload "sv, "RELOAD"sv, "reload now"sv, "stop  now"sv,
                          "stop now please"sv, "status\0"sv, "\x1b[2J\xff"sv, "GET / HTTP/1.1"sv}) {
    const auto refused = parse_request(line);
    ASSERT_FALSE(refused) << line;
    for (const char c : refused.error().text()) EXPECT_TRUE(c >= ' ' && c <= '~');
  }
}

}  // namespace
}  // namespace indrik::control
