#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/http_corpus.h"
#include "support/http_transcript.h"

// Every case of tests/data/http, whole and cut in many ways: the same bytes must mean the same however they arrive.
namespace indrik::corpus {
namespace {

using Pieces = std::vector<std::string_view>;

std::vector<HttpCase> all_cases() {
  auto cases = read_corpus("valid");
  std::ranges::move(read_corpus("invalid"), std::back_inserter(cases));
  return cases;
}

HttpTranscript whole(const HttpCase& example) { return play(example.limits, Pieces{example.bytes}); }

bool is_detail(std::string_view line) {
  return line.starts_with("path ") || line.starts_with("query ") || line.starts_with("field ");
}

std::vector<std::string> without_details(std::vector<std::string> lines) {
  std::erase_if(lines, is_detail);
  return lines;
}

TEST(HttpCorpusTest, EndsAsExpected) {
  for (const auto& example : all_cases()) {
    const auto lines = whole(example).lines;
    EXPECT_EQ(without_details(lines), without_details(example.expected)) << example.name;
    // Details need not all be told, but what is told must be there.
    for (const auto& line : example.expected)
      EXPECT_NE(std::find(lines.begin(), lines.end(), line), lines.end()) << example.name << ": " << line;
  }
}

TEST(HttpCorpusTest, RefusesEveryInvalidCaseAndNoValidOne) {
  const auto is_refused = [](const HttpCase& example) {
    const auto lines = whole(example).lines;
    return !lines.empty() && lines.back().starts_with("error ");
  };
  for (const auto& example : read_corpus("valid")) EXPECT_FALSE(is_refused(example)) << example.name;
  for (const auto& example : read_corpus("invalid")) EXPECT_TRUE(is_refused(example)) << example.name;
}

TEST(HttpCorpusTest, MeansTheSameCutInTwoAnywhere) {
  for (const auto& example : all_cases()) {
    const auto expected = whole(example);
    const std::string_view bytes = example.bytes;
    for (std::size_t at = 1; at < bytes.size(); ++at)
      ASSERT_EQ(play(example.limits, Pieces{bytes.substr(0, at), bytes.substr(at)}), expected)
          << example.name << " cut at " << at;
  }
}

TEST(HttpCorpusTest, MeansTheSameByteByByte) {
  for (const auto& example : all_cases()) {
    Pieces pieces;
    for (const char& byte : example.bytes) pieces.emplace_back(&byte, 1);
    EXPECT_EQ(play(example.limits, pieces), whole(example)) << example.name;
  }
}

TEST(HttpCorpusTest, MeansTheSameInRandomPieces) {
  for (const auto& example : all_cases()) {
    const auto expected = whole(example);
    for (unsigned seed = 0; seed < 50; ++seed) {
      std::minstd_rand random{seed};
      Pieces pieces;
      for (std::string_view rest = example.bytes; !rest.empty(); rest.remove_prefix(pieces.back().size()))
        pieces.push_back(rest.substr(0, 1 + random() % 20));
      ASSERT_EQ(play(example.limits, pieces), expected) << example.name << " seed " << seed;
    }
  }
}

TEST(HttpCorpusTest, MeansTheSameFedWhileARequestIsAnswered) {
  for (const auto& example : all_cases()) {
    const Pieces twice{example.bytes, example.bytes};
    const auto expected = play(example.limits, Pieces{example.bytes + example.bytes});
    EXPECT_EQ(play_answering_late(example.limits, twice), expected) << example.name;
  }
}

TEST(HttpCorpusTest, IsLarge) {
  EXPECT_GE(read_corpus("valid").size(), 75U);
  EXPECT_GE(read_corpus("invalid").size(), 190U);
}

}  // namespace
}  // namespace indrik::corpus
